"""A REST client of IBM Quantum: lists of jobs, results, cancellations, tags.

All its requests may be repeated, so each is retried if the network or the server fails. It makes no
submissions, which must not be repeated; qiskit-ibm-runtime makes them.
"""

from __future__ import annotations

import datetime
import queue
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import requests

from qjm_widgets.backends.ibm.account import NOT_FOLLOWED, Account, Token
from qjm_widgets.backends.ibm.session import HTTPSession
from qjm_widgets.core.error_policy import retry_after
from qjm_widgets.errors import NotFoundError, ProviderError, explain

API_VERSION = "2026-04-15"
#: The most jobs on a page of a list, set by the API.
PAGE = 200
_TRIES = 3
#: Seconds before the first retry; doubled for each further one.
_FIRST_WAIT = 0.5
#: The longest wait before a retry, in seconds. If the server requests more, the error has its request.
_LONGEST_WAIT = 5.0
#: The most times that a list is read if it changes while it is read.
_PASSES = 3

Job = dict[str, Any]


class IBMClient:
    """The REST API of one account. Thread-safe: each session is used by one thread at a time.

    Args:
        account: the address and the key.
        timeouts: seconds to connect, and between two bytes of a response.
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
        self._sessions: queue.LifoQueue[HTTPSession] = queue.LifoQueue()

    def __repr__(self) -> str:
        return f"<IBM Quantum at {self._account.url}>"

    def redact(self, text: str) -> str:
        """Return a text without the account's secrets."""
        return self._token.redact(text)

    # -- calls ---------------------------------------------------------------------------------------

    def jobs(self, *tags: str) -> list[Job]:
        """Return all jobs that have all these tags, oldest first, without their circuits.

        Raises:
            ProviderError: the list could not be read.
        """
        found: dict[str, Job] = {}
        for _ in range(_PASSES):
            if self._read_list(tags, found):
                break
        return list(found.values())

    def job(self, job_id: str, *, params: bool = False) -> Job:
        """Return one job; with ``params`` also its circuits and options.

        Raises:
            NotFoundError: there is no such job.
            ProviderError: it could not be read.
        """
        query = {} if params else {"exclude_params": "true"}
        found = self._json("GET", ("jobs", job_id), query)
        if not isinstance(found, dict):
            raise ProviderError(f"IBM Quantum's response about job {job_id} is not a job")
        return found

    def result(self, job_id: str) -> str | None:
        """Return the text of a job's result; None if IBM Quantum does not have one (any more).

        Raises:
            NotFoundError: there is no such job.
            ProviderError: it could not be read.
        """
        response = self._call("GET", ("jobs", job_id, "results"))
        return None if response.status_code == 204 or not response.content else response.text

    def cancel(self, job_id: str) -> bool:
        """Request a cancellation; return False if it is too late.

        Raises:
            NotFoundError: there is no such job.
            ProviderError: the request failed.
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
            ProviderError: the request failed.
        """
        self._call("PUT", ("jobs", job_id, "tags"), body={"tags": tags})

    def session(self, session_id: str) -> dict[str, Any]:
        """Return the description of a session or batch.

        Raises:
            NotFoundError: there is no such session or batch.
            ProviderError: the description could not be read.
        """
        found = self._json("GET", ("sessions", session_id))
        return found if isinstance(found, dict) else {}

    def close_session(self, session_id: str) -> None:
        """Let a session or batch accept no more jobs; the jobs that it has go on.

        Raises:
            NotFoundError: there is no such session or batch.
            ProviderError: the request failed.
        """
        self._call("PATCH", ("sessions", session_id), body={"accepting_jobs": False})

    def usage(self) -> dict[str, Any]:
        """Return the used and the allowed time of the account's instance.

        Raises:
            ProviderError: it could not be read.
        """
        found = self._json("GET", ("instances", "usage"))
        return found if isinstance(found, dict) else {}

    def backend_status(self, name: str) -> dict[str, Any]:
        """Return the state of a backend.

        Raises:
            NotFoundError: there is no such backend.
            ProviderError: the state could not be read.
        """
        found = self._json("GET", ("backends", name, "status"))
        return found if isinstance(found, dict) else {}

    def metrics(self, job_id: str) -> dict[str, Any]:
        """Return when a job was created, began to run and ended, and what it used.

        Raises:
            NotFoundError: there is no such job.
            ProviderError: they could not be read.
        """
        found = self._json("GET", ("jobs", job_id, "metrics"))
        return found if isinstance(found, dict) else {}

    def properties(self, backend: str, at: float) -> dict[str, Any]:
        """Return the properties that a device had at a time (seconds since 1970, UTC).

        Raises:
            NotFoundError: there is no such device.
            ProviderError: they could not be read.
        """
        before = datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat()
        found = self._json("GET", ("backends", backend, "properties"), {"updated_before": before})
        return found if isinstance(found, dict) else {}

    # -- lists ---------------------------------------------------------------------------------------

    def _read_list(self, tags: tuple[str, ...], found: dict[str, Job]) -> bool:
        """Read all pages into ``found``; return False if the list changed meanwhile."""
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
            response = self._json("GET", ("jobs",), query)
            page = response.get("jobs") if isinstance(response, dict) else None
            if not isinstance(page, list):
                raise ProviderError("IBM Quantum's list of jobs is not a list")
            jobs = [job for job in page if isinstance(job, dict) and isinstance(job.get("id"), str)]
            new = [job for job in jobs if job["id"] not in passed]
            passed.update(job["id"] for job in new)
            found.update((job["id"], job) for job in jobs)
            offset += len(page)
            total = response.get("count")
            total = total if isinstance(total, int) else None
            shrunk = most is not None and total is not None and total < most
            seen, most = len(passed), total if most is None else max(most, total or 0)
            # A page that is short or has no new job is the last one, so the loop ends.
            if len(page) < PAGE or not new or (total is not None and offset >= total):
                return not shrunk and (total is None or seen >= total)

    # -- requests ------------------------------------------------------------------------------------

    def _json(self, method: str, path: tuple[str, ...], query: dict[str, Any] | None = None) -> Any:
        for attempt in range(1, _TRIES + 1):
            response = self._call(method, path, query)
            try:
                return response.json()
            except ValueError as error:
                if attempt == _TRIES:
                    raise ProviderError(
                        f"IBM Quantum's response to {method} /{'/'.join(path)} is not JSON: {error}"
                    ) from None

    def _call(
        self,
        method: str,
        path: tuple[str, ...],
        query: dict[str, Any] | None = None,
        body: Any = None,
    ) -> requests.Response:
        """Make a request; retry it if the network or the server fails."""
        url = "/".join([self._account.url, *(quote(part, safe="") for part in path)])
        session = self._session()
        refused: str | None = None
        tries = 0
        try:
            while True:
                tries += 1
                try:
                    token = self._token.get(session, instead_of=refused)
                    response = session.request(
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
                        raise ProviderError(f"IBM Quantum does not respond: {text}") from error
                    self._sleep(_FIRST_WAIT * 2 ** (tries - 1))
                    continue
                if response.status_code < 300:
                    return response
                if response.status_code == 401 and refused is None:
                    refused = token
                    continue
                wait = self._wait(response, tries)
                if wait is None:
                    raise self._error(response, path)
                self._sleep(wait)
        finally:
            self._sessions.put(session)

    def _wait(self, response: requests.Response, tries: int) -> float | None:
        """Return the seconds to wait before the next try; None if there is no other try."""
        if tries >= _TRIES or (response.status_code != 429 and response.status_code < 500):
            return None
        requested = retry_after(_ResponseError(response))
        wait = _FIRST_WAIT * 2.0 ** (tries - 1) if requested is None else requested
        return wait if wait <= _LONGEST_WAIT else None

    def _error(self, response: requests.Response, path: tuple[str, ...]) -> Exception:
        text = NOT_FOLLOWED if response.is_redirect else self.redact(_error_text(response))
        if response.status_code == 404 and len(path) > 1:
            return NotFoundError(f"IBM Quantum has no {path[0].removesuffix('s')} {path[1]}: {text}")
        return ProviderError(
            f"IBM Quantum refused ({response.status_code}): {text}",
            response.status_code,
            retry_after(_ResponseError(response)),
        )

    def _session(self) -> HTTPSession:
        try:
            return self._sessions.get_nowait()
        except queue.Empty:
            session = HTTPSession()
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
    """Return the client of an account.

    There is only one in this process, so that the token and the connections are shared.
    """
    key = (account.url, account.iam_url, account.crn, account.key, account.verify)
    with _opening:
        rest = _open.get(key)
        if rest is None:
            rest = _open[key] = IBMClient(account)
        return rest


class _ResponseError(Exception):
    """An error that has a response as its attribute, where ``retry_after`` reads it."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__()
        self.response = response


def _error_text(response: requests.Response) -> str:
    """Return the error text of a response."""
    try:
        errors = response.json()["errors"]
        return "; ".join(
            " ".join(str(error[key]) for key in ("code", "message", "solution") if error.get(key))
            for error in errors
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return response.text[:300].strip() or response.reason or "no text"
