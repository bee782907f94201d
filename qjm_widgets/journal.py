"""Writing circuits to the store in the background, ahead of the jobs that send them."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from qjm_widgets.core.errors import ClosedError, StoreError, explain
from qjm_widgets.core.ports import CircuitBlock, JobStore, Work
from qjm_widgets.core.records import Span
from qjm_widgets.engine import Engine
from qjm_widgets.live import LiveSet
from qjm_widgets.serialization.circuits import write_block

_LOG = logging.getLogger(__name__)

_FIRST_SECONDS, _BATCH_SECONDS = 0.001, 0.03
"""Blocks whose writing took so long together share a transaction: few at first, as jobs wait for them.

Seconds of the processor: those of a clock are a simulator's where it holds the interpreter.
"""
_RETRY_SECONDS = 1.0


class _Entry:
    """A set whose circuits are being written."""

    def __init__(self, live: LiveSet, prepare: Callable[[Work], Work] | None) -> None:
        self.live = live
        self.prepare = prepare
        self.spent = 0.0
        self.spans = deque(sorted({job.span for job in live.jobs}))


class Journal:
    """One thread that writes the circuits of all new sets, a batch of each in turn."""

    def __init__(self, store: JobStore, engine: Engine) -> None:
        self._store = store
        self._engine = engine
        self._entries: deque[_Entry] = deque()
        self._wake = threading.Condition()
        self._stopped = False
        self._deadline = math.inf
        self._thread: threading.Thread | None = None

    def add(self, live: LiveSet, prepare: Callable[[Work], Work] | None = None) -> None:
        """Write the circuits of a new set; ``prepare`` (a transpiler) is applied to each first."""
        with self._wake:
            self._entries.append(_Entry(live, prepare))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="qjm-journal", daemon=True)
                self._thread.start()
            self._wake.notify()

    def halt(self, deadline: float) -> None:
        """Write what is left, which ``resume`` needs, but nothing after the deadline (monotonic)."""
        with self._wake:
            self._deadline = deadline
            self._stopped = True
            self._wake.notify()

    def join(self) -> None:
        """Wait for the thread, until that deadline."""
        if self._thread is not None:
            self._thread.join(max(0.0, self._deadline - time.monotonic()))

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._entries and not self._stopped:
                    self._wake.wait()
                if not self._entries or self._is_late():
                    return
                entry = self._entries.popleft()
            try:
                self._write_batch(entry)
            except Exception:
                _LOG.exception("the journal met an error of its own")
                text = "its circuits could not be written; see the log"
                self._fail(entry, list(entry.spans), text)
                entry.spans.clear()
            if entry.spans:
                with self._wake:
                    self._entries.append(entry)

    def _write_batch(self, entry: _Entry) -> None:
        """Some spans of one set: as many as were written before, up to a limit."""
        live = entry.live
        began = time.thread_time()
        most = min(max(_FIRST_SECONDS, entry.spent), _BATCH_SECONDS)
        blocks: list[CircuitBlock] = []
        lost: list[int] = []
        while entry.spans and not self._is_late():
            span = entry.spans.popleft()
            works = self._prepared(entry, span)
            if works is not None:
                block, losses = write_block(span, works)
                blocks.append(block)
                lost += [loss.circuit for loss in losses if loss.key is None]
            took = time.thread_time() - began
            if took > most:
                break
        entry.spent += took
        if self._put(live, blocks, lost) and not self._stopped:
            for block in blocks:
                live.circuits.written(block.span)
            upto = entry.spans[0].start if entry.spans else live.record.circuits
            self._engine.circuits_written(live, upto)

    def _is_late(self) -> bool:
        return time.monotonic() >= self._deadline

    def _prepared(self, entry: _Entry, span: Span) -> Sequence[Work] | None:
        """The works of a span, transpiled where that was asked for; None when that failed."""
        works = entry.live.circuits.of(span)
        if entry.prepare is None:
            return works
        for index, work in enumerate(works, span.start):
            try:
                entry.live.circuits.replace(index, entry.prepare(work))
            except Exception as error:  # a pass of the user's may raise anything
                reason = f"circuit {index} ({work.circuit.name}) could not be prepared: {explain(error)}"
                self._fail(entry, [span], reason)
                return None
        return entry.live.circuits.of(span)

    def _put(self, live: LiveSet, blocks: Sequence[CircuitBlock], lost: Sequence[int]) -> bool:
        """Write blocks, again and again while the store is in trouble; False when stopped first."""
        while True:
            try:
                if unstored := {*lost} - {*live.record.unstored_circuits}:
                    every = sorted(unstored.union(live.record.unstored_circuits))
                    self._engine.amend_set(live, unstored_circuits=tuple(every))
                self._store.put_circuits(live.set_id, blocks)
                if live.trouble is not None:
                    live.trouble = None
                    live.notify()
                return True
            except StoreError as error:
                if live.trouble is None:
                    live.trouble = str(error)
                    live.notify()
            except ClosedError:
                return False
            with self._wake:
                if self._stopped or self._wake.wait_for(lambda: self._stopped, _RETRY_SECONDS):
                    return False

    def _fail(self, entry: _Entry, spans: Sequence[Span], text: str) -> None:
        rows = [row for span in spans for row in entry.live.rows_of(span.start)]
        self._engine.fail_rows(entry.live, rows, text)
