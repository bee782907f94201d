"""A kernel is killed in the middle of a sweep: what is done stays, and the rest runs again."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from tests.fakes import LIMIT
from tests.faults.fork_server import ForkServer
from tests.faults.sweep_kernels import SHAPE, SHOTS
from tests.sweeps import PointsSampler, measured, values_of

KILLS = 8


@pytest.fixture(scope="module")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    fork_server = ForkServer(tmp_path_factory.mktemp("kills") / "log")
    yield fork_server
    fork_server.close()


@pytest.fixture(scope="module")
def events(fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many events a whole sweep has."""
    place = tmp_path_factory.mktemp("whole")
    fork_server.run("tests.faults.sweep_kernels:begin", place=str(place), kill_at=None)
    return int((place / "events").read_text())


@pytest.mark.parametrize("kill", range(KILLS))
def test_a_killed_sweep_is_resumed(
    fork_server: ForkServer, events: int, tmp_path: Path, kill: int
) -> None:
    # The numbers of events differ a little from run to run: the last tenth is left out.
    part = events * 9 // 10 // KILLS
    kill_at = random.Random(kill).randrange(kill * part, (kill + 1) * part) + 1
    assert fork_server.run("tests.faults.sweep_kernels:begin", place=str(tmp_path), kill_at=kill_at)
    with JobManager(tmp_path / "store") as manager:
        known = manager.history()
        if not known or not known[0].record.complete:
            return  # it was killed while run saved the set
        job_set = manager.retrieve_job_set(known[0].record.set_id)
        done = {job.row for job in job_set._state.jobs if job.status is Status.DONE}
        left = Counter(
            point
            for job in job_set._state.jobs
            if job.row not in done
            for point in range(*(job.points or (0, 0)))
        )
        sampler = PointsSampler(most=3)
        job_set.resume(sampler)
        result = job_set.results(LIMIT).primitive_result(0)
        assert result.data.shape == SHAPE
        assert measured(result).shape == (*SHAPE, SHOTS)
        assert (measured(result) == values_of(*SHAPE)[..., None]).all()
        sent = Counter(value for job in sampler.values() for value in job)
        assert sent == left, job_set.report()
