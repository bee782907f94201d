"""A managed backend and primitives on IBM Quantum: options of libraries, tags, ids, another kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import BackendV2, JobStatus
from qiskit_ibm_runtime import Batch

from qjm_widgets import JobManager
from qjm_widgets.backends.ibm.primitives import SAMPLER
from qjm_widgets.errors import InputError
from tests.backends.ibm.server import Server
from tests.fakes import LIMIT


def test_a_backend_runs_with_the_options_that_libraries_give(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    """qiskit-experiments and mthree give these; a backend of IBM Quantum has no run of its own."""
    backend = manager.backend(device)
    assert isinstance(backend, BackendV2)
    assert (backend.name, backend.max_circuits) == (device.name, None)
    assert backend.configuration().backend_name == device.name
    given = {"meas_level": 2, "meas_return": "avg", "memory": True, "noise_model": None}
    job = backend.run(
        [bell] * 2, shots=50, rep_delay=1e-4, init_qubits=False, job_tags=["M3 calibration"], **given
    )
    result = job.result(LIMIT)
    assert [sum(counts.values()) for counts in result.get_counts()] == [50, 50]
    assert (job.status(), result.job_id) == (JobStatus.DONE, job.job_set.job_set_id())
    (sent,) = server.jobs.values()
    assert sent.params["options"]["execution"] == {"rep_delay": 1e-4, "init_qubits": False}
    assert "M3 calibration" in sent.tags


def test_a_level_without_counts_is_refused(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    with pytest.raises(InputError, match=r"meas_level=1 .* manager\.sampler"):
        manager.backend(device).run(bell, meas_level=1)
    with pytest.raises(InputError, match="colour"):
        manager.backend(device).run(bell, colour=3)
    assert not server.jobs


def test_primitives_over_a_backend_and_a_batch(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    sampler = manager.sampler(device)
    assert sampler._backend is device
    job = sampler.run([bell], shots=20)
    assert job.result(LIMIT)[0].data.meas.num_shots == 20
    assert job.backend().name == device.name
    batch = Batch(backend=device)
    in_batch = manager.sampler(batch).run([bell], shots=20)
    assert in_batch.result(LIMIT)[0].data.meas.num_shots == 20
    assert [sent.session_id for sent in server.jobs.values()] == [None, batch.session_id]
    circuit = bell.remove_final_measurements(inplace=False)
    observable = "I" * (device.num_qubits - 2) + "ZZ"
    estimated = manager.estimator(device).run([(circuit, observable)], precision=0.1)
    assert estimated.result(LIMIT)[0].data.evs == pytest.approx(1, abs=0.5)


def test_the_runtimes_sampler_runs_over_a_managed_backend(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    """A library that makes the sampler by itself, as qiskit-experiments does, has its sets too."""
    sampler = SAMPLER.create(manager.backend(device), {})
    assert sampler.run([bell], shots=20).result()[0].data.meas.num_shots == 20
    (job_set,) = manager.job_sets()
    assert job_set.status() is JobStatus.DONE
    assert len(server.jobs) == 1


def test_a_job_is_had_back_in_another_kernel(
    tmp_path: Path, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    server.hold()
    with JobManager(tmp_path / "store") as first:
        job = first.backend(device).run(bell, shots=20)
        assert job.job_set.wait(LIMIT, until="submitted")
    server.go()
    with JobManager(tmp_path / "store") as other:
        again = other.backend(device).retrieve_job(job.job_id())
        assert sum(again.result(LIMIT).get_counts().values()) == 20
    assert len(server.jobs) == 1
