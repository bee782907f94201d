"""Write circuits as blocks for the store: QPY, and JSON notes with the parts that QPY does not carry."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from qjm_widgets._compat import operation_names
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.program_item import ProgramItem
from qjm_widgets.core.records import Span
from qjm_widgets.errors import explain
from qjm_widgets.serialization import qpy
from qjm_widgets.serialization.allowed_classes import plain_names
from qjm_widgets.serialization.instructions import carry, restore
from qjm_widgets.serialization.losses import Loss
from qjm_widgets.serialization.metadata import CODEC, read_metadata, write_metadata
from qjm_widgets.serialization.observables import read_observables, write_observables
from qjm_widgets.serialization.parameter_values import read_values, write_values
from qjm_widgets.serialization.program_items import read_items, write_items
from qjm_widgets.serialization.tree import TreeError, is_plain

#: An encoding: QPY, and notes with typed metadata and with the forms of instructions.
FORMS = "qpy+forms"
#: The same, with the observables and the precision of estimators' PUBs.
PUBS = "qpy+pubs"
#: As ``FORMS``, with the items of a quantum program as the runtime writes them.
PROGRAM = "qpy+program"
#: An older encoding, up to version 3 of the store: QPY, and notes of plain JSON.
QPY = "qpy"
#: An encoding that has only the names of the circuits.
NAMES_ONLY = "names"
#: The fields of the notes of each encoding.
FIELDS: Mapping[str, tuple[str, ...]] = {
    FORMS: ("names", "metadata", "values", "shots", "forms", "unstored"),
    PUBS: ("names", "metadata", "values", "shots", "observables", "precision", "forms", "unstored"),
    PROGRAM: ("names", "metadata", "values", "shots", "program", "forms", "unstored"),
    QPY: ("names", "metadata", "values", "shots"),
    NAMES_ONLY: ("names",),
}
#: The encodings with typed metadata, whose circuits may be compressed.
TYPED = frozenset({FORMS, PUBS, PROGRAM})
#: Names from this length on are kept only in the notes. QPY has the length of a name in 16 bits, and
#: cannot be read with longer names.
_LONG_NAME = 4096
_REASON = 300


class Missing(NamedTuple):
    """The placeholder of a circuit that a block lacks."""

    reason: str


def write_block(span: Span, inputs: Sequence[CircuitInput]) -> tuple[CircuitBlock, list[Loss]]:
    """Write the circuits of a span as a block.

    A value of the metadata that cannot be written is kept as its text. If a circuit cannot be written,
    the block has its name, metadata, parameter values and shots, but not the circuit itself.

    Args:
        span: the circuits' indices in their set.
        inputs: the circuits; they are not changed.

    Returns:
        The block, and the losses.
    """
    circuits = [circuit_input.circuit for circuit_input in inputs]
    names = [str(circuit.name) for circuit in circuits]
    metadata, losses = _write_all_metadata(span, circuits, names)
    written, forms, unstored = _write_circuits(circuits, names)
    losses += [Loss(span.start + at, names[at], None, reason) for at, reason in unstored.items()]
    notes = {
        "names": names,
        "metadata": metadata,
        "values": [
            None if circuit_input.values is None else write_values(circuit_input.values)
            for circuit_input in inputs
        ],
        "shots": [
            None if circuit_input.shots is None else int(circuit_input.shots) for circuit_input in inputs
        ],
        "forms": forms,
        "unstored": unstored,
    }
    encoding = FORMS
    if any(each.observables is not None for each in inputs):
        encoding = PUBS
        notes["observables"] = [write_observables(each.observables) for each in inputs]
        notes["precision"] = [each.precision for each in inputs]
    items = [each.item for each in inputs if each.item is not None]
    if items:
        encoding = PROGRAM
        notes["program"] = write_items(items)
    return packed(CircuitBlock(span, encoding, written, _to_json(notes))), losses


def read_block(block: CircuitBlock) -> list[CircuitInput | Missing]:
    """Read the circuits of a block; a circuit that it lacks or that cannot be restored is ``Missing``.

    Raises:
        Exception: any exception, if the block is damaged or was written by a newer Qiskit.
    """
    notes = json.loads(block.notes)
    names = notes["names"]
    if block.encoding == NAMES_ONLY:
        return [Missing("only its name was kept")] * len(names)
    unstored = {int(place): reason for place, reason in notes.get("unstored", {}).items()}
    forms = notes.get("forms", {})
    circuits = iter(qpy.load(qpy_of(block)))
    inputs: list[CircuitInput | Missing] = []
    nothing = [None] * len(names)
    observables, precision = (notes.get(field, nothing) for field in ("observables", "precision"))
    items: Sequence[ProgramItem | None] = nothing
    if block.encoding == PROGRAM:
        try:
            items = read_items(notes["program"])
        except Exception as error:  # the runtime is missing, or older than the one that wrote them
            return [Missing(f"the quantum program cannot be read: {explain(error)}")] * len(names)
    parts = zip(names, notes["metadata"], notes["values"], notes["shots"], strict=True)
    for place, (name, metadata, values, shots) in enumerate(parts):
        if place in unstored:
            inputs.append(Missing(unstored[place]))
            continue
        circuit = next(circuits)
        try:
            circuit = restore(circuit, forms.get(str(place), {}), CODEC.read)
        except Exception as error:  # a package is missing or has changed
            inputs.append(Missing(explain(error)))
            continue
        if circuit.name != name:
            circuit.name = name
        circuit.metadata = _read_metadata(block, metadata)
        inputs.append(
            CircuitInput(
                circuit,
                read_values(values),
                shots,
                read_observables(observables[place]),
                precision[place],
                items[place],
            )
        )
    return inputs


def qpy_of(block: CircuitBlock) -> bytes:
    """Return the block's QPY in uncompressed form."""
    return block.data if qpy.is_qpy(block.data) else zlib.decompress(block.data)


def packed(block: CircuitBlock) -> CircuitBlock:
    """Return the block as the store has it, with compressed QPY."""
    if block.encoding not in TYPED or not qpy.is_qpy(block.data):
        return block
    # Level 1 is the fastest. It takes less time than writing the bytes that it saves.
    return block._replace(data=zlib.compress(block.data, 1))


def unpacked(block: CircuitBlock) -> CircuitBlock:
    """Return the block as bundles have it, with uncompressed QPY."""
    return block if block.encoding == NAMES_ONLY else block._replace(data=qpy_of(block))


def unstored_of(block: CircuitBlock) -> list[int]:
    """Return the indices in the set of the circuits that a block lacks."""
    if block.encoding == NAMES_ONLY:
        return list(range(block.span.start, block.span.stop))
    return sorted(block.span.start + int(place) for place in json.loads(block.notes).get("unstored", ()))


def read_names(block: CircuitBlock) -> list[str]:
    """Return the names of the circuits of a block without reading the circuits."""
    names: list[str] = json.loads(block.notes)["names"]
    return names


def read_all_metadata(block: CircuitBlock) -> list[Mapping[Any, Any]]:
    """Return the metadata of each circuit of a block without reading the circuits; empty if not kept."""
    notes = json.loads(block.notes)
    known = notes.get("metadata") or [None] * len(notes["names"])
    return [_read_metadata(block, metadata) for metadata in known]


def read_all_values(block: CircuitBlock) -> list[Any]:
    """Return the ``BindingsArray`` or None of each circuit of a block without reading the circuits."""
    notes = json.loads(block.notes)
    known = notes.get("values") or [None] * len(notes["names"])
    return [read_values(values) for values in known]


def find_unstorable(circuit: Any) -> str | None:
    """Return the reason why a circuit cannot be written, or None; the circuit is not written.

    A circuit for which None is returned may still turn out to be unwritable.
    """
    try:
        _carry(circuit)
    except Exception as error:  # foreign instructions may raise anything
        return _reason(error)
    return None


# -- circuits ------------------------------------------------------------------------------------------


def _write_circuits(
    circuits: Sequence[Any], names: Sequence[str]
) -> tuple[bytes, dict[int, Any], dict[int, str]]:
    """Return the QPY of all writable circuits, and by place the forms and the reasons for the others."""
    try:
        if max(map(len, names)) < _LONG_NAME and _are_plain(circuits):
            return qpy.dump(circuits), {}, {}
    except Exception:  # one of them cannot be written, or is not a circuit
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
        except Exception as error:  # foreign instructions may raise anything
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
    """Return the circuit, or a renamed copy if QPY cannot carry its name; the notes have the name."""
    try:
        if len(name.encode()) < _LONG_NAME:
            return circuit
    except UnicodeEncodeError:
        pass
    return circuit.copy(name="circuit")


def _reason(error: Exception) -> str:
    text = str(error) if isinstance(error, ValueError) else explain(error)
    return text.split("\n", 1)[0][:_REASON]


# -- metadata and parameter values ----------------------------------------------------------------------


def _write_all_metadata(
    span: Span, circuits: Sequence[Any], names: Sequence[str]
) -> tuple[list[Any], list[Loss]]:
    """Return the metadata of each circuit as a tree (None for empty metadata), and the losses."""
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
    except ValueError:  # the metadata that passed as plain has an integer with too many digits
        notes["metadata"] = [tree and write_metadata(CODEC.read(tree))[0] for tree in notes["metadata"]]
        return json.dumps(notes)


def _read_metadata(block: CircuitBlock, tree: Any) -> dict[Any, Any]:
    if not tree:
        return {}
    return read_metadata(tree) if block.encoding in TYPED else dict(tree)
