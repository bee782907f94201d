"""The runtime's ``Executor`` with a ``QuantumProgram`` of the user's, on a device."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit_ibm_runtime import Batch, Executor, QuantumProgram, Session
from qiskit_ibm_runtime.executor_sampler import Sampler
from samplomatic.quantum_program import QuantumProgram as SamplomaticQuantumProgram

from qjm_widgets import JobManager
from qjm_widgets.backends.ibm.jobs import read_program_text
from qjm_widgets.backends.ibm.primitive_adapters import IBMExecutor
from qjm_widgets.core.outcomes import ItemOutcome
from qjm_widgets.core.records import Status
from qjm_widgets.errors import CircuitError, InputError, NotAvailableError, ProviderError
from qjm_widgets.plotting.drawing import Axes
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.serialization.program_result import arrays_of
from qjm_widgets.widgets.histograms import Histograms
from tests.backends.ibm.quantum_programs import (
    DATA,
    assert_equal,
    assert_equal_items,
    fixed,
    mixed,
    rotation,
    sent_program,
    twirled,
)
from tests.backends.ibm.server import Server
from tests.fakes import LIMIT

QUICK = {"jobs_per_minute": 60_000, "settling": 0.3, "poll_seconds": (0.05, 1.0)}


def plain_result(program: Any, executor: Any) -> Any:
    """Run a program without us."""
    return executor.run(program).result()


def test_a_program_runs_and_gives_what_the_plain_executor_gives(
    manager: JobManager, server: Server, device: Any
) -> None:
    program = mixed(device)
    job_set = manager.run(program, Executor(mode=device), name="mixed", tags=["mine"])
    found = job_set.results(LIMIT).quantum_program_result()
    plain = plain_result(program, Executor(mode=device))
    assert_equal(found, plain)
    assert found.metadata == plain.metadata
    assert found.timing == plain.timing
    ours, theirs = server.jobs.values()
    for job in server.jobs.values():
        assert job.program == "executor"
        assert job.params["schema_version"] == "v2.0"
    assert sent_program(ours) == sent_program(theirs)
    assert ours.params["options"] == theirs.params["options"]
    of_set = f"qjm:{job_set.job_set_id()}"
    assert ours.tags == ["qjm", of_set, f"{of_set}:0-3/3:q0/1:a1", "qjm-name:mixed", "mine"]


def test_a_program_cut_into_jobs_gives_one_result(
    manager: JobManager, server: Server, device: Any
) -> None:
    program = mixed(device)
    job_set = manager.run(program, Executor(mode=device), max_circuits_per_job=1, max_points_per_job=4)
    results = job_set.results(LIMIT)
    found = results.quantum_program_result()
    assert len(server.jobs) == 4
    assert [part.idx_item for chunk in found.timing for part in chunk.parts] == [0, 1, 1, 2]
    assert [part.size for chunk in found.timing for part in chunk.parts] == [6, 4, 2, 1]
    assert found[0]["meas"].shape == (3, 2, 20, 2)
    assert (found[1]["meas"][..., 0] == (np.arange(6).reshape(2, 3, 1) % 2 == 1)).all()
    np.testing.assert_equal(found.passthrough_data, DATA)
    assert_equal_items(found[2:], [results.program_result("fixed")])


def test_counts_are_those_of_the_bits_with_twirled_flips_undone(
    manager: JobManager, server: Server, device: Any
) -> None:
    job_set = manager.run(mixed(device), Executor(mode=device))
    results = job_set.results(LIMIT)
    assert results.get_counts(2) == {"011": 20}
    assert results.get_counts("fixed", register="b") == {"01": 20}
    assert results.get_counts(1, loc=(1, 2)) == {"1": 20}
    assert results.get_memory(1, loc=(0, 0)) == ["0"] * 20
    item = results.program_result(0)
    flips = item["measurement_flips.meas"]
    assert flips.any()
    straight = item["meas"] ^ flips
    assert (straight[..., 0] == straight[..., 1]).all()
    counts = job_set.counts(0)
    assert set(counts) <= {"00", "11"}
    assert sum(counts.values()) == 120
    assert sum(job_set.counts().values()) == 120 + 120 + 20
    assert results.data(0).keys() == {"meas", "measurement_flips.meas"}
    frame = results.to_dataframe()
    assert sorted(frame[frame["circuit"] == 1]["t"].unique()) == list(np.pi * np.arange(6))


@pytest.mark.parametrize(("level", "shape"), [("kerneled", (6, 20, 1)), ("avg_kerneled", (6, 1))])
def test_a_program_without_classified_bits_has_arrays_and_no_counts(
    manager: JobManager, server: Server, device: Any, level: Any, shape: Any
) -> None:
    program = QuantumProgram(20, meas_level=level)
    program.append_circuit_item(rotation(device), np.pi * np.arange(6)[:, None])
    program.append_circuit_item(fixed(device))
    job_set = manager.run(program, Executor(mode=device), max_circuits_per_job=1, max_points_per_job=2)
    results = job_set.results(LIMIT)
    found = results.quantum_program_result()
    assert found[0]["meas"].shape == shape
    assert_equal(found, plain_result(program, Executor(mode=device)))
    for ask in (results.get_counts, results.get_memory, lambda index: results.combine_results()):
        with pytest.raises(NotAvailableError, match=r"item 0 \(rotation\) .* has no counts.*'meas'"):
            ask(0)
    assert job_set.counts() == {}
    assert len(server.jobs) == 3
    assert "2 of 2 done" in job_set.report()
    assert list(results.to_dataframe()["circuit"]) == []
    for choice in (Selection(), Axes()):
        [note] = Histograms(job_set._state, None).build(choice)["notes"]
        assert "no classified bits" in note
        assert "program_result" in note
    assert "no classified bits" in job_set.figure().layout.title.text


def test_a_program_keeps_its_metadata_role_and_options(
    manager: JobManager, server: Server, device: Any
) -> None:
    program = QuantumProgram(7)
    program.append_circuit_item(fixed(device), chunk_size=1)
    program._semantic_role = "mine"
    execution = {"scheduler_timing": True, "stretch_values": True, "init_qubits": False}
    executor = Executor(mode=device, options={"execution": execution})
    job_set = manager.run(program, executor, experimental={"a": 1}, max_execution_time=60)
    found = job_set.results(LIMIT).quantum_program_result()
    [job] = server.jobs.values()
    assert job.params["options"]["init_qubits"] is False
    assert job.params["options"]["experimental"] == {"a": 1}
    assert job.params["quantum_program"]["items"][0]["chunk_size"] == 1
    plain = plain_result(program, executor)
    assert_equal(found, plain)
    assert found[0].metadata == plain[0].metadata
    assert found[0].metadata.stretch_values[0].expanded_values == [(0, 4), (4, 4)]


@pytest.mark.parametrize("mode", [Batch, Session])
def test_jobs_run_in_the_users_batch_or_session(
    manager: JobManager, server: Server, device: Any, mode: Any
) -> None:
    mine = mode(backend=device)
    job_set = manager.run(mixed(device), Executor(mode=mine), max_circuits_per_job=2)
    assert job_set.wait(LIMIT)
    assert [job.session_id for job in server.jobs.values()] == [mine.session_id] * 2
    assert job_set._state.record.batch_id == mine.session_id


def test_a_killed_kernels_program_is_resumed_from_the_store(
    server: Server, device: Any, tmp_path: Path
) -> None:
    server.max_pending = 1
    server.hold()
    program = mixed(device)
    first = JobManager(tmp_path / "store.sqlite")
    job_set = first.run(program, IBMExecutor(device, batch=False, **QUICK), max_circuits_per_job=1)
    server.until(lambda: len(server.jobs) == 1)
    first._shut_down()
    program.items.clear()
    second = JobManager(tmp_path / "store.sqlite")
    again = second.retrieve_job_set(job_set.job_set_id())
    server.max_pending = None
    server.go()
    again.resume(IBMExecutor(device, batch=False, **QUICK))
    found = again.results(LIMIT).quantum_program_result()
    assert len(server.jobs) == 3
    assert again.error_messages() is None
    assert found[0]["meas"].shape == (3, 2, 20, 2)
    assert again.results().get_counts(2) == {"011": 20}
    np.testing.assert_equal(found.passthrough_data, DATA)
    second.close()


def test_the_store_has_the_program_as_it_is_sent(server: Server, device: Any, tmp_path: Path) -> None:
    server.hold()
    first = JobManager(tmp_path / "store.sqlite")
    program = mixed(device)
    job_set = first.run(program, Executor(mode=device))
    server.until(lambda: len(server.jobs) == 1)
    first._shut_down()
    [job] = server.jobs.values()
    job.status = "Failed"
    second = JobManager(tmp_path / "store.sqlite")
    again = second.retrieve_job_set(job_set.job_set_id())
    again.resume(Executor(mode=device))
    assert again.wait(LIMIT)
    again.retry()
    server.until(lambda: len(server.jobs) == 2)
    sent, resent = server.jobs.values()
    assert sent_program(resent) == sent_program(sent)
    server.go()
    found = again.results(LIMIT).quantum_program_result()
    assert_equal(found, plain_result(mixed(device), Executor(mode=device)))
    second.close()


def test_a_submission_whose_answer_got_lost_is_found_by_its_tag(
    manager: JobManager, server: Server, device: Any
) -> None:
    server.misbehave("POST", "/api/v1/jobs", drop=True, after=True)
    adapter = IBMExecutor(device, batch=False, **QUICK)
    job_set = manager.run(mixed(device), adapter, max_circuits_per_job=1)
    assert job_set.wait(LIMIT)
    assert +job_set._state.numbers() == {Status.DONE: 3}
    assert len(server.jobs) == 3


def test_a_program_that_is_too_large_is_cut_between_its_items_and_points(
    manager: JobManager, server: Server, device: Any
) -> None:
    too_large = '{"errors": [{"code": 413, "message": "the payload is too large"}]}'
    server.misbehave("POST", "/api/v1/jobs", status=413, body=too_large, times=2)
    program = QuantumProgram(5)
    program.append_circuit_item(rotation(device), np.pi * np.arange(6).reshape(2, 3, 1))
    program.append_circuit_item(fixed(device))
    job_set = manager.run(program, IBMExecutor(device, batch=False, **QUICK))
    found = job_set.results(LIMIT).quantum_program_result()
    assert (found[0]["meas"][..., 0] == (np.arange(6).reshape(2, 3, 1) % 2 == 1)).all()
    assert len(found) == 2
    assert len(server.jobs) == 3


def test_an_item_with_a_samplex_that_is_too_large_fails_with_the_reason(
    manager: JobManager, server: Server, device: Any
) -> None:
    program = QuantumProgram(5)
    program.append_samplex_item(
        *twirled(device), samplex_arguments={"parameter_values": [0.0]}, shape=(4,)
    )
    too_large = '{"errors": [{"code": 413, "message": "the payload is too large"}]}'
    server.misbehave("POST", "/api/v1/jobs", status=413, body=too_large, times=9)
    job_set = manager.run(program, IBMExecutor(device, batch=False, **QUICK))
    assert job_set.wait(LIMIT)
    assert "too large" in str(job_set.error_messages())
    assert server.jobs == {}


def test_another_machine_has_the_result(
    manager: JobManager, elsewhere: JobManager, server: Server, service: Any, device: Any
) -> None:
    job_set = manager.run(
        mixed(device), Executor(mode=device), max_circuits_per_job=2, max_points_per_job=4
    )
    mine = job_set.results(LIMIT).quantum_program_result()
    [found] = elsewhere.find_job_sets(service)
    again = elsewhere.retrieve_job_set(found.job_set_id, provider=service)
    assert again._state.record.adapter == job_set._state.record.adapter == "ibm_executor"
    assert_equal(again.results(LIMIT).quantum_program_result(), mine)
    assert again.results().quantum_program_result().metadata == mine.metadata


def test_another_kernel_follows_the_stored_set(
    server: Server, service: Any, device: Any, tmp_path: Path
) -> None:
    server.hold()
    first = JobManager(tmp_path / "store.sqlite")
    job_set = first.run(mixed(device), Executor(mode=device), max_circuits_per_job=1)
    assert job_set.wait(LIMIT, until="submitted")
    first._shut_down()
    second = JobManager(tmp_path / "store.sqlite")
    again = second.retrieve_job_set(job_set.job_set_id(), provider=service)
    server.go()
    assert again.wait(LIMIT)
    assert len(again.results().quantum_program_result()) == 3
    assert len(server.jobs) == 3
    second.close()


def test_a_bundle_has_the_program_and_its_results(
    manager: JobManager, elsewhere: JobManager, server: Server, device: Any, tmp_path: Path
) -> None:
    job_set = manager.run(mixed(device), Executor(mode=device), max_circuits_per_job=2)
    mine = job_set.results(LIMIT).quantum_program_result()
    manager.export(job_set, tmp_path / "program.qjm")
    loaded = elsewhere.load(tmp_path / "program.qjm")
    assert_equal(loaded.results().quantum_program_result(), mine)
    inputs = loaded._state.circuits.get(loaded._state.jobs[0].span)
    assert [each.item.samplex is None for each in inputs] == [False, True]


def test_jobs_that_were_sent_without_us_become_a_set(
    manager: JobManager, server: Server, service: Any, device: Any, bell: QuantumCircuit
) -> None:
    executor = Executor(mode=device)
    jobs = [executor.run(mixed(device)), executor.run(mixed(device))]
    job_set = manager.adopt([job.job_id() for job in jobs], service)
    assert job_set.wait(LIMIT)
    assert job_set._state.record.adapter == "ibm_executor"
    found = job_set.results().quantum_program_result()
    assert_equal_items(found[:3], jobs[0].result()[:])
    assert job_set.results().get_counts(5) == {"011": 20}
    sampled = Sampler(mode=device).run([bell], shots=5)
    with pytest.raises(InputError, match=f"job {jobs[0].job_id()} ran a quantum program"):
        manager.adopt([sampled.job_id(), jobs[0].job_id()], service)


def test_a_program_of_samplomatic_and_the_numbers_of_a_plan(
    manager: JobManager, server: Server, device: Any
) -> None:
    program = SamplomaticQuantumProgram(11)
    template, samplex = twirled(device)
    program.append_samplex_item(
        template, samplex, samplex_arguments={"parameter_values": [0.0]}, shape=(4,)
    )
    program.append_circuit_item(rotation(device), np.zeros((3, 1)))
    plan = manager.plan(program, Executor(mode=device), shots=11)
    assert (plan.circuits, plan.executions, len(plan.jobs)) == (2, 7 * 11, 1)
    alone = manager.plan(mixed(device), Executor(mode=device))
    assert plan.payload_bytes
    assert alone.payload_bytes
    results = manager.run(program, Executor(mode=device)).results(LIMIT)
    assert results.program_result(0)["meas"].shape == (4, 11, 2)


def test_what_is_refused_at_the_call(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    executor = Executor(mode=device)
    empty, odd = QuantumProgram(5), QuantumProgram(5, items=["no item"])
    shotless, floats = QuantumProgram(0), QuantumProgram(1.5)
    unsendable = QuantumProgram(5, passthrough_data={"a": object()})
    infinite, pointless, wide = QuantumProgram(5), QuantumProgram(5), QuantumProgram(5)
    for program in (shotless, floats, unsendable):
        program.append_circuit_item(fixed(device))
    infinite.append_circuit_item(rotation(device), [np.inf])
    pointless.append_circuit_item(rotation(device), np.zeros((0, 1)))
    wide.append_circuit_item(fixed())
    wrong = QuantumCircuit(1, name="wrong")
    wrong.h(0)
    wide.append_circuit_item(wrong)
    good = mixed(device)
    for program, options, kind, words in [
        (bell, {}, InputError, "an Executor runs one QuantumProgram, not a QuantumCircuit"),
        ([good], {}, InputError, "an Executor runs one QuantumProgram, not a list"),
        (None, {}, InputError, "not None"),
        (empty, {}, InputError, "the program has no items"),
        (odd, {}, CircuitError, "item 0 is neither a CircuitItem nor a SamplexItem but a str"),
        (shotless, {}, InputError, "shots of the program must be at least 1"),
        (floats, {}, InputError, "shots of the program must be a whole number"),
        (unsendable, {}, InputError, "the runtime cannot encode the program"),
        (infinite, {}, CircuitError, r"item 0 \(rotation\) has values that are infinite"),
        (pointless, {}, CircuitError, r"item 0 \(rotation\) has the shape \(0,\)"),
        (wide, {}, CircuitError, r"circuit 1 \(wrong\) does not fit ibmq_manila: .*h on qubits"),
        (good, {"shots": 21}, InputError, "the program has shots of its own, 20"),
        (good, {"precision": 0.1}, InputError, "precision= is for estimators"),
        (good, {"pass_manager": object()}, InputError, "pass_manager= would change"),
        (good, {"parameter_binds": [{}] * 3}, InputError, "parameter_binds= is for circuits"),
        (good, {"executor": "processes"}, InputError, "leave executor out"),
        (good, {"max_shots_per_job": 10}, CircuitError, r"item 0 \(twirled\) has a samplex"),
        (good, {"executions": {}}, InputError, "no run option 'executions'"),
        (good, {"execution": {"init_qubit": True}}, InputError, "the runtime's executor refuses"),
        (good, {"environment": {"job_tags": ["mine"]}}, InputError, "tags="),
    ]:
        with pytest.raises(kind, match=words):
            manager.run(program, executor, **options)
    adapter = IBMExecutor(device, max_executions=5)
    with pytest.raises(InputError, match="circuit 0 alone is run 6 times, beyond the limit of 5"):
        manager.run(good, adapter)
    for other in (device, Sampler(mode=device)):
        with pytest.raises(InputError, match="give the runtime's Executor"):
            manager.run(good, other)
    assert manager.job_sets() == []
    assert server.count("POST", ".*/jobs") == 0


def test_results_of_programs_and_of_circuits_are_not_mixed_up(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    results = manager.run(mixed(device), Executor(mode=device)).results(LIMIT)
    with pytest.raises(NotAvailableError, match="use program_result"):
        results.primitive_result(0)
    with pytest.raises(NotAvailableError, match="no expectation values"):
        results.evs(0)
    others = manager.run(bell, Sampler(mode=device), shots=5).results(LIMIT)
    for ask in (lambda: others.program_result(0), others.quantum_program_result):
        with pytest.raises(NotAvailableError, match=r"circuit 0 \(bell\) is not an item of a quantum"):
            ask()


def test_a_program_that_the_runtime_fails_to_encode_is_an_error_and_nothing_is_sent(
    manager: JobManager, server: Server, device: Any
) -> None:
    from qiskit_ibm_runtime.executor import executor as module

    def quantum_program_to_2_0(*_: Any) -> None:
        raise KeyError("a box")

    known = module.QUANTUM_PROGRAM_PARAMS_CONVERTERS
    broken = {name: replace(each, encoder=quantum_program_to_2_0) for name, each in known.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "QUANTUM_PROGRAM_PARAMS_CONVERTERS", broken)
        job_set = manager.run(mixed(device), Executor(mode=device))
        assert job_set.wait(LIMIT)
    assert "the runtime could not prepare it" in str(job_set.error_messages())
    assert server.count("POST", ".*/jobs") == 0


def test_a_result_that_cannot_be_decoded_says_why() -> None:
    with pytest.raises(ValueError, match=r"schema version v9\.0"):
        read_program_text('{"schema_version": "v9.0", "data": []}', ["a"], "j")
    with pytest.raises(ValueError, match="Missing schema version"):
        read_program_text('{"data": []}', ["a"], "j")
    with pytest.raises(ProviderError, match="not JSON"):
        read_program_text('{"data": ', ["a"], "j")


def test_results_of_older_versions_of_the_program_are_read() -> None:
    tensor = {"data": "Bw==", "shape": [3, 1], "dtype": "bool"}
    item = {"results": {"c": tensor}, "metadata": None}
    text = {"schema_version": "v0.1", "data": [item], "metadata": {"chunk_timing": []}}
    outcome = read_program_text(json.dumps(text), ["a"], "j").circuits[0]
    assert isinstance(outcome, ItemOutcome)
    assert arrays_of(outcome)["c"].tolist() == [[True]] * 3


def test_metadata_of_circuits_of_any_kind_does_not_stop_the_job(
    manager: JobManager, server: Server, device: Any
) -> None:
    circuit = fixed(device)
    circuit.metadata = {"z": 1j, "index": np.int64(3)}
    program = QuantumProgram(5)
    program.append_circuit_item(circuit)
    results = manager.run(program, Executor(mode=device)).results(LIMIT)
    assert results.metadata(0) == {"z": 1j, "index": np.int64(3)}
    assert results.get_counts(0) == {"011": 5}
