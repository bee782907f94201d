"""Fixtures of the tests of the engine."""

from collections.abc import Iterator

import pytest

from qjm_widgets import JobManager
from tests.clocks import JumpingClock


@pytest.fixture
def manager(clock: JumpingClock) -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    for job_set in manager.job_sets():
        job_set.cancel()
    manager.close()
