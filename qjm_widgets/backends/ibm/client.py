"""IBM Quantum over ``requests``: one list call a page polls a whole set; results, cancel, tags.

It never submits. Everything that it does may be repeated, so every call is tried again when the network
or the server fails; a submission must not be, and is left to qiskit-ibm-runtime.
"""

from __future__ import annotations

import queue
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import requests

from qjm_widgets.backends.ibm.account import NOT_FOLLOWED, Account, Token
from qjm_widgets.backends.ibm.session import Session
from qjm_widgets.core.error_policy import retry_after
from qjm_widgets.errors import NotFoundError, ProviderError, explain

API_VERSION = "2026-04-15"
PAGE = 200
"""Jobs on a page of a list: as many as the API gives."""
_TRIES = 3
_FIRST_WAIT = 0.5
_PATIENCE = 5.0
"""A server that asks for more seconds than these is not waited for here: its error says when."""
_PASSES = 3
"""A list that shifts while it is read is read again, but not for ever."""

Job = dict[str, Any]


class IBMClient:
    """The REST API of one account. Safe from any thread: a session serves one thread at a time.

    Args:
        account: where, and with which key.
        timeouts: seconds to connect, and between two bytes of an answer.
        sleep: waits between tries.
    """

    def __init__(
        self,
        account: Account,
        *,
        timeouts: tuple[float, float] = (10.0, 30.0),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._account = account
        self._token = Token(account)
        self._timeouts = timeouts
        self._sleep = sleep
        self._sessions: queue.LifoQueue[Session] = queue.LifoQueue()

    def __repr__(self) -> str:
        return f"<IBM Quantum at {self._account.url}>"

    def redact(self, text: str) -> str:
        """A text without the account's secrets."""
        return self._token.redact(text)

    # -- what it can do ------------------------------------------------------------------------------

    def jobs(self, *tags: str) -> list[Job]:
        """All jobs that carry all these tags, oldest first, without their circuits.

        Raises:
            ProviderError: the list could not be read.
        """
        found: dict[str, Job] = {}
        for _ in range(_PASSES):
            if self._read_list(tags, found):
                break
        return list(found.values())

    def job(self, job_id: str, *, params: bool = False) -> Job:
        """One job; with ``params`` what was submitted too.

        Raises:
            NotFoundError: there is no such job.
            ProviderError: it could not be read.
        """
        query = {} if params else {"exclude_params": "true"}
        found = self._json("GET", ("jobs", job_id), query)
        if not isinstance(found, dict):
            raise ProviderError(f"IBM Quantum's answer about job {job_id} is no job")
        return found

    def result(self, job_id: str) -> str | None:
        """The text of a job's result, None where there is none (any more).

        Raises:
            NotFoundError: there is no such job.
            ProviderError: it could not be read.
        """
        answer = self._call("GET", ("jobs", job_id, "results"))
        return None if answer.status_code == 204 or not answer.content else answer.text

    def cancel(self, job_id: str) -> bool:
        """Ask for a cancellation; False where it is too late.

        Raises:
            NotFoundError: there is no such job.
            ProviderError: it could not be asked.
        """
        try:
            self._call("POST", ("jobs", job_id, "cancel"))
        except ProviderError as error:
            if error.status_code == 409:
                return False
            raise
        return True

    def set_tags(self, job_id: str, tags: list[str]) -> None:
        """Replace all tags of a job.

        Raises:
            NotFoundError: there is no such job.
            ProviderError: they were not replaced.
        """
        self._call("PUT", ("jobs", job_id, "tags"), body={"tags": tags})

    def session(self, session_id: str) -> dict[str, Any]:
        """What is known of a session or batch.

        Raises:
            NotFoundError: there is none.
            ProviderError: it could not be read.
        """
        found = self._json("GET", ("sessions", session_id))
        return found if isinstance(found, dict) else {}

    # -- lists ---------------------------------------------------------------------------------------

    def _read_list(self, tags: tuple[str, ...], found: dict[str, Job]) -> bool:
        """Read all pages into ``found``; whether the list stood still meanwhile."""
        offset, seen, most = 0, 0, None
        passed: set[str] = set()
        while True:
            query: dict[str, Any] = {
                "tags": list(tags),
                "sort": "ASC",
                "limit": PAGE,
                "offset": offset,
                "exclude_params": "true",
            }
            answer = self._json("GET", ("jobs",), query)
            page = answer.get("jobs") if isinstance(answer, dict) else None
            if not isinstance(page, list):
                raise ProviderError("IBM Quantum's list of jobs is no list")
            jobs = [job for job in page if isinstance(job, dict) and isinstance(job.get("id"), str)]
            new = [job for job in jobs if job["id"] not in passed]
            passed.update(job["id"] for job in new)
            found.update((job["id"], job) for job in jobs)
            offset += len(page)
            total = answer.get("count")
            total = total if isinstance(total, int) else None
            shrunk = most is not None and total is not None and total < most
            seen, most = len(passed), total if most is None else max(most, total or 0)
            # A page that is short, or tells nothing new, is the last: nothing here can run for ever.
            if len(page) < PAGE or not new or (total is not None and offset >= total):
                return not shrunk and (total is None or seen >= total)

    # -- requests ------------------------------------------------------------------------------------

    def _json(self, method: str, path: tuple[str, ...], query: dict[str, Any] | None = None) -> Any:
        for attempt in range(1, _TRIES + 1):
            answer = self._call(method, path, query)
            try:
                return answer.json()
            except ValueError as error:
                if attempt == _TRIES:
                    raise ProviderError(
                        f"IBM Quantum's answer to {method} /{'/'.join(path)} is no JSON: {error}"
                    ) from None

    def _call(
        self,
        method: str,
        path: tuple[str, ...],
        query: dict[str, Any] | None = None,
        body: Any = None,
    ) -> requests.Response:
        """Make a request that may be repeated, and repeat it where that may help."""
        url = "/".join([self._account.url, *(quote(part, safe="") for part in path)])
        session = self._session()
        refused: str | None = None
        tries = 0
        try:
            while True:
                tries += 1
                try:
                    token = self._token.get(session, instead_of=refused)
                    answer = session.request(
                        method,
                        url,
                        params=query,
                        json=body,
                        headers=self._headers(token),
                        timeout=self._timeouts,
                        allow_redirects=False,
                    )
                except requests.RequestException as error:
                    if tries >= _TRIES:
                        text = self.redact(explain(error))
                        raise ProviderError(f"IBM Quantum does not answer: {text}") from error
                    self._sleep(_FIRST_WAIT * 2 ** (tries - 1))
                    continue
                if answer.status_code < 300:
                    return answer
                if answer.status_code == 401 and refused is None:
                    refused = token
                    continue
                wait = self._wait(answer, tries)
                if wait is None:
                    raise self._error(answer, path)
                self._sleep(wait)
        finally:
            self._sessions.put(session)

    def _wait(self, answer: requests.Response, tries: int) -> float | None:
        """Seconds until the next try, or None where there should be none."""
        if tries >= _TRIES or (answer.status_code != 429 and answer.status_code < 500):
            return None
        asked = retry_after(_Answered(answer))
        wait = _FIRST_WAIT * 2.0 ** (tries - 1) if asked is None else asked
        return wait if wait <= _PATIENCE else None

    def _error(self, answer: requests.Response, path: tuple[str, ...]) -> Exception:
        text = NOT_FOLLOWED if answer.is_redirect else self.redact(_words(answer))
        if answer.status_code == 404 and len(path) > 1:
            return NotFoundError(f"IBM Quantum knows no {path[0].removesuffix('s')} {path[1]}: {text}")
        return ProviderError(
            f"IBM Quantum refused ({answer.status_code}): {text}",
            answer.status_code,
            retry_after(_Answered(answer)),
        )

    def _session(self) -> Session:
        try:
            return self._sessions.get_nowait()
        except queue.Empty:
            session = Session()
            session.proxies.update(self._account.proxies)
            session.verify = self._account.verify
            return session

    def _headers(self, token: str) -> dict[str, str]:
        return {
            "Accept": "application/json",
            "Authorization": f"Bearer {token}",
            "Service-CRN": self._account.crn,
            "IBM-API-Version": API_VERSION,
            "User-Agent": "qjm_widgets",
        }


_open: weakref.WeakValueDictionary[tuple[object, ...], IBMClient] = weakref.WeakValueDictionary()
_opening = threading.Lock()


def client_of(account: Account) -> IBMClient:
    """The one client of an account in this process: all that use it share its token and connections."""
    key = (account.url, account.iam_url, account.crn, account.key, account.verify)
    with _opening:
        rest = _open.get(key)
        if rest is None:
            rest = _open[key] = IBMClient(account)
        return rest


class _Answered(Exception):  # noqa: N818
    """An answer, in the form in which errors carry one."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__()
        self.response = response


def _words(answer: requests.Response) -> str:
    """What an answer says is wrong."""
    try:
        errors = answer.json()["errors"]
        return "; ".join(
            " ".join(str(error[key]) for key in ("code", "message", "solution") if error.get(key))
            for error in errors
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return answer.text[:300].strip() or answer.reason or "without words"
