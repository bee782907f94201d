"""Transpile circuits before their jobs: replace the user's circuits by those that are submitted."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from qjm_widgets._threads import join_until, start_thread
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.records import Span
from qjm_widgets.core.store_port import JobStore
from qjm_widgets.engine.engine import Engine
from qjm_widgets.errors import ClosedError, StoreError, explain
from qjm_widgets.serialization.circuits import write_block
from qjm_widgets.state.job_set_state import JobSetState

_LOG = logging.getLogger(__name__)

#: Seconds until a failed write to the store is tried again.
_RETRY_SECONDS = 1.0


class _Entry:
    """A set whose circuits are being transpiled."""

    def __init__(
        self,
        state: JobSetState,
        transpile: Callable[[CircuitInput], CircuitInput],
        spans: Sequence[Span],
        upto: int,
    ) -> None:
        self.state = state
        self.transpile = transpile
        self.spans = deque(spans)
        self.upto = upto


class Transpiler:
    """One thread that runs the pass managers of all sets, a span of each set in turn.

    The user's circuits are in the store, where each transpiled span replaces them. A kernel that dies
    thus loses no circuit, and ``resume`` continues with the pass manager.
    """

    def __init__(self, store: JobStore, engine: Engine) -> None:
        self._store = store
        self._engine = engine
        #: By the id of the set, the next one first.
        self._entries: dict[str, _Entry] = {}
        self._wake = threading.Condition()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def add(
        self,
        state: JobSetState,
        transpile: Callable[[CircuitInput], CircuitInput],
        spans: Sequence[Span],
        *,
        upto: int,
    ) -> None:
        """Transpile spans of a set, in order, each circuit by itself.

        Args:
            state: the set; if its circuits are being transpiled already, these spans come next.
            transpile: transpiles a circuit.
            spans: the spans.
            upto: the circuits before this index are final when all spans are transpiled.
        """
        with self._wake:
            entry = self._entries.get(state.set_id)
            if entry is None:
                self._entries[state.set_id] = _Entry(state, transpile, spans, upto)
            else:
                entry.transpile = transpile
                entry.spans += (span for span in spans if span not in entry.spans)
                entry.upto = upto
            if self._thread is None:
                self._thread = start_thread(self._run, "qjm-transpile")
            self._wake.notify()

    def halt(self) -> None:
        """Begin no other circuit. The circuits that are not transpiled stay in the store."""
        with self._wake:
            self._stopped = True
            self._wake.notify()

    def join(self, deadline: float) -> None:
        """Wait for the thread, until the deadline (monotonic seconds)."""
        join_until(self._thread, deadline)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._entries or self._stopped)
                if self._stopped:
                    return
                entry = next(iter(self._entries.values()))
            span = entry.spans.popleft()
            try:
                self._transpile(entry, span)
            except Exception as error:
                _LOG.exception("the transpiling thread raised an error")
                self._fail(entry, span, f"its circuits could not be transpiled: {explain(error)}")
            if self._stopped:
                return
            with self._wake:
                del self._entries[entry.state.set_id]
                if entry.spans:
                    self._entries[entry.state.set_id] = entry  # the last, so that sets take turns
                upto = entry.spans[0].start if entry.spans else entry.upto
            self._engine.circuits_ready(entry.state, upto)

    def _transpile(self, entry: _Entry, span: Span) -> None:
        state = entry.state
        inputs = []
        for index, circuit_input in enumerate(state.circuits.get(span), span.start):
            if self._stopped:
                return
            try:
                inputs.append(entry.transpile(circuit_input))
            except Exception as error:  # a pass of the user may raise anything
                circuit = f"circuit {index} ({circuit_input.circuit.name})"
                self._fail(entry, span, f"{circuit} could not be transpiled: {explain(error)}")
                return
        block, losses = write_block(span, inputs)
        # If a transpiled circuit cannot be written, the store keeps the user's circuits of the span.
        unwritten = any(loss.key is None for loss in losses)
        if unwritten or self._put(state, block):
            state.circuits.replace(span, inputs, keep=unwritten)

    def _put(self, state: JobSetState, block: CircuitBlock) -> bool:
        """Write a block, and retry while the store fails; return False if stopped before."""
        while True:
            try:
                self._store.put_circuits(state.set_id, [block])
                state.set_trouble(None)
                return True
            except StoreError as error:
                if state.trouble is None:
                    state.set_trouble(str(error))
            except ClosedError:
                return False
            with self._wake:
                if self._wake.wait_for(lambda: self._stopped, _RETRY_SECONDS):
                    return False

    def _fail(self, entry: _Entry, span: Span, text: str) -> None:
        self._engine.fail_rows(entry.state, entry.state.rows_of(span.start), text)
