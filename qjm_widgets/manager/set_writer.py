"""Writing a new set with its circuits to the store, before ``run`` returns."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace

from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span
from qjm_widgets.core.store_port import JobStore
from qjm_widgets.errors import QJMError
from qjm_widgets.manager.inputs import copy_input
from qjm_widgets.serialization.circuits import write_block
from qjm_widgets.serialization.losses import Loss

#: Seconds for which blocks are collected, because each transaction waits for the disk.
_FLUSH_SECONDS = 0.25
#: About the most bytes of blocks in memory before a transaction.
_FLUSH_BYTES = 32 * 1024 * 1024


class SetWriter:
    """Writes a set block by block; if its ``with`` block raises, the set is deleted again.

    A process that dies while it writes leaves a set with a record that is not ``complete``: it has the
    jobs and circuits that were written, and no job without its circuits. Only the first ``keep``
    circuits, and those that cannot be written, are copied in memory.

    Args:
        store: where to write.
        record: the set; its number of circuits grows with each ``add``. It is not ``complete`` if more
            circuits will be added after it was written.
        keep: how many circuits stay in memory.

    Attributes:
        record: the set, with everything that was added.
        inputs: by index, a copy of the circuit if it stays in memory, else None.
        names: the names of all circuits.
        losses: the values that could not be written.
    """

    def __init__(self, store: JobStore, record: JobSetRecord, *, keep: int) -> None:
        self._store = store
        self._keep = keep
        self._complete = record.complete
        self.record = replace(record, circuits=0, complete=False)
        self.inputs: list[CircuitInput | None] = []
        self.names: list[str] = []
        self.losses: list[Loss] = []
        self._jobs: list[JobRecord] = []
        self._blocks: list[CircuitBlock] = []
        self._bytes = 0
        self._created = False
        self._due = time.monotonic() + _FLUSH_SECONDS

    def __enter__(self) -> SetWriter:
        return self

    def add(self, inputs: Sequence[CircuitInput], jobs: Sequence[JobRecord]) -> None:
        """Add the next circuits, with the jobs that hold them.

        Args:
            inputs: the circuits; the user may change them after this returns.
            jobs: the jobs of the span of these circuits.

        Raises:
            StoreError: the store cannot be written.
        """
        start = len(self.inputs)
        span = Span(start, start + len(inputs))
        block, losses = write_block(span, inputs)
        self._blocks.append(block._replace(untranspiled=self.record.transpiles))
        self._jobs += jobs
        self._bytes += len(block.data) + len(block.notes)
        self.losses += losses
        self.names += [circuit_input.circuit.name for circuit_input in inputs]
        unstored = [loss.circuit for loss in losses if loss.key is None]
        self.inputs += [
            copy_input(circuit_input) if index < self._keep or index in unstored else None
            for index, circuit_input in enumerate(inputs, start)
        ]
        self.record = replace(
            self.record,
            circuits=span.stop,
            unstored_circuits=(*self.record.unstored_circuits, *unstored),
        )
        if self._bytes >= _FLUSH_BYTES or time.monotonic() >= self._due:
            self._flush()

    def finish(self) -> None:
        """Mark the set as complete, unless circuits will be added; it is on disk when this returns."""
        self.record = replace(self.record, complete=self._complete)
        self._flush()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Delete the set if the block raised an exception or was interrupted."""
        if kind is not None and self._created:
            with contextlib.suppress(QJMError):  # the first error is more useful
                self._store.delete_set(self.record.set_id)

    def _flush(self) -> None:
        write = self._store.extend_set if self._created else self._store.create_set
        # Set first: an interrupt may come after the transaction and before this line.
        self._created = True
        write(self.record, self._jobs, self._blocks)
        self._jobs, self._blocks, self._bytes = [], [], 0
        self._due = time.monotonic() + _FLUSH_SECONDS
