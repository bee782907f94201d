"""Convert the runtime's ``QuantumProgramResult`` to outcomes, and outcomes to its results of items."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.outcomes import ItemOutcome, JobOutcome
from qjm_widgets.errors import NotAvailableError, explain

#: The beginning of the name of the array with the flips of a register whose measurement was twirled.
_FLIPS = "measurement_flips."
#: The arrays of bits that are not outcomes.
_NOT_COUNTED = frozenset({"pauli_signs"})

Arrays = Mapping[str, npt.NDArray[Any]]


def read_program_result(result: Any, names: Sequence[str], job_id: str | None) -> JobOutcome:
    """Return the outcome of a job from its ``QuantumProgramResult``.

    Items that are missing at the end of the result become None.

    Raises:
        ValueError: the result has more items than the job.
    """
    found = list(result)
    if len(found) > len(names):
        raise ValueError(f"it has {len(found)} items, the job {len(names)}")
    circuits: list[ItemOutcome | None] = [
        _read(item, name) for item, name in zip(found, names, strict=False)
    ]
    circuits += [None] * (len(names) - len(circuits))
    chunks = [
        {
            "start": chunk.start.isoformat(),
            "stop": chunk.stop.isoformat(),
            "parts": [dataclasses.asdict(part) for part in chunk.parts],
        }
        for chunk in result.metadata.chunk_timing
    ]
    info = {
        "job_id": job_id,
        "metadata": {"executor": {"chunk_timing": chunks}},
        "program": {"passthrough_data": result.passthrough_data, "role": result._semantic_role},
    }
    return JobOutcome(circuits, info)


def arrays_of(outcome: ItemOutcome) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of an item by name, as its job gave them."""
    from qiskit.primitives import BitArray

    arrays = {name: np.asarray(array) for name, array in outcome.data.items()}
    for name, (array, bits) in outcome.registers.items():
        given = BitArray(np.asarray(array), bits).to_bool_array(order="little")
        flips = arrays.get(_FLIPS + name)
        arrays[name] = given if flips is None else given ^ flips
    return arrays


def write_item_result(outcome: ItemOutcome) -> Any:
    """Return the outcome of an item as the runtime's ``QuantumProgramItemResult``.

    Raises:
        NotAvailableError: the runtime is not installed here, or is too old.
    """
    runtime = _runtime()
    metadata: Any = dict(outcome.metadata)
    if set(metadata) == {field.name for field in dataclasses.fields(runtime.ItemMetadata)}:
        timing, stretches = metadata["scheduler_timing"], metadata["stretch_values"]
        metadata = runtime.ItemMetadata(
            None if timing is None else runtime.SchedulerTiming(**timing),
            None if stretches is None else [_stretch(runtime, each) for each in stretches],
        )
    return runtime.QuantumProgramItemResult(arrays_of(outcome), metadata)


def write_program_result(
    outcomes: Sequence[ItemOutcome], jobs: Iterable[tuple[int, Mapping[str, Any]]]
) -> Any:
    """Return the result of a whole program as the runtime's ``QuantumProgramResult``.

    Args:
        outcomes: the outcomes of all its items.
        jobs: for each job, the index of its first item, and the ``info`` of its outcome.

    Raises:
        NotAvailableError: the runtime is not installed here, or is too old.
    """
    runtime = _runtime()
    chunks: list[Any] = []
    program: Mapping[str, Any] = {}
    for start, info in jobs:
        program = info["program"]
        metadata = info["metadata"]["executor"]
        chunks += [_chunk(runtime, chunk, start) for chunk in metadata["chunk_timing"]]
    result = runtime.QuantumProgramResult(
        [write_item_result(outcome) for outcome in outcomes],
        runtime.Metadata(chunk_timing=chunks),
        program.get("passthrough_data"),
    )
    result._semantic_role = program.get("role")
    return result


def _read(item: Any, name: str) -> ItemOutcome:
    metadata = item.metadata
    if dataclasses.is_dataclass(metadata) and not isinstance(metadata, type):
        metadata = dataclasses.asdict(metadata)
    try:
        arrays = {key: np.asarray(array) for key, array in item.items()}
        shape, registers = _registers(arrays)
    except Exception as error:  # an invalid part must not affect the other items
        text = f"its result cannot be read: {explain(error)}"
        return ItemOutcome(name, (), {}, success=False, status=text)
    data = {key: array for key, array in arrays.items() if key not in registers}
    return ItemOutcome(name, shape, registers, data, dict(metadata))


def _registers(arrays: Arrays) -> tuple[tuple[int, ...], dict[str, tuple[npt.NDArray[np.uint8], int]]]:
    """Return the shape of the points, and the registers with classified bits.

    There are none if arrays of bits differ in their points or shots.
    """
    from qiskit.primitives import BitArray

    bits = {
        name: array
        for name, array in arrays.items()
        if array.dtype == np.bool_
        and array.ndim >= 2
        and array.shape[-1] > 0
        and name not in _NOT_COUNTED
        and not name.startswith(_FLIPS)
    }
    if len({array.shape[:-1] for array in bits.values()}) != 1:
        return (), {}
    registers = {}
    shape: tuple[int, ...] = ()
    for name, array in bits.items():
        flips = arrays.get(_FLIPS + name)
        counted = array if flips is None else array ^ flips
        if counted.shape != array.shape:
            raise ValueError(f"{_FLIPS}{name} do not fit bits of shape {array.shape}")
        registers[name] = BitArray.from_bool_array(counted, order="little").array, array.shape[-1]
        shape = array.shape[:-2]
    return shape, registers


def _stretch(runtime: Any, fields: Mapping[str, Any]) -> Any:
    expanded = [tuple(pair) for pair in fields["expanded_values"]]
    return runtime.StretchValues(**{**fields, "expanded_values": expanded})


def _chunk(runtime: Any, fields: Mapping[str, Any], start: int) -> Any:
    """Return the times of a chunk, with the indices of its items in the whole program."""
    return runtime.ChunkSpan(
        datetime.datetime.fromisoformat(fields["start"]),
        datetime.datetime.fromisoformat(fields["stop"]),
        [runtime.ChunkPart(start + part["idx_item"], part["size"]) for part in fields["parts"]],
    )


def _runtime() -> Any:
    """Return the runtime's module of the results of programs.

    Raises:
        NotAvailableError: it is not installed here, or has no such module.
    """
    try:
        from qiskit_ibm_runtime.results import quantum_program
    except ImportError as error:
        raise NotAvailableError(
            "the result of a quantum program is of classes of qiskit-ibm-runtime 0.50 or later, which "
            f"cannot be imported here ({explain(error)}): install it, or use results.data(circuit)"
        ) from error
    return quantum_program
