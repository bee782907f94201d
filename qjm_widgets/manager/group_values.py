"""The value of each set of a group: what the user's code recorded, or what its results give."""

from __future__ import annotations

import math
import numbers
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from qjm_widgets.core.formatting import first_line, note
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.core.set_groups import Values, status_of
from qjm_widgets.core.store_port import SetSummary
from qjm_widgets.errors import InputError, explain
from qjm_widgets.manager.library import JobSetLibrary
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.set_value import ESTIMATES, ZEROS, value_of

if TYPE_CHECKING:
    from qjm_widgets.results import JobSetResults

#: Returns the value of a set, given its results.
Read: TypeAlias = "Callable[[JobSetResults], Any]"


class _Known(NamedTuple):
    tally: tuple[tuple[Status, int], ...]
    value: float | None
    problem: str | None


class GroupValues:
    """Reads the value of each set once, and again after its jobs have changed.

    Args:
        library: has the sets.
    """

    def __init__(self, library: JobSetLibrary) -> None:
        self._library = library
        self._read: Read | None = None
        self._known: dict[str, _Known] = {}
        self._errors: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def set_read(self, read: Read) -> None:
        """Read values by this function from now on."""
        if read is not self._read:
            with self._lock:
                self._read = read
                self._known.clear()

    @property
    def quick(self) -> bool:
        """Whether values are read without a function of the user, which may be slow."""
        return self._read is None

    def missing(self, sets: Sequence[SetSummary]) -> list[SetSummary]:
        """Return the sets whose value is not read yet, newest first; ``sets`` are oldest first."""
        if _recorded(sets):
            return []
        known = self._known
        return [
            each
            for each in reversed(sets)
            if _has_value(each)
            and (each.record.set_id not in known or known[each.record.set_id].tally != _tally(each))
        ]

    def read(self, summarized: SetSummary) -> None:
        """Read the value of one set, whatever fails."""
        read, value, problem = self._read, None, None
        try:
            if read is None:
                value = value_of(self._state(summarized))
            else:
                job_set = self._library.retrieve_job_set(summarized.record.set_id)
                value = number(read(job_set.results(partial=True)))
        except Exception as error:  # the user's function may raise anything
            problem = f"{first_line(summarized.record.name, 60)} has no value: {explain(error)}"
        with self._lock:
            if read is self._read:  # else another function reads it again
                self._known[summarized.record.set_id] = _Known(_tally(summarized), value, problem)

    def of(self, sets: Sequence[SetSummary]) -> Values:
        """Return the values that are known, in the order of the sets."""
        if _recorded(sets):
            return Values("recorded value", [each.record.value for each in sets], None)
        known = [self._known.get(each.record.set_id) for each in sets]
        values = [
            each.value if each is not None and _has_value(summarized) else None
            for each, summarized in zip(known, sets, strict=True)
        ]
        problems = (each.problem for each in reversed(known) if each is not None)
        return Values(self._label(sets), values, next(filter(None, problems), None))

    def error_of(self, summarized: SetSummary) -> str:
        """Return in one line why a set failed or is held."""
        set_id = summarized.record.set_id
        found = self._errors.get(set_id)
        if found is None or found.tally != _tally(summarized):
            state = self._state(summarized)
            found = _Known(_tally(summarized), None, next(map(note, filter(_failed, state.jobs)), ""))
            self._errors[set_id] = found
        return found.problem or ""

    def ended_at(self, summarized: SetSummary) -> float:
        """Return when the last job of a set ended, in seconds since 1970; its creation if none did."""
        ends = (job.finished_at for job in self._state(summarized).jobs)
        return max(filter(None, ends), default=summarized.record.created_at)

    def _label(self, sets: Sequence[SetSummary]) -> str:
        if self._read is not None:
            return "value"
        return ESTIMATES if sets and sets[-1].record.estimates else ZEROS

    def _state(self, summarized: SetSummary) -> JobSetState:
        """Return the set of this session, or a copy from the store that the session does not keep."""
        set_id = summarized.record.set_id
        job_set = self._library._session.get(set_id)
        if job_set is not None:
            return job_set._state
        record, jobs = self._library._store.load_set(set_id)
        return JobSetState(record, jobs, self._library._store)


def number(value: Any) -> float | None:
    """Return a value as a float; None if it is not finite.

    Raises:
        InputError: it is not a real number.
    """
    if hasattr(value, "item") and getattr(value, "size", 1) == 1:
        value = value.item()  # a number of NumPy, or an array of one
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InputError(f"the value of a set is a real number, not {first_line(repr(value))}")
    try:
        converted = float(value)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) else None


def _recorded(sets: Sequence[SetSummary]) -> bool:
    return any(each.record.value is not None for each in sets)


def _has_value(summarized: SetSummary) -> bool:
    return status_of(summarized) is Status.DONE and not summarized.flawed


def _tally(summarized: SetSummary) -> tuple[tuple[Status, int], ...]:
    return tuple(sorted((status, number) for status, number in summarized.jobs.items() if number))


def _failed(job: JobRecord) -> bool:
    return job.status in (Status.ERROR, Status.HELD) or job.flawed
