"""Take circuits from iterators in the background, while the jobs of the first ones run already."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from qjm_widgets._threads import join_until, start_thread
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.records import JobSetRecord, Span
from qjm_widgets.engine.engine import Engine
from qjm_widgets.engine.engine_set import Growth
from qjm_widgets.engine.transpiler import Transpiler
from qjm_widgets.errors import explain
from qjm_widgets.manager.intake import Block, Intake, grown
from qjm_widgets.serialization.circuits import write_block
from qjm_widgets.serialization.losses import describe_losses
from qjm_widgets.state.job_set_state import JobSetState

_LOG = logging.getLogger(__name__)

#: About the most bytes of circuits in memory that wait for the store.
_MOST_BYTES = 32 * 1024 * 1024
#: Seconds between two looks whether the taking has ended, while it waits for the store.
_LOOK_SECONDS = 0.5
#: The fields of the record of a set that grow with its circuits.
_GROWING = ("circuits", "shots", "precision", "points", "unstored_circuits")

Transpile = Callable[[CircuitInput], CircuitInput]


class Source:
    """The iterator of one set, from which circuits are taken.

    Args:
        state: the set, which this kernel drives.
        iterator: gives the next circuits.
        intake: has read those before.
        transpile: transpiles a circuit; None without a pass manager.
    """

    def __init__(
        self,
        state: JobSetState,
        iterator: Iterator[Any],
        intake: Intake,
        transpile: Transpile | None,
        engine: Engine,
        transpiler: Transpiler,
    ) -> None:
        self.state = state
        self._iterator = iterator
        self._intake = intake
        self._transpile = transpile
        self._engine = engine
        self._transpiler = transpiler
        self._record = state.record
        # Held while circuits are read and sent to the engine, but not while the iterator makes them.
        self._lock = threading.Lock()
        self._stopped = False
        self._room = threading.Condition()
        # Of the circuits that wait for the store.
        self._waiting_bytes = self._waiting_inputs = 0

    def run(self) -> None:
        """Take all circuits; the iterator is closed at the end, on this thread."""
        reason = None
        try:
            for item in self._iterator:
                with self._lock:
                    if self._is_over():
                        break
                    self._intake.read(item)
                    if self._intake.due:
                        self.send(self._intake.take(last=False))
                        if self._intake.error is not None:
                            break
                self._wait_for_room()
        except BaseException as error:  # the iterator is the user's: it may raise anything
            reason = explain(error)
        self._end(reason, failed=reason is not None)
        close = getattr(self._iterator, "close", None)
        if callable(close):
            try:
                close()
            except BaseException:  # the same
                _LOG.exception("an iterator of circuits raised an error when it was closed")

    def halt(self) -> bool:
        """Take no more; what was taken is sent to the store. Return whether it was still taking."""
        with self._lock:
            taking = not self._is_over()
        self._end("the manager was closed", failed=False)
        self._stopped = True
        with self._room:
            self._room.notify_all()
        return taking

    def send(self, block: Block) -> None:
        """Send circuits to the engine, which stores and publishes them."""
        for span, inputs, jobs in block.spans():
            written, losses = write_block(span, inputs)
            if losses:
                _LOG.warning("%s", describe_losses(losses))
            unstored = [loss.circuit for loss in losses if loss.key is None]
            self._record = grown(self._record, inputs, unstored)
            size = len(written.data) + len(written.notes)
            with self._room:
                kept = len(inputs) if self.state.circuits.has_room(self._waiting_inputs) else 0
                self._waiting_bytes += size
                self._waiting_inputs += kept
            growth = Growth(
                block=written._replace(untranspiled=self._record.transpiles),
                inputs=[
                    circuit_input if kept or index in unstored else None
                    for index, circuit_input in enumerate(inputs, span.start)
                ],
                names=[circuit_input.circuit.name for circuit_input in inputs],
                jobs=jobs,
                fields=_growing(self._record),
                published=functools.partial(self._published, span, size, kept),
            )
            self._engine.extend(self.state, growth)

    def _published(self, span: Span, size: int, kept: int) -> None:
        with self._room:
            self._waiting_bytes -= size
            self._waiting_inputs -= kept
            self._room.notify_all()
        if self._transpile is None:
            self._engine.circuits_ready(self.state, span.stop)
        else:
            self._transpiler.add(self.state, self._transpile, [span], upto=span.stop)

    def _end(self, reason: str | None, *, failed: bool) -> None:
        """Send the rest of what was taken, and end the taking; no-op if it has ended."""
        with self._lock:
            if self._is_over():
                return
            try:
                self.send(self._intake.take(last=True))
            except Exception as error:  # an adapter's check may raise anything
                reason, failed = reason or explain(error), True
            if self._intake.error is not None:
                reason, failed = explain(self._intake.error), True
            ended = self.state.taking_ended(reason)._replace(failed=failed)
            self._engine.end_taking(self.state, ended, complete=reason is None)
            self._stopped = True

    def _is_over(self) -> bool:
        return self._stopped or not self.state.is_taking

    def _wait_for_room(self) -> None:
        with self._room:
            while self._waiting_bytes > _MOST_BYTES and not self._is_over():
                self._room.wait(_LOOK_SECONDS)


def _growing(record: JobSetRecord) -> dict[str, Any]:
    return {
        field.name: getattr(record, field.name) for field in fields(record) if field.name in _GROWING
    }


class Taker:
    """The threads that take circuits from iterators, one for each set: an iterator may wait for hours.

    Attributes:
        interrupted: the sets whose taking was ended by ``halt``.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: dict[Source, threading.Thread] = {}
        self.interrupted: list[JobSetState] = []

    def start(self, source: Source) -> None:
        """Take the circuits of a source in the background."""

        def run() -> None:
            try:
                source.run()
            finally:
                with self._lock:
                    self._threads.pop(source, None)

        with self._lock:
            self._threads[source] = start_thread(run, "qjm-taking")

    def halt(self) -> None:
        """Take no more circuits. What was taken is in the store when the engine has ended."""
        with self._lock:
            sources = list(self._threads)
        self.interrupted += [source.state for source in sources if source.halt()]

    def join(self, deadline: float) -> None:
        """Wait for the threads, until the deadline (monotonic seconds).

        An iterator that waits for something is left waiting.
        """
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            if thread is not threading.current_thread():  # an iterator may close its manager
                join_until(thread, min(deadline, time.monotonic() + _LOOK_SECONDS))
