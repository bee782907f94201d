"""Simulators of other providers that compute in this process, each tested in ``tests/providers``.

A list is needed because nothing else shows where a backend computes: remote jobs have threads and
futures too. After a kernel has died, jobs of backends that are not listed may be held, unless the set
has ``rerun_on_resume=True``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from qjm_widgets.core.seeds import SeedRule


class OtherSimulator(NamedTuple):
    """The properties of one simulator.

    Attributes:
        seed_rule: how a run uses its seed.
        inside_submit: whether ``run`` itself computes.
    """

    seed_rule: SeedRule
    inside_submit: bool = False


_KNOWN = {
    "qiskit_aqt_provider._offline_sim.resource:OfflineSimulatorResource": OtherSimulator(SeedRule.AER),
    "qiskit_alice_bob_provider.local.backend:ProcessorSimulator": OtherSimulator(SeedRule.AER),
    # It accepts no seed.
    "iqm.qiskit_iqm.fake_backends.iqm_fake_backend:IQMFakeBackend": OtherSimulator(SeedRule.UNKNOWN),
    "qiskit_braket_provider.providers.braket_backend:BraketLocalBackend": OtherSimulator(
        SeedRule.UNKNOWN, inside_submit=True
    ),
    "mqt.ddsim.qasm_simulator_backend:QasmSimulatorBackend": OtherSimulator(SeedRule.SAME),
}


def other_simulator(thing: Any) -> OtherSimulator | None:
    """Return the properties of a simulator of another provider; None if it is not listed."""
    kinds = (f"{kind.__module__}:{kind.__qualname__}" for kind in type(thing).__mro__)
    return next((_KNOWN[kind] for kind in kinds if kind in _KNOWN), None)
