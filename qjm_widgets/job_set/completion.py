"""Iterate over jobs as they end or are held, and over sets as all of their jobs have."""

from __future__ import annotations

import collections
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from qjm_widgets.core import formatting
from qjm_widgets.errors import InputError, WaitTimeoutError
from qjm_widgets.job_set.control import JobSetControl
from qjm_widgets.managed_job import ManagedJob
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.wait import Changes, deadline_after

T = TypeVar("T")
#: A kind of job set.
S = TypeVar("S", bound=JobSetControl)


class Completion(Iterator[T], Generic[T]):
    """An iterator over what ends, as it ends, for ``for`` and for ``async for``.

    Args:
        find: returns what has ended since its last call; None if nothing is left.
        pending: returns the sets to wait for.
        timeout: seconds from now for all together; None waits without limit.
        too_late: returns the message when the time is over.
    """

    def __init__(
        self,
        find: Callable[[], Sequence[T] | None],
        pending: Callable[[], Iterable[JobSetState]],
        timeout: float | None,
        too_late: Callable[[], str],
    ) -> None:
        self._find = find
        self._pending = pending
        self._deadline = deadline_after(timeout)
        self._too_late = too_late
        self._found: collections.deque[T] = collections.deque()

    def __next__(self) -> T:
        if not self._look():
            with Changes(self._pending(), self._deadline) as changes:
                while not self._look():
                    self._check_time(changes.wait())
        if not self._found:
            raise StopIteration
        return self._found.popleft()

    def __aiter__(self) -> AsyncIterator[T]:
        return self._iterate_async()

    async def _iterate_async(self) -> AsyncIterator[T]:
        while True:
            if not self._look():
                with Changes(self._pending(), self._deadline) as changes:
                    while not self._look():
                        self._check_time(await changes.wait_async())
            if not self._found:
                return
            yield self._found.popleft()

    def _look(self) -> bool:
        """Return whether something has ended, or nothing is left."""
        if self._found:
            return True
        found = self._find()
        self._found.extend(found or ())
        return found is None or bool(found)

    def _check_time(self, in_time: bool) -> None:
        if not in_time:
            raise WaitTimeoutError(self._too_late())


def settled_jobs(job_set: JobSetControl, timeout: float | None) -> Completion[ManagedJob]:
    """Iterate over the jobs that have ended or are held; those of now come first.

    Args:
        job_set: the set.
        timeout: seconds from now for all jobs together; None waits without limit.
    """
    state = job_set._state
    seen: set[int] = set()

    def find() -> list[ManagedJob] | None:
        settled = state.settled  # read first: a job that ends after that is found next time
        new = [job.row for job in state.jobs if job.status.settled and job.row not in seen]
        seen.update(new)
        over = not new and settled
        return None if over else [ManagedJob(job_set, row) for row in new]

    def too_late() -> str:
        return f"only {len(seen)} of {len(state.jobs)} jobs ended in time"

    return Completion(find, lambda: [state], timeout, too_late)


def as_completed(sets: Iterable[S], timeout: float | None = None) -> Completion[S]:
    """Return an iterator over job sets as their jobs end; use it with ``for`` or ``async for``.

    A set has ended when each of its jobs is done, failed, cancelled or held. The sets may belong to
    several managers.

    Args:
        sets: the sets; one that is given twice is yielded once.
        timeout: seconds from now for all sets together; None waits without limit.

    Raises:
        InputError: something else than job sets was given.
        WaitTimeoutError: from the iterator: the time was over before all sets had ended.
        ClosedError: from the iterator: the manager of a set was closed before.
    """
    if isinstance(sets, JobSetControl):
        raise InputError("as_completed takes several job sets: the method of one yields its jobs")
    left = list({id(one): one for one in sets}.values())
    for one in left:
        if not isinstance(one, JobSetControl):
            raise InputError(f"as_completed takes job sets, not a {type(one).__name__}")
    number = len(left)

    def find() -> list[S] | None:
        if not left:
            return None
        new = [one for one in left if one._state.settled]
        left[:] = [one for one in left if one not in new]
        return new

    def too_late() -> str:
        return f"only {number - len(left)} of {formatting.plural(number, 'job set')} ended in time"

    return Completion(find, lambda: [one._state for one in left], timeout, too_late)


def unfinished_text(state: JobSetState, timeout: float | None) -> str:
    """Return the message for a wait that was too short: how many jobs have not ended, and which."""
    unfinished = [job for job in state.jobs if not job.status.settled]
    some = ", ".join(f"{job.row} ({formatting.status_text(job.status)})" for job in unfinished[:5])
    more = ", …" if len(unfinished) > 5 else ""
    return (
        f"after {timeout} s {len(unfinished):,} of {formatting.plural(len(state.jobs), 'job')} "
        f"had not ended: {some}{more}. They go on: call it again, or give partial=True"
    )
