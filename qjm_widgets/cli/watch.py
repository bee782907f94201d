"""A set live in a terminal: a table that repaints where there is one, else a line for each change."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from qjm_widgets._printable import printable
from qjm_widgets.cli import formatting
from qjm_widgets.errors import WaitTimeoutError
from qjm_widgets.job_set import JobSet

_BEAT = 0.25


def watch(job_set: JobSet, *, timeout: float | None, as_json: bool) -> None:
    """Show a set until it has ended or nobody drives it any more.

    Args:
        timeout: seconds; None: as long as it takes.
        as_json: a line of JSON for each change instead.

    Raises:
        WaitTimeoutError: the time was over first.
    """
    if as_json:
        _say_changes(job_set, timeout, lambda: formatting.line_of(formatting.set_tree(job_set)))
    elif not sys.stdout.isatty() or not _show_table(job_set, timeout):
        _say_changes(job_set, timeout, lambda: _line(job_set))


def _line(job_set: JobSet) -> str:
    state = job_set._state
    line = str(state.summary())
    return printable(f"{line} · {state.waiting.text}" if state.waiting is not None else line)


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

        from qjm_widgets.cli.table import JobsTable
    except ImportError:
        return False
    with Live(console=Console(), auto_refresh=False) as shown:
        for _ in _beats(job_set, timeout):
            shown.update(JobsTable(job_set, time.time(), _line), refresh=True)
    return True


def _beats(job_set: JobSet, timeout: float | None) -> Any:
    """Once at first, at each change (four times a second at most), and once at the end."""
    state = job_set._state
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        seen = state.sequence
        settled = state.settled
        yield
        if settled:
            return
        if deadline is not None and time.monotonic() >= deadline:
            raise WaitTimeoutError(f"after {timeout} s: {_line(job_set)}. The jobs go on")
        left = _BEAT if deadline is None else min(_BEAT, max(0.0, deadline - time.monotonic()))
        with state.changed:
            if state.sequence == seen:
                state.changed.wait(left)
