"""IBM Quantum on loopback: the REST API as observed, with Aer behind it, and with faults on request.

Real HTTP; the real qiskit-ibm-runtime talks to it (``Server.service``). Every request is logged, so
that tests can count them. Jobs run on a thread of the server's, one after another, unless ``hold`` was
called.
``misbehave`` puts faults before requests; each is used up after so many times.
"""

from __future__ import annotations

import base64
import datetime
import json
import re
import threading
import time
import urllib.parse
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import ThreadingHTTPServer
from typing import Any

from tests.backends.ibm.devices import BACKENDS, device, device_file, run_on_aer
from tests.backends.ibm.http_handler import handler_class
from tests.backends.ibm.server_types import CRN, TOKEN, Answer, Fault, Job, Request, check_tags, error

_START = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)


_ONLINE = {"state": True, "status": "active", "message": "", "length_queue": 3}
_INVALID = {
    "reason": "Job not valid: 48921 2-qubit gates exceeds the system limits by 389.210%",
    "reason_code": 1520,
}
_INSTANCE = {"usage_consumed_seconds": 12, "usage_limit_seconds": 600}
_PLAN = "plan-1"
_CATALOG = {
    "overview_ui": {"en": {"display_name": "Open"}},
    "metadata": {"pricing": {"type": "free"}},
}


def _found(crn: str, name: str) -> dict[str, Any]:
    """Return an instance as the account's search finds it."""
    return {
        "crn": crn,
        "name": name,
        "tags": [],
        "service_plan_unique_id": _PLAN,
        "doc": {"extensions": {"backends": []}},
    }


def environment_of(url: str) -> dict[str, str]:
    """Return variables with which the real client finds the server at this address and no other."""
    return {"IAM_URL": url, "QISKIT_FUNCTIONS_EXPERIMENTAL": "1"}


def service_at(url: str, instance: str = CRN) -> Any:
    """The real ``QiskitRuntimeService``, pointed at a server; ``environment_of`` has to be set."""
    from qiskit_ibm_runtime import QiskitRuntimeService

    return QiskitRuntimeService(
        channel="ibm_quantum_platform",
        token=TOKEN,
        instance=instance,
        url_resolver=lambda base, instance, private, channel: f"{url}/api/v1",
    )


class Server:
    """The server; ``with Server() as server``."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.jobs: dict[str, Job] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.max_pending: int | None = None
        self.most_pubs: int | None = None
        """A job of more PUBs is accepted and then fails its validation."""
        self.listing_lag = 0.0
        """Seconds after which a new job is in lists."""
        self.usage = 1.5
        """Seconds of QPU time that a job costs."""
        self.estimate: float | None = 2.5
        """Seconds of QPU time that it estimates for a new job."""
        self.instance: dict[str, Any] = dict(_INSTANCE)
        """The usage of the instance."""
        self.state: dict[str, Any] | None = dict(_ONLINE)
        """The state of all backends; None if there are none."""
        self.max_ttl = 28_800
        """Seconds that a new session or batch may run."""
        self.instances = {CRN: "first"}
        """The names of the account's instances, by CRN."""
        self.forbidden: set[str] = set()
        """The instances that the account sees and may not use."""
        self.token_seconds = 3600
        self.read_once_read: set[str] = set()
        self.executions = Counter[str]()
        """How often each job was run."""
        self.under_way = self.most_at_once = 0
        """Requests under way, now and at most."""
        self.after_page: Callable[[], None] = lambda: None
        """Called after each page of a list."""
        self._tokens = 0
        self._valid: set[str] = set()
        self.tokens: list[str] = []
        """Every token that was given."""
        self._queue: deque[str] = deque()
        self._held = False
        self._wake = threading.Condition(self.lock)
        self._stopped = False
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler_class(self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Server:
        # A short interval: the server's end is waited for.
        for work in (lambda: self._http.serve_forever(0.01), self._run_jobs):
            threading.Thread(target=work, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        self._http.shutdown()
        self._http.server_close()

    # -- what tests use ------------------------------------------------------------------------------

    def reset(self) -> None:
        """Restore the initial state."""
        with self._wake:
            for known in (self.jobs, self.sessions, self.requests, self.faults, self.read_once_read):
                known.clear()
            self._queue.clear()
            self.executions.clear()
            self.max_pending, self.listing_lag, self.usage = None, 0.0, 1.5
            self.most_pubs = None
            self.token_seconds, self.estimate, self.most_at_once = 3600, 2.5, 0
            self.instance, self.state = dict(_INSTANCE), dict(_ONLINE)
            self.after_page, self.max_ttl = lambda: None, 28_800
            self.instances = {CRN: "first"}
            self.forbidden.clear()
            self._held = False

    def environment(self) -> dict[str, str]:
        """Return variables with which the real client finds this server and no other."""
        return environment_of(self.url)

    def search_environment(self) -> dict[str, str]:
        """Return variables with which the real client searches for its instances here."""
        return {
            "IAM_URL": self.url,
            "GLOBAL_SEARCH_URL": self.url,
            "GLOBAL_CATALOG_URL": f"{self.url}/api/v1",
        }

    def service(self, instance: str = CRN) -> Any:
        """The real ``QiskitRuntimeService``, pointed here; ``environment`` has to be set."""
        return service_at(self.url, instance)

    def misbehave(self, method: str, path: str, **what: Any) -> Fault:
        """Let the next matching requests fail; ``path`` is a regular expression for the whole path."""
        fault = Fault(method, path, **what)
        with self.lock:
            self.faults.append(fault)
        return fault

    def hold(self) -> None:
        """Run no job until ``go``."""
        with self._wake:
            self._held = True

    def go(self) -> None:
        """Run what is queued."""
        with self._wake:
            self._held = False
            self._wake.notify_all()

    def put(self, *, tags: list[str], status: str = "Completed", **fields: Any) -> Job:
        """Add a job that was submitted earlier."""
        with self.lock:
            number = len(self.jobs)
            created = (_START + datetime.timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
            job = Job(
                f"d{number:019d}", fields.pop("backend", "ibm_fez"), tags, status=status, created=created
            )
            self.jobs[job.id] = replace(job, **fields)
            return self.jobs[job.id]

    def count(self, method: str | None = None, path: str = ".*") -> int:
        """Return the number of requests."""
        with self.lock:
            return sum(
                (method is None or request.method == method)
                and re.fullmatch(path, request.path) is not None
                for request in self.requests
            )

    def until(self, condition: Callable[[], object], limit: float = 30.0) -> None:
        """Wait until a condition holds; it is checked at each request."""
        with self._wake:
            assert self._wake.wait_for(condition, limit)

    @contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        """Counts the requests made inside, by method and kind of path, and in all as ``all``."""
        counts: Counter[str] = Counter()
        with self.lock:
            before = len(self.requests)
        yield counts
        with self.lock:
            for request in self.requests[before:]:
                kind = re.sub(r"/(jobs|sessions|backends)/[^/]+", r"/\1/*", request.path)
                counts[f"{request.method} {kind.removeprefix('/api/v1')}"] += 1
                counts["all"] += 1

    # -- HTTP ----------------------------------------------------------------------------------------

    def _fault(self, request: Request) -> Fault | None:
        for fault in self.faults:
            if fault.method == request.method and re.fullmatch(fault.path, request.path):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def _answer(self, request: Request, body: str, headers: dict[str, str]) -> None:
        """Handle a request; raise its answer."""
        if request.path == "/identity/token":
            self._give_token(urllib.parse.parse_qs(body))
        path = request.path.removeprefix("/api/v1").strip("/").split("/")
        path = [urllib.parse.unquote(part) for part in path]
        with self.lock:
            if request.path.endswith("/v3/resources/search"):
                raise Answer(200, {"items": [_found(*each) for each in self.instances.items()]})
            if path == [_PLAN]:
                raise Answer(200, _CATALOG)
            crn = self._check_token(headers)
            match request.method, path:
                case "GET", ["backends"]:
                    raise Answer(200, {"devices": [device(name) for name in BACKENDS]})
                case "GET", ["backends", name, "status"] if name in BACKENDS and self.state is not None:
                    raise Answer(200, {**self.state, "backend_version": "1.0.0"})
                case "GET", ["backends", name, kind] if name in BACKENDS and kind != "status":
                    raise Answer(200, device_file(name, kind))
                case "GET", ["instances", "usage"]:
                    raise Answer(200, {"instance_id": crn, "plan_id": "p", **self.instance})
                case "POST", ["jobs"]:
                    self._take(json.loads(body), crn)
                case "GET", ["jobs"]:
                    self._list(request.query, crn)
                case _, ["jobs", job_id, *_] if self._job(job_id).crn != crn:
                    raise error(404, 1291, f"Job not found. Job ID: {job_id}")
                case "GET", ["jobs", job_id]:
                    without = request.query.get("exclude_params") == ["true"]
                    raise Answer(200, self._job(job_id).as_json(params=not without))
                case "GET", ["jobs", job_id, "metrics"]:
                    raise Answer(200, self._job(job_id).metrics())
                case "GET", ["jobs", job_id, "results"]:
                    self._give_result(self._job(job_id))
                case "POST", ["jobs", job_id, "cancel"]:
                    self._cancel(self._job(job_id))
                case "PUT", ["jobs", job_id, "tags"]:
                    self._job(job_id).tags = check_tags(json.loads(body)["tags"])
                    raise Answer(204)
                case "POST", ["sessions"]:
                    content = json.loads(body)
                    number = f"s{len(self.sessions):04d}"
                    self.sessions[number] = {
                        "id": number,
                        "mode": content["mode"],
                        "max_ttl": self.max_ttl,
                        "backend_name": content["backend"],
                        "accepting_jobs": True,
                        "state": "open",
                    }
                    raise Answer(200, self.sessions[number])
                case "GET", ["sessions", number] if number in self.sessions:
                    raise Answer(200, self.sessions[number])
                case "PATCH", ["sessions", number] if number in self.sessions:
                    self.sessions[number] |= {"accepting_jobs": False, "state": "closed"}
                    raise Answer(204)
        raise error(404, 1291, f"not found: {request.method} {request.path}")

    # -- tokens --------------------------------------------------------------------------------------

    def _give_token(self, form: dict[str, list[str]]) -> None:
        if form.get("apikey") != [TOKEN]:
            raise Answer(400, {"errorCode": "BXNIM0415E", "errorMessage": "API key not found"})
        with self.lock:
            self._tokens += 1
            now = int(time.time())
            claims = {"iat": now, "exp": now + self.token_seconds, "n": self._tokens}
            parts = [{"alg": "HS256", "typ": "JWT"}, claims]
            texts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts]
            token = b".".join([*texts, b"c2VjcmV0"]).decode()
            self._valid.add(token)
            self.tokens.append(token)
        raise Answer(
            200,
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": self.token_seconds,
                "expiration": now + self.token_seconds,
                "refresh_token": "not_supported",
            },
        )

    def expire_newest_token(self) -> None:
        """The token given last is refused from now on; that of the real client is older."""
        with self.lock:
            self._valid.discard(self.tokens[-1])

    def _check_token(self, headers: dict[str, str]) -> str:
        """Return the CRN of the instance that is asked."""
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        crn = headers.get("Service-CRN", "")
        if token not in self._valid or crn not in self.instances:
            raise error(401, 1200, f"You are not authorized: {token}")
        if crn in self.forbidden:
            raise error(403, 1200, "You have no access to this instance")
        return crn

    # -- jobs ----------------------------------------------------------------------------------------

    def _job(self, job_id: str) -> Job:
        if job_id not in self.jobs:
            raise error(404, 1291, f"Job not found. Job ID: {job_id}")
        return self.jobs[job_id]

    def _take(self, content: dict[str, Any], crn: str) -> None:
        pending = sum(job.status in ("Queued", "Running") for job in self.jobs.values())
        if self.max_pending is not None and pending >= self.max_pending:
            raise error(403, 3458, "You have reached the maximum number of pending jobs")
        session = content.get("session_id")
        if session is not None and not self.sessions.get(session, {}).get("accepting_jobs"):
            raise error(400, 1217, "The session has been closed and does not accept jobs")
        job = self.put(
            tags=check_tags(content.get("tags", [])),
            status="Queued",
            backend=content["backend"],
            params=content["params"],
            private=content.get("private", False),
            session_id=session,
            program=content["program_id"],
            lists_at=time.monotonic() + self.listing_lag,
            estimate=self.estimate,
            crn=crn,
        )
        if self.most_pubs is not None and len(content["params"].get("pubs", ())) > self.most_pubs:
            job.status, job.reason = "Failed", dict(_INVALID)
        else:
            self._queue.append(job.id)
        self._wake.notify_all()
        raise Answer(200, {"id": job.id, "backend": job.backend, "session_id": session})

    def _list(self, query: dict[str, list[str]], crn: str) -> None:
        try:
            limit = int(query.get("limit", ["20"])[0])
        except ValueError:
            limit = 200
        limit = limit if 1 <= limit <= 200 else 200
        offset = int(query.get("offset", ["0"])[0])
        wanted = set(query.get("tags", []))
        backends = query.get("backend")
        now = time.monotonic()
        found = [
            job
            for job in self.jobs.values()
            if job.crn == crn
            and wanted <= set(job.tags)
            and job.lists_at <= now
            and (backends is None or job.backend in backends)
            and (
                "pending" not in query
                or (query["pending"] == ["true"]) == (job.status in ("Queued", "Running"))
            )
        ]
        if query.get("sort") != ["ASC"]:
            found.reverse()
        page = [job.as_json(params=False) for job in found[offset : offset + limit]]
        self.after_page()
        raise Answer(200, {"jobs": page, "count": len(found), "limit": limit, "offset": offset})

    def _give_result(self, job: Job) -> None:
        if job.result is None or job.id in self.read_once_read:
            raise Answer(204)
        if job.private:
            self.read_once_read.add(job.id)
        raise Answer(200, job.result)

    def _cancel(self, job: Job) -> None:
        if job.status not in ("Queued", "Running"):
            raise error(409, 1292, "The job cannot be cancelled")
        job.status = "Cancelled"
        raise Answer(204)

    def _run_jobs(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._stopped or (self._queue and not self._held))
                if self._stopped:
                    return
                job = self.jobs[self._queue.popleft()]
                if job.status != "Queued":
                    continue
                job.status = "Running"
                self.executions[job.id] += 1
            try:
                result, status, reason = run_on_aer(job.params, job.program), "Completed", {}
            except Exception as failure:
                result, status = None, "Failed"
                reason = {"reason": f"the simulator failed: {failure}", "reason_code": 1519}
            with self.lock:
                if job.status == "Running":
                    job.result, job.status, job.reason, job.usage = result, status, reason, self.usage
                self._wake.notify_all()
