"""The runtime's local mode: its primitives on a fake backend or on AerSimulator, without an account."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from qjm_widgets._compat import backend_name
from qjm_widgets.backends import simulators
from qjm_widgets.backends.estimator import Estimator
from qjm_widgets.backends.ibm.executor_primitives import EXECUTOR_ESTIMATOR, EXECUTOR_SAMPLER
from qjm_widgets.backends.ibm.primitives import BATCH, ESTIMATOR, SAMPLER, RuntimePrimitive
from qjm_widgets.backends.ibm.program_executor import EXECUTOR, refuse_cut_items
from qjm_widgets.backends.ibm.submission import check_batch
from qjm_widgets.backends.job_times import JobTimes, SentJob
from qjm_widgets.backends.qiskit_job import job_id
from qjm_widgets.backends.sampler import Sampler
from qjm_widgets.backends.seed_options import SEED, spread_seeds
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.option_names import KnownOptions
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.seeds import SeedRule
from qjm_widgets.core.splitting import Limits
from qjm_widgets.core.submission import Submission
from qjm_widgets.serialization.canonical import canonical_text
from qjm_widgets.serialization.primitive_result import read_primitive_result
from qjm_widgets.serialization.program_result import read_program_result


class _LocalMode(Sampler):
    """The adapter of a runtime primitive over a simulator in this process.

    It accepts the run options of IBM Quantum, also ``batch``, and ``seed_simulator``. It uses those
    options that apply to a simulator.

    Args:
        primitive: a primitive of the runtime whose mode is a simulator.
    """

    _primitive: RuntimePrimitive

    def __init__(self, primitive: Any) -> None:
        super().__init__(primitive)
        self._backend = primitive.backend()
        self.name = backend_name(self._backend)
        self._local = True
        self.lifetime = JobLifetime.KERNEL
        self.max_pending = 1

    def refresh(self) -> None:
        """Read the default shots or precision from the primitive's options."""
        self.default_shots = self._primitive.default_shots(self.sampler.options)
        self.default_precision = self._primitive.default_precision(self.sampler.options)

    def identity(self) -> str:
        """Return the text of the simulator with the options of the primitive."""
        return canonical_text([self.kind, self._backend, self._options({})])

    def option_names(self) -> KnownOptions:
        """Return the options of the runtime's primitive, ``batch`` and ``seed_simulator``."""
        return KnownOptions(self._primitive.option_names() | {SEED}, others=False)

    def check(self, inputs: Sequence[CircuitInput], options: Mapping[str, Any], start: int = 0) -> None:
        """Refuse options and circuits that the imitated device or the simulator would refuse."""
        tree = self._options(options)
        check_batch(options.get(BATCH, True))
        if simulators.is_device(self._backend):
            self._primitive.check(inputs, self._backend, tree, start)
        else:
            super().check(inputs, {}, start)

    def seeds(self, pieces: int, options: Mapping[str, Any]) -> list[int | None]:
        """Return the simulator's seed for the first piece, and seeds derived from it for the others."""
        given = (self._options(options).get("simulator") or {}).get(SEED)
        if not given and given != 0:  # the runtime's value for "not given" is false
            given = getattr(getattr(self._backend, "options", None), SEED, None)
        return spread_seeds(given, pieces, self.seed_rule)

    def submit(self, submission: Submission) -> Any:
        """Submit a job; it runs on a thread of the runtime."""
        tree = self._options(submission.options)
        if submission.seed is not None:
            tree["simulator"] = {**(tree.get("simulator") or {}), SEED: submission.seed}
        primitive = self._primitive.create(self._backend, self._primitive.local_options(tree))
        names = [circuit_input.circuit.name for circuit_input in submission.inputs]
        times = JobTimes()
        job = primitive.run(self._primitive.run_input(submission))
        return SentJob(job, lambda result: self._outcome(result, names, job_id(job)), times)

    def _outcome(self, result: Any, names: Sequence[str], job_id: str | None) -> JobOutcome:
        return read_primitive_result(_storable(result), names, job_id)

    def _options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        requested = dict(given)
        seed = requested.pop(SEED, None)
        if seed is not None:
            requested["simulator"] = {**(requested.get("simulator") or {}), SEED: seed}
        return self._primitive.merged_options(self.sampler.options, requested)


def _storable(result: Any) -> Any:
    """Return a result with the runtime's own classes in its metadata as plain trees."""
    from qiskit.primitives import PrimitiveResult

    metadata = {
        name: dataclasses.asdict(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type)
        else value
        for name, value in result.metadata.items()
    }
    return PrimitiveResult(list(result), metadata=metadata)


class IBMLocal(_LocalMode):
    """The adapter of the runtime's ``SamplerV2`` over a simulator in this process."""

    kind = "ibm_local"
    _primitive = SAMPLER

    @property
    def seed_rule(self) -> SeedRule:
        """That of the simulator; a sampler applies Aer's by shots."""
        rule = simulators.seed_rule(self._backend)
        return SeedRule.AER_BY_SHOTS if rule is SeedRule.AER else rule


class IBMLocalExecutorSampler(_LocalMode):
    """The adapter of ``executor_sampler.Sampler`` over a simulator in this process."""

    kind = "ibm_local_executor_sampler"
    _primitive = EXECUTOR_SAMPLER

    def __init__(self, primitive: Any) -> None:
        super().__init__(primitive)
        self.limits = self.limits.tighter(Limits(one_shots=True))

    @property
    def seed_rule(self) -> SeedRule:
        """Each circuit is run by itself, with the seed itself."""
        return SeedRule.EACH_PUB


class IBMLocalEstimator(_LocalMode, Estimator):
    """The adapter of the runtime's ``EstimatorV2`` over a simulator in this process.

    It runs the circuits of all PUBs of one precision together, for so many shots as that needs.
    """

    kind = "ibm_local_estimator"
    _primitive = ESTIMATOR

    def __init__(self, primitive: Any) -> None:
        super().__init__(primitive)
        self._counts_shots = self._only_paulis = True

    @property
    def seed_rule(self) -> SeedRule:
        """Unknown: a job's seed is drawn on by as many circuits a PUB as its observables need."""
        return SeedRule.UNKNOWN


class IBMLocalExecutorEstimator(IBMLocalEstimator):
    """The adapter of ``executor_estimator.Estimator`` over a simulator in this process."""

    kind = "ibm_local_executor_estimator"
    _primitive = EXECUTOR_ESTIMATOR

    def __init__(self, primitive: Any) -> None:
        super().__init__(primitive)
        self.limits = self.limits.tighter(Limits(one_shots=True))


class IBMLocalExecutor(_LocalMode):
    """The adapter of the runtime's ``Executor`` over a simulator in this process."""

    kind = "ibm_local_executor"
    runs_programs = True
    _primitive = EXECUTOR

    def check(self, inputs: Sequence[CircuitInput], options: Mapping[str, Any], start: int = 0) -> None:
        """Refuse options and items that the imitated device would refuse."""
        tree = self._options(options)
        check_batch(options.get(BATCH, True))
        if simulators.is_device(self._backend):
            self._primitive.check(inputs, self._backend, tree, start)

    def check_cut(self, inputs: Sequence[CircuitInput], start: int, options: Mapping[str, Any]) -> None:
        """Refuse to cut the shots of an item that must be in one job."""
        refuse_cut_items(inputs, start)

    @property
    def seed_rule(self) -> SeedRule:
        """Each item is run by itself, with the seed itself."""
        return SeedRule.EACH_PUB

    def _outcome(self, result: Any, names: Sequence[str], job_id: str | None) -> JobOutcome:
        return read_program_result(result, names, job_id)


#: The adapters of local mode by the kind that the primitive's adapter has on a device.
LOCAL_ADAPTERS: dict[str, type[_LocalMode]] = {
    adapter._primitive.kind: adapter
    for adapter in (
        IBMLocal,
        IBMLocalEstimator,
        IBMLocalExecutorSampler,
        IBMLocalExecutorEstimator,
        IBMLocalExecutor,
    )
}
