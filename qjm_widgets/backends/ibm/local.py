"""The runtime's local mode: its sampler on a fake backend or on AerSimulator, without an account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qjm_widgets._compat import backend_name
from qjm_widgets.backends import simulators
from qjm_widgets.backends.ibm.sampler import (
    BATCH,
    check_batch,
    check_circuits,
    merged_options,
    sampler_options,
    sampler_with,
)
from qjm_widgets.backends.job_times import JobTimes
from qjm_widgets.backends.sampler import Sampler, sent_job
from qjm_widgets.backends.seed_options import SEED, spread_seeds
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.option_names import KnownOptions
from qjm_widgets.core.seeds import SeedRule
from qjm_widgets.core.submission import Submission

#: The options that local mode uses. For each job it would warn about others.
_USED_OPTIONS = ("default_shots", "simulator")


class IBMLocal(Sampler):
    """The adapter of the runtime's ``SamplerV2`` over a simulator in this process.

    It accepts the run options of IBM Quantum, also ``batch``, and ``seed_simulator``. It uses those
    options that apply to a simulator.

    Args:
        sampler: a sampler of the runtime whose mode is a simulator.
    """

    kind = "ibm_local"

    def __init__(self, sampler: Any) -> None:
        super().__init__(sampler)
        self._backend = sampler.backend()
        self.name = backend_name(self._backend)
        self.recipe = None
        self._local = True
        self.lifetime = JobLifetime.KERNEL
        self.max_pending = 1
        shots = merged_options(sampler.options, {}).get("default_shots")
        self.default_shots = shots if isinstance(shots, int) and shots else 4096

    def option_names(self) -> KnownOptions:
        """Return the options of the runtime's sampler, ``batch`` and ``seed_simulator``."""
        return KnownOptions(sampler_options() | {SEED}, others=False)

    def check(self, inputs: Sequence[CircuitInput], options: Mapping[str, Any]) -> None:
        """Refuse options and circuits that the imitated device or the simulator would refuse."""
        self._options(options)
        check_batch(options.get(BATCH, True))
        if simulators.is_device(self._backend):
            check_circuits(inputs, self._backend)
        else:
            super().check(inputs, {})

    @property
    def seed_rule(self) -> SeedRule:
        """The seed rule of the simulator; for Aer ``AER_BY_SHOTS``, which its samplers use."""
        rule = simulators.seed_rule(self._backend)
        return SeedRule.AER_BY_SHOTS if rule is SeedRule.AER else rule

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
        options = {name: tree[name] for name in _USED_OPTIONS if tree.get(name)}
        sampler = sampler_with(self._backend, options)
        pubs = [
            (circuit_input.circuit, circuit_input.values, submission.shots or circuit_input.shots)
            for circuit_input in submission.inputs
        ]
        names = [circuit_input.circuit.name for circuit_input in submission.inputs]
        times = JobTimes()
        return sent_job(sampler.run(pubs), names, times)

    def _options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        requested = dict(given)
        seed = requested.pop(SEED, None)
        if seed is not None:
            requested["simulator"] = {**(requested.get("simulator") or {}), SEED: seed}
        return merged_options(self.sampler.options, requested)
