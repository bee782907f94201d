"""Backends of the first kind and pulse schedules, where the installed Qiskit has them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit, pulse, transpile
from qiskit.providers import BackendV1, Options
from qiskit.providers.models import QasmBackendConfiguration
from qiskit.qobj import QasmQobj

from qjm_widgets import JobManager
from qjm_widgets.errors import BackendError, CircuitError
from qjm_widgets.ibmq import IBMQJobManager, IBMQJobManagerInvalidStateError, ManagedJobSet
from tests.fakes import LIMIT, ScriptedJob, marked


class OldBackend(BackendV1):
    """A provider's backend of the first kind: limits in its configuration, its name a method."""

    def __init__(self, *, pulses: bool = False, most: int = 3, shots: int = 4000) -> None:
        super().__init__(
            QasmBackendConfiguration(
                backend_name="old",
                backend_version="1",
                n_qubits=5,
                basis_gates=["rz", "sx", "cx"],
                gates=[],
                local=False,
                simulator=False,
                conditional=False,
                open_pulse=pulses,
                memory=True,
                max_shots=shots,
                coupling_map=None,
                max_experiments=most,
            )
        )
        self.sent: list[ScriptedJob] = []
        self.calls: list[dict[str, Any]] = []

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=1024)

    def run(self, circuits: Sequence[Any], shots: int = 1024, **options: Any) -> ScriptedJob:
        given = list(circuits)
        if isinstance(given[0], pulse.Schedule):
            given = [marked(index, name=schedule.name) for index, schedule in enumerate(given)]
        job = ScriptedJob(self, len(self.sent), given, shots)
        job.finish()
        self.sent.append(job)
        self.calls.append({"shots": shots, **options})
        return job


def schedules(number: int) -> list[pulse.Schedule]:
    found = []
    for index in range(number):
        schedule = pulse.Schedule(name=f"s{index}")
        schedule += pulse.Play(pulse.Gaussian(160, 0.1, 40), pulse.DriveChannel(0))
        found.append(schedule)
    return found


def real_backends() -> dict[str, Any]:
    from qiskit import BasicAer
    from qiskit.providers.fake_provider import FakeManila, FakeManilaV2

    return {
        "BasicAer": BasicAer.get_backend("qasm_simulator"),
        "FakeManila": FakeManila(),
        "FakeManilaV2": FakeManilaV2(),
    }


def bells(number: int) -> list[QuantumCircuit]:
    found = []
    for index in range(number):
        circuit = QuantumCircuit(2, 2, name=f"bell {index}")
        circuit.h(0)
        circuit.cx(0, 1)
        circuit.measure([0, 1], [0, 1])
        found.append(circuit)
    return found


@pytest.mark.parametrize("backend", real_backends().values(), ids=real_backends())
def test_counts_equal_those_of_a_plain_run(jobs: IBMQJobManager, backend: Any) -> None:
    circuits = transpile(bells(4), backend)
    job_set = jobs.run(circuits, backend, max_experiments_per_job=2, shots=200, seed_simulator=7)
    results = job_set.results()
    assert job_set.error_messages() is None
    assert not job_set.job_set._state.record.unstored_circuits
    for job in job_set.job_set._state.jobs:
        # Aer's seeds go on from job to job; a plain run of one job's circuits begins with that job's.
        first = job.span.start
        plain = backend.run(circuits[first : first + 2], shots=200, seed_simulator=job.seed).result()
        assert [results.get_counts(first + at) for at in range(2)] == [
            plain.get_counts(at) for at in range(2)
        ]
    assert "DONE" in {status.name for status in job_set.statuses()}


def test_its_own_limits_are_kept(jobs: IBMQJobManager) -> None:
    backend = OldBackend(most=3, shots=600)
    job_set = jobs.run([marked(i) for i in range(7)], backend, max_experiments_per_job=100, shots=1000)
    results = job_set.results()
    assert {len(job.circuits) for job in backend.sent} == {3, 1}
    assert {call["shots"] for call in backend.calls} == {500}
    assert results.get_counts(6) == {"0000000110": 1000}
    assert (results.backend_name, job_set.job_set._state.record.backend) == ("old", "old")
    assert [j.start_index for j in job_set.managed_jobs()] == [0, 0, 3, 3, 6, 6]


def test_a_managed_backend_is_of_the_first_kind_too(store_path: Path) -> None:
    plain = OldBackend(most=3)
    with JobManager(store_path) as manager:
        backend = manager.backend(plain)
        assert isinstance(backend, BackendV1)
        assert (backend.name(), backend.configuration().max_shots) == ("old", 4000)
        job = backend.run([marked(value) for value in range(5)], shots=10, tagz=1)
        assert job.result(LIMIT).get_counts(4) == {"0000000100": 10}
        assert [len(sent.circuits) for sent in plain.sent] == [3, 2]
        assert plain.calls[0] == {"shots": 10, "tagz": 1}
        assert backend.retrieve_job(job.job_id()).job_set is job.job_set
        with pytest.raises(BackendError, match="need Qiskit 1"):
            manager.sampler(plain)


def test_too_wide_a_circuit_is_refused_at_the_call(jobs: IBMQJobManager) -> None:
    with pytest.raises(IBMQJobManagerInvalidStateError, match=r"circuit 0 .* has 6 qubits; old has 5"):
        jobs.run(QuantumCircuit(6, 1), OldBackend())


def test_schedules_run_from_memory_and_cannot_be_resumed(jobs: IBMQJobManager, store_path: Path) -> None:
    backend = OldBackend(pulses=True)
    given = schedules(5)
    with pytest.warns(UserWarning, match=r"5 circuits cannot be stored.*a Schedule cannot be stored"):
        job_set = jobs.run(given, backend, name="pulses", meas_level=1)
    results = job_set.results()
    assert job_set.error_messages() is None
    assert len(job_set.managed_jobs()) == 2
    assert backend.calls[0]["meas_level"] == 1
    assert results.get_counts(given[4]) == {"0000000001": 1024}
    assert results.get_counts("s1") == {"0000000001": 1024}
    assert job_set.job(given[3])[1] == 0
    with JobManager(store_path) as other:
        record = other.retrieve_job_set(job_set.job_set_id())._state.record
    assert record.unstored_circuits == (0, 1, 2, 3, 4)


def test_one_schedule_is_one_experiment(jobs: IBMQJobManager) -> None:
    with pytest.warns(UserWarning, match="1 circuit cannot be stored"):
        job_set = jobs.run(schedules(1)[0], OldBackend(pulses=True))
    assert job_set.results().get_counts(0) == {"0000000000": 1024}


def test_a_backend_without_pulses_refuses_schedules_at_the_call(jobs: IBMQJobManager) -> None:
    from qiskit_aer import AerSimulator

    for backend in (OldBackend(), AerSimulator()):
        with pytest.raises(IBMQJobManagerInvalidStateError, match=r"item 0 \(s0\) is a pulse schedule"):
            jobs.run(schedules(2), backend)


def test_qobjs_are_the_jobs_own_or_assembled(jobs: IBMQJobManager) -> None:
    backend = real_backends()["BasicAer"]
    for each in (backend, OldBackend()):
        job_set: ManagedJobSet = jobs.run(bells(3), each, max_experiments_per_job=2, shots=10)
        first, second = job_set.qobjs()
        assert isinstance(first, QasmQobj)
        assert [len(first.experiments), len(second.experiments)] == [2, 1]
        assert second.experiments[0].header.name == "bell 2"
        assert first.config.shots == 10
        assert job_set.managed_jobs()[1].qobj().experiments[0].header.name == "bell 2"


def test_what_needs_a_newer_qiskit_says_so(jobs: IBMQJobManager) -> None:
    import qiskit.primitives

    with JobManager(":memory:") as manager:
        with pytest.raises(
            BackendError, match=r"V2 samplers and PUBs need Qiskit 1\.0|give a SamplerV2"
        ):
            manager.run(bells(1), qiskit.primitives.Sampler())
        with pytest.raises(CircuitError):
            manager.run([(bells(1)[0], [0.5])], OldBackend())
        with pytest.raises(CircuitError, match="PUB"):
            manager.run((bells(1)[0], None, 5), OldBackend())
        done = manager.run(bells(1), real_backends()["BasicAer"])
        assert done.wait(LIMIT)
        assert done.results().success
