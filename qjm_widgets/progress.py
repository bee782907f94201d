"""How a set goes on, as a line on a terminal or lines in a log, for where no panel is shown."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import TextIO

from qjm_widgets.core import snapshot
from qjm_widgets.core.estimate import end_of
from qjm_widgets.live import LiveSet

_SILENT = 1.0
"""Who waits for less (seconds) is told nothing."""
_REDRAW = 0.2
_LOG_EVERY = 10.0
_BAR = 20
_LONGEST = 400
_ESTIMATE_EVERY = 1.0


class ProgressLine:
    """Tells on ``stderr`` how a set goes on while somebody waits for it.

    On a terminal one line is written again and again; elsewhere (a log) a line every ten seconds, when
    something has changed. A wait below a second leaves no trace.

    Args:
        live: the set.
        shown: None tells on a terminal only; True always, False never.
        stream: instead of ``stderr``.
    """

    def __init__(self, live: LiveSet, shown: bool | None, stream: TextIO | None = None) -> None:
        self._live = live
        self._stream: TextIO | None = stream or sys.stderr
        self._terminal = _is_terminal(self._stream)
        if self._stream is None or shown is False or (shown is None and not self._terminal):
            self._stream = None
        self._began = time.monotonic()
        self._due = self._began + _SILENT
        self._told = ""
        self._ends: float | None = None
        self._estimate_due = 0.0

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last state behind, if anything was told."""
        if self._told:
            self._tell()
            if self._terminal:
                self._write("\n")

    def look(self) -> None:
        """Called again and again: tells when it is time."""
        now = time.monotonic()
        if self._stream is not None and now >= self._due:
            self._due = now + (_REDRAW if self._terminal else _LOG_EVERY)
            self._tell()

    def _tell(self) -> None:
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            line = f"{self._bar()} {self._words()}{self._left()} · {self._elapsed()}"[:width]
            if line != self._told:
                # Padded: what was longer before is wiped out without asking what the terminal can.
                self._write(f"\r{line.ljust(min(len(self._told), width))}")
            self._told = line
            return
        words = self._words()
        if words != self._told:
            self._write(f"{words}{self._left()} · {self._elapsed()}\n")
        self._told = words

    def _words(self) -> str:
        live = self._live
        name = snapshot.first_line(live.record.name, 40)
        line = f"{name}: {snapshot.summary(live.numbers(), live.trouble)}"
        if live.waiting is not None:
            line += f"; {live.waiting.words(time.time())}"
        # Why the store cannot be written may have several lines.
        return snapshot.first_line(line, _LONGEST)

    def _left(self) -> str:
        now = time.time()
        if now >= self._estimate_due:
            self._estimate_due = now + _ESTIMATE_EVERY
            self._ends = end_of(self._live.census, now)
        if self._ends is None or self._live.settled:
            return ""
        return f"; about {_whole(max(1.0, self._ends - now))} left"

    def _bar(self) -> str:
        numbers = self._live.numbers()
        ended = sum(number for status, number in numbers.items() if status.final)
        full = _BAR * ended // max(1, sum(numbers.values()))
        return f"[{'#' * full}{'.' * (_BAR - full)}]"

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


def _whole(seconds: float) -> str:
    """A time span without parts of a second."""
    return f"{seconds:.0f} s" if seconds < 59.5 else snapshot.duration(seconds)


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False
