"""Read and check the quantum program that a user gave to ``run``."""

from __future__ import annotations

import math
from typing import Any

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.errors import CircuitError, InputError, explain
from qjm_widgets.manager.inputs import check_shots, kind_of
from qjm_widgets.manager.pub_values import check_values
from qjm_widgets.serialization.program_items import is_program, items_of


def read_program(program: Any, shots: int | None) -> list[CircuitInput]:
    """Read the items of a ``QuantumProgram``.

    The circuits are the user's own objects, which are stored or copied before ``run`` returns; all else
    is copied.

    Args:
        program: the argument of ``run``.
        shots: the argument of ``run``; the program has its own.

    Returns:
        One input for each item.

    Raises:
        InputError: it is not a program, or has no items, or shots that are not a whole number of at
            least 1, or other shots than those given, or cannot be encoded by the runtime.
        CircuitError: an item is not an item of a program; the message names its index.
    """
    if not is_program(program):
        raise InputError(
            f"an Executor runs one QuantumProgram, not {kind_of(program)}: append circuits to a "
            "program, QuantumProgram(shots=…).append_circuit_item(circuit), or give "
            "executor_sampler.Sampler in place of the Executor"
        )
    own = check_shots(program.shots, "shots of the program")
    if own is None:
        raise InputError("the program has no shots: QuantumProgram(shots=…)")
    given = check_shots(shots)
    if given is not None and given != own:
        raise InputError(
            f"the program has shots of its own, {own}, for all its items: leave shots={given} out, or "
            "set program.shots"
        )
    if not isinstance(program.items, list) or not program.items:
        raise InputError("the program has no items")
    for index, item in enumerate(program.items):
        _check(index, item)
    try:
        items = items_of(_of_runtime(program))
    except ImportError as error:
        raise InputError(
            f"this qiskit-ibm-runtime cannot write a QuantumProgram ({explain(error)}): install 0.50 or "
            "later"
        ) from error
    except Exception as error:  # the runtime's encoder may raise anything
        raise InputError(f"the runtime cannot encode the program: {explain(error)}") from error
    return [
        CircuitInput(given.circuit, _values(index, given), own, item=item)
        for index, (given, item) in enumerate(zip(program.items, items, strict=True))
    ]


def _of_runtime(program: Any) -> Any:
    """Return the runtime's program for one of samplomatic."""
    from qiskit_ibm_runtime import QuantumProgram

    return program if isinstance(program, QuantumProgram) else QuantumProgram.from_(program)


def _check(index: int, item: Any) -> None:
    from qiskit_ibm_runtime.quantum_program import CircuitItem, SamplexItem

    if not isinstance(item, (CircuitItem, SamplexItem)):
        raise CircuitError(
            f"item {index} is neither a CircuitItem nor a SamplexItem but {kind_of(item)}: use "
            "program.append_circuit_item or append_samplex_item"
        )
    if math.prod(item.shape) == 0:
        raise CircuitError(
            f"item {index} ({item.circuit.name}) has the shape {item.shape}, which has no point: leave "
            "it out"
        )


def _values(index: int, item: Any) -> Any:
    """Return the circuit arguments of an item as a ``BindingsArray``; None if it has none."""
    from qiskit.primitives.containers.bindings_array import BindingsArray

    arguments = getattr(item, "circuit_arguments", None)
    if arguments is None or arguments.shape == (0,):
        return None
    who = f"item {index} ({item.circuit.name})"
    names = tuple(parameter.name for parameter in item.circuit.parameters)
    if arguments.shape[-1] != len(names):
        raise CircuitError(
            f"{who} has circuit arguments of shape {arguments.shape} for {len(names)} parameters: was "
            "its circuit changed after it was appended?"
        )
    values = BindingsArray({names: arguments} if names else {}, shape=arguments.shape[:-1])
    check_values(who, item.circuit, values)
    return values
