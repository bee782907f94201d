"""The table of ``qjm watch``: as many jobs and columns as fit into the terminal. Needs rich."""

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

#: The number of lines of the terminal that are kept free of jobs.
_OTHER_LINES = 6
#: The order of the statuses in which jobs are chosen if not all jobs fit.
_PRIORITY = (
    Status.RUNNING,
    Status.SENDING,
    Status.ERROR,
    Status.HELD,
    Status.QUEUED,
    Status.CANCELLED,
    Status.NOT_SENT,
    Status.DONE,
)
_STYLES = {
    Status.RUNNING: "cyan",
    Status.DONE: "green",
    Status.ERROR: "bold red",
    Status.HELD: "yellow",
    Status.CANCELLED: "dim",
}
#: Characters between two columns.
_GAP = 2
#: The minimum width of the notes in characters; with less room they are left out.
_LEAST_NOTE = 10


class Column(NamedTuple):
    """A column of the table: its heading and a cell for each job."""

    head: str
    cells: list[str]
    right: bool

    @property
    def width(self) -> int:
        """Its width in characters."""
        return max(map(len, (self.head, *self.cells)))


#: The columns that are dropped if the terminal is narrow, in this order.
_DROPPED = ("waited", "circuits", "ran", "queue")


def fit(columns: Sequence[Column], width: int) -> list[Column]:
    """Return the columns that fit into ``width`` characters, without empty ones."""
    kept = [column for column in columns if any(column.cells)]
    for head in _DROPPED:
        if sum(column.width + _GAP for column in kept) - _GAP <= width:
            break
        kept = [column for column in kept if column.head != head]
    return kept


class JobsTable:
    """The table of a set at one time, as rich renders it.

    Args:
        job_set: the set.
        now: seconds since 1970.
        line: returns the last line, the summary of the set.
    """

    def __init__(self, job_set: JobSet, now: float, line: Callable[[JobSet], str]) -> None:
        self._set = job_set
        self._now = now
        self._line = line

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        state = self._set._state
        jobs = state.ordered()
        shown = _select(jobs, max(1, (options.height or console.height) - _OTHER_LINES))
        rows = [formatting.row(job, self._now) for job in shown]
        name = formatting.first_line(state.record.name, 60)
        what = formatting.title(state.record, len(jobs), taking=state.is_taking)
        title = f"{name} · {formatting.first_line(what)}"
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


def _select(jobs: Sequence[JobRecord], room: int) -> list[JobRecord]:
    """Return the jobs that are shown, at most ``room``, in the order of the set."""
    selected = sorted(jobs, key=lambda job: _PRIORITY.index(_display_status(job)))[:room]
    rows = {job.row for job in selected}
    return [job for job in jobs if job.row in rows]


def _display_status(job: JobRecord) -> Status:
    """Return the status that sets order and colour: Error for a done job with failed circuits."""
    return Status.ERROR if job.flawed else job.status


def _table(
    columns: Sequence[Column], notes: Sequence[str], jobs: Sequence[JobRecord], width: int
) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.head, justify="right" if column.right else "left", no_wrap=True)
    left = width - sum(column.width + _GAP for column in columns)
    has_notes = left >= _LEAST_NOTE and any(notes)
    if has_notes:
        table.add_column("", overflow="ellipsis", no_wrap=True)
    for place, job in enumerate(jobs):
        style = _STYLES.get(_display_status(job), "")
        cells = [
            Text(column.cells[place], style=style if column.head == "status" else "")
            for column in columns
        ]
        table.add_row(*cells, *([Text(notes[place])] if has_notes else []))
    return table
