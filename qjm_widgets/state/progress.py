"""How far something is, as a line on a terminal or lines in a log, for where no panel is shown."""

from __future__ import annotations

import shutil
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from qjm_widgets import _display
from qjm_widgets.core import formatting
from qjm_widgets.core.eta import end_of
from qjm_widgets.state.job_set_state import JobSetState

# A wait of fewer seconds leaves no trace.
_SILENT = 1.0
_REDRAW = 0.2
_LOG_EVERY = 10.0
_BAR = 20
_LONGEST = 400
_ESTIMATE_EVERY = 1.0


class _Line(ABC):
    """A line that is written again and again while somebody waits, on ``stderr``.

    On a terminal one line is written again and again; elsewhere (a log) a line every ten seconds, when
    something has changed. A wait below a second leaves no trace. A subclass gives the texts.

    Args:
        shown: None writes to a terminal only; True always, False never.
        stream: instead of ``stderr``.
    """

    def __init__(self, shown: bool | None, stream: TextIO | None = None) -> None:
        self._stream: TextIO | None = stream or sys.stderr
        self._terminal = _is_terminal(self._stream)
        if self._stream is None or shown is False or (shown is None and not self._terminal):
            self._stream = None
        self._began = time.monotonic()
        self._due = self._began + _SILENT
        self._last = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last state behind, if anything was written."""
        if self._last:
            self._update()
            if self._terminal:
                self._write("\n")

    def look(self) -> None:
        """Called again and again: writes when it is time."""
        now = time.monotonic()
        if now >= self._due and self._is_shown():
            self._due = now + (_REDRAW if self._terminal else _LOG_EVERY)
            self._update()

    def _is_shown(self) -> bool:
        return self._stream is not None

    def _update(self) -> None:
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            done, of = self._share()
            full = _BAR * done // max(1, of)
            bar = f"[{'#' * full}{'.' * (_BAR - full)}]"
            line = f"{bar} {self._words()}{self._left()} · {self._elapsed()}"[:width]
            if line != self._last:
                # Padded: what was longer before is wiped out without asking what the terminal can.
                self._write(f"\r{line.ljust(min(len(self._last), width))}")
            self._last = line
            return
        words = self._words()
        if words != self._last:
            self._write(f"{words}{self._left()} · {self._elapsed()}\n")
        self._last = words

    @abstractmethod
    def _words(self) -> str:
        """How far it is."""

    @abstractmethod
    def _share(self) -> tuple[int, int]:
        """How much is done, of how much."""

    def _left(self) -> str:
        return ""

    def _elapsed(self) -> str:
        return _whole(time.monotonic() - self._began)

    def _write(self, text: str) -> None:
        if self._stream is None:
            return
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except (OSError, ValueError):  # closed, or nobody reads it any more: waiting goes on
            self._stream = None


class SavingLine(_Line):
    """How far ``run`` is with writing a set: on a terminal, or in the output of a notebook's cell.

    Args:
        circuits: how many there are.
        saved: gives how many are written.
    """

    def __init__(self, circuits: int, saved: Callable[[], int]) -> None:
        super().__init__(None)
        self._circuits = circuits
        self._saved = saved
        self._show: Callable[[str], None] | None = None

    def look(self) -> None:
        """Called again and again: writes when it is time."""
        now = time.monotonic()
        if now < self._due or self._stream is not None:
            super().look()
        elif "ipykernel" in sys.modules:
            self._due = now + _REDRAW
            self._show = self._show or _display.load().text_line()
            if self._show is not None:
                self._show(self._words())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last state behind, if anything was written."""
        super().__exit__(kind, error, trace)
        if self._show is not None:
            self._show(f"{self._words()} · {self._elapsed()}")

    def _words(self) -> str:
        saved = self._saved()
        if saved == self._circuits:
            return f"saved {saved:,} circuits"
        return f"saving {saved:,} of {self._circuits:,} circuits"

    def _share(self) -> tuple[int, int]:
        return self._saved(), self._circuits


class FileLine(_Line):
    """How far a file is with being written or read, where that is a terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(None, stream)
        self._what, self._done, self._of = "", 0, 0

    def tell(self, what: str, done: int, of: int) -> None:
        """Called again and again: what is done ("checking circuits"), how many, and of how many."""
        self._what, self._done, self._of = what, done, of
        self.look()

    def _words(self) -> str:
        return f"{self._what}: {self._done:,} of {self._of:,}"

    def _share(self) -> tuple[int, int]:
        return self._done, self._of


class ProgressLine(_Line):
    """How a set goes on while somebody waits for it.

    Args:
        live: the set.
        shown: None writes to a terminal only; True always, False never.
        stream: instead of ``stderr``.
    """

    def __init__(self, state: JobSetState, shown: bool | None, stream: TextIO | None = None) -> None:
        super().__init__(shown, stream)
        self._live = state
        self._ends: float | None = None
        self._estimate_due = 0.0

    def _words(self) -> str:
        state = self._live
        name = formatting.first_line(state.record.name, 40)
        line = f"{name}: {state.summary()}"
        if state.waiting is not None:
            line += f"; {state.waiting.text_at(time.time())}"
        # Why the store cannot be written may have several lines.
        return formatting.first_line(line, _LONGEST)

    def _left(self) -> str:
        now = time.time()
        if now >= self._estimate_due:
            self._estimate_due = now + _ESTIMATE_EVERY
            self._ends = end_of(self._live.totals, now)
        if self._ends is None or self._live.settled:
            return ""
        return f"; about {_whole(max(1.0, self._ends - now))} left"

    def _share(self) -> tuple[int, int]:
        numbers = self._live.numbers()
        return sum(number for status, number in numbers.items() if status.final), sum(numbers.values())


def _whole(seconds: float) -> str:
    """A time span without parts of a second."""
    return f"{seconds:.0f} s" if seconds < 59.5 else formatting.duration(seconds)


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False
