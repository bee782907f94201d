"""Simulators of other providers, made as their users make them, and circuits that they take."""

import importlib.util
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from qiskit import QuantumCircuit, transpile


class Maker(NamedTuple):
    """How a backend is made; ``seeds``: a seed gives the same samples; ``plus``: it knows no h gate."""

    package: str
    make: Callable[[], Any]
    seeds: bool = True
    plus: bool = False


def _aqt() -> Any:
    from qiskit_aqt_provider._offline_sim.provider import OfflineSimulatorProvider

    return OfflineSimulatorProvider().noisy()


def _iqm() -> Any:
    from iqm.qiskit_iqm import IQMFakeAdonis

    return IQMFakeAdonis()


def _braket() -> Any:
    from qiskit_braket_provider import BraketLocalBackend

    return BraketLocalBackend()


def _alice_bob() -> Any:
    from qiskit_alice_bob_provider import AliceBobLocalProvider

    return AliceBobLocalProvider().get_backend("EMU:6Q:PHYSICAL_CATS")


def _ddsim() -> Any:
    from mqt import ddsim

    return ddsim.DDSIMProvider().get_backend("qasm_simulator")


MAKERS = {
    "aqt": Maker("qiskit_aqt_provider", _aqt),
    "iqm": Maker("iqm", _iqm, seeds=False),
    "braket": Maker("qiskit_braket_provider", _braket, seeds=False),
    "alice-bob": Maker("qiskit_alice_bob_provider", _alice_bob, plus=True),
    "ddsim": Maker("mqt", _ddsim),
}
INSTALLED = [name for name, maker in MAKERS.items() if importlib.util.find_spec(maker.package)]


def circuits(name: str, backend: Any, number: int) -> list[QuantumCircuit]:
    """Equal circuits, each with two outcomes of equal chance."""
    circuit = QuantumCircuit(2, 2)
    if MAKERS[name].plus:
        circuit.initialize("+", 0)
    else:
        circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    fitting = transpile(circuit, backend)
    return [fitting.copy(name=f"{name} {index}") for index in range(number)]


def begin(name: str, store: str) -> None:
    """In a process that is about to be killed: send jobs, and write the set's id when one is sent."""
    from qjm_widgets import JobManager

    backend = MAKERS[name].make()
    manager = JobManager(store)
    job_set = manager.run(circuits(name, backend, 30), backend, shots=2000, max_circuits_per_job=1)
    with job_set._state.changed:
        job_set._state.changed.wait_for(lambda: any(job.job_id for job in job_set._state.jobs), 60)
    sys.stdout.write(f"{job_set.job_set_id()}\n")
    sys.stdout.flush()
    job_set.wait()
