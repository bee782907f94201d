"""The adapter of any ``BaseEstimatorV2``: Qiskit's reference estimators, Aer's, those of providers."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

from qjm_widgets._compat import has_samplers
from qjm_widgets.backends import simulators
from qjm_widgets.backends.instruction_check import refuse_unknown_instructions
from qjm_widgets.backends.job_times import JobTimes
from qjm_widgets.backends.sampler import Sampler, computing, reseeded, seed_of, sent_job, takes_pubs
from qjm_widgets.backends.sampler_input import measures
from qjm_widgets.backends.seed_options import SEED
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.seeds import SeedRule
from qjm_widgets.core.splitting import Limits
from qjm_widgets.core.submission import Submission
from qjm_widgets.errors import CircuitError

_PAULIS = frozenset("IXYZ")


def is_estimator(thing: Any) -> bool:
    """Return whether an object is a V2 estimator: ``run(pubs, *, precision=None)``."""
    if not has_samplers():
        return False
    from qiskit.primitives import BaseEstimatorV2

    if isinstance(thing, BaseEstimatorV2):
        return True
    return takes_pubs(thing) and "precision" in inspect.signature(thing.run).parameters


class Estimator(Sampler):
    """The adapter that calls ``estimator.run(pubs)``; each PUB has its own precision.

    An estimator is a primitive as a sampler is: jobs, states, times and seeds are the same.
    """

    kind = "estimator"
    estimates = True

    def __init__(self, estimator: Any) -> None:
        super().__init__(estimator)
        self.limits = Limits(one_shots=not self._local)
        # It runs circuits for so many shots as a precision needs.
        self._counts_shots = simulators.is_from(estimator, "qiskit.primitives.backend_estimator_v2")
        # The estimators of Qiskit, Aer and the runtime make sums of Paulis of the observables.
        self._only_paulis = self._local
        self._computes_states = simulators.is_from(estimator, "qiskit.primitives.statevector_estimator")

    def refresh(self) -> None:
        """Read the default precision and the recipe from the estimator."""
        self.default_precision = default_precision(self.sampler)
        self.recipe = simulators.recipe(self.sampler)

    def check(self, inputs: Sequence[CircuitInput], options: Mapping[str, Any], start: int = 0) -> None:
        """Refuse circuits and observables that the estimator cannot run.

        These are circuits that are too wide or have unknown instructions, observables with projectors, a
        precision of 0 for an estimator that counts shots, and measurements for one that computes states.
        """
        backend = computing(self.sampler)
        width = simulators.most_qubits(backend) if backend is not None else None
        for index, circuit_input in enumerate(inputs, start):
            circuit = circuit_input.circuit
            if width is not None and circuit.num_qubits > width:
                raise CircuitError(
                    f"circuit {index} ({circuit.name}) has {circuit.num_qubits} qubits; "
                    f"{self.name} has {width}"
                )
            if self._counts_shots:
                refuse_zero_precision(index, circuit_input, self.name)
            if self._only_paulis:
                refuse_projectors(index, circuit_input, self.name)
            if self._computes_states and circuit.num_clbits and measures(circuit):
                raise CircuitError(
                    f"circuit {index} ({circuit.name}) has measurements, which {self.name} does not run"
                )
        if backend is not None and simulators.is_local(backend):
            refuse_unknown_instructions(backend, inputs, start)

    @property
    def seed_rule(self) -> SeedRule:
        """How a run of the estimator uses its seed.

        Qiskit's and Aer's simulators start with the seed at each PUB. One that counts shots runs the
        circuits of all PUBs together, for each PUB as many as its observables need.
        """
        if self._local and not self._counts_shots:
            return SeedRule.EACH_PUB
        seed = seed_of(self.sampler)
        fixed = isinstance(seed, Integral) and self._reseeded(int(seed) + 1) is None
        return SeedRule.SAME if fixed else SeedRule.UNKNOWN

    def submit(self, submission: Submission) -> Any:
        """Submit a job and return its handle."""
        estimator = self.sampler
        if submission.seed is not None and submission.seed != seed_of(estimator):
            estimator = self._reseeded(submission.seed)
        names = [circuit_input.circuit.name for circuit_input in submission.inputs]
        times = JobTimes() if self.lifetime is JobLifetime.KERNEL else None
        with self._warnings.collected(submission.identity) as texts:
            job = estimator.run(pubs_of(submission.inputs), **submission.options)
        return sent_job(job, names, times, texts)

    def _reseeded(self, seed: int | None) -> Any:
        """Return the same estimator with another seed; None if its seed cannot be changed."""
        options = getattr(self.sampler, "options", None)
        inside = getattr(options, "run_options", None)
        if not isinstance(inside, dict) or hasattr(options, SEED):
            return reseeded(self.sampler, seed)
        again = copy.copy(self.sampler)  # Aer's holds its seed among the options of each run
        again._options = copy.copy(options)
        again._options.run_options = {**inside, SEED: seed}
        return again if seed_of(again) == seed else None


def refuse_zero_precision(index: int, circuit_input: CircuitInput, who: str) -> None:
    """Refuse a precision of 0 for an estimator that counts shots.

    Raises:
        CircuitError: names the circuit.
    """
    if circuit_input.precision == 0:
        raise CircuitError(
            f"circuit {index} ({circuit_input.circuit.name}) is to run with precision 0, for which "
            f"{who} would need infinitely many shots: give a precision above 0"
        )


def refuse_projectors(index: int, circuit_input: CircuitInput, who: str) -> None:
    """Refuse observables with projectors, for an estimator that takes sums of Paulis only.

    Raises:
        CircuitError: names the circuit.
    """
    for terms in circuit_input.observables.ravel().tolist():
        for label in terms:
            if not _PAULIS.issuperset(label):
                raise CircuitError(
                    f"circuit {index} ({circuit_input.circuit.name}) has the observable {label!r}, and "
                    f"{who} takes sums of Paulis (I, X, Y, Z) only: write a projector as such a sum, "
                    "SparsePauliOp.from_sparse_observable(SparseObservable(label).as_paulis())"
                )


def pubs_of(inputs: Sequence[CircuitInput]) -> list[Any]:
    """Return the PUBs of circuits that were checked before, as every V2 estimator takes them."""
    from qiskit.primitives.containers.estimator_pub import EstimatorPub

    return [
        EstimatorPub(
            circuit_input.circuit,
            circuit_input.observables,
            circuit_input.values,
            circuit_input.precision,
            validate=False,
        )
        for circuit_input in inputs
    ]


def default_precision(estimator: Any) -> float | None:
    """Return the precision of PUBs without one of their own; None if the estimator does not state it."""
    for holder in (estimator, getattr(estimator, "options", None)):
        precision = getattr(holder, "default_precision", None)
        if isinstance(precision, (int, float)):
            return float(precision)
    return None
