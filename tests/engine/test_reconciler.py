"""A submission that is not answered is looked up by its tags, or its job is held."""

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from tests.clocks import JumpingClock
from tests.fakes import LIMIT, reach
from tests.job_sets import check_done, refusing, run_turn, start, statuses, wait_until_waiting
from tests.ledger import Refused
from tests.scripted_adapter import ScriptedAdapter

# -- answers that were lost --------------------------------------------------------------------------

BROKEN = {
    "connection": lambda: ConnectionResetError("gone"),
    "time-out": lambda: TimeoutError("no answer"),
    "server": lambda: Refused("bad gateway", 502),
}


@pytest.mark.parametrize("how", BROKEN)
def test_an_unanswered_submission_is_found_by_its_tags(
    how: str, manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(lose=refusing(BROKEN[how], 0), finds=True)
    job_set = start(manager, adapter, 3)
    reach(job_set, lambda: job_set._state.finished == 1)
    clock.skip(60)
    run_turn(manager)
    check_done(job_set, 3)
    assert adapter.knocks == [[0], [1], [2]]


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("accepted", [True, False])
def test_an_unanswered_submission_without_tags_is_held(
    how: str, accepted: bool, manager: JobManager, clock: JumpingClock
) -> None:
    fault = refusing(BROKEN[how], 0)
    adapter = ScriptedAdapter(lose=fault) if accepted else ScriptedAdapter(refuse=fault)
    job_set = start(manager, adapter, 3)
    wait_until_waiting(job_set)
    clock.skip(60)
    run_turn(manager)
    assert job_set.wait(LIMIT)
    assert statuses(job_set) == ["held", "done", "done"]
    assert adapter.knocks == [[0], [1], [2]]
    assert job_set.retry() == 0
    assert job_set.retry(held=True) == 1
    check_done(job_set, 3)
    assert adapter.knocks == [[0], [1], [2], [0]]


def test_a_network_that_is_down_makes_only_one_job_held(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(refuse=refusing(BROKEN["connection"]))
    job_set = start(manager, adapter, 50)
    wait_until_waiting(job_set)
    assert job_set._state.numbers()[Status.HELD] == 1
    adapter.refuse = lambda number, submission: None
    clock.skip(60)
    run_turn(manager)
    assert job_set.wait(LIMIT)
    assert statuses(job_set).count("done") == 49


def test_a_job_is_sent_again_if_the_connection_was_refused(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(refuse=refusing(lambda: ConnectionRefusedError("nobody there"), 0))
    job_set = start(manager, adapter, 2)
    wait_until_waiting(job_set)
    clock.skip(60)
    run_turn(manager)
    check_done(job_set, 2)
    assert adapter.knocks == [[0], [0], [1]]
