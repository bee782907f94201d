"""Items of quantum programs: as the store keeps them, and as a program for the runtime's ``Executor``.

The runtime's own encoder writes them, as it writes a program that it sends. In the place of their
circuits and circuit arguments, which are stored as those of all circuits, it gets empty circuits.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.program_item import ProgramItem


def is_program(thing: Any) -> bool:
    """Return whether an object is a ``QuantumProgram`` of the runtime or of samplomatic."""
    return any(
        kind.__name__ == "QuantumProgram"
        and kind.__module__.split(".")[0] in ("qiskit_ibm_runtime", "samplomatic")
        for kind in type(thing).__mro__
    )


def items_of(program: Any) -> list[ProgramItem]:
    """Return the items of a program, which do not change with the user's objects.

    They are as they are after the program was written and read again, but for the passthrough data: in
    these, the runtime writes a tuple as a list, and NaN as None.

    Args:
        program: the runtime's ``QuantumProgram``.

    Raises:
        Exception: any exception, if the runtime cannot encode the program.
    """
    items = read_items(_encoded(program, program.items))
    if items:
        items[0].program.passthrough_data = copy.deepcopy(program.passthrough_data)
    return items


def write_items(items: Sequence[ProgramItem]) -> dict[str, Any]:
    """Write items of one program, and what they share, as a tree for JSON."""
    return _encoded(items[0].program, [item.item for item in items])


def read_items(tree: dict[str, Any]) -> list[ProgramItem]:
    """Read the items that ``write_items`` wrote.

    Raises:
        Exception: any exception, if the tree is damaged, or if the runtime here is missing or older.
    """
    from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS

    version = tree["schema_version"]
    converter = QUANTUM_PROGRAM_PARAMS_CONVERTERS.get(version)
    if converter is None:
        raise ValueError(
            f"this qiskit-ibm-runtime does not know version {version} of programs: upgrade it"
        )
    program, _ = converter.decoder(converter.model.model_validate_json(json.dumps(tree)))
    items, program.items = program.items, []
    for item in items:
        samplex = getattr(item, "samplex", None)
        if samplex is not None:
            samplex.finalize()  # local mode draws from it
    return [ProgramItem(program, item) for item in items]


def item_bytes(item: ProgramItem) -> int:
    """Return the bytes that an item adds to a request, beside its circuit and its circuit arguments."""
    if item.samplex is None:
        return 0
    alone = copy.copy(item.program)
    alone.passthrough_data = None
    return len(json.dumps(_encoded(alone, [item.item])["quantum_program"]["items"]))


def program_of(inputs: Sequence[CircuitInput], shots: int | None) -> Any:
    """Return the program that a job submits.

    Args:
        inputs: items of one program.
        shots: the shots of the job.
    """
    items = [circuit_input.item for circuit_input in inputs]
    assert items[0] is not None
    program = copy.copy(items[0].program)
    program.shots = shots or program.shots
    program.items = [_whole(circuit_input) for circuit_input in inputs]
    return program


def _whole(circuit_input: CircuitInput) -> Any:
    """Return the runtime's item with its circuit and its circuit arguments."""
    from qiskit_ibm_runtime.quantum_program import CircuitItem

    assert circuit_input.item is not None
    circuit, item = circuit_input.circuit, circuit_input.item.item
    if circuit_input.item.samplex is not None:
        again = copy.copy(item)
        again.circuit = circuit
        return again
    values = circuit_input.values
    arguments = None if values is None else values.as_array(circuit.parameters)
    return CircuitItem(circuit, circuit_arguments=arguments, chunk_size=item.chunk_size)


def _encoded(program: Any, items: Sequence[Any]) -> dict[str, Any]:
    """Return a program as the runtime would send it, with empty circuits in its items."""
    from qiskit_ibm_runtime.executor import Executor
    from qiskit_ibm_runtime.options_models.executor import ExecutorOptions
    from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS

    emptied = copy.copy(program)
    emptied.items = [_emptied(item) for item in items]
    converter = QUANTUM_PROGRAM_PARAMS_CONVERTERS[Executor._SCHEMA_VERSION]
    tree: dict[str, Any] = converter.encoder(emptied, ExecutorOptions()).model_dump(mode="json")
    return tree


def _emptied(item: Any) -> Any:
    from qiskit import QuantumCircuit
    from qiskit_ibm_runtime.quantum_program import CircuitItem

    circuit = QuantumCircuit(1, name="empty")
    if getattr(item, "samplex", None) is None:
        return CircuitItem(circuit, chunk_size=item.chunk_size)
    again = copy.copy(item)
    again.circuit = circuit
    return again
