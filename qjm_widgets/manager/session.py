"""The job sets that one manager has run or retrieved, and their watchers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from qjm_widgets.job_set import JobSet
from qjm_widgets.state.watchers import Watchers


class Session:
    """The job sets of one manager in this process.

    Attributes:
        lock: held while a set is found and then added, resumed or removed.
        watchers: called, on any thread, after a set was changed or removed.
        removals: how many sets were deleted.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._sets: dict[str, JobSet] = {}
        self._being_saved: set[str] = set()
        self.watchers = Watchers()
        self.removals = 0

    def __len__(self) -> int:
        return len(self._sets)

    def job_sets(self, name: str | None = None, group: str | None = None) -> list[JobSet]:
        """Return the sets, oldest first; with a name or a group, only the sets that have it."""
        with self.lock:
            return [
                job_set
                for job_set in self._sets.values()
                if (name is None or job_set.name() == name)
                and (group is None or job_set.group() == group)
            ]

    def get(self, job_set_id: str) -> JobSet | None:
        """Return the set with this id, or None."""
        with self.lock:
            return self._sets.get(job_set_id)

    def add(self, job_set: JobSet) -> None:
        """Add a set."""
        with self.lock:
            self._sets[job_set.job_set_id()] = job_set

    def remove(self, job_set_id: str) -> None:
        """Remove a set that was deleted; the session may not have it."""
        with self.lock:
            self._sets.pop(job_set_id, None)
            self.removals += 1

    @contextmanager
    def saving(self, job_set_id: str) -> Iterator[None]:
        """Mark a set as being saved while the block runs."""
        self._being_saved.add(job_set_id)
        try:
            yield
        finally:
            self._being_saved.discard(job_set_id)

    def is_being_saved(self, job_set_id: str) -> bool:
        """Return whether ``run`` of this manager is still saving the set."""
        return job_set_id in self._being_saved
