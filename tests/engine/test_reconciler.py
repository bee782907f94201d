"""A submission that is not answered is looked up by its tags, or its job is held."""

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from tests.clocks import JumpingClock
from tests.fakes import LIMIT, reach
from tests.job_sets import done, refusing, start, turn, waits, words
from tests.ledger import Refused
from tests.scripted_adapter import Scripted

# -- answers that were lost --------------------------------------------------------------------------

BROKEN = {
    "connection": lambda: ConnectionResetError("gone"),
    "time-out": lambda: TimeoutError("no answer"),
    "server": lambda: Refused("bad gateway", 502),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_lost_answer_is_looked_up_where_jobs_have_tags(
    how: str, manager: JobManager, clock: JumpingClock
) -> None:
    adapter = Scripted(lose=refusing(BROKEN[how], 0), finds=True)
    job_set = start(manager, adapter, 3)
    reach(job_set, lambda: job_set._state.finished == 1)
    clock.skip(60)
    turn(manager)
    done(job_set, 3)
    assert adapter.knocks == [[0], [1], [2]]


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("accepted", [True, False])
def test_a_lost_answer_is_held_where_nobody_can_look(
    how: str, accepted: bool, manager: JobManager, clock: JumpingClock
) -> None:
    fault = refusing(BROKEN[how], 0)
    adapter = Scripted(lose=fault) if accepted else Scripted(refuse=fault)
    job_set = start(manager, adapter, 3)
    waits(job_set)
    clock.skip(60)
    turn(manager)
    assert job_set.wait(LIMIT)
    assert words(job_set) == ["held", "done", "done"]
    assert adapter.knocks == [[0], [1], [2]]
    assert job_set.retry() == 0
    assert job_set.retry(held=True) == 1
    done(job_set, 3)
    assert adapter.knocks == [[0], [1], [2], [0]]


def test_a_network_that_is_down_makes_one_job_unsure_not_all(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = Scripted(refuse=refusing(BROKEN["connection"]))
    job_set = start(manager, adapter, 50)
    waits(job_set)
    assert job_set._state.numbers()[Status.HELD] == 1
    adapter.refuse = lambda number, submission: None
    clock.skip(60)
    turn(manager)
    assert job_set.wait(LIMIT)
    assert words(job_set).count("done") == 49


def test_a_server_that_refuses_the_connection_has_nothing(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = Scripted(refuse=refusing(lambda: ConnectionRefusedError("nobody there"), 0))
    job_set = start(manager, adapter, 2)
    waits(job_set)
    clock.skip(60)
    turn(manager)
    done(job_set, 2)
    assert adapter.knocks == [[0], [0], [1]]
