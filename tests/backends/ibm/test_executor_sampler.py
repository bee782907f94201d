"""``executor_sampler.Sampler`` on IBM Quantum: prepared here, run by the program ``executor``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import qiskit_ibm_runtime
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit_ibm_runtime import Batch, Session
from qiskit_ibm_runtime.executor_sampler import Sampler

from qjm_widgets import JobManager
from qjm_widgets.backends.ibm.jobs import read_result
from qjm_widgets.backends.ibm.primitive_adapters import IBMExecutorSampler
from qjm_widgets.core.records import Status
from qjm_widgets.errors import CircuitError, InputError
from tests.backends.ibm.server import Server
from tests.backends.ibm.server_types import Job
from tests.backends.ibm.test_running import marked
from tests.fakes import LIMIT


def flips(device: Any) -> QuantumCircuit:
    """A circuit that gives 1 at odd points, if its value is pi times the point's number."""
    circuit = QuantumCircuit(1, name="flips")
    circuit.rx(Parameter("t"), 0)
    circuit.measure_all()
    return transpile(circuit, device, optimization_level=0)


def sent(server: Server) -> list[Job]:
    return list(server.jobs.values())


def test_circuits_run_by_the_program_executor_with_our_tags(
    manager: JobManager, server: Server, device: Any
) -> None:
    circuits = [marked(value, device) for value in range(5)]
    job_set = manager.run(
        circuits, Sampler(mode=device), shots=50, max_circuits_per_job=2, name="five", tags=["mine"]
    )
    results = job_set.results(LIMIT)
    assert [results.get_counts(i) for i in range(5)] == [{f"{i:03b}": 50} for i in range(5)]
    assert {job.program for job in sent(server)} == {"executor"}
    assert {job.params["schema_version"] for job in sent(server)} == {"v2.0"}
    of_set = f"qjm:{job_set.job_set_id()}"
    assert sent(server)[2].tags == ["qjm", of_set, f"{of_set}:4-5/5:s0/1:a1", "qjm-name:five", "mine"]
    assert server.sessions == {}
    chunks = job_set._state.outcomes.get_local(0).info["metadata"]["executor"]["chunk_timing"]
    assert chunks[0]["stop"] == "2026-03-01T00:00:02"


@pytest.mark.parametrize("twirled", ["enable_gates", "enable_measure"])
def test_twirling_rounds_the_shots_up_and_all_are_kept(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit, twirled: str
) -> None:
    job_set = manager.run([bell] * 2, Sampler(mode=device), shots=100, twirling={twirled: True})
    results = job_set.results(LIMIT)
    assert sum(results.get_counts(1).values()) == 128
    assert set(results.get_counts(1)) == {"00", "11"}
    assert results.primitive_result(1).data.meas.num_shots == 128
    assert sum(job_set.counts().values()) == 256


def test_dynamical_decoupling(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    sampler = Sampler(mode=device, options={"dynamical_decoupling": {"enable": True}})
    counts = manager.run(bell, sampler, shots=50).results(LIMIT).get_counts(0)
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 50


def test_cut_shots_and_points_of_a_twirled_sweep_are_joined(
    manager: JobManager, server: Server, device: Any
) -> None:
    values = np.pi * np.arange(6).reshape(2, 3)
    sampler = Sampler(mode=device, options={"twirling": {"enable_measure": True}})
    job_set = manager.run(
        (flips(device), values), sampler, shots=100, max_points_per_job=4, max_shots_per_job=50
    )
    result = job_set.results(LIMIT).primitive_result(0)
    odd = np.arange(6).reshape(2, 3) % 2
    assert result.data.meas.array.shape == (2, 3, 128, 1)  # twice 50, each of which became 64
    assert (result.data.meas.array[..., 0] == odd[..., None]).all()
    assert len(server.jobs) == 4


def test_run_options_override_those_of_the_sampler(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    sampler = Sampler(mode=device, options={"default_shots": 33, "execution": {"init_qubits": False}})
    sampler.options.environment.log_level = "INFO"
    sampler.options.dynamical_decoupling.enable = True
    job_set = manager.run(
        bell, sampler, execution={"rep_delay": 0.0002}, dynamical_decoupling={"enable": False}
    )
    assert sum(job_set.results(LIMIT).get_counts(0).values()) == 33
    (job,) = sent(server)
    assert (job.params["options"]["init_qubits"], job.params["options"]["rep_delay"]) == (False, 0.0002)
    made = job.params["quantum_program"]["passthrough_data"]["post_processor"]["options"]
    assert made["dynamical_decoupling"]["enable"] is False
    assert made["environment"]["log_level"] == "INFO"
    assert sampler.options.environment.job_tags == []


@pytest.mark.parametrize("mode", [Batch, Session])
def test_jobs_run_in_the_users_batch_or_session(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit, mode: Any
) -> None:
    mine = mode(backend=device)
    job_set = manager.run([bell] * 2, Sampler(mode=mine), shots=10, max_circuits_per_job=1)
    assert job_set.wait(LIMIT)
    assert sum(job_set.counts().values()) == 20
    assert [job.session_id for job in sent(server)] == [mine.session_id] * 2
    assert job_set._state.record.batch_id == mine.session_id


def test_jobs_run_in_a_batch_of_their_set_where_it_is_asked_for(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    job_set = manager.run([bell] * 2, Sampler(mode=device), shots=5, max_circuits_per_job=1, batch=True)
    assert job_set.wait(LIMIT)
    (batch,) = server.sessions.values()
    assert {job.session_id for job in sent(server)} == {batch["id"]}


def test_a_submission_whose_answer_got_lost_is_found_by_its_tag(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    server.misbehave("POST", "/api/v1/jobs", drop=True, after=True)
    quick = {"jobs_per_minute": 60_000, "settling": 0.3, "poll_seconds": (0.05, 1.0)}
    adapter = IBMExecutorSampler(device, batch=False, **quick)
    job_set = manager.run([bell] * 3, adapter, shots=5, max_circuits_per_job=1)
    assert job_set.wait(LIMIT)
    assert +job_set._state.numbers() == {Status.DONE: 3}
    assert len(server.jobs) == 3


def test_another_machine_has_the_counts(
    manager: JobManager,
    elsewhere: JobManager,
    server: Server,
    service: Any,
    device: Any,
    bell: QuantumCircuit,
) -> None:
    job_set = manager.run([bell] * 3, Sampler(mode=device), shots=20, max_circuits_per_job=2)
    assert job_set.wait(LIMIT)
    [found] = elsewhere.find_job_sets(service)
    again = elsewhere.retrieve_job_set(found.job_set_id, provider=service)
    assert again._state.record.adapter == job_set._state.record.adapter == "ibm_executor_sampler"
    mine, theirs = again.results(), job_set.results()
    assert [mine.get_counts(i) for i in range(3)] == [theirs.get_counts(i) for i in range(3)]


def test_another_kernel_follows_the_stored_set(
    server: Server, service: Any, device: Any, bell: QuantumCircuit, tmp_path: Any
) -> None:
    server.hold()
    first = JobManager(tmp_path / "store.sqlite")
    job_set = first.run([bell] * 2, Sampler(mode=device), shots=5, max_circuits_per_job=1)
    assert job_set.wait(LIMIT, until="submitted")
    first._shut_down()
    second = JobManager(tmp_path / "store.sqlite")
    again = second.retrieve_job_set(job_set.job_set_id(), provider=service)
    server.go()
    assert again.wait(LIMIT)
    assert sum(again.counts().values()) == 10
    assert len(server.jobs) == 2
    second.close()


def test_jobs_that_were_sent_without_us_become_a_set(
    manager: JobManager, server: Server, service: Any, device: Any, bell: QuantumCircuit
) -> None:
    sampler = Sampler(mode=device, options={"twirling": {"enable_gates": True}})
    ids = [sampler.run([bell] * number, shots=64).job_id() for number in (2, 1)]
    job_set = manager.adopt(ids, service)
    assert job_set.wait(LIMIT)
    assert sum(job_set.results().get_counts(2).values()) == 64
    assert job_set._state.record.adapter == "ibm_executor_sampler"


def test_the_sets_of_a_retired_device_can_still_be_read(
    manager: JobManager,
    elsewhere: JobManager,
    server: Server,
    service: Any,
    device: Any,
    bell: QuantumCircuit,
) -> None:
    job_set = manager.run(bell, Sampler(mode=device), shots=20)
    assert job_set.wait(LIMIT)
    sent(server)[0].backend = "ibm_gone"
    again = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=service)
    assert again.results().get_counts(0) == job_set.results().get_counts(0)
    with pytest.raises(InputError, match="ibm_gone is retired"):
        elsewhere.run(bell, again._state.adapter)


def test_metadata_of_circuits_of_any_kind_does_not_stop_the_job(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    noted = bell.copy()
    noted.metadata = {"delay": np.float64(0.5), "index": np.int64(3), "z": 1j, "list": [1, "a", None]}
    job_set = manager.run(noted, Sampler(mode=device), shots=5)
    results = job_set.results(LIMIT)
    assert results.metadata(0) == noted.metadata
    assert results.primitive_result(0).metadata["circuit_metadata"]["list"] == [1, "a", None]


def test_what_cannot_be_prepared_is_an_error_at_the_call(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    dynamic = QuantumCircuit(1, 1, name="dynamic")
    dynamic.measure(0, 0)
    with dynamic.if_test((0, 1)):
        dynamic.x(0)
    dynamic.measure(0, 0)
    decoupled = {"dynamical_decoupling": {"enable": True}}
    twirled = {"twirling": {"enable_measure": True}, "execution": {"meas_type": "kerneled"}}
    for circuit, options, kind, words in [
        (bell, {"twirling": {"enable": True}}, InputError, "the runtime's sampler refuses"),
        (bell, {"shot": 3}, InputError, "no run option 'shot'"),
        (bell, {"environment": {"job_tags": ["mine"]}}, InputError, "tags="),
        (bell, twirled, CircuitError, r"circuit 0 \(bell\) cannot be prepared .* not compatible"),
        (dynamic, decoupled, CircuitError, "not compatible with dynamic circuits"),
    ]:
        with pytest.raises(kind, match=words):
            manager.run(circuit, Sampler(mode=device), **options)
    wrong = QuantumCircuit(2, name="wrong")
    wrong.h(0)
    wrong.measure_all()
    with pytest.raises(CircuitError, match=r"circuit 0 \(wrong\) does not fit .*"):
        manager.run(wrong, Sampler(mode=device))
    assert manager.job_sets() == []
    assert server.count("POST", ".*/jobs") == 0


def test_a_job_that_the_runtime_fails_to_prepare_is_an_error_and_nothing_is_sent(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    from qiskit_ibm_runtime.executor_sampler import sampler as module

    def prepare(*_: Any, **__: Any) -> None:
        raise KeyError("a box")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "prepare", prepare)
        job_set = manager.run(bell, Sampler(mode=device), shots=5)
        assert job_set.wait(LIMIT)
    assert "the runtime could not prepare it" in str(job_set.error_messages())
    assert server.count("POST", ".*/jobs") == 0


def test_a_result_that_cannot_be_decoded_says_why() -> None:
    with pytest.raises(ValueError, match=r"schema version v9\.0"):
        read_result('{"schema_version": "v9.0", "data": []}', ["bell"], "j")
    text = '{"schema_version": "v2.0", "data": [], "metadata": {"chunk_timing": []}}'
    with pytest.raises(ValueError, match="QuantumProgramResult, not a sampler's or an estimator's"):
        read_result(text, ["bell"], "j")
    item = '{"results": {}, "metadata": {}}'
    role = '"semantic_role": "estimator_v2", "passthrough_data": {"post_processor": {"version": "v0.1"}}'
    text = f'{{"schema_version": "v2.0", "data": [{item}], "metadata": {{"chunk_timing": []}}, {role}}}'
    with pytest.raises(ValueError, match="KeyError: num_pubs"):
        read_result(text, ["bell"], "j")


def test_nothing_changes_when_the_top_level_names_are_those_of_the_new_classes(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit, monkeypatch: Any
) -> None:
    from qiskit_ibm_runtime.executor_estimator import Estimator

    for name, new in [("Sampler", Sampler), ("SamplerV2", Sampler), ("EstimatorV2", Estimator)]:
        monkeypatch.setattr(qiskit_ibm_runtime, name, new)
    for backend, program in [(device, "sampler"), (qiskit_ibm_runtime.Sampler(mode=device), "executor")]:
        job_set = manager.run(bell, backend, shots=5)
        assert job_set.wait(LIMIT)
        assert sum(job_set.counts().values()) == 5
        assert sent(server)[-1].program == program
