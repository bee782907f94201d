"""The runtime's ``Executor``, which runs a ``QuantumProgram`` of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qjm_widgets.backends.ibm.executor_primitives import ExecutorPrimitive
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.submission import Submission
from qjm_widgets.errors import CircuitError, InputError, explain
from qjm_widgets.serialization.program_items import program_of


class _Executor(ExecutorPrimitive):
    name = "executor"
    kind = "ibm_executor"
    estimates = False
    _home = ("qiskit_ibm_runtime.executor", "Executor")

    def _options_class(self) -> Any:
        try:
            from qiskit_ibm_runtime.options_models.executor import ExecutorOptions
        except ImportError as error:
            raise InputError(
                f"programs need the Executor of qiskit-ibm-runtime 0.50 or later ({explain(error)})"
            ) from error
        return ExecutorOptions

    def run_input(self, submission: Submission) -> Any:
        """Return what a job submits: a program of its items."""
        sendable = [self._sendable(circuit_input) for circuit_input in submission.inputs]
        return program_of(sendable, submission.shots)

    def _pub(self, circuit_input: CircuitInput, shots: int | None) -> Any:
        from qiskit.primitives.containers.sampler_pub import SamplerPub

        return SamplerPub(circuit_input.circuit, circuit_input.values, shots=shots, validate=False)

    def _check(self, index: int, circuit_input: CircuitInput) -> Any:
        return self._pub(circuit_input, circuit_input.shots)

    def _validate(self, pub: Any) -> None:
        """Refuse nothing: the runtime validates circuits only."""


#: ``qiskit_ibm_runtime.Executor``.
EXECUTOR = _Executor()


def refuse_cut_items(inputs: Sequence[CircuitInput], start: int) -> None:
    """Refuse to cut the shots of items that must be in one job.

    Args:
        inputs: items of a program.
        start: the index of the first of them.

    Raises:
        CircuitError: names the item.
    """
    for index, circuit_input in enumerate(inputs, start):
        item = circuit_input.item
        if item is not None and item.whole:
            why = "has a samplex, which draws other parameters in each job"
            if item.samplex is None:
                why = f"has results that are {item.program.meas_level}, which are not joined"
            raise CircuitError(
                f"item {index} ({circuit_input.circuit.name}) {why}, so it must be in one job: it is "
                f"run {circuit_input.repeats:,} times with {circuit_input.shots:,} shots, beyond the "
                "limits of a job. Raise the limits, or give it less to run"
            )
