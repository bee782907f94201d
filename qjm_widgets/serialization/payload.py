"""Count the bytes of circuits and PUBs in a request, as qiskit-ibm-runtime writes them."""

from __future__ import annotations

import json
import zlib

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.records import Span
from qjm_widgets.serialization.circuits import qpy_of, unstored_of, write_block
from qjm_widgets.serialization.program_items import item_bytes

#: Bytes of an array in NumPy's file format beside its values.
_ARRAY_HEADER = 128


def payload_bytes(circuit_input: CircuitInput) -> int:
    """Return the bytes of a circuit or PUB in a request; 0 if the circuit cannot be written.

    The circuit is QPY with its metadata, compressed by zlib, in base64. Parameter values are in base64
    too; they count as if zlib did not make them smaller, which is nearly true of floats. Observables are
    JSON, and so are a samplex and its arguments.
    """
    block, _ = write_block(Span(0, 1), [CircuitInput(circuit_input.circuit)])
    if unstored_of(block):
        return 0
    found = _in_base64(len(zlib.compress(qpy_of(block) + block.notes.encode())))
    if circuit_input.values is not None:
        arrays = circuit_input.values.data.values()
        found += sum(_in_base64(_ARRAY_HEADER + array.nbytes) for array in arrays)
    if circuit_input.observables is not None:
        found += len(json.dumps(circuit_input.observables.tolist(), default=str))
    if circuit_input.item is not None:
        found += item_bytes(circuit_input.item)
    return found


def _in_base64(size: int) -> int:
    return -(-size // 3) * 4
