"""Cancel jobs, and retry failed ones."""

from collections.abc import Iterator

import pytest

from qjm_widgets import JobManager
from qjm_widgets.backends.backend_run import BackendRun
from qjm_widgets.core.records import Status
from tests.fakes import LIMIT, ScriptedBackend, reach
from tests.held_sets import held, start, status_names


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    for job_set in manager.job_sets():
        job_set.cancel()
    manager.close()


def test_a_job_cancelled_before_its_submission_is_never_sent(manager: JobManager) -> None:
    adapter = BackendRun(ScriptedBackend(hold=True))
    adapter.max_pending = 1
    job_set = start(manager, adapter)
    reach(job_set, lambda: job_set._state.numbers()[Status.QUEUED] == 1)
    assert job_set.cancel([1, 2]) == 2
    assert status_names(job_set)[1:3] == ["CANCELLED", "CANCELLED"]
    sent = adapter.backend.sent
    sent[0].finish()
    reach(job_set, lambda: len(sent) == 2)
    sent[1].finish()
    assert job_set.wait(LIMIT)
    assert status_names(job_set) == ["DONE", "CANCELLED", "CANCELLED", "DONE"]
    assert [job.circuits[0].name for job in sent] == ["c0", "c3"]


def test_cancelling_returns_while_a_submission_hangs(manager: JobManager) -> None:
    backend = ScriptedBackend(hold=True)
    backend.gate.clear()
    job_set = start(manager, backend)
    assert backend.entered.wait(LIMIT)
    assert job_set.cancel() == 4
    assert status_names(job_set).count("CANCELLED") == 3
    assert not job_set.wait(0)
    backend.gate.set()
    assert job_set.wait(LIMIT)
    assert status_names(job_set) == ["CANCELLED"] * 4
    assert [job.cancels for job in backend.sent] == [1]


def test_cancelling_finished_jobs_makes_no_call(manager: JobManager) -> None:
    backend = ScriptedBackend()
    job_set = start(manager, backend)
    assert job_set.wait(LIMIT)
    assert job_set.cancel() == job_set.managed_jobs()[0].cancel() == 0
    assert [job.cancels for job in backend.sent] == [0] * 4
    assert status_names(job_set) == ["DONE"] * 4


def test_one_job_is_cancelled_and_the_others_continue(manager: JobManager) -> None:
    backend, job_set = held(manager)
    assert job_set.managed_jobs()[1].cancel() == 1
    reach(job_set, lambda: job_set._state.jobs[1].status is Status.CANCELLED)
    for job in (*backend.sent[:1], *backend.sent[2:]):
        assert not job.cancels
        job.finish()
    assert job_set.wait(LIMIT)
    assert status_names(job_set) == ["DONE", "CANCELLED", "DONE", "DONE"]
    assert backend.sent[1].cancels == 1


def test_a_job_that_finished_before_its_cancellation_says_so(manager: JobManager) -> None:
    backend, job_set = held(manager, 1)
    (job,) = backend.sent

    def too_late() -> bool:
        job.finish()
        return False

    job.cancel = too_late  # type: ignore[method-assign]
    assert job_set.cancel() == 1
    assert job_set.wait(LIMIT)
    assert status_names(job_set) == ["DONE"]
    assert "finished before it could be cancelled" in job_set.report()
    assert job_set.counts() == {"0000": 10}


def test_after_a_failed_submission_the_others_are_cancelled_all_the_same(
    manager: JobManager,
) -> None:
    backend = ScriptedBackend(hold=True, refuse={0: RuntimeError("no")})
    job_set = start(manager, backend)
    assert job_set.wait(LIMIT, until="submitted")
    assert job_set.cancel() == 3
    assert job_set.wait(LIMIT)
    assert status_names(job_set) == ["ERROR", "CANCELLED", "CANCELLED", "CANCELLED"]


# -- trying again ------------------------------------------------------------------------------------


def test_only_failed_jobs_are_sent_again_never_cancelled_ones(manager: JobManager) -> None:
    backend = ScriptedBackend(hold=True, refuse={0: RuntimeError("queue is full")})
    job_set = start(manager, backend)
    assert job_set.wait(LIMIT, until="submitted")
    one, two, three = backend.sent
    one.fail("lost qubits")
    two.finish()
    assert job_set.cancel(3) == 1
    assert job_set.wait(LIMIT)
    assert status_names(job_set) == ["ERROR", "ERROR", "DONE", "CANCELLED"]
    assert job_set.retry([2, 3]) == 0
    assert job_set.retry(held=True) == 0
    assert job_set.retry() == 2
    assert job_set.wait(LIMIT, until="submitted")
    assert [job.circuits[0].name for job in backend.sent] == ["c1", "c2", "c3", "c0", "c1"]
    for job in backend.sent[3:]:
        job.finish()
    assert job_set.wait(LIMIT)
    assert status_names(job_set) == ["DONE", "DONE", "DONE", "CANCELLED"]
    assert job_set.error_messages() is None
    assert [three.cancels, one.cancels] == [1, 0]
    results = job_set.results()
    assert [results.get_counts(index) for index in range(3)] == [
        {format(index, "04b"): 10} for index in range(3)
    ]


def test_every_attempt_stays_in_the_history(manager: JobManager) -> None:
    backend = ScriptedBackend(refuse={0: RuntimeError("full")}, fail={1: "broken"})
    job_set = start(manager, backend, 1)
    for _ in range(2):
        assert job_set.wait(LIMIT)
        assert status_names(job_set) == ["ERROR"]
        assert job_set.managed_jobs()[0].retry() == 1
    assert job_set.wait(LIMIT)
    history = job_set.managed_jobs()[0].history()
    ends = [(h.attempt, h.status, h.job_id) for h in history if h.status.final]
    assert ends == [
        (1, Status.ERROR, None),
        (2, Status.ERROR, "job-1"),
        (3, Status.DONE, "job-2"),
    ]
    texts = [h.text or "" for h in history]
    assert any("full" in text for text in texts)
    assert any("broken" in text for text in texts)
    assert [h.at for h in history] == sorted(h.at for h in history)
    assert job_set.to_dataframe()["attempt"].tolist() == [3]
    assert job_set.counts() == {"0000": 10}
