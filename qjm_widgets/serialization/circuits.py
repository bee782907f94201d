"""Circuits as the store keeps them: a block of QPY, and what QPY does not carry as JSON beside it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from qjm_widgets._compat import operation_names
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.records import Span
from qjm_widgets.errors import explain
from qjm_widgets.serialization import qpy
from qjm_widgets.serialization.allowed_classes import plain_names
from qjm_widgets.serialization.instructions import carry, restore
from qjm_widgets.serialization.losses import Loss
from qjm_widgets.serialization.metadata import CODEC, read_metadata, write_metadata
from qjm_widgets.serialization.tree import TreeError, is_plain

#: QPY, and notes whose metadata has types and whose forms are those of ``instructions``.
FORMS = "qpy+forms"
#: QPY, and notes with plain JSON: as they were written up to version 3 of the store.
QPY = "qpy"
#: The circuits are not there, only their names.
NAMES_ONLY = "names"
#: What the notes of each encoding hold.
FIELDS: Mapping[str, tuple[str, ...]] = {
    FORMS: ("names", "metadata", "values", "shots", "forms", "unstored"),
    QPY: ("names", "metadata", "values", "shots"),
    NAMES_ONLY: ("names",),
}
#: QPY counts the bytes of a name in 16 bits, and writes what cannot be read where there are more.
_LONG_NAME = 4096
_REASON = 300


class Missing(NamedTuple):
    """Stands for a circuit that a block does not hold."""

    reason: str


def write_block(span: Span, works: Sequence[CircuitInput]) -> tuple[CircuitBlock, list[Loss]]:
    """Write the circuits of a span.

    What cannot be written costs only itself: a value of the metadata is kept as its text; a circuit is
    left out, but for its name and metadata.

    Args:
        span: the circuits' places in their set.
        works: as many; they are not changed.

    Returns:
        The block, and what was lost.
    """
    circuits = [work.circuit for work in works]
    names = [str(circuit.name) for circuit in circuits]
    metadata, losses = _write_all_metadata(span, circuits, names)
    written, forms, unstored = _write_circuits(circuits, names)
    losses += [Loss(span.start + at, names[at], None, reason) for at, reason in unstored.items()]
    notes = {
        "names": names,
        "metadata": metadata,
        "values": [None if work.values is None else _write_values(work.values) for work in works],
        "shots": [None if work.shots is None else int(work.shots) for work in works],
        "forms": forms,
        "unstored": unstored,
    }
    return packed(CircuitBlock(span, FORMS, written, _to_json(notes))), losses


def read_block(block: CircuitBlock) -> list[CircuitInput | Missing]:
    """The circuits again.

    Raises:
        Exception: of any kind, where the block is damaged or was written by a newer Qiskit.
    """
    notes = json.loads(block.notes)
    names = notes["names"]
    if block.encoding == NAMES_ONLY:
        return [Missing("only its name was kept")] * len(names)
    unstored = {int(place): reason for place, reason in notes.get("unstored", {}).items()}
    forms = notes.get("forms", {})
    circuits = iter(qpy.load(qpy_of(block)))
    works: list[CircuitInput | Missing] = []
    parts = zip(names, notes["metadata"], notes["values"], notes["shots"], strict=True)
    for place, (name, metadata, values, shots) in enumerate(parts):
        if place in unstored:
            works.append(Missing(unstored[place]))
            continue
        circuit = next(circuits)
        try:
            circuit = restore(circuit, forms.get(str(place), {}), CODEC.read)
        except Exception as error:  # a package is missing, or has become another
            works.append(Missing(explain(error)))
            continue
        if circuit.name != name:
            circuit.name = name
        circuit.metadata = _read_metadata(block, metadata)
        works.append(CircuitInput(circuit, _read_values(values), shots))
    return works


def qpy_of(block: CircuitBlock) -> bytes:
    """The block's QPY, as it is."""
    return block.data if qpy.is_qpy(block.data) else zlib.decompress(block.data)


def packed(block: CircuitBlock) -> CircuitBlock:
    """The block as the store keeps it."""
    if block.encoding != FORMS or not qpy.is_qpy(block.data):
        return block
    # At the quickest level: it costs less than writing what it saves.
    return block._replace(data=zlib.compress(block.data, 1))


def unpacked(block: CircuitBlock) -> CircuitBlock:
    """The block with its QPY as it is, as bundles hold it."""
    return block if block.encoding == NAMES_ONLY else block._replace(data=qpy_of(block))


def unstored_of(block: CircuitBlock) -> list[int]:
    """The places in the set of circuits that a block does not hold."""
    if block.encoding == NAMES_ONLY:
        return list(range(block.span.start, block.span.stop))
    return sorted(block.span.start + int(place) for place in json.loads(block.notes).get("unstored", ()))


def read_names(block: CircuitBlock) -> list[str]:
    """The circuits' names, without reading the circuits."""
    names: list[str] = json.loads(block.notes)["names"]
    return names


def read_all_metadata(block: CircuitBlock) -> list[Mapping[Any, Any]]:
    """The circuits' metadata, without reading the circuits; empty where it was not kept."""
    notes = json.loads(block.notes)
    known = notes.get("metadata") or [None] * len(notes["names"])
    return [_read_metadata(block, metadata) for metadata in known]


def payload_bytes(work: CircuitInput) -> int:
    """How many bytes the written circuit takes, not compressed; 0 for what cannot be written."""
    block, _ = write_block(Span(0, 1), [work])
    return 0 if unstored_of(block) else len(qpy_of(block)) + len(block.notes)


def find_unstorable(circuit: Any) -> str | None:
    """Why a circuit cannot be written, as far as can be seen without writing it; else None."""
    try:
        _carry(circuit)
    except Exception as error:  # instructions of anybody fail in any way
        return _reason(error)
    return None


# -- circuits ------------------------------------------------------------------------------------------


def _write_circuits(
    circuits: Sequence[Any], names: Sequence[str]
) -> tuple[bytes, dict[int, Any], dict[int, str]]:
    """QPY of all that can be written; the forms, and the reasons why others cannot, by place."""
    try:
        if max(map(len, names)) < _LONG_NAME and _are_plain(circuits):
            return qpy.dump(circuits), {}, {}
    except Exception:  # one of them cannot be written, or is none
        pass
    carried: dict[int, Any] = {}
    forms: dict[int, Any] = {}
    unstored: dict[int, str] = {}
    for place, circuit in enumerate(circuits):
        try:
            carrier, own = _carry(circuit)
            carried[place] = _named(carrier, names[place])
            if own:
                forms[place] = own
        except Exception as error:  # instructions of anybody fail in any way
            unstored[place] = _reason(error)
    try:
        return qpy.dump(list(carried.values())), forms, unstored
    except Exception:
        for place, circuit in list(carried.items()):
            try:
                qpy.load(qpy.dump([circuit]))
            except Exception as error:
                unstored[place] = _reason(error)
                del carried[place]
                forms.pop(place, None)
    return qpy.dump(list(carried.values())), forms, unstored


def _carry(circuit: Any) -> tuple[Any, dict[str, Any]]:
    from qiskit import QuantumCircuit

    if not isinstance(circuit, QuantumCircuit):  # a pulse schedule of qiskit-terra
        raise TreeError(f"a {type(circuit).__name__} cannot be stored")
    return carry(circuit, CODEC.write)


def _are_plain(circuits: Sequence[Any]) -> bool:
    known = plain_names()
    return all(known.issuperset(operation_names(circuit)) for circuit in circuits)


def _named(circuit: Any, name: str) -> Any:
    """With a name that QPY can carry; the notes have the circuit's own."""
    try:
        if len(name.encode()) < _LONG_NAME:
            return circuit
    except UnicodeEncodeError:
        pass
    return circuit.copy(name="circuit")


def _reason(error: Exception) -> str:
    text = str(error) if isinstance(error, ValueError) else explain(error)
    return text.split("\n", 1)[0][:_REASON]


# -- what is beside them -------------------------------------------------------------------------------


def _write_all_metadata(
    span: Span, circuits: Sequence[Any], names: Sequence[str]
) -> tuple[list[Any], list[Loss]]:
    """The metadata of each circuit as a tree, None where there is none."""
    trees: list[Any] = []
    losses: list[Loss] = []
    for place, circuit in enumerate(circuits):
        tree = getattr(circuit, "metadata", None) or None
        if tree is not None and not is_plain(tree):
            tree, lost = write_metadata(tree)
            losses += [Loss(span.start + place, names[place], key, reason) for key, reason in lost]
        trees.append(tree)
    return trees, losses


def _to_json(notes: dict[str, Any]) -> str:
    try:
        return json.dumps(notes)
    except ValueError:  # an integer of many thousand digits, which looks plain
        notes["metadata"] = [tree and write_metadata(CODEC.read(tree))[0] for tree in notes["metadata"]]
        return json.dumps(notes)


def _read_metadata(block: CircuitBlock, tree: Any) -> dict[Any, Any]:
    if not tree:
        return {}
    return read_metadata(tree) if block.encoding == FORMS else dict(tree)


def _write_values(values: Any) -> Any:
    data = [[list(names), array.tolist()] for names, array in values.data.items()]
    return {"shape": list(values.shape), "data": data}


def _read_values(tree: Any) -> Any:
    if tree is None:
        return None
    from qiskit.primitives.containers.bindings_array import BindingsArray

    shape = tuple(tree["shape"])
    data = {
        tuple(names): np.array(array, dtype=float).reshape(*shape, len(names))
        for names, array in tree["data"]
    }
    return BindingsArray(data, shape=shape)
