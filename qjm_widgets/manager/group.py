"""A group of sets: those of one loop of an optimizer, or of one experiment."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from qjm_widgets import _display
from qjm_widgets._printable import printable_result
from qjm_widgets.core.set_groups import SetGroup
from qjm_widgets.core.store_port import SetSummary
from qjm_widgets.errors import InputError, InvalidStateError, QJMError
from qjm_widgets.job_set import JobSet
from qjm_widgets.manager.group_values import GroupValues, number
from qjm_widgets.manager.library import JobSetLibrary
from qjm_widgets.manager.set_names import next_number
from qjm_widgets.state.job_set_state import JobSetState

if TYPE_CHECKING:
    from anywidget import AnyWidget

#: Seconds for the values that are still missing when a manager is closed.
_LAST_SECONDS = 1.0


class JobSetGroup:
    """The sets that were run under one name, here or in other kernels. It displays itself as a panel.

    ``JobManager.group`` makes it. In its ``with`` block each ``run`` of the manager, in the same thread
    or asyncio task, adds a set to the group; of nested blocks the inner one counts.

    >>> with manager.group("VQE on H2") as loop:
    ...     display(loop)
    ...     minimize(cost, start)
    """

    def __init__(self, library: JobSetLibrary, name: str) -> None:
        self._library = library
        self._name = name
        self._lock = threading.Lock()
        self._number: int | None = None  # of the next set
        self._newest: JobSet | None = None
        self._blocks = 0
        self._changes = 0  # grows with each change of its sets of this session
        # The sets by id, as they were read last, and the sets of this session that changed since.
        self._reading = threading.Lock()
        self._known: dict[str, SetSummary] = {}
        self._known_at: tuple[int, int] | None = None
        self._changed: dict[str, JobSetState] = {}
        self._values = GroupValues(library)
        # The sets when the manager was closed; None before that.
        self._last: list[SetSummary] | None = None
        self._followed = False  # whether a panel shows it
        # The panel that displaying the group shows; one for all its displays.
        self._shown: Any = None

    def name(self) -> str:
        """Return the name of the group."""
        return self._name

    def job_sets(self) -> list[JobSet]:
        """Return the sets of the group that were run or retrieved in this session, oldest first."""
        return self._library.job_sets(group=self._name)

    def values(self) -> list[float | None]:
        """Return the value of each set in the store, oldest first; None for a set without a value.

        If ``record`` was used, these are the recorded values. Else it is the number that the function
        ``value`` of ``JobManager.group`` returned; without such a function, the mean of the set's
        expectation values, or the share of its shots that gave only zeros.
        """
        sets = self._sets()
        for each in self._values.missing(sets):
            self._values.read(each)
        return self._values.of(sets).values

    def record(self, value: Any, job_set: JobSet | None = None) -> None:
        """Record the value of a set, such as the cost that an optimizer has computed; it is stored.

        Args:
            value: a real number. One that is not finite leaves a gap in the trend.
            job_set: a set of the group; None for the newest of this session.

        Raises:
            InputError: the value is not a real number, or the set is not of this group.
            InvalidStateError: no set of the group was run in this session.
        """
        converted = number(value)
        target = (
            job_set if job_set is not None else self._newest or next(reversed(self.job_sets()), None)
        )
        if target is None:
            raise InvalidStateError(f"{self._name!r} has no set in this session: run one, then record")
        if target.group() != self._name:
            raise InputError(f"{target.name()!r} is not a set of the group {self._name!r}")
        self._library._engine.amend_set(target._state, value=converted)

    def panel(self) -> AnyWidget:
        """Return the live panel of the group, as a new widget."""
        return _display.load().group_panel(self)

    def __enter__(self) -> JobSetGroup:
        self._library._check_open()
        _ENTERED.set((*_ENTERED.get(), self))
        self._change_blocks(1)
        return self

    def __exit__(self, *_: object) -> None:
        # The last entry of this group; a token would be of no use in another context.
        entered = list(_ENTERED.get())
        if self in entered:
            del entered[len(entered) - 1 - entered[::-1].index(self)]
            _ENTERED.set(tuple(entered))
        self._change_blocks(-1)

    def _change_blocks(self, change: int) -> None:
        with self._lock:
            self._blocks += change
            self._changes += 1
        self._library._session.watchers.notify()

    @property
    def _entered(self) -> bool:
        """Whether a ``with`` block of the group is open in this kernel."""
        return self._blocks > 0

    def _sets(self) -> list[SetSummary]:
        """Return the sets of the group in the store, oldest first; after ``close`` those of then."""
        if self._last is not None:
            return self._last
        self._library._check_open()
        with self._reading:
            changed, self._changed = self._changed, {}
            at = self._library._store.version(), self._library._session.removals
            if at != self._known_at:  # other kernels have written, or sets were deleted here
                found = self._library.history(group=self._name)[::-1]
                self._known = {each.record.set_id: each for each in found}
                self._known_at = at
            else:
                self._known |= {set_id: _summary_of(state) for set_id, state in changed.items()}
            return list(self._known.values())

    def _next_number(self) -> int:
        """Return the number of the next set, for its name."""
        with self._lock:
            if self._number is None:
                names = (each.record.name for each in self._library.history(group=self._name))
                self._number = next_number(self._name, names)
            self._number += 1
            return self._number - 1

    def _reuse(self, job_set: JobSet) -> None:
        """Take in a set that ``run`` gave back in place of a new one, if it belongs to no group."""
        with self._lock:
            if self._number is not None and self._number > 1:
                self._number -= 1  # the new one's
        self._newest = job_set
        if job_set.group() is None:
            self._library._engine.amend_set(job_set._state, group=self._name)
            self._follow(job_set._state)
            self._known_at = None  # it has its place among older sets

    def _follow(self, state: JobSetState) -> None:
        """Note the changes of a set of this session from now on."""

        def note() -> None:
            self._changed[state.set_id] = state
            self._changes += 1

        note()
        state.watchers.add(note)

    def _remember(self) -> None:
        """Keep the sets and their values in memory: the store is about to be closed."""
        last = self._library._store.summaries(group=self._name)[::-1]
        until = time.monotonic() + _LAST_SECONDS
        for each in self._values.missing(last) if self._followed else ():
            if time.monotonic() >= until:
                break
            self._values.read(each)
        self._last = last

    @printable_result
    def __repr__(self) -> str:
        try:
            sets = self._sets()
        except QJMError as error:
            return f"<JobSetGroup {self._name!r}: {error}>"
        text = SetGroup(self._name, tuple(sets)).summary if sets else "no sets yet"
        return f"<JobSetGroup {self._name!r}: {text}>"

    def _ipython_display_(self, **_: Any) -> None:
        _display.show(lambda: _display.load().show_group(self), self.__repr__)


def _summary_of(state: JobSetState) -> SetSummary:
    """Return a set of this session as the store would list it."""
    driven = "this kernel" if state.adapter is not None else state.owner
    owner = None if state.over else driven
    return SetSummary(state.record, state.numbers(), owner, len(state.totals.flawed))


#: The groups whose ``with`` blocks are open in this context, the innermost last.
_ENTERED: ContextVar[tuple[JobSetGroup, ...]] = ContextVar("qjm_groups", default=())


def entered_group(library: JobSetLibrary) -> JobSetGroup | None:
    """Return the innermost group of a manager whose ``with`` block is open in this context, or None."""
    groups = (group for group in reversed(_ENTERED.get()) if group._library is library)
    return next(groups, None)
