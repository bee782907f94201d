"""Each error of a submission has its consequence; `retry` sends failed jobs only; the order stays."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qiskit.providers import JobStatus

from qjm_widgets import JobManager
from qjm_widgets.core import formatting
from qjm_widgets.core.records import Status
from qjm_widgets.errors import InputError, InvalidStateError
from qjm_widgets.widgets.view_updates import ViewUpdates
from tests.clocks import JumpingClock
from tests.fakes import LIMIT, ScriptedBackend, marked, reach
from tests.faults.backend_errors import KINDS, answered
from tests.job_sets import check_done, circuits, pass_time, start, statuses, wait_until_idle
from tests.ledger import Refused
from tests.scripted_adapter import ScriptedAdapter


@pytest.fixture
def manager(clock: JumpingClock) -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    for job_set in manager.job_sets():
        job_set.cancel()
    manager._shut_down()


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (lambda: answered(401), "Check them"),
        (lambda: Refused("1200: unauthorized", 400), "Check them"),
        (lambda: Refused("the usage limit is reached", 403), "use another account"),
        (lambda: Refused("usage limit reached", 400), "use another account"),
        (lambda: RuntimeError("monthly quota exceeded"), "use another account"),
    ],
)
def test_a_refused_account_holds_the_set_and_says_what_to_do(
    error: Any, advice: str, manager: JobManager
) -> None:
    refused = True

    def refuse(number: int, submission: object) -> None:
        if refused:
            raise error()

    adapter = ScriptedAdapter(refuse=refuse)
    job_set = start(manager, adapter, 20)
    assert job_set.wait(LIMIT)
    assert statuses(job_set) == ["held"] * 20
    assert len(adapter.knocks) == 1
    held = {job.last_error for job in job_set._state.jobs}
    assert len(held) == 1
    assert advice in held.pop()
    refused = False
    assert job_set.retry(held=True) == 20
    check_done(job_set, 20)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (lambda: ValueError("bad circuit"), "bad circuit"),
        (lambda: RuntimeError("CERTIFICATE_VERIFY_FAILED"), "certificate"),
    ],
)
def test_a_permanent_refusal_fails_only_that_job_and_says_what_to_do(
    error: Any, advice: str, manager: JobManager
) -> None:
    def refuse(number: int, submission: object) -> None:
        if number == 1:
            raise error()

    adapter = ScriptedAdapter(refuse=refuse)
    job_set = start(manager, adapter, 4)
    assert job_set.wait(LIMIT)
    assert statuses(job_set) == ["done", "error", "done", "done"]
    assert advice in str(job_set.error_messages())
    assert "Job 1, circuits 1: " in str(job_set.error_messages())
    assert job_set.retry() == 1
    check_done(job_set, 4)


def test_retry_keeps_the_history_of_all_attempts(manager: JobManager, clock: JumpingClock) -> None:
    def refuse(number: int, submission: object) -> None:
        if number in (1, 3):
            raise RuntimeError(f"refusal {number}")

    adapter = ScriptedAdapter(refuse=refuse)
    job_set = start(manager, adapter, 2)
    assert job_set.wait(LIMIT)
    assert job_set.retry() == 1
    reach(job_set, lambda: job_set._state.jobs[1].attempt == 2 and job_set._state.settled)
    pass_time(clock, manager, lambda: job_set._state.settled)
    while statuses(job_set) != ["done", "done"]:
        assert job_set.retry() == 1
        pass_time(clock, manager, lambda: job_set._state.settled)
    history = job_set.managed_jobs()[1].history()
    attempts = job_set._state.jobs[1].attempt
    assert [change.attempt for change in history] == sorted(change.attempt for change in history)
    failed = [change for change in history if change.status is Status.ERROR]
    assert [change.attempt for change in failed] == list(range(1, attempts))
    assert failed[0].text == "RuntimeError: refusal 1"
    assert history[-1].status is Status.DONE
    assert len({job.identity for job in adapter.sent}) == len(adapter.sent)


def test_retry_sends_failed_jobs_and_never_cancelled_or_finished_ones(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(hold=True)
    job_set = start(manager, adapter, 5)
    assert job_set.wait(LIMIT, until="submitted")
    wait_until_idle(manager)
    assert job_set.cancel([1, 2]) == 2
    adapter.sent[0].finish()
    adapter.sent[3].status = Status.ERROR
    adapter.sent[2].status = Status.ERROR  # it failed before its cancellation reached the backend
    pass_time(clock, manager, lambda: job_set._state.numbers()[Status.ERROR] >= 1)
    adapter.sent[4].finish()
    pass_time(clock, manager, lambda: job_set._state.settled)
    adapter.hold = False
    assert job_set.retry() == 1
    pass_time(clock, manager, lambda: job_set._state.settled)
    assert job_set.retry() == job_set.retry([1, 2]) == job_set.retry(0) == 0
    assert adapter.knocks == [[0], [1], [2], [3], [4], [3]]
    assert statuses(job_set)[0] == statuses(job_set)[3] == statuses(job_set)[4] == "done"
    assert statuses(job_set)[1:3] == ["cancelled", "error"]
    with pytest.raises(InputError, match="not both"):
        job_set.retry(held=True, cancelled=True)
    assert job_set.retry(0, cancelled=True) == 0
    assert job_set.retry(cancelled=True) == 2
    pass_time(clock, manager, lambda: job_set._state.settled)
    assert statuses(job_set) == ["done"] * 5


@pytest.mark.parametrize("name", ["http 429", "broken connection", "key", "runtime", "http 413"])
def test_the_order_of_circuits_never_changes(
    name: str, manager: JobManager, clock: JumpingClock
) -> None:
    """Whatever is refused, cut, held and sent again."""
    adapter = ScriptedAdapter(finds=False)

    def refuse(number: int, submission: Any) -> None:
        if number % 3 == 1 and (name != "http 413" or len(submission.inputs) > 1):
            raise KINDS[name]()

    adapter.refuse = refuse
    job_set = manager.run(circuits(23), adapter, shots=10, max_circuits_per_job=4)
    for _ in range(20):
        pass_time(clock, manager, lambda: job_set._state.settled)
        if not job_set.retry() + job_set.retry(held=True):
            break
    check_done(job_set, 23)
    spans = [job.span for job in job_set.managed_jobs()]
    assert [circuit for span in spans for circuit in range(*span)] == list(range(23))
    ran = [value for job in adapter.sent for value in job.values]
    assert sorted(ran) == list(range(23))
    first = [row for row, job in enumerate(job_set._state.jobs) if job.attempt == 1]
    assert first == sorted(first)


# -- what others end ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("Error code 1305; Job exceeded its time and ran too long", "error"),
        ("Cancelled by the user", "cancelled"),
        (None, "cancelled"),
    ],
)
def test_a_job_that_ran_too_long_is_an_error_and_not_cancelled(
    message: str | None, status: str, manager: JobManager, clock: JumpingClock
) -> None:
    backend = ScriptedBackend(hold=True)
    job_set = start(manager, backend, 2)
    assert job_set.wait(LIMIT, until="submitted")
    native = backend.sent[0]
    native.now = JobStatus.CANCELLED
    native.error_message = lambda: message  # type: ignore[attr-defined]
    backend.sent[1].finish()
    pass_time(clock, manager, lambda: job_set._state.settled)
    assert statuses(job_set) == [status, "done"]
    if status == "error":
        assert "ran too long" in str(job_set.error_messages())
        assert job_set.retry() == 1


def test_waiting_for_an_older_job_never_fails_a_submission(
    manager: JobManager, clock: JumpingClock
) -> None:
    def full(number: int, submission: object) -> None:
        if any(job.status is Status.QUEUED for job in adapter.sent):
            raise Refused("too many pending jobs", 400)

    adapter = ScriptedAdapter(refuse=full, hold=True)
    job_set = start(manager, adapter, 4)
    for _ in range(200):  # for four days
        wait_until_idle(manager)
        clock.skip(1800)
    assert statuses(job_set) == ["queued", "not_sent", "not_sent", "not_sent"]
    adapter.hold = False
    adapter.sent[0].finish()
    pass_time(clock, manager, lambda: job_set._state.settled)
    check_done(job_set, 4)


# -- what cannot be sent -----------------------------------------------------------------------------


class Fails:
    """A pass manager that one circuit breaks."""

    def run(self, circuit: Any) -> Any:
        if circuit.metadata["value"] == 1:
            raise ValueError("no such gate")
        return circuit


def test_a_job_that_cannot_be_prepared_says_that_a_retry_does_not_help(manager: JobManager) -> None:
    job_set = start(manager, ScriptedBackend(), 3, pass_manager=Fails())
    assert job_set.wait(LIMIT)
    assert statuses(job_set) == ["done", "error", "done"]
    assert "circuit 1 (c1) could not be transpiled: ValueError: no such gate" in formatting.note(
        job_set._state.jobs[1]
    )
    assert "run its circuits as a new set" in str(job_set.error_messages())
    with pytest.raises(InvalidStateError, match="job 1 cannot be sent again"):
        job_set.retry()
    with pytest.raises(InvalidStateError, match="job 1 cannot be sent again"):
        job_set.managed_jobs()[1].retry()
    assert statuses(job_set) == ["done", "error", "done"]
    updates = ViewUpdates(job_set)
    content = updates.open_view("a").content
    assert content["head"]["can"]["retry"] == 0
    assert [row.get("can") for row in content["rows"]] == [[], [], []]
    # It is known in another kernel too.
    _, stored = job_set._state.store.load_set(job_set.job_set_id())
    assert [job.retryable for job in stored] == [True, False, True]


def test_a_job_without_its_circuits_cannot_be_sent_again(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    manager = JobManager(path)
    backend = ScriptedBackend(refuse={1: RuntimeError("not now")})
    job_set = start(manager, backend, 2)
    assert job_set.wait(LIMIT)
    manager.close()
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM circuits")
    connection.commit()
    connection.close()

    manager = JobManager(path)
    again = manager.retrieve_job_set(job_set.job_set_id())
    again.resume(backend)
    assert again.retry() == 1  # nobody can know before it is tried
    assert again.wait(LIMIT)
    assert "run it again as a new set" in str(again.error_messages())
    with pytest.raises(InvalidStateError, match="job 1 cannot be sent again"):
        again.retry()
    manager.close()


def test_retry_sends_jobs_that_can_be_sent_again_beside_those_that_cannot(manager: JobManager) -> None:
    backend = ScriptedBackend(refuse={0: RuntimeError("not now")})
    job_set = start(manager, backend, 3, pass_manager=Fails())
    assert job_set.wait(LIMIT)
    assert statuses(job_set) == ["error", "error", "done"]
    assert ViewUpdates(job_set).open_view("a").content["head"]["can"]["retry"] == 1
    assert job_set.retry() == 1
    assert job_set.wait(LIMIT)
    assert statuses(job_set) == ["done", "error", "done"]
    assert marked(2).name == "c2"
