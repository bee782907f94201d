"""The batches in which jobs run: opened when they are used, retrieved by id, replaced, closed."""

from __future__ import annotations

import functools
import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from qjm_widgets._threads import join_until, start_thread
from qjm_widgets.backends.ibm.client import IBMClient
from qjm_widgets.backends.ibm.primitives import BATCH
from qjm_widgets.backends.ibm.submission import is_batch_id, submission_error
from qjm_widgets.core.job_tags import set_tag, set_tag_of
from qjm_widgets.core.submission import Submission
from qjm_widgets.errors import InputError, NotFoundError, ProviderError
from qjm_widgets.serialization.execution_spans import read_time

#: Seconds that a batch may run if IBM Quantum does not say: the default of the API for ``max_ttl``.
_LONGEST = 28_800.0
#: A batch gets no more jobs after this fraction of its time: jobs that are queued at its end are
#: cancelled.
_USED = 0.9
#: The mode of a session, which is not a batch.
_SESSION = "dedicated"
#: Seconds for the batches that are still to be closed when the manager closes.
_AT_END = 2.0


@dataclass(frozen=True)
class _Open:
    """A batch that takes jobs.

    Attributes:
        batch: the runtime's object.
        until: when it gets no more jobs, in monotonic seconds.
        ours: whether it was opened here, so that it is closed here.
    """

    batch: Any
    until: float
    ours: bool


class Batches:
    """The batches of one backend: one for each set, and those that the user names. Thread-safe.

    A batch that was opened here is closed when all jobs of its set were sent, and replaced by another
    before its maximum time ends; jobs that it has go on. Batches of the user are never closed, nor those
    of another kernel, which may be the user's.

    Args:
        backend: a backend of a ``QiskitRuntimeService``.
        rest: the client, which finds out whether a batch is closed, and closes batches.
        batch: whether jobs run in a batch of their set (True), each by itself (False), or in the batch
            with this id; the run option ``batch`` overrides it.
        clock: returns seconds on a monotonic clock.
    """

    def __init__(
        self,
        backend: Any,
        rest: IBMClient,
        batch: bool | str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backend = backend
        self._rest = rest
        self._batch = batch
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, _Open] = {}
        #: The key of the batch in which the jobs of a set run, by the set's tag.
        self._used: dict[str, str] = {}
        #: The ids of our batches that get no more jobs, and of those that are not closed yet.
        self._ended: set[str] = set()
        self._closing: set[str] = set()

    def of(self, submission: Submission) -> Any:
        """Return the batch in which a job runs; None if it runs by itself.

        Raises:
            InputError: the batch that the user named does not exist.
        """
        request = self._request(submission)
        if request is False:
            return None
        key = self._key(submission)
        with self._lock:
            self._used[set_tag_of(submission.identity)] = key
            found = self._open.get(key)
        if found is None:
            known = request if isinstance(request, str) else submission.batch_id
            usable = is_batch_id(known) and known not in self._ended
            found = self._retrieve(known) if usable else None
            if found is None and isinstance(request, str):
                raise InputError(f"there is no batch {request}")
        if found is None or self._clock() >= found.until:
            return self.renew(submission)
        with self._lock:
            self._open[key] = found
        return found.batch

    def renew(self, submission: Submission) -> Any:
        """Replace the batch in which a job was to run by a new one, and return it."""
        key = self._key(submission)
        opened = self._new()
        with self._lock:
            old = self._open.get(key)
            self._open[key] = opened
        if old is not None and old.ours:
            self._close(self._end(old))
        return opened.batch

    def sent_all(self, set_id: str) -> Callable[[], None] | None:
        """Return a call that closes the batch of a set of which all jobs were sent.

        None if there is no such batch, or if another set uses it, or if it is not ours.
        """
        with self._lock:
            key = self._used.pop(set_tag(set_id), None)
            found = None if key is None else self._open.get(key)
            if key is None or found is None or not found.ours or key in self._used.values():
                return None
            del self._open[key]
        return functools.partial(self._close, self._end(found))

    def finish(self) -> None:
        """Close the batches that are still to be closed, in bounded time."""
        if not self._closing:
            return

        def close_all() -> None:
            for batch_id in list(self._closing):
                self._close(batch_id)

        with suppress(RuntimeError):  # no thread starts any more while the interpreter ends
            join_until(start_thread(close_all, "qjm-close-batches"), time.monotonic() + _AT_END)

    def is_closed(self, batch: Any, error: Exception) -> bool:
        """Return whether a submission failed because its batch accepts no more jobs."""
        batch_id = getattr(batch, "session_id", None)
        classified = submission_error(error, self._rest.redact)
        if batch_id is None or getattr(classified, "arrived", None) is not None:
            return False
        if not getattr(batch, "_active", True):
            return True
        try:
            return _is_over(self._rest.session(batch_id))
        except NotFoundError:
            return True
        except ProviderError:
            return False

    def _request(self, submission: Submission) -> bool | str:
        request: bool | str = submission.options.get(BATCH, self._batch)
        return request

    def _key(self, submission: Submission) -> str:
        request = self._request(submission)
        return request if isinstance(request, str) else set_tag_of(submission.identity)

    def _end(self, ours: _Open) -> str:
        """Note that a batch of ours gets no more jobs and is to be closed; return its id."""
        batch_id = str(ours.batch.session_id)
        self._ended.add(batch_id)
        self._closing.add(batch_id)
        return batch_id

    def _close(self, batch_id: str) -> None:
        """Close a batch. If that fails, it stays open until its maximum time; that costs nothing."""
        with suppress(ProviderError, NotFoundError):
            self._rest.close_session(batch_id)
        self._closing.discard(batch_id)

    def _retrieve(self, batch_id: Any) -> _Open | None:
        """Return the batch with this id; None if there is no such batch or it is a session."""
        from qiskit_ibm_runtime import Batch, IBMInputValueError

        details = self._details(batch_id)
        if details.get("mode") == _SESSION:
            return None
        if _is_over(details):
            return _Open(None, -math.inf, ours=False)
        try:
            batch = Batch.from_id(
                batch_id,
                self._backend.service,
                # The batch's own backend checks the circuits again, so it must know their gates.
                use_fractional_gates=self._backend.options.use_fractional_gates,
                calibration_id=self._backend.calibration_id,
            )
        except IBMInputValueError:
            return None
        age = time.time() - _began(details)
        return _Open(batch, self._clock() + _seconds(details) - age, ours=False)

    def _new(self) -> _Open:
        from qiskit_ibm_runtime import Batch

        now = self._clock()
        batch = Batch(backend=self._backend)
        return _Open(batch, now + _seconds(self._details(batch.session_id)), ours=True)

    def _details(self, batch_id: Any) -> Mapping[str, Any]:
        try:
            return self._rest.session(batch_id)
        except (ProviderError, NotFoundError):
            return {}


def _is_over(details: Mapping[str, Any]) -> bool:
    return details.get("accepting_jobs") is False or details.get("state") == "closed"


def _seconds(details: Mapping[str, Any]) -> float:
    """Return for how many seconds after its begin a batch gets jobs."""
    found = details.get("max_ttl")
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not found > 0:
        found = _LONGEST
    return _USED * float(found)


def _began(details: Mapping[str, Any]) -> float:
    """Return when a batch began, in seconds since 1970; now if it is not known."""
    stamps = details.get("timestamps")
    times = [stamp.get("timestamp") for stamp in stamps or () if isinstance(stamp, Mapping)]
    known = [read_time(text) for text in (details.get("started_at"), *times)]
    return min([moment for moment in known if moment is not None and moment > 0], default=time.time())
