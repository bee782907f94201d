"""Progress lines on a terminal, in a log or in a cell's output, if no panel is shown."""

from __future__ import annotations

import functools
import shutil
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Self, TextIO

from qjm_widgets import _display
from qjm_widgets.core import formatting
from qjm_widgets.core.eta import end_of
from qjm_widgets.state.job_set_state import JobSetState

#: A wait of fewer seconds writes nothing.
_SILENT = 1.0
#: Seconds between two updates: on a terminal, in a log, and of the estimate.
_REDRAW = 0.2
_LOG_EVERY = 10.0
_ESTIMATE_EVERY = 1.0
#: Characters of the bar, and of the longest line.
_BAR = 20
_LONGEST = 400


class _Line(ABC):
    """A line on ``stderr`` while the user waits.

    On a terminal the line is rewritten; elsewhere (a log) a new line is written every ten seconds, if it
    changed. A wait below a second writes nothing. A subclass gives the texts.

    Args:
        shown: None writes to a terminal only; True always, False never.
        stream: instead of ``stderr``.
    """

    def __init__(self, shown: bool | None, stream: TextIO | None = None) -> None:
        self._shown = shown
        self._stream: TextIO | None = stream or sys.stderr
        self._began = time.monotonic()
        self._due = self._began + _SILENT
        self._last = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """Write the last state, if anything was written before."""
        if self._last:
            self._update()
            if self._terminal:
                self._write("\n")

    def refresh(self) -> None:
        """Write the line if an update is due; call this repeatedly."""
        now = time.monotonic()
        if now >= self._due and self._is_shown():
            self._due = now + (_REDRAW if self._terminal else _LOG_EVERY)
            self._update()

    def _is_shown(self) -> bool:
        return (
            self._stream is not None
            and self._shown is not False
            and (self._shown is True or self._terminal)
        )

    @functools.cached_property
    def _terminal(self) -> bool:
        # Most waits are short, and do not have to know.
        return _is_terminal(self._stream)

    def _update(self) -> None:
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            done, total = self._done_and_total()
            full = _BAR * done // max(1, total)
            bar = f"[{'#' * full}{'.' * (_BAR - full)}]"
            line = f"{bar} {self._progress_text()}{self._remaining_text()} · {self._elapsed()}"[:width]
            if line != self._last:
                # Padding erases a longer line before, on any terminal.
                self._write(f"\r{line.ljust(min(len(self._last), width))}")
            self._last = line
            return
        text = self._progress_text()
        if text != self._last:
            self._write(f"{text}{self._remaining_text()} · {self._elapsed()}\n")
        self._last = text

    @abstractmethod
    def _progress_text(self) -> str:
        """Return the text of the line."""

    @abstractmethod
    def _done_and_total(self) -> tuple[int, int]:
        """Return how many parts are done, and how many there are."""

    def _remaining_text(self) -> str:
        return ""

    def _elapsed(self) -> str:
        return _rounded(time.monotonic() - self._began)

    def _write(self, text: str) -> None:
        if self._stream is None:
            return
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except (OSError, ValueError):  # closed, or its reader is gone: the wait continues
            self._stream = None


class SavingLine(_Line):
    """The progress of ``run`` saving a set: on a terminal, or in the output of a notebook's cell.

    Args:
        circuits: how many there are.
        saved: returns how many are written.
    """

    def __init__(self, circuits: int, saved: Callable[[], int]) -> None:
        super().__init__(None)
        self._circuits = circuits
        self._saved = saved
        self._show: Callable[[str], None] | None = None

    def refresh(self) -> None:
        """Write the line if an update is due; call this repeatedly."""
        now = time.monotonic()
        if now < self._due or self._is_shown():
            super().refresh()
        elif "ipykernel" in sys.modules:
            self._due = now + _REDRAW
            self._show = self._show or _display.load().text_line()
            if self._show is not None:
                self._show(self._progress_text())

    def __exit__(self, *exception: object) -> None:
        """Write the last state, if anything was written before."""
        super().__exit__(*exception)
        if self._show is not None:
            self._show(f"{self._progress_text()} · {self._elapsed()}")

    def _progress_text(self) -> str:
        saved = self._saved()
        if saved == self._circuits:
            return f"saved {saved:,} circuits"
        return f"saving {saved:,} of {self._circuits:,} circuits"

    def _done_and_total(self) -> tuple[int, int]:
        return self._saved(), self._circuits


class FileLine(_Line):
    """The progress of writing or reading a file, on a terminal only."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(None, stream)
        self._text, self._done, self._total = "", 0, 0

    def update(self, text: str, done: int, total: int) -> None:
        """Show the current step ("checking circuits"), and how many of its parts are done."""
        self._text, self._done, self._total = text, done, total
        self.refresh()

    def _progress_text(self) -> str:
        return f"{self._text}: {self._done:,} of {self._total:,}"

    def _done_and_total(self) -> tuple[int, int]:
        return self._done, self._total


class ProgressLine(_Line):
    """The progress of a set while the user waits for it.

    Args:
        state: the set.
        shown: None writes to a terminal only; True always, False never.
        stream: instead of ``stderr``.
    """

    def __init__(self, state: JobSetState, shown: bool | None, stream: TextIO | None = None) -> None:
        super().__init__(shown, stream)
        self._state = state
        self._ends: float | None = None
        self._estimate_due = 0.0

    def _progress_text(self) -> str:
        state = self._state
        name = formatting.first_line(state.record.name, 40)
        line = f"{name}: {state.summary()}"
        if state.waiting is not None:
            line += f"; {state.waiting.text_at(time.time())}"
        # The store's error may have several lines.
        return formatting.first_line(line, _LONGEST)

    def _remaining_text(self) -> str:
        now = time.time()
        if now >= self._estimate_due:
            self._estimate_due = now + _ESTIMATE_EVERY
            self._ends = end_of(self._state.totals, now)
        if self._ends is None or self._state.settled or self._state.is_taking:
            return ""
        return f"; about {_rounded(max(1.0, self._ends - now))} left"

    def _done_and_total(self) -> tuple[int, int]:
        numbers = self._state.numbers()
        return sum(number for status, number in numbers.items() if status.final), sum(numbers.values())


def _rounded(seconds: float) -> str:
    """Return a time span in words, without fractions of a second."""
    return f"{seconds:.0f} s" if seconds < 59.5 else formatting.duration(seconds)


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False
