"""Closing a manager: its warnings, the jobs that it does not touch, and the threads that it stops."""

import threading
from pathlib import Path

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus

import qjm_widgets.manager.default
from qjm_widgets import JobManager, default_manager
from qjm_widgets.backends.backend_run import BackendRun
from qjm_widgets.core.records import Status
from qjm_widgets.errors import ClosedError
from qjm_widgets.widgets import wire
from tests.fakes import LIMIT, ScriptedBackend, marked, reach


def circuits(number: int) -> list[QuantumCircuit]:
    return [marked(value) for value in range(number)]


def no_threads_left() -> None:
    """Every thread of ours ends within the limit."""
    for thread in threading.enumerate():
        if thread.name.startswith("qjm-"):
            thread.join(LIMIT)
            assert not thread.is_alive(), thread.name


def one_at_a_time() -> BackendRun:
    """A backend that takes one job and does not finish it."""
    adapter = BackendRun(ScriptedBackend(hold=True))
    adapter.max_pending = 1
    return adapter


def test_close_warns_how_many_jobs_are_unsent_and_keeps_them(store_path: Path) -> None:
    manager = JobManager()
    job_set = manager.run(circuits(4), one_at_a_time(), max_circuits_per_job=1)
    reach(job_set, lambda: job_set._state.numbers()[Status.QUEUED])
    with pytest.warns(UserWarning, match="3 jobs not sent"):
        manager.close()
    no_threads_left()
    with JobManager() as other:
        (summary,) = other.history()
        assert summary.record.set_id == job_set.job_set_id()
        assert summary.jobs == {Status.QUEUED: 1, Status.NOT_SENT: 3}


def test_leaving_the_with_block_waits_for_the_last_submission_not_for_results(
    store_path: Path,
) -> None:
    backend = ScriptedBackend(hold=True)
    with JobManager() as manager:
        manager.run(circuits(20), backend, max_circuits_per_job=1)
    assert len(backend.sent) == 20
    assert all(job.now is JobStatus.QUEUED for job in backend.sent)
    assert not any(job.cancels for job in backend.sent)
    with JobManager() as manager:
        assert manager.history()[0].jobs == {Status.QUEUED: 20}


def test_leaving_the_with_block_leaves_what_is_paused_in_the_store(store_path: Path) -> None:
    def work() -> None:
        with JobManager() as manager:
            job_set = manager.run(circuits(4), one_at_a_time(), max_circuits_per_job=1)
            reach(job_set, lambda: job_set._state.numbers()[Status.QUEUED])
            job_set.pause()

    with pytest.warns(UserWarning, match="3 jobs not sent yet: kept in the store"):
        work()
    with JobManager() as other:
        assert other.history()[0].jobs == {Status.QUEUED: 1, Status.NOT_SENT: 3}


def test_an_error_in_the_with_block_does_not_wait() -> None:
    def work() -> None:
        with JobManager(":memory:") as manager:
            manager.run(circuits(3), one_at_a_time(), max_circuits_per_job=1)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"), pytest.warns(UserWarning, match="not sent"):
        work()
    no_threads_left()


def test_a_closed_manager_raises_and_may_be_closed_twice() -> None:
    manager = JobManager(":memory:")
    backend = ScriptedBackend(hold=True)
    job_set = manager.run(circuits(1), backend)
    assert job_set.wait(LIMIT, until="submitted")
    manager.close()
    manager.close()
    set_id = job_set.job_set_id()
    for call in (
        lambda: manager.run(circuits(1), backend),
        lambda: manager.plan(circuits(1), backend),
        manager.history,
        lambda: manager.retrieve_job_set(set_id),
        lambda: manager.delete(set_id),
        lambda: manager.prune(0),
        job_set.cancel,
        lambda: job_set.update_name("x"),
        lambda: job_set.update_tags(["x"]),
    ):
        with pytest.raises(ClosedError):
            call()
    assert backend.sent[0].cancels == 0
    assert job_set.name() in manager.report()


def test_waiting_for_jobs_without_an_owner_ends() -> None:
    manager = JobManager(":memory:")
    job_set = manager.run(circuits(1), ScriptedBackend(hold=True))
    assert job_set.wait(LIMIT, until="submitted")
    ended = threading.Event()

    def wait() -> None:
        with pytest.raises(ClosedError):
            job_set.wait()
        ended.set()

    waiter = threading.Thread(target=wait, daemon=True)
    waiter.start()
    manager.close()
    assert ended.wait(LIMIT)
    for call in (job_set.wait, job_set.results, lambda: list(job_set.as_completed())):
        with pytest.raises(ClosedError):
            call()


def test_results_outlive_the_manager() -> None:
    with JobManager(":memory:") as manager:
        job_set = manager.run(circuits(3), ScriptedBackend(), shots=5, max_circuits_per_job=1)
        assert job_set.wait(LIMIT)
    results = job_set.results()
    assert results.get_counts(2) == results.get_counts("c2") == {"0000000010": 5}
    assert job_set.counts() == {format(value, "010b"): 5 for value in range(3)}


def test_the_panel_of_a_closed_manager_still_shows_its_jobs() -> None:
    with JobManager(":memory:") as manager:
        job_set = manager.run(circuits(2), ScriptedBackend(fail={1: "broke"}), max_circuits_per_job=1)
        assert job_set.wait(LIMIT)
        panel = job_set.panel()
    sent = []
    panel.send = lambda content, buffers=None: sent.append(content)
    panel._receive(None, {"v": wire.VERSION, "kind": "detail", "view": "a", "row": 1}, [])
    assert [(content["kind"], content["error"]) for content in sent] == [
        ("detail", "RuntimeError: broke")
    ]
    panel.close()


def test_no_thread_is_left_after_many_managers() -> None:
    for _ in range(10):
        with JobManager(":memory:") as manager:
            job_set = manager.run(circuits(2), ScriptedBackend(), max_circuits_per_job=1)
            job_set.subscribe(print)
            reach(job_set, lambda job_set=job_set: job_set._state.settled)
    no_threads_left()


def test_the_default_manager_is_made_when_asked_for_and_again_after_it_was_closed(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qjm_widgets.manager.default, "_default", None)
    first = default_manager()
    assert default_manager() is first
    first.close()
    second = default_manager()
    assert second is not first
    assert second.history() == []
    second.close()
