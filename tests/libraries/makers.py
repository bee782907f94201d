"""Backends with noise and a seed, and an experiment whose kernel is killed."""

import sys
from typing import Any

import numpy as np
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

SEED = 11
SHOTS = 300


def noisy(**options: Any) -> AerSimulator:
    return AerSimulator.from_backend(FakeManilaV2(), **options)


def seeded() -> AerSimulator:
    return noisy(seed_simulator=SEED)


def fake() -> FakeManilaV2:
    backend = FakeManilaV2()
    backend.set_options(seed_simulator=SEED)
    return backend


def t1(qubit: int = 0, number: int = 12) -> Any:
    from qiskit_experiments.library import T1

    return T1([qubit], delays=np.linspace(1e-6, 300e-6, number))


def begin(store: str) -> None:
    """In a process that is about to be killed: run an experiment, and write its job's id."""
    from qjm_widgets import JobManager

    backend = JobManager(store).backend(seeded(), max_circuits_per_job=1)
    data = t1().run(backend, backend_run=True, shots=SHOTS, analysis=None)
    (job,) = data.jobs()
    state = job.job_set._state
    with state.changed:
        state.changed.wait_for(lambda: any(sent.job_id for sent in state.jobs), 60)
    sys.stdout.write(f"{job.job_id()}\n")
    sys.stdout.flush()
    data.block_for_results()
