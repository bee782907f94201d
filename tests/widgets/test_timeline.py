"""When jobs waited and ran, as the panel's second tab shows it."""

from collections.abc import Iterator

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from qjm_widgets.serialization.execution_spans import ExecutionSpan
from qjm_widgets.widgets.timeline import MOST_BARS, Attempt, Timeline, joined, steps
from tests.fakes import LIMIT, ScriptedBackend, marked, reach


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


def attempt(sent: float, running: float | None = None, ended: float | None = None) -> Attempt:
    return Attempt(0, 1, sent, running, ended, Status.DONE if ended is not None else Status.RUNNING)


def test_steps_have_the_numbers_of_waiting_and_running_attempts() -> None:
    attempts = [attempt(0, 2, 5), attempt(1, 5, 7), attempt(1, None, 3), attempt(6), attempt(6, 8)]
    found = steps(attempts, now=9)
    assert found["at"] == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert found["waiting"] == [1, 3, 2, 1, 0, 2, 2, 1, 1]
    assert found["running"] == [0, 0, 1, 1, 1, 1, 0, 1, 1]
    assert steps([], now=9) == {"at": [], "waiting": [], "running": []}


def test_many_steps_are_few_points_that_keep_the_peaks() -> None:
    attempts = [attempt(at, at + 0.5, at + 1) for at in range(5000)] + [attempt(777, 777.25, 777.5)] * 30
    found = steps(attempts, now=6000)
    assert len(found["at"]) <= 400
    assert max(found["waiting"]) == 31
    assert max(found["running"]) == 30
    assert found["waiting"][-1] == found["running"][-1] == 0


def test_every_attempt_of_a_job_has_a_bar(manager: JobManager) -> None:
    backend = ScriptedBackend(hold=True)
    job_set = manager.run([marked(0), marked(1)], backend, max_circuits_per_job=1)
    timeline = Timeline(job_set._state)
    assert job_set.wait(LIMIT, until="submitted")
    for job in list(backend.sent):
        job.start()
    reach(job_set, lambda: [j.status for j in job_set._state.jobs] == [Status.RUNNING] * 2)
    backend.sent[0].finish()
    backend.sent[1].fail("broken")
    assert job_set.wait(LIMIT)
    assert job_set.retry() == 1
    reach(job_set, lambda: job_set._state.jobs[1].status is Status.QUEUED)
    bars = timeline.build()["bars"]
    assert [bar[:2] for bar in bars] == [[0, 1], [1, 1], [1, 2]]
    for _, _, sent, running, ended, _ in bars[:2]:
        assert sent <= running <= ended
    assert bars[1][5] == list(Status).index(Status.ERROR)
    assert bars[2][3] is bars[2][4] is None
    job_set.cancel()


def test_execution_spans_are_joined_where_the_breaks_are_shortest() -> None:
    spans = [ExecutionSpan(*each) for each in ((0, 1), (0.5, 2), (3, 4), (9, 10), (10.5, 11))]
    assert joined(spans) == [(0, 2), (3, 4), (9, 10), (10.5, 11)]
    assert joined(spans, 3) == [(0, 2), (3, 4), (9, 11)]
    assert joined(spans, 2) == [(0, 4), (9, 11)]
    assert joined(spans, 1) == [(0, 11)]
    assert joined([]) == []


def test_it_is_sent_after_a_change_and_after_invalidation(manager: JobManager) -> None:
    job_set = manager.run(marked(0), ScriptedBackend())
    assert job_set.wait(LIMIT)
    timeline = Timeline(job_set._state)
    assert timeline.changed() is not None
    assert not timeline.pending
    assert timeline.changed() is None
    timeline.invalidate()
    assert timeline.pending


def test_very_many_jobs_give_numbers_over_time(manager: JobManager) -> None:
    circuits = [marked(0)] * (MOST_BARS + 1)
    backend = ScriptedBackend(hold=True)
    job_set = manager.run(circuits, backend, max_circuits_per_job=1)
    assert job_set.wait(LIMIT, until="submitted")
    found = Timeline(job_set._state).build()
    assert "bars" not in found
    assert found["steps"]["waiting"][-1] == MOST_BARS + 1
    job_set.cancel()
