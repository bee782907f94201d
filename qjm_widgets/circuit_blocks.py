"""Circuits as the store keeps them: QPY, with what QPY does not carry as JSON beside it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from qjm_widgets.core.ports import CircuitBlock, Work
from qjm_widgets.core.records import Span

QPY = "qpy"
NAMES_ONLY = "names"
"""The circuits run from memory only: the block tells their names, and its set is not resumable."""


class Loss(NamedTuple):
    """What of a circuit cannot be written: its metadata of one key, or, with ``key`` None, all of it."""

    circuit: int
    name: str
    key: str | None
    reason: str


def write_block(span: Span, works: Sequence[Work]) -> tuple[CircuitBlock, list[Loss]]:
    """Write the circuits of a span, and say what could not be written."""
    names = [work.circuit.name for work in works]
    try:
        if any(has_foreign(work.circuit) for work in works):
            raise ValueError("an instruction of another package comes back from QPY as an empty shell")
        notes = {
            "names": names,
            "metadata": [work.circuit.metadata or None for work in works],
            "values": [_values_tree(work.values) for work in works],
            "shots": [work.shots for work in works],
        }
        text = json.dumps(notes)
        return CircuitBlock(span, QPY, _dump([work.circuit for work in works]), text), []
    except Exception as error:  # whatever QPY or JSON cannot carry
        losses = [Loss(index, name, None, str(error)) for index, name in enumerate(names, span.start)]
        return CircuitBlock(span, NAMES_ONLY, b"", json.dumps({"names": names})), losses


def describe_losses(losses: Sequence[Loss]) -> str:
    """What could not be written, as one text."""
    return "\n".join(f"circuit {loss.circuit} ({loss.name}): {loss.reason}" for loss in losses[:5])


def read_block(block: CircuitBlock) -> list[Work] | None:
    """The circuits again, or None where only their names were kept."""
    if block.encoding != QPY:
        return None
    from qiskit import qpy

    circuits = qpy.load(io.BytesIO(block.data))
    notes = json.loads(block.notes)
    works = []
    for circuit, metadata, values, shots in zip(
        circuits, notes["metadata"], notes["values"], notes["shots"], strict=True
    ):
        circuit.metadata = metadata or {}
        works.append(Work(circuit, _values(values), shots))
    return works


def read_names(block: CircuitBlock) -> list[str]:
    """The circuits' names, without reading the circuits."""
    names: list[str] = json.loads(block.notes)["names"]
    return names


def read_metadata(block: CircuitBlock) -> list[Mapping[str, Any]]:
    """The circuits' metadata, without reading the circuits; empty where it was not kept."""
    notes = json.loads(block.notes)
    known = notes.get("metadata") or [None] * len(notes["names"])
    return [metadata or {} for metadata in known]


def payload_bytes(work: Work) -> int:
    """How many bytes the written circuit takes; 0 for what cannot be written."""
    block, _ = write_block(Span(0, 1), [work])
    return len(block.data) + (len(block.notes) if block.encoding == QPY else 0)


def _dump(circuits: Sequence[Any]) -> bytes:
    from qiskit import qpy

    # The copies are ours and are not sent before they are written, so their metadata may step aside.
    kept = [circuit.metadata for circuit in circuits]
    for circuit in circuits:
        circuit.metadata = {}
    try:
        stream = io.BytesIO()
        qpy.dump(list(circuits), stream)
        return stream.getvalue()
    finally:
        for circuit, metadata in zip(circuits, kept, strict=True):
            circuit.metadata = metadata


def has_foreign(circuit: Any) -> bool:
    """Whether an instruction's class lives outside Qiskit, so that QPY keeps its name only."""
    strange = set(circuit.count_ops()) - _standard_names()
    if not strange:
        return False
    return any(
        instruction.operation.name in strange
        and type(instruction.operation).__module__.split(".")[0] != "qiskit"
        for instruction in circuit.data
    )


def _standard_names() -> frozenset[str]:
    from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping

    global _NAMES
    if _NAMES is None:
        _NAMES = frozenset(get_standard_gate_name_mapping()) | {"barrier"}
    return _NAMES


_NAMES: frozenset[str] | None = None


def _values_tree(values: Any) -> Any:
    if values is None:
        return None
    data = [[list(names), array.tolist()] for names, array in values.data.items()]
    return {"shape": list(values.shape), "data": data}


def _values(tree: Any) -> Any:
    if tree is None:
        return None
    from qiskit.primitives.containers.bindings_array import BindingsArray

    data = {tuple(names): np.array(array) for names, array in tree["data"]}
    return BindingsArray(data, shape=tuple(tree["shape"]))
