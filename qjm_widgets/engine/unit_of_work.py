"""The changes of the engine's turns until they are committed; then they are published."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qjm_widgets.core.clock_port import Clock
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import JobRecord, StatusChange
from qjm_widgets.core.store_port import Changes, Encoded, JobStore
from qjm_widgets.engine.engine_set import EngineSet, Growth, Key
from qjm_widgets.errors import JobSetNotFoundError, LeaseLostError, StoreError, StoreValueError, explain

_LOG = logging.getLogger(__name__)

#: Seconds until a failed commit is tried again.
STORE_RETRY = 1.0
#: Seconds for which changes that nobody waits for are collected, to be written in one transaction.
_PATIENCE = 0.1


class UnitOfWork:
    """The changes of a turn, which are committed in one transaction; used on the engine's thread only.

    Args:
        store: the store that they are committed to.
        clock: gives the time.
        sets: the sets that are driven, by id; no others are written.
        changed: called with a set when a job of it has changed.
        patient: returns whether a set's changes may wait, to be committed together with later ones.
        give_up: called with the id of a set that another kernel has taken over or deleted.
        refuse: called with the set and the row of a job that can never be written as it is, and the
            reason; it changes the job.
    """

    def __init__(
        self,
        store: JobStore,
        clock: Clock,
        sets: Mapping[str, EngineSet],
        *,
        changed: Callable[[EngineSet], None],
        patient: Callable[[EngineSet], bool],
        give_up: Callable[[str], None],
        refuse: Callable[[EngineSet, int, str], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._sets = sets
        self._changed = changed
        self._patient = patient
        self._give_up = give_up
        self._refuse = refuse
        self._changes: dict[str, Changes] = {}
        self._outcomes: dict[str, dict[int, JobOutcome]] = {}
        self._growth: dict[str, list[Growth]] = {}
        self._after: list[tuple[str | None, Callable[[], None]]] = []
        self._due: float | None = None
        self._refused: set[Key] = set()
        #: When a failing store is tried again, in monotonic seconds; None if it does not fail.
        self.retry_at: float | None = None
        #: The last error of the store; before the first one, a text for requests that take too long.
        self.trouble = "The engine is busy."

    def add(self, job_set: EngineSet, job: JobRecord, line: StatusChange | None = None) -> bool:
        """Add a job's new record and a line of its history.

        Return False, and write nothing, if the set is not driven here any more.
        """
        job_set.jobs[job.row] = job
        if self._sets.get(job_set.set_id) is not job_set:
            return False  # another kernel has taken the set over
        self._changed(job_set)
        if not self._patient(job_set):
            self._due = -math.inf
        elif self._due is None:
            self._due = self._clock.monotonic() + _PATIENCE
        changes = self._changes.setdefault(job_set.set_id, Changes())
        changes.jobs.append(job)
        if line is not None:
            changes.history.append(line)
        return True

    def add_outcome(
        self, job_set: EngineSet, row: int, outcome: JobOutcome | bytes | None, encoded: Encoded
    ) -> None:
        """Add a job's outcome, after its record; a ``JobOutcome`` is also cached when published."""
        self._changes[job_set.set_id].outcomes[row] = encoded
        if isinstance(outcome, JobOutcome):
            self._outcomes.setdefault(job_set.set_id, {})[row] = outcome

    def extend(self, job_set: EngineSet, growth: Growth) -> None:
        """Add circuits to a set that is driven here, with the jobs that hold them."""
        changes = self._changes.setdefault(job_set.set_id, Changes())
        changes.jobs += job_set.append(growth.jobs)
        changes.blocks.append(growth.block)
        self._growth.setdefault(job_set.set_id, []).append(growth)
        self.amend_set(job_set, **growth.fields)

    def amend_set(self, job_set: EngineSet, **fields: Any) -> None:
        """Change fields of the record of a set that is driven here."""
        changes = self._changes.setdefault(job_set.set_id, Changes())
        changes.record = replace(changes.record or job_set.state.record, **fields)
        self._changed(job_set)
        if self._due is None:
            self._due = self._clock.monotonic() + _PATIENCE

    def amend_pending(self, set_id: str, **fields: Any) -> None:
        """Change fields, which the store has already, in a record that is not committed yet."""
        changes = self._changes.get(set_id)
        if changes is not None and changes.record is not None:
            changes.record = replace(changes.record, **fields)

    def after_commit(self, action: Callable[[], None], job_set: EngineSet | None = None) -> None:
        """Run an action after this turn's commit; with a set, only if it is still driven here."""
        self._due = -math.inf
        self._after.append((None if job_set is None else job_set.set_id, action))

    def drop(self, set_id: str) -> None:
        """Drop the changes of a set."""
        self._changes.pop(set_id, None)
        self._outcomes.pop(set_id, None)
        self._growth.pop(set_id, None)

    def due(self) -> float | None:
        """Return when the next commit is due, in monotonic seconds; None if none is."""
        return self._due if self.retry_at is None else self.retry_at

    def commit(self, *, last: bool = False) -> None:
        """Commit the changes that are due in one transaction, then publish them.

        With ``last``, commit all changes now.
        """
        if self._due is not None and self._clock.monotonic() < self._due and not last:
            return
        if self._changes:
            if self._is_blocked() and not last:
                return
            try:
                self._store.commit(self._changes)
            except LeaseLostError as error:
                self._give_up(error.set_id)
                self.commit()
                return
            except JobSetNotFoundError:
                for deleted_id in self._deleted(list(self._changes)):
                    self._give_up(deleted_id)
                self.commit()
                return
            except StoreValueError as error:
                if not error.refused:
                    self.fail(str(error))
                    return
                self._leave_out(error.refused)
                self.commit(last=last)
                return
            except StoreError as error:
                self.fail(str(error))
                return
            except Exception as error:  # the engine continues, and tries again
                self.fail(f"the job store failed: {explain(error)}")
                return
            self._refused.clear()
            self._end_trouble()
            self._publish()
        self._due = None
        after, self._after = self._after, []
        for set_id, action in after:
            if set_id is None or set_id in self._sets:
                action()

    def fail(self, text: str) -> None:
        """Note that the store failed. The changes are kept; nothing is submitted until a retry works."""
        is_new = self.retry_at is None or self.trouble != text
        self.retry_at = self._clock.monotonic() + STORE_RETRY
        self.trouble = text
        if is_new:
            _LOG.error("%s", text)
            self._show_trouble(text)

    def try_again(self) -> None:
        """Find out whether a failing store works again, unless a commit will show that."""
        if self.retry_at is None or self._is_blocked() or self._changes:
            return
        try:
            self._store.beat()
        except StoreError as error:
            self.fail(str(error))
        else:
            self._end_trouble()

    @property
    def unwritten(self) -> bool:
        """Whether changes are not committed yet."""
        return bool(self._changes)

    def _is_blocked(self) -> bool:
        """Return whether the store fails and is not tried again yet."""
        return self.retry_at is not None and self._clock.monotonic() < self.retry_at

    def _leave_out(self, refused: Mapping[Key, str]) -> None:
        """Drop the changes of jobs that can never be written as they are, and fail these jobs."""
        for (set_id, row), why in refused.items():
            _LOG.error("job %d of job set %s: %s", row, set_id, why)
            self._changes[set_id].drop(row)
            self._outcomes.get(set_id, {}).pop(row, None)
            job_set = self._sets.get(set_id)
            if job_set is not None and (set_id, row) not in self._refused:
                self._refused.add((set_id, row))
                self._refuse(job_set, row, why)

    def _end_trouble(self) -> None:
        if self.retry_at is not None:
            self.retry_at = None
            self._show_trouble(None)

    def _publish(self) -> None:
        changes, self._changes = self._changes, {}
        outcomes, self._outcomes = self._outcomes, {}
        growth, self._growth = self._growth, {}
        for set_id, changed in changes.items():
            job_set = self._sets.get(set_id)
            if job_set is not None:
                newest = {job.row: job for job in changed.jobs}
                for part in growth.get(set_id, ()):
                    job_set.state.circuits.extend(part.inputs, part.names)
                job_set.state.publish(list(newest.values()), outcomes.get(set_id, {}), changed.record)
                for part in growth.get(set_id, ()):
                    part.published()

    def _deleted(self, set_ids: Sequence[str]) -> list[str]:
        """Return the sets that another kernel has deleted; all if that cannot be found out."""
        gone = []
        for set_id in set_ids:
            try:
                self._store.owner(set_id)
            except JobSetNotFoundError:
                gone.append(set_id)
        return gone or list(set_ids)

    def _show_trouble(self, text: str | None) -> None:
        for job_set in self._sets.values():
            job_set.state.set_trouble(text)
