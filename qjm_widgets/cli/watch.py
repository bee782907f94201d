"""The live view of a set: a table in a terminal if rich is installed, else a line for each change."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from qjm_widgets._printable import printable
from qjm_widgets.cli import formatting
from qjm_widgets.errors import WaitTimeoutError
from qjm_widgets.job_set import JobSet

#: The most seconds between two repaints.
_INTERVAL = 0.25


def watch(job_set: JobSet, *, timeout: float | None, as_json: bool) -> None:
    """Show a set until it has settled: all its jobs have ended or are held, or nobody drives it.

    Args:
        job_set: the set.
        timeout: seconds; None waits without limit.
        as_json: print a line of JSON for each change, instead of a table or text.

    Raises:
        WaitTimeoutError: the set had not settled in time.
    """
    if as_json:
        _print_changes(job_set, timeout, lambda: formatting.line_of(formatting.set_tree(job_set)))
    elif not sys.stdout.isatty() or not _show_table(job_set, timeout):
        _print_changes(job_set, timeout, lambda: _line(job_set))


def _line(job_set: JobSet) -> str:
    state = job_set._state
    line = str(state.summary())
    return printable(f"{line} · {state.waiting.text}" if state.waiting is not None else line)


def _print_changes(job_set: JobSet, timeout: float | None, text: Callable[[], str]) -> None:
    printed = None
    for _ in _changes(job_set, timeout):
        line = text()
        if line != printed:
            printed = line
            print(line, flush=True)


def _show_table(job_set: JobSet, timeout: float | None) -> bool:
    """Show the table; return False if rich is not installed."""
    try:
        from rich.console import Console
        from rich.live import Live

        from qjm_widgets.cli.table import JobsTable
    except ImportError:
        return False
    with Live(console=Console(), auto_refresh=False) as shown:
        for _ in _changes(job_set, timeout):
            shown.update(JobsTable(job_set, time.time(), _line), refresh=True)
    return True


def _changes(job_set: JobSet, timeout: float | None) -> Any:
    """Yield at once, then at each change and at least four times a second, until the set settles.

    Raises:
        WaitTimeoutError: the set had not settled in time.
    """
    state = job_set._state
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        seen = state.sequence
        settled = state.settled
        yield
        if settled:
            return
        if deadline is not None and time.monotonic() >= deadline:
            raise WaitTimeoutError(f"after {timeout} s: {_line(job_set)}. The jobs continue")
        left = _INTERVAL if deadline is None else min(_INTERVAL, max(0.0, deadline - time.monotonic()))
        with state.changed:
            if state.sequence == seen:
                state.changed.wait(left)
