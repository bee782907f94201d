"""What a turn of the engine has changed, until it is on disk; then others are told."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence

from qjm_widgets.core.clock_port import Clock
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import JobRecord, StatusChange
from qjm_widgets.core.store_port import Changes, Encoded, JobStore
from qjm_widgets.engine.engine_set import EngineSet
from qjm_widgets.errors import JobSetNotFoundError, LeaseLostError, StoreError, StoreValueError, explain

_LOG = logging.getLogger(__name__)

STORE_RETRY = 1.0
"""Seconds until a store that could not be written is tried again."""
_PATIENCE = 0.1
"""Seconds for which changes that nobody waits for are collected: a transaction costs as much as many."""


class UnitOfWork:
    """Collects the changes of a turn and writes them in one transaction; on the engine's thread only.

    Args:
        store: where they are written.
        clock: for the time of the next attempt.
        sets: the sets that are driven, by id: nothing is written of others.
        give_up: called with a set that another kernel has taken over or deleted.
        refuse: called with a job that can never be written as it is, and why: it changes the job.
    """

    def __init__(
        self,
        store: JobStore,
        clock: Clock,
        sets: Mapping[str, EngineSet],
        give_up: Callable[[str], None],
        refuse: Callable[[EngineSet, int, str], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._sets = sets
        self._give_up = give_up
        self._refuse = refuse
        self._changes: dict[str, Changes] = {}
        self._outcomes: dict[str, dict[int, JobOutcome]] = {}
        self._after: list[tuple[str | None, Callable[[], None]]] = []
        self._due: float | None = None
        self._refused: set[tuple[str, int]] = set()
        self.retry_at: float | None = None
        """When the store is tried again, monotonic seconds; None: it is well."""
        self.trouble = "The engine is busy."
        """What was last wrong with the store."""

    def note(self, job_set: EngineSet, job: JobRecord, line: StatusChange | None = None) -> bool:
        """Keep a job's new record, and a line of its history; False where the set is not driven here."""
        job_set.jobs[job.row] = job
        if not self._is_driven(job_set):
            return False  # late words about a set that another kernel has taken over
        if not job_set.driver.patient:
            self._due = -math.inf
        elif self._due is None:
            self._due = self._clock.monotonic() + _PATIENCE
        changes = self._changes.setdefault(job_set.state.set_id, Changes())
        changes.jobs.append(job)
        if line is not None:
            changes.history.append(line)
        return True

    def keep(
        self, job_set: EngineSet, row: int, outcome: JobOutcome | bytes | None, encoded: Encoded
    ) -> None:
        """Keep what a job gave, with its record; what came encoded is read when it is asked for."""
        set_id = job_set.state.set_id
        self._changes[set_id].outcomes[row] = encoded
        if isinstance(outcome, JobOutcome):
            self._outcomes.setdefault(set_id, {})[row] = outcome

    def after_commit(self, action: Callable[[], None], job_set: EngineSet | None = None) -> None:
        """Do something once this turn's changes are on disk, if the set is still driven here."""
        self._due = -math.inf
        self._after.append((None if job_set is None else job_set.state.set_id, action))

    def drop(self, set_id: str) -> None:
        """Write nothing more of a set."""
        self._changes.pop(set_id, None)
        self._outcomes.pop(set_id, None)

    def is_blocked(self) -> bool:
        """Whether the store is not well and its next trial is not due."""
        return self.retry_at is not None and self._clock.monotonic() < self.retry_at

    def due(self) -> float | None:
        """When there is something to write or try again, monotonic seconds; None: nothing by itself."""
        return self._due if self.retry_at is None else self.retry_at

    def write(self, *, last: bool = False) -> None:
        """One transaction for all that is due; then tell others. ``last``: there is no other turn."""
        if self._due is not None and self._clock.monotonic() < self._due and not last:
            return
        if self._changes:
            if self.is_blocked() and not last:
                return
            try:
                self._store.commit(self._changes)
            except LeaseLostError as error:
                self._give_up(error.set_id)
                self.write()
                return
            except JobSetNotFoundError:
                for deleted_id in self._deleted(list(self._changes)):
                    self._give_up(deleted_id)
                self.write()
                return
            except StoreValueError as error:
                if not error.refused:
                    self.fail(str(error))
                    return
                self._leave_out(error.refused)
                self.write(last=last)
                return
            except StoreError as error:
                self.fail(str(error))
                return
            except Exception as error:  # the engine lives on: what is not written is tried again
                self.fail(f"the job store failed: {explain(error)}")
                return
            self._refused.clear()
            self._recover()
            self._publish()
        self._due = None
        after, self._after = self._after, []
        for set_id, action in after:
            if set_id is None or set_id in self._sets:
                action()

    def fail(self, text: str) -> None:
        """The store cannot be written: keep the changes, send nothing, try again."""
        news = self.retry_at is None or self.trouble != text
        self.retry_at = self._clock.monotonic() + STORE_RETRY
        self.trouble = text
        if news:
            _LOG.error("%s", text)
            self._tell(text)

    def try_again(self) -> None:
        """Where a store was not well and nothing is to be written, find out whether it is now."""
        if self.retry_at is None or self.is_blocked() or self._changes:
            return
        try:
            self._store.beat()
        except StoreError as error:
            self.fail(str(error))
        else:
            self._recover()

    @property
    def unwritten(self) -> bool:
        """Whether something is not on disk yet."""
        return bool(self._changes)

    def _leave_out(self, refused: Mapping[tuple[str, int], str]) -> None:
        """Fail the jobs that can never be written as they are, and those alone."""
        for (set_id, row), why in refused.items():
            _LOG.error("job %d of job set %s: %s", row, set_id, why)
            self._changes[set_id].drop(row)
            self._outcomes.get(set_id, {}).pop(row, None)
            job_set = self._sets.get(set_id)
            if job_set is not None and (set_id, row) not in self._refused:
                self._refused.add((set_id, row))
                self._refuse(job_set, row, why)

    def _recover(self) -> None:
        if self.retry_at is not None:
            self.retry_at = None
            self._tell(None)

    def _publish(self) -> None:
        changes, self._changes = self._changes, {}
        outcomes, self._outcomes = self._outcomes, {}
        for changed_id, changed in changes.items():
            job_set = self._sets.get(changed_id)
            if job_set is not None:
                newest = {job.row: job for job in changed.jobs}
                job_set.state.publish(list(newest.values()), outcomes.get(changed_id, {}))

    def _deleted(self, set_ids: Sequence[str]) -> list[str]:
        """Those of some sets that another kernel has deleted; all where nobody can tell."""
        gone = []
        for set_id in set_ids:
            try:
                self._store.owner(set_id)
            except JobSetNotFoundError:
                gone.append(set_id)
        return gone or list(set_ids)

    def _tell(self, text: str | None) -> None:
        for job_set in self._sets.values():
            job_set.state.trouble = text
            job_set.state.notify()

    def _is_driven(self, job_set: EngineSet) -> bool:
        return self._sets.get(job_set.state.set_id) is job_set
