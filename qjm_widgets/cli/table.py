"""What ``qjm watch`` paints: as many jobs and columns as the terminal has room for. Needs rich."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.table import Table
from rich.text import Text

from qjm_widgets.core import formatting
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.job_set import JobSet

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_ROOM = 6
"""Lines of the terminal that are not for jobs."""
_FIRST = (
    Status.RUNNING,
    Status.SENDING,
    Status.ERROR,
    Status.HELD,
    Status.QUEUED,
    Status.CANCELLED,
    Status.NOT_SENT,
    Status.DONE,
)
"""Where not all jobs have room, those that somebody looks for."""
_STYLES = {
    Status.RUNNING: "cyan",
    Status.DONE: "green",
    Status.ERROR: "bold red",
    Status.HELD: "yellow",
    Status.CANCELLED: "dim",
}
_GAP = 2
"""Columns of the terminal between two of the table's."""
_LEAST_NOTE = 10
"""A note that is cut shorter says nothing."""


class Column(NamedTuple):
    """A column of the table: its heading and a cell for each job."""

    head: str
    cells: list[str]
    right: bool

    @property
    def width(self) -> int:
        """Columns of the terminal that it takes."""
        return max(map(len, (self.head, *self.cells)))


_DROPPED = ("waited", "circuits", "ran", "queue")
"""Which columns go first where the terminal is narrow."""


def fit(columns: Sequence[Column], width: int) -> list[Column]:
    """Those that a terminal has room for, without those that say nothing."""
    kept = [column for column in columns if any(column.cells)]
    for head in _DROPPED:
        if sum(column.width + _GAP for column in kept) - _GAP <= width:
            break
        kept = [column for column in kept if column.head != head]
    return kept


class JobsTable:
    """A set at a time, for rich.

    Args:
        job_set: what is shown.
        now: seconds since 1970.
        line: how the set stands, the last line.
    """

    def __init__(self, job_set: JobSet, now: float, line: Callable[[JobSet], str]) -> None:
        self._set = job_set
        self._now = now
        self._line = line

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        state = self._set._state
        jobs = state.ordered()
        shown = _chosen(jobs, max(1, (options.height or console.height) - _ROOM))
        rows = [formatting.row(job, self._now) for job in shown]
        name = formatting.first_line(state.record.name, 60)
        title = f"{name} · {formatting.first_line(formatting.title(state.record, len(jobs)))}"
        yield Text(title, no_wrap=True, overflow="ellipsis")
        columns = fit(
            [
                Column("job", [str(row.row) for row in rows], True),
                Column("circuits", [f"{row.span} {row.piece}".rstrip() for row in rows], False),
                Column("status", [row.status_name for row in rows], False),
                Column("queue", [str(row.queue or "") for row in rows], True),
                Column("waited", [formatting.duration(row.waited) for row in rows], True),
                Column("ran", [formatting.duration(row.ran) for row in rows], True),
            ],
            options.max_width,
        )
        yield _table(columns, [row.note for row in rows], shown, options.max_width)
        more = f"… and {len(jobs) - len(shown):,} more jobs · " if len(shown) < len(jobs) else ""
        yield Text(more + self._line(self._set))


def _chosen(jobs: Sequence[JobRecord], room: int) -> list[JobRecord]:
    """The jobs that are shown, in the order of the set."""
    chosen = sorted(jobs, key=lambda job: _FIRST.index(_look_of(job)))[:room]
    rows = {job.row for job in chosen}
    return [job for job in jobs if job.row in rows]


def _look_of(job: JobRecord) -> Status:
    """The status as which a job is placed and coloured: one with failed circuits as one that failed."""
    return Status.ERROR if job.flawed else job.status


def _table(
    columns: Sequence[Column], notes: Sequence[str], jobs: Sequence[JobRecord], width: int
) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.head, justify="right" if column.right else "left", no_wrap=True)
    left = width - sum(column.width + _GAP for column in columns)
    noted = left >= _LEAST_NOTE and any(notes)
    if noted:
        table.add_column("", overflow="ellipsis", no_wrap=True)
    for place, job in enumerate(jobs):
        style = _STYLES.get(_look_of(job), "")
        cells = [
            Text(column.cells[place], style=style if column.head == "status" else "")
            for column in columns
        ]
        table.add_row(*cells, *([Text(notes[place])] if noted else []))
    return table
