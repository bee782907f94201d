"""The adapters of the runtime's other primitives than ``SamplerV2``, on a device of IBM Quantum.

Their arguments are those of ``IBMQuantum``; ``options`` are those of the primitive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qjm_widgets.backends.ibm.adapter import IBMQuantum
from qjm_widgets.backends.ibm.executor_primitives import EXECUTOR_ESTIMATOR, EXECUTOR_SAMPLER
from qjm_widgets.backends.ibm.jobs import read_program_text
from qjm_widgets.backends.ibm.primitives import ESTIMATOR
from qjm_widgets.backends.ibm.program_executor import EXECUTOR, refuse_cut_items
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.outcomes import JobOutcome


class IBMEstimator(IBMQuantum):
    """The adapter of the runtime's ``EstimatorV2``."""

    kind = ESTIMATOR.kind
    estimates = True
    _primitive = ESTIMATOR


class IBMExecutorSampler(IBMQuantum):
    """The adapter of ``executor_sampler.Sampler``.

    Its jobs are prepared in this process, on the thread that submits them.
    """

    kind = EXECUTOR_SAMPLER.kind
    _primitive = EXECUTOR_SAMPLER


class IBMExecutorEstimator(IBMQuantum):
    """The adapter of ``executor_estimator.Estimator``.

    Its jobs are prepared in this process, on the thread that submits them.
    """

    kind = EXECUTOR_ESTIMATOR.kind
    estimates = True
    _primitive = EXECUTOR_ESTIMATOR


class IBMExecutor(IBMQuantum):
    """The adapter of the runtime's ``Executor``, whose circuits are the items of a quantum program."""

    kind = EXECUTOR.kind
    runs_programs = True
    _primitive = EXECUTOR

    def check_cut(self, inputs: Sequence[CircuitInput], start: int, options: Mapping[str, Any]) -> None:
        """Refuse to cut the shots of an item that must be in one job."""
        refuse_cut_items(inputs, start)

    def outcome(self, job_id: str, names: Sequence[str]) -> JobOutcome | None:
        """Fetch the outcome of a job; None if there is no result."""
        text = self._rest.result(job_id)
        return None if text is None else read_program_text(text, names, job_id)


#: The adapters of devices by their kind.
ADAPTERS: dict[str, type[IBMQuantum]] = {
    adapter.kind: adapter
    for adapter in (
        IBMQuantum,
        IBMEstimator,
        IBMExecutorSampler,
        IBMExecutorEstimator,
        IBMExecutor,
    )
}
