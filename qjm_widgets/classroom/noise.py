"""A simulator with a simple noise model: depolarizing gates and flipped bits."""

from __future__ import annotations

from typing import Any

from qjm_widgets.errors import InputError

_ONE_QUBIT = ("id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg", "rx", "ry", "rz", "p", "u")
_TWO_QUBITS = ("cx", "cy", "cz", "ch", "cp", "swap", "ecr", "rxx", "ryy", "rzz", "rzx")
_ONE_QUBIT_FRACTION = 0.1


def noisy_simulator(error: float) -> Any:
    """Return an AerSimulator with depolarizing gate noise and readout errors.

    Args:
        error: the parameter of the depolarizing channel after a two-qubit gate, and the probability that
            a measured bit is flipped. The parameter after a one-qubit gate is a tenth of it.

    Raises:
        InputError: ``error`` is not a number from 0 to 1, or qiskit-aer is not installed.
    """
    if isinstance(error, bool) or not isinstance(error, (int, float)) or not 0 <= error <= 1:
        raise InputError(f"noise must be a probability from 0 to 1, not {error!r}")
    try:
        from qiskit_aer import AerSimulator
        from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error
    except ImportError:
        raise InputError("noise needs qiskit-aer: pip install qiskit-aer, or leave noise out") from None
    model = NoiseModel()
    model.add_all_qubit_quantum_error(
        depolarizing_error(error * _ONE_QUBIT_FRACTION, 1), list(_ONE_QUBIT)
    )
    model.add_all_qubit_quantum_error(depolarizing_error(error, 2), list(_TWO_QUBITS))
    model.add_all_qubit_readout_error(ReadoutError([[1 - error, error], [error, 1 - error]]))
    return AerSimulator(noise_model=model)
