"""Simulators of other providers that compute in this process, each tried in ``tests/providers``.

Nothing else tells where a backend computes: a remote job has threads and futures, too. What is not
listed is held after its kernel has died, unless the user said ``rerun_on_resume=True``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from qjm_widgets.core.seeds import SeedRule


class OtherSimulator(NamedTuple):
    """What is known of one.

    Attributes:
        seed_rule: what a run makes of its seed.
        inside_submit: ``run`` itself computes.
    """

    seed_rule: SeedRule
    inside_submit: bool = False


_KNOWN = {
    "qiskit_aqt_provider._offline_sim.resource:OfflineSimulatorResource": OtherSimulator(SeedRule.AER),
    "qiskit_alice_bob_provider.local.backend:ProcessorSimulator": OtherSimulator(SeedRule.AER),
    # It takes no seed.
    "iqm.qiskit_iqm.fake_backends.iqm_fake_backend:IQMFakeBackend": OtherSimulator(SeedRule.UNKNOWN),
    "qiskit_braket_provider.providers.braket_backend:BraketLocalBackend": OtherSimulator(
        SeedRule.UNKNOWN, inside_submit=True
    ),
    "mqt.ddsim.qasm_simulator_backend:QasmSimulatorBackend": OtherSimulator(SeedRule.SAME),
}


def other_simulator(thing: Any) -> OtherSimulator | None:
    """What is known of a backend of another provider; None where nothing is."""
    kinds = (f"{kind.__module__}:{kind.__qualname__}" for kind in type(thing).__mro__)
    return next((_KNOWN[kind] for kind in kinds if kind in _KNOWN), None)
