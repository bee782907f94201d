"""Fixtures of the tests of job sets."""

from collections.abc import Iterator

import pytest

from qjm_widgets import JobManager


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    for job_set in manager.job_sets():
        job_set.cancel()
    manager.close()
