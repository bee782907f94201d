"""Sets that were stored with the outcomes that a test gives, for tests of what is read from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from qiskit import QuantumCircuit

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.counts import Layout, pack_hex
from qjm_widgets.core.outcomes import CircuitOutcome, ExperimentOutcome, JobOutcome, PubOutcome
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status
from qjm_widgets.core.store_port import Changes
from qjm_widgets.results import JobSetResults
from qjm_widgets.serialization.outcomes import encode_outcome
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.storage import SQLiteStore

SET_ID = "6" * 32


def ran(name: str, counts: Mapping[str, Any], bits: int = 2, **fields: Any) -> ExperimentOutcome:
    """A circuit of ``Backend.run`` with counts by hexadecimal text."""
    layout = Layout((bits,), bits)
    header = {"name": name, "memory_slots": bits, "creg_sizes": [["c", bits]]}
    known: dict[str, Any] = {"success": True, "status": "DONE", "header": header}
    packed = pack_hex(counts, layout)
    return ExperimentOutcome(
        name, int(sum(counts.values())), layout=layout, counts=packed, **known | fields
    )


def sampled(name: str, shots: Any, bits: int) -> PubOutcome:
    """A PUB with one register of up to 8 bits; ``shots`` are integers of shape ``(*shape, shots)``."""
    array = np.asarray(shots, dtype=np.uint8)[..., np.newaxis]
    return PubOutcome(name, array.shape[:-2], {"c": (array, bits)})


def estimated(name: str, evs: Any, stds: Any = None) -> PubOutcome:
    """An estimator's PUB."""
    data = {"evs": np.asarray(evs, dtype=float)}
    if stds is not None:
        data["stds"] = np.asarray(stds, dtype=float)
    return PubOutcome(name, data["evs"].shape, {}, data=data)


def done(row: int, span: Span, **fields: Any) -> JobRecord:
    return JobRecord(row, span, **({"status": Status.DONE} | fields))


@contextmanager
def stored(
    outcomes: Sequence[Sequence[CircuitOutcome | None] | None],
    jobs: Sequence[JobRecord] = (),
    metadata: Sequence[Mapping[Any, Any]] = (),
    values: Sequence[Any] = (),
    **fields: Any,
) -> Iterator[JobSetResults]:
    """The results of a set.

    Args:
        outcomes: of each job; None for a job without a result.
        jobs: by default done, each with as many circuits as it has outcomes.
        metadata: of each circuit.
        values: a ``BindingsArray`` for each circuit, or None.
        fields: of the set's record.
    """
    records = list(jobs)
    if not records:
        start = 0
        for row, given in enumerate(outcomes):
            stop = start + len(given or ())
            records.append(done(row, Span(start, stop)))
            start = stop
    number = max(job.span.stop for job in records)
    inputs = [
        CircuitInput(
            QuantumCircuit(1, 2, name=f"c{index}", metadata=dict(metadata[index]) if metadata else None),
            values[index] if values else None,
        )
        for index in range(number)
    ]
    record = JobSetRecord(SET_ID, "set", "fake", "backend_run", number, 0.0, **fields)
    store = SQLiteStore(":memory:")
    store.create_set(record, records)
    encoded = {
        row: encode_outcome(JobOutcome(list(given), {}))
        for row, given in enumerate(outcomes)
        if given is not None
    }
    store.commit({SET_ID: Changes(outcomes=encoded)})
    yield JobSetResults(JobSetState(record, records, store, inputs=inputs))
    store.close()


COUNTS = ["circuit", "name", "point", "outcome", "count", "probability"]


def rows(table: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in table[COUNTS].itertuples(index=False)]


def counts_by_loop(results: JobSetResults, circuit: int, shape: tuple[int, ...] = ()) -> list[Any]:
    """The rows that a loop over ``get_counts`` gives."""
    found: list[Any] = []
    for point, loc in enumerate(np.ndindex(*shape)):
        counts = results.get_counts(circuit, loc=loc) if shape else results.get_counts(circuit)
        shots = sum(counts.values())
        found += [
            (circuit, f"c{circuit}", point, text, count, count / shots)
            for text, count in sorted(counts.items())
        ]
    return found


def values_of(shape: tuple[int, ...], **arrays: Any) -> Any:
    from qiskit.primitives.containers.bindings_array import BindingsArray

    return BindingsArray({name: np.asarray(array) for name, array in arrays.items()}, shape=shape)
