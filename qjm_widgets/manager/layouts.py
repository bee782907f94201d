"""A transpiled circuit in the place of the given one, with the observables on its qubits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.errors import CircuitError, explain


def laid_out(circuit_input: CircuitInput, transpiled: Any) -> CircuitInput:
    """Put a transpiled circuit in the place of the given one.

    Args:
        circuit_input: the circuit as it was given, with its values and observables.
        transpiled: what a pass manager made of the circuit.

    Returns:
        The input with the transpiled circuit, and with its observables on the qubits to which the
        circuit's layout moved theirs.

    Raises:
        CircuitError: the observables do not fit the transpiled circuit.
    """
    observables = circuit_input.observables
    if observables is None:
        return replace(circuit_input, circuit=transpiled)
    layout = getattr(transpiled, "layout", None)
    try:
        if layout is not None or transpiled.num_qubits != circuit_input.circuit.num_qubits:
            observables = _apply(observables, layout, transpiled.num_qubits)
    except Exception as error:  # a layout of anybody's pass manager
        raise CircuitError(
            f"the observables of {circuit_input.circuit.name} do not fit the transpiled circuit: "
            f"{explain(error)}"
        ) from error
    return replace(circuit_input, circuit=transpiled, observables=observables)


def _apply(observables: Any, layout: Any, num_qubits: int) -> Any:
    if callable(getattr(observables, "apply_layout", None)):
        return observables.apply_layout(layout, num_qubits)
    # Older releases of Qiskit lay out single sums of Paulis only.
    from qiskit.primitives.containers.observables_array import ObservablesArray
    from qiskit.quantum_info import SparsePauliOp

    given = np.asarray(observables)
    moved = np.empty(given.shape, dtype=object)
    for place, terms in np.ndenumerate(given):
        operator = SparsePauliOp.from_list(list(terms.items()))
        moved[place] = operator.apply_layout(layout, num_qubits)
    return ObservablesArray(moved)
