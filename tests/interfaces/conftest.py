from collections.abc import Iterator
from pathlib import Path

import pytest

from qjm_widgets import JobManager


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[JobManager]:
    manager = JobManager(tmp_path / "store")
    yield manager
    manager._shut_down()
