"""A set is resumed, and none of its jobs is submitted before the user allows it."""

from pathlib import Path

import pytest
from qiskit.providers.basic_provider import BasicSimulator

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from qjm_widgets.errors import InputError
from tests.contract.adapter_kinds import coins
from tests.fakes import LIMIT, ScriptedBackend, reach


@pytest.fixture
def left_behind(store_path: Path) -> str:
    """The id of a set of which nothing was sent when its kernel ended."""
    manager = JobManager(store_path)
    full = ScriptedBackend(refuse={0: RuntimeError("too many pending jobs")})
    job_set = manager.run(coins(4), full, max_circuits_per_job=1)
    reach(job_set, lambda: job_set._state.waiting is not None)
    with pytest.warns(UserWarning, match="4 jobs not sent yet"):
        manager.close()
    return job_set.job_set_id()


def test_nothing_is_sent_until_unpause(left_behind: str) -> None:
    backend = ScriptedBackend()
    with JobManager() as manager:
        job_set = manager.retrieve_job_set(left_behind)
        job_set.resume(backend, paused=True)
        assert job_set.cancel([1, 2, 3]) == 3
        assert not job_set.wait(0)
        assert backend.sent == []
        job_set.unpause()
        assert job_set.wait(LIMIT)
        states = [job.state for job in job_set.managed_jobs()]
        assert states == [Status.DONE, *[Status.CANCELLED] * 3]


def test_a_resume_that_fails_leaves_no_pause(left_behind: str) -> None:
    with JobManager() as manager:
        job_set = manager.retrieve_job_set(left_behind)
        with pytest.raises(InputError, match="this job set was made for"):
            job_set.resume(BasicSimulator(), paused=True)
        assert not job_set._state.paused
