"""A set live in a terminal: a table that repaints where there is one, else a line for each change."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qjm_widgets.cli import words
from qjm_widgets.core import snapshot
from qjm_widgets.core.errors import WaitTimeoutError
from qjm_widgets.core.records import Status
from qjm_widgets.job_set import JobSet

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_BEAT = 0.25
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


def watch(job_set: JobSet, *, timeout: float | None, as_json: bool) -> None:
    """Show a set until it has ended or nobody drives it any more.

    Args:
        timeout: seconds; None: as long as it takes.
        as_json: a line of JSON for each change instead.

    Raises:
        WaitTimeoutError: the time was over first.
    """
    if as_json:
        _say_changes(job_set, timeout, lambda: words.line_of(words.set_tree(job_set)))
    elif not sys.stdout.isatty() or not _show_table(job_set, timeout):
        _say_changes(job_set, timeout, lambda: _line(job_set))


def _line(job_set: JobSet) -> str:
    live = job_set.live
    line = str(snapshot.summary(live.numbers(), live.trouble))
    return f"{line} · {live.waiting.text}" if live.waiting is not None else line


def _say_changes(job_set: JobSet, timeout: float | None, text: Callable[[], str]) -> None:
    said = None
    for _ in _beats(job_set, timeout):
        now = text()
        if now != said:
            said = now
            print(now, flush=True)


def _show_table(job_set: JobSet, timeout: float | None) -> bool:
    """Whether rich is there to show one."""
    try:
        from rich.console import Console
        from rich.live import Live
    except ImportError:
        return False
    console = Console()
    with Live(_Table(job_set), console=console, auto_refresh=False) as shown:
        for _ in _beats(job_set, timeout):
            shown.update(_Table(job_set), refresh=True)
    return True


def _beats(job_set: JobSet, timeout: float | None) -> Any:
    """Once at first, at each change (four times a second at most), and once at the end."""
    live = job_set.live
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        seen = live.sequence
        settled = live.settled
        yield
        if settled:
            return
        if deadline is not None and time.monotonic() >= deadline:
            raise WaitTimeoutError(f"after {timeout} s: {_line(job_set)}. The jobs go on")
        left = _BEAT if deadline is None else min(_BEAT, max(0.0, deadline - time.monotonic()))
        with live.changed:
            if live.sequence == seen:
                live.changed.wait(left)


class _Table:
    """What rich paints: as many jobs as the terminal has room for."""

    def __init__(self, job_set: JobSet) -> None:
        self._set = job_set

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.table import Table
        from rich.text import Text

        live = self._set.live
        now = time.time()
        room = max(1, (options.height or console.height) - _ROOM)
        jobs = live.ordered()
        if len(jobs) > room:
            chosen = sorted(jobs, key=lambda job: _FIRST.index(job.status))[:room]
            rows = {job.row for job in chosen}
            shown = [job for job in jobs if job.row in rows]
        else:
            shown = jobs
        name = snapshot.first_line(live.record.name, 60)
        yield Text(f"{name} · {snapshot.first_line(snapshot.title(live.record, len(jobs)))}")
        table = Table(box=None, pad_edge=False)
        for head, side in (("job", "right"), ("circuits", "left"), ("status", "left")):
            table.add_column(head, justify=side)  # type: ignore[arg-type]
        for head in ("queue", "waited", "ran"):
            table.add_column(head, justify="right")
        table.add_column("", overflow="ellipsis", no_wrap=True)
        for job in shown:
            row = snapshot.row(job, now)
            place = job.queue_position if job.status.remote else None
            table.add_row(
                str(row.row),
                f"{row.span} {row.piece}".rstrip(),
                Text(row.word, style=_STYLES.get(job.status, "")),
                "" if place is None else str(place),
                snapshot.duration(row.waited),
                snapshot.duration(row.ran),
                Text(row.note),
            )
        yield table
        more = f"… and {len(jobs) - len(shown):,} more jobs · " if len(shown) < len(jobs) else ""
        yield Text(more + _line(self._set))
