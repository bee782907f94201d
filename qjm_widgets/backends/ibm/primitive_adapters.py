"""The adapters of the runtime's other primitives than ``SamplerV2``, on a device of IBM Quantum.

Their arguments are those of ``IBMQuantum``; ``options`` are those of the primitive.
"""

from __future__ import annotations

from qjm_widgets.backends.ibm.adapter import IBMQuantum
from qjm_widgets.backends.ibm.executor_primitives import EXECUTOR_ESTIMATOR, EXECUTOR_SAMPLER
from qjm_widgets.backends.ibm.primitives import ESTIMATOR


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


#: The adapters of devices by their kind.
ADAPTERS: dict[str, type[IBMQuantum]] = {
    adapter.kind: adapter
    for adapter in (IBMQuantum, IBMEstimator, IBMExecutorSampler, IBMExecutorEstimator)
}
