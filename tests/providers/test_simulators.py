"""What is listed as computing in this process does, and is run again after its kernel died."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qjm_widgets import JobManager
from qjm_widgets.backends import resolve
from qjm_widgets.core.job_lifetime import JobLifetime
from tests.providers.makers import INSTALLED, MAKERS, circuits

# Their packages warn of many things of their own.
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.parametrize("name", INSTALLED),
]
SEED = 7


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


def counts(job_set: Any, number: int) -> list[dict[str, int]]:
    assert job_set.wait(120), repr(job_set)
    assert job_set.error_messages() is None
    return [job_set.results().get_counts(index) for index in range(number)]


def test_it_computes_here_without_any_connection(
    name: str, manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = MAKERS[name].make()

    def refuse(*_: Any) -> None:
        raise AssertionError("it connects to a server")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert resolve(backend).lifetime is JobLifetime.KERNEL
    job_set = manager.run(circuits(name, backend, 4), backend, shots=100, max_circuits_per_job=2)
    for each in counts(job_set, 4):
        assert sum(each.values()) == 100


def test_a_set_with_a_seed(name: str, manager: JobManager) -> None:
    """It equals one plain run where a seed gives the same samples at all."""
    if not MAKERS[name].seeds:
        backend = MAKERS[name].make()
        found = counts(manager.run(circuits(name, backend, 4), backend, shots=1000), 4)
        assert len({str(sorted(each.items())) for each in found}) > 1
        return
    backend = MAKERS[name].make()
    given = circuits(name, backend, 6)
    plain = backend.run(given, shots=200, seed_simulator=SEED).result()
    job_set = manager.run(given, backend, shots=200, seed_simulator=SEED, max_circuits_per_job=2)
    assert counts(job_set, 6) == [plain.get_counts(index) for index in range(6)]


def test_after_a_kill_all_is_run_again(name: str, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    code = f"from tests.providers.makers import begin; begin({name!r}, {store!r})"
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    set_id = child.stdout.readline().strip()
    child.kill()
    child.wait()
    with JobManager(store) as manager:
        job_set = manager.retrieve_job_set(set_id).resume(MAKERS[name].make())
        assert all(sum(each.values()) == 2000 for each in counts(job_set, 30))
