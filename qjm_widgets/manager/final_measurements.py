"""Refuse estimators' circuits that end with measurements of what is to be estimated."""

from __future__ import annotations

from typing import Any

from qjm_widgets.errors import CircuitError


def refuse_measured(who: str, circuit: Any, observables: Any) -> None:
    """Refuse a circuit that ends with measurements of qubits on which observables act.

    An estimator measures these qubits itself, in the basis of each observable; after the circuit's own
    measurement, every X and Y would have the value 0. Other measurements, such as those of a circuit
    with feedback, are not refused.

    Args:
        who: the PUB, as errors name it.
        circuit: its circuit.
        observables: its ``ObservablesArray``.

    Raises:
        CircuitError: the circuit ends with such measurements.
    """
    measured = _measured_last(circuit)
    if not measured:
        return
    labels = {label for terms in observables.ravel().tolist() for label in terms}
    acted = {qubit for label in labels for qubit, letter in enumerate(reversed(label)) if letter != "I"}
    if measured & acted:
        raise CircuitError(
            f"{who} ends with measurements, and an estimator measures its observables itself: give the "
            "circuit without them, circuit.remove_final_measurements(inplace=False)"
        )


def _measured_last(circuit: Any) -> set[int]:
    """Return the qubits whose last instruction is a measurement."""
    if not circuit.num_clbits:
        return set()
    last: dict[Any, bool] = {}
    for instruction in circuit.data:
        if instruction.operation.name != "barrier":
            is_measurement = instruction.operation.name == "measure"
            last.update(dict.fromkeys(instruction.qubits, is_measurement))
    places = {qubit: place for place, qubit in enumerate(circuit.qubits)}
    return {places[qubit] for qubit, is_measurement in last.items() if is_measurement}
