"""Refuse circuits that no sampler runs."""

from __future__ import annotations

from typing import Any

from qjm_widgets._compat import is_schedule
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.errors import CircuitError


def check_samplable(index: int, circuit_input: CircuitInput, *, pointless: bool = False) -> None:
    """Refuse a pulse schedule, and a circuit without measurements or with free parameters.

    Args:
        index: the index of the circuit.
        circuit_input: the circuit with its values.
        pointless: whether the sampler accepts values without a point (of shape ``(0,)``).

    Raises:
        CircuitError: no sampler runs the circuit; the message names it.
    """
    circuit = circuit_input.circuit
    if is_schedule(circuit):
        raise CircuitError(f"item {index} ({circuit.name}) is a pulse schedule, which no sampler runs")
    if not measures(circuit):
        raise CircuitError(
            f"circuit {index} ({circuit.name}) measures nothing, so a sampler has nothing to count: "
            "add measure_all() or measure()"
        )
    if circuit_input.values is not None and not pointless:
        refuse_no_points(index, circuit_input)
    if circuit_input.values is None and circuit.parameters:
        raise CircuitError(
            f"circuit {index} ({circuit.name}) has parameters without values: "
            "give it with them, (circuit, values)"
        )


def refuse_no_points(index: int, circuit_input: CircuitInput) -> None:
    """Refuse parameter values without a point, of a shape such as ``(0,)``.

    Raises:
        CircuitError: names the circuit.
    """
    if circuit_input.values.size == 0:
        raise CircuitError(
            f"circuit {index} ({circuit_input.circuit.name}) comes with values of shape "
            f"{circuit_input.values.shape}, which contain no point: leave it out"
        )


def measures(circuit: Any) -> bool:
    """Return whether any instruction writes a classical bit."""
    if not circuit.cregs:
        return False
    if "measure" in circuit.count_ops():
        return True
    return any(instruction.clbits for instruction in circuit.data)
