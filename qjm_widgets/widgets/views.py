"""The views of a panel: each shows rows, an order of the jobs, and a chart or the timeline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.widgets import wire
from qjm_widgets.widgets.histograms import Shown
from qjm_widgets.widgets.row_query import RowQuery

#: The number of rows that a view shows until its page requests others.
FIRST_ROWS = 12
#: The maximum number of rows that a view may show at once.
_MOST_ROWS = 500
_MOST_VIEWS = 50
#: Seconds between two orders of a view: a user cannot follow rows that move more often.
_ORDER_SECONDS = 0.5


class View:
    """One view: some rows of the table, and a chart or the timeline.

    Attributes:
        first, last: it shows the rows ``first:last``.
        selection: the circuits whose counts it shows; None for the timeline.
        query: which jobs it shows and in which order; None for all in the order of their circuits.
        query_number: the view's own number for its query, sent back with the answer.
        order: the answer to the query; None without a query.
        due: the earliest time (monotonic) of the next order.
        sequence: the set's sequence number when the order was made; -1 if a new order is needed.
        order_sent: whether the page has the order.
    """

    def __init__(self, selection: Shown) -> None:
        self.first = 0
        self.last = FIRST_ROWS
        self.selection: Shown | None = selection
        self.query: RowQuery | None = None
        self.query_number = 0
        self.order: list[int] | None = None
        self.due = 0.0
        self.sequence = -1
        self.order_sent = True

    def set_rows(self, first: int, last: int) -> None:
        """Show the rows ``first:last``, at most 500."""
        self.first = max(0, first)
        self.last = min(max(self.first, last), self.first + _MOST_ROWS)

    def set_query(self, query: RowQuery | None, number: int) -> None:
        """Replace the query; its answer is due at once."""
        self.query, self.query_number, self.order = query, number, None
        self.due, self.sequence, self.order_sent = 0.0, -1, False

    def visible_rows(self, jobs: int) -> Sequence[int]:
        """Return the rows that the view shows; ``jobs`` is the number of jobs of the set."""
        if self.order is None:
            return range(self.first, min(self.last, jobs))
        return [row for row in self.order[self.first : self.last] if row < jobs]


class Views:
    """The views of one panel by name. Not thread-safe.

    Args:
        state: the set.
        first: what a new view shows.
    """

    def __init__(self, state: JobSetState, first: Shown) -> None:
        self._state = state
        self._first = first
        self._views: dict[str, View] = {}

    def __len__(self) -> int:
        return len(self._views)

    def __getitem__(self, name: str) -> View:
        """Return a view, a new one if the name is unknown. If there are 50 already, drop the oldest."""
        if name not in self._views and len(self._views) >= _MOST_VIEWS:
            self._views.pop(next(iter(self._views)))  # its page was closed without a message
        return self._views.setdefault(name, View(self._first))

    def remove(self, name: str) -> None:
        """Remove a view, if it exists."""
        self._views.pop(name, None)

    def selections(self) -> set[Shown]:
        """Return the counts and sweeps that are shown."""
        return {view.selection for view in self._views.values() if view.selection is not None}

    @property
    def show_timeline(self) -> bool:
        """Whether a view shows the timeline."""
        return any(view.selection is None for view in self._views.values())

    def visible_rows(self, jobs: int) -> list[int]:
        """Return the rows that any view shows, ascending; ``jobs`` is the number of jobs of the set."""
        visible: set[int] = set()
        for view in self._views.values():
            visible.update(view.visible_rows(jobs))
        return sorted(visible)

    @property
    def have_stale_orders(self) -> bool:
        """Whether an order is older than the state of the set."""
        sequence = self._state.sequence
        return any(view.query is not None and view.sequence != sequence for view in self._views.values())

    @property
    def have_unsent_orders(self) -> bool:
        """Whether a view waits for the answer to its query."""
        return any(not view.order_sent for view in self._views.values())

    def update_orders(self) -> None:
        """Answer again the queries with orders older than the state, at most twice a second each."""
        now = time.monotonic()
        for view in self._views.values():
            if view.query is None or view.sequence == self._state.sequence:
                continue
            if now < view.due and not self._state.settled:
                continue
            view.due, view.sequence = now + _ORDER_SECONDS, self._state.sequence
            order = view.query.rows(self._state.ordered(), time.time())
            if order != view.order:
                view.order, view.order_sent = order, False

    def take_orders(self) -> tuple[list[dict[str, Any]], list[bytes]]:
        """Return the orders that the page lacks and their rows, and mark them as sent."""
        orders, buffers = [], []
        for name, view in self._views.items():
            if not view.order_sent and (view.query is None or view.order is not None):
                view.order_sent = True
                orders.append(wire.order(name, view.query_number, view.order is not None))
                if view.order is not None:
                    buffers.append(wire.order_rows(view.order))
        return orders, buffers
