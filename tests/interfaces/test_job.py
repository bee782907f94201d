"""The job of a set: statuses of the whole, waiting, results of a part, errors."""

from __future__ import annotations

from typing import Any

import pytest
from qiskit.providers import JobError, JobStatus, JobTimeoutError

from qjm_widgets import JobManager, QJMError
from qjm_widgets.errors import NotAvailableError, WaitTimeoutError
from tests.fakes import LIMIT, ScriptedBackend, marked, reach


def run(manager: JobManager, plain: ScriptedBackend, number: int = 3) -> Any:
    """Run jobs of one circuit each, and wait until they are sent."""
    circuits = [marked(value) for value in range(number)]
    job = manager.backend(plain, max_circuits_per_job=1).run(circuits, shots=10)
    assert job.job_set.wait(LIMIT, until="submitted")
    return job


def test_a_whole_from_queued_to_done(manager: JobManager) -> None:
    plain = ScriptedBackend(hold=True)
    job = run(manager, plain)
    reach(job.job_set, lambda: job.status() is JobStatus.QUEUED)
    assert (job.done(), job.running(), job.cancelled(), job.in_final_state()) == (False,) * 4
    assert job.error_message() is None
    plain.sent[0].start()
    reach(job.job_set, job.running)
    plain.sent[0].finish()
    reach(job.job_set, lambda: job.job_set._state.finished == 1)
    assert job.status() is JobStatus.RUNNING
    for sent in plain.sent:
        sent.finish()
    job.wait_for_final_state(LIMIT)
    assert (job.status(), job.done(), job.in_final_state()) == (JobStatus.DONE, True, True)
    assert job.error_message() is None
    assert job.cancel() is False


def test_before_it_is_sent(manager: JobManager) -> None:
    plain = ScriptedBackend()
    plain.gate.clear()
    job = manager.backend(plain).run(marked(1))
    assert job.status() is JobStatus.INITIALIZING
    plain.gate.set()
    assert job.result(LIMIT).success


def test_a_set_that_failed_in_part(manager: JobManager) -> None:
    plain = ScriptedBackend(fail={1: "the fridge is warm"})
    job = run(manager, plain)
    with pytest.raises(JobError) as caught:
        job.result(LIMIT)
    assert isinstance(caught.value, NotAvailableError)
    assert isinstance(caught.value, QJMError)
    text = str(caught.value)
    assert "1 of 3 jobs" in text
    assert "job 1 (circuits 1) failed: RuntimeError: the fridge is warm" in text
    assert "partial=True" in text
    assert "retry()" in text
    assert (job.status(), job.error_message()) == (JobStatus.ERROR, text)
    part = job.result(partial=True)
    assert part.get_counts(2) == {"0000000010": 10}
    assert not part.success
    assert [each.success for each in part.results] == [True, False, True]
    assert "the fridge is warm" in part.results[1].status
    assert part.results[1].to_dict()["header"]["metadata"] == {"value": 1}
    plain.fail.clear()
    job.job_set.retry()
    assert job.result(LIMIT).get_counts()[1] == {"0000000001": 10}
    assert job.status() is JobStatus.DONE


def test_a_failed_part_does_not_end_what_goes_on(manager: JobManager) -> None:
    plain = ScriptedBackend(hold=True, fail={0: "no"})
    job = run(manager, plain)
    reach(job.job_set, lambda: "error" in [each.status for each in job.job_set._state.jobs])
    assert job.status() is JobStatus.RUNNING
    for sent in plain.sent[1:]:
        sent.cancel()
    job.wait_for_final_state(LIMIT)
    assert job.status() is JobStatus.ERROR


def test_a_cancelled_set_is_not_queued_for_ever(manager: JobManager) -> None:
    plain = ScriptedBackend(hold=True)
    job = run(manager, plain)
    plain.sent[0].finish()
    reach(job.job_set, lambda: job.job_set._state.finished == 1)
    assert job.cancel() is True
    job.wait_for_final_state(LIMIT)
    assert (job.status(), job.cancelled()) == (JobStatus.CANCELLED, True)
    with pytest.raises(JobError, match=r"(?s)2 of 3 jobs .*job 1 \(circuits 1\) was cancelled"):
        job.result()
    assert job.result(partial=True).get_counts(0) == {"0000000000": 10}


def test_a_held_set_says_so_at_once(manager: JobManager) -> None:
    job = run(manager, ScriptedBackend(refuse={0: ConnectionResetError("gone")}), 2)
    job.wait_for_final_state(LIMIT)
    with pytest.raises(JobError, match=r"(?s)held.*gone.*retry\(held=True\)"):
        job.result()
    assert job.status() is JobStatus.ERROR
    job.job_set.retry(held=True)
    assert job.result(LIMIT).get_counts()[0] == {"0000000000": 10}


def test_a_timeout_ends_the_waiting_only(manager: JobManager) -> None:
    plain = ScriptedBackend(hold=True)
    job = run(manager, plain, 1)
    for call in (job.result, job.wait_for_final_state):
        with pytest.raises(JobTimeoutError) as caught:
            call(0.01)
        assert isinstance(caught.value, WaitTimeoutError)
    assert job.result(partial=True).results[0].success is False
    seen = []

    def callback(job_id: str, status: JobStatus, given: Any) -> None:
        seen.append((job_id, status.name, given))
        plain.sent[0].finish()

    job.wait_for_final_state(LIMIT, wait=0.01, callback=callback)
    assert seen[0] == (job.job_id(), "QUEUED", job)
    assert job.result().success


def test_submitting_it_again_is_an_error(manager: JobManager) -> None:
    job = run(manager, ScriptedBackend(), 1)
    with pytest.raises(JobError, match="retry"):
        job.submit()


def test_many_missing_jobs_are_cut_short(manager: JobManager) -> None:
    job = run(manager, ScriptedBackend(fail=dict.fromkeys(range(15), "no")), 15)
    job.wait_for_final_state(LIMIT)
    text = job.error_message()
    assert text is not None
    assert text.count("failed: RuntimeError: no") == 10
    assert "and 5 more" in text


def test_it_is_shown_as_the_panel_of_its_set(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = run(manager, ScriptedBackend(), 1)
    shown: list[Any] = []
    monkeypatch.setattr(type(job.job_set), "_ipython_display_", lambda self: shown.append(self))
    job._ipython_display_()
    assert shown == [job.job_set]
