"""A backend over a manager is a backend of Qiskit, and equals the plain one."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
from qiskit import transpile
from qiskit.providers import Backend, BackendV2, JobV1
from qiskit.providers.basic_provider import BasicSimulator
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager
from qjm_widgets._compat import backend_name
from qjm_widgets.errors import BackendError, InputError, JobSetNotFoundError
from qjm_widgets.interfaces import caller
from tests.contract.adapter_kinds import SEED, Kind, coins, every_backend
from tests.fakes import LIMIT, ScriptedBackend, marked


@every_backend
def test_its_results_equal_those_of_the_plain_backend(manager: JobManager, kind: Kind) -> None:
    plain = kind.make(None)
    backend = manager.backend(plain)
    circuits = coins(5)
    for index, circuit in enumerate(circuits):
        circuit.metadata = {"index": index, "shape": (1, 2)}
    job = backend.run(circuits, shots=200, **kind.options(SEED))
    result = job.result(LIMIT)
    expected = kind.make(None).run(circuits, shots=200, **kind.options(SEED)).result()
    assert result.get_counts() == expected.get_counts()
    assert [each.header for each in result.results] == [each.header for each in expected.results]
    assert [each.shots for each in result.results] == [200] * 5
    assert (result.success, result.backend_name) == (True, backend_name(plain))
    assert result.job_id == job.job_id() == job.job_set.job_set_id()
    assert job.result() is result


@every_backend
def test_it_is_a_backend_of_qiskit_with_the_attributes_of_the_plain_one(
    manager: JobManager, kind: Kind
) -> None:
    plain = kind.make(None)
    backend = manager.backend(plain)
    assert isinstance(backend, Backend)
    assert isinstance(backend, BackendV2) == isinstance(plain, BackendV2)
    assert backend_name(backend) == backend_name(plain)
    assert backend.version == plain.version
    assert str(backend.options) == str(plain.options)
    assert set(dir(plain)) <= set(dir(backend))
    with pytest.raises(AttributeError, match="nothing"):
        backend.nothing  # noqa: B018


def test_any_number_of_circuits_is_one_set_cut_by_the_manager(manager: JobManager) -> None:
    plain = ScriptedBackend()
    backend = manager.backend(plain, max_circuits_per_job=2, name="all", tags=["mine"])
    assert backend.max_circuits is None
    job = backend.run([marked(value) for value in range(5)], shots=10, job_tags=["theirs"])
    assert isinstance(job, JobV1)
    assert job.result(LIMIT).get_counts()[4] == {"0000000100": 10}
    assert [len(sent.circuits) for sent in plain.sent] == [2, 2, 1]
    assert (job.job_set.name(), job.job_set.tags()) == ("all 1", ["mine", "theirs"])
    assert job.metadata == {"name": "all 1", "tags": ["mine", "theirs"]}
    assert job.backend() is backend
    one = backend.run(marked(3), shots=10, name="one", max_circuits_per_job=7)
    assert one.result(LIMIT).get_counts() == {"0000000011": 10}
    assert one.job_set.name() == "one"
    assert manager.job_sets(group="all") == [job.job_set, one.job_set]
    assert [circuit.name for circuit in one.inputs["circuits"]] == ["c3"]


def test_all_circuits_of_a_generator_are_read_before_run_returns(manager: JobManager) -> None:
    """As Qiskit's ``run`` does: a job has all of its circuits, and an error is raised at once."""
    backend = manager.backend(ScriptedBackend(), max_circuits_per_job=2)
    job = backend.run(marked(value) for value in range(7))
    assert job.job_set._state.record.circuits == 7
    assert not job.job_set._state.record.taken
    with pytest.raises(InputError, match="item 5 is not a circuit"):
        backend.run(marked(value) if value < 5 else "text" for value in range(7))


class Experiment:
    """A class of a library that runs circuits."""

    def run(self, backend: Any) -> Any:
        return _run_inside(backend)


def _run_inside(backend: Any) -> Any:
    return backend.run(marked(1), shots=10)


def test_a_set_is_named_after_the_class_of_the_library_that_runs_it(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = manager.backend(ScriptedBackend())
    assert Experiment().run(backend).job_set.name() == "c1"  # this module is no installed library
    monkeypatch.setattr(caller, "_libraries", lambda: frozenset({"tests"}))
    assert Experiment().run(backend).job_set.name() == "Experiment"
    assert Experiment().run(manager.backend(backend, name="scan")).job_set.name() == "scan 1"
    with manager.group("loop"):
        assert Experiment().run(backend).job_set.name() == "loop 1"


def test_options_reach_the_backend_as_a_library_gives_them(manager: JobManager) -> None:
    calls: list[dict[str, Any]] = []

    class Recording(ScriptedBackend):
        def run(self, run_input: Any, shots: int = 1024, **options: Any) -> Any:
            calls.append({"shots": shots, **options})
            return super().run(run_input, shots)

    backend = manager.backend(Recording(), rep_delay=0.5)
    backend.run(marked(1), shots=7, tagz=3, rep_delay=None).result(LIMIT)
    backend.run(marked(1)).result(LIMIT)
    assert calls == [
        {"shots": 7, "tagz": 3, "rep_delay": None},
        {"shots": 1024, "rep_delay": 0.5},
    ]


def test_what_is_set_on_it_is_set_on_the_plain_one(manager: JobManager) -> None:
    plain = AerSimulator()
    backend = manager.backend(plain)
    backend.set_options(shots=33)
    backend.note = "kept"
    assert (plain.options.shots, plain.note) == (33, "kept")
    assert sum(backend.run(coins(1)).result(LIMIT).get_counts().values()) == 33
    backend.set_options(shots=44)
    later = backend.run(coins(1))
    assert sum(later.result(LIMIT).get_counts().values()) == 44
    assert later.job_set._state.record.recipe is None  # it cannot be made again by its class alone
    del backend.note
    assert not hasattr(plain, "note")


def test_qiskit_transpiles_for_it(manager: JobManager) -> None:
    plain = BasicSimulator()
    circuits = coins(2)
    assert transpile(circuits, backend=manager.backend(plain)) == transpile(circuits, backend=plain)


def test_a_copy_is_itself_and_a_pickle_opens_the_store(manager: JobManager, tmp_path: Path) -> None:
    backend = manager.backend(AerSimulator(), tags=["kept"])
    assert copy.copy(backend) is backend
    assert copy.deepcopy([backend])[0] is backend
    job = backend.run(coins(2), shots=10)
    data = pickle.dumps(backend)
    again = pickle.loads(data)
    assert again.retrieve_job(job.job_id()).job_set is job.job_set
    assert job.result(LIMIT).success
    manager.close()
    later = pickle.loads(data)
    found = later.retrieve_job(job.job_id())
    assert found.job_set is not job.job_set
    assert found.result(LIMIT).success
    assert later.run(coins(1)).job_set.tags() == ["kept"]
    later._qjm.manager._shut_down()


def test_a_store_in_memory_cannot_be_pickled() -> None:
    with JobManager(":memory:") as manager, pytest.raises(InputError, match="in memory"):
        pickle.dumps(manager.backend(BasicSimulator()))


def test_a_killed_kernels_job_is_had_back(manager: JobManager, tmp_path: Path) -> None:
    plain = AerSimulator()
    circuits = coins(6)
    job = manager.backend(plain).run(circuits, shots=50, seed_simulator=SEED, max_circuits_per_job=1)
    expected = plain.run(circuits, shots=50, seed_simulator=SEED).result().get_counts()
    manager._shut_down()
    with JobManager(tmp_path / "store") as other:
        again = other.backend(AerSimulator()).retrieve_job(job.job_id())
        assert again.job_id() == job.job_id()
        assert again.result(LIMIT).get_counts() == expected


def test_another_backends_or_an_unknown_job_is_an_error(manager: JobManager) -> None:
    job = manager.backend(BasicSimulator()).run(coins(1))
    backend = manager.backend(AerSimulator())
    with pytest.raises(InputError, match="basic_simulator"):
        backend.retrieve_job(job.job_id())
    with pytest.raises(JobSetNotFoundError):
        backend.retrieve_job("0" * 32)


def test_options_that_could_not_be_stored_are_given_again(tmp_path: Path) -> None:
    option = object()
    with JobManager(tmp_path / "store") as first:
        plain = ScriptedBackend(hold=True)
        job = first.backend(plain).run([marked(1)], shots=10, note=option)
        assert job.job_set.wait(LIMIT, until="submitted")
    with JobManager(tmp_path / "store") as other:
        with pytest.raises(InputError, match="note"):
            other.backend(ScriptedBackend()).retrieve_job(job.job_id())
        for backend, options in (
            (other.backend(ScriptedBackend()), {"note": option}),
            (other.backend(ScriptedBackend(), note=option), {}),
        ):
            assert backend.retrieve_job(job.job_id(), **options).job_id() == job.job_id()


def test_a_manager_runs_on_it_as_on_the_plain_one(manager: JobManager) -> None:
    plain = ScriptedBackend()
    job_set = manager.run(marked(2), manager.backend(manager.backend(plain)), shots=5)
    assert job_set.results(LIMIT).get_counts(0) == {"0000000010": 5}
    assert len(manager.job_sets()) == 1
    assert manager.retrieve_job_set(job_set.job_set_id(), plain) is job_set


def test_a_backend_of_a_backend_keeps_the_arguments_of_run(manager: JobManager) -> None:
    backend = manager.backend(manager.backend(ScriptedBackend(), name="first", tags=["a"]), tags=["b"])
    job = backend.run(marked(1))
    assert (job.job_set.name(), job.job_set.tags()) == ("first 1", ["b"])
    seeded = manager.backend(manager.backend(AerSimulator(), seed_simulator=SEED))
    expected = AerSimulator().run(coins(2), seed_simulator=SEED).result().get_counts()
    assert seeded.run(coins(2)).result(LIMIT).get_counts() == expected


@pytest.mark.parametrize("name", ["tags", "job_tags"])
def test_tags_are_a_list(manager: JobManager, name: str) -> None:
    with pytest.raises(InputError, match="tags"):
        manager.backend(ScriptedBackend(), tags=["a"]).run(marked(1), **{name: "alone"})
    assert not manager.history()


@pytest.mark.parametrize("wrong", [None, 3, "ibm_fez", BasicSimulator])
def test_what_is_no_backend_is_refused(manager: JobManager, wrong: Any) -> None:
    with pytest.raises(BackendError):
        manager.backend(wrong)


def test_a_default_with_a_slip_is_refused(manager: JobManager) -> None:
    with pytest.raises(InputError, match="did you mean max_circuits_per_job="):
        manager.backend(BasicSimulator(), max_circuit_per_job=3)
