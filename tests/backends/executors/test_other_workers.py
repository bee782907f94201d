"""Dask workers that are not as the kernel is, and clients that go away."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from distributed import Client, LocalCluster
from qiskit.primitives import BackendSamplerV2
from qiskit.providers.basic_provider import BasicSimulator
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager
from qjm_widgets.backends.executors.tasks import versions
from qjm_widgets.core.records import Status
from qjm_widgets.errors import InputError
from tests.backends.executors.slow_backends import Gated
from tests.backends.executors.test_kernels import ENVIRONMENT
from tests.contract.adapter_kinds import coins, ended
from tests.fakes import LIMIT, reach, until

OTHER = """
import qjm_widgets
qjm_widgets.__version__ = "0.0.1"
"""
OTHER_AER = """
import qiskit_aer
qiskit_aer.__version__ = "0.0.2"
"""
MISSING = """
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.split(".")[0] == "qjm_widgets":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""
WORKER = """
from distributed.cli.dask_worker import main
main()
"""


@contextmanager
def worker(client: Client, change: str) -> Iterator[subprocess.Popen[bytes]]:
    """One more worker of the client's cluster, a Python of its own that is changed before it begins."""
    before = len(client.nthreads())
    address = client.scheduler.address
    script = [sys.executable, "-c", change + WORKER, address, "--nthreads", "1", "--no-nanny"]
    with subprocess.Popen(
        [*script, "--no-dashboard"], stderr=subprocess.DEVNULL, env=ENVIRONMENT
    ) as process:
        try:
            until(lambda: len(client.nthreads()) > before)
            yield process
        finally:
            process.kill()
    until(lambda: len(client.nthreads()) == before)


@pytest.fixture(scope="module")
def empty() -> Iterator[Any]:
    """A cluster without workers."""
    with LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as cluster:
        yield cluster


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (OTHER, ("other versions", "qjm_widgets 0.0.1 instead of", "Install the same")),
        (OTHER_AER, ("other versions", "qiskit_aer 0.0.2 instead of")),
        (MISSING, ("No module named 'qjm_widgets'", "install qjm_widgets on the workers")),
    ],
    ids=("ours", "the simulator behind a sampler", "none"),
)
def test_a_worker_with_other_packages_says_so_and_the_job_is_retried_on_another(
    manager: JobManager, empty: Any, change: str, words: tuple[str, ...]
) -> None:
    sampler = BackendSamplerV2(backend=AerSimulator())
    with Client(empty) as client:
        with worker(client, change) as process:
            job_set = manager.run(coins(2), sampler, executor=client, max_circuits_per_job=1, shots=10)
            assert job_set.wait(LIMIT)
            for job in job_set._state.jobs:
                assert job.status is Status.ERROR
                assert all(word in str(job.error) for word in words)
            assert process.poll() is None
        with worker(client, ""):
            assert job_set.retry() == 2
            assert ended(job_set).results().success


def test_results_leave_the_cluster_when_they_are_here(manager: JobManager, empty: Any) -> None:
    def kept(dask_scheduler: Any) -> int:
        return len(dask_scheduler.tasks)

    with Client(empty) as client, worker(client, ""):
        job_set = manager.run(coins(5), BasicSimulator(), executor=client, max_circuits_per_job=1)
        ended(job_set)
        until(lambda: client.run_on_scheduler(kept) == 0)


def test_a_client_that_is_closed_too_early(manager: JobManager, empty: Any, gated: Gated) -> None:
    with Client(empty) as other, worker(other, ""):
        with Client(empty) as client:
            job_set = manager.run(coins(9), gated, executor=client, max_circuits_per_job=1, shots=10)
            reach(job_set, lambda: job_set._state.jobs[0].status is Status.RUNNING)
        assert job_set.wait(LIMIT)
        for job in job_set._state.jobs:
            assert job.status is Status.ERROR
            assert "the Dask client was closed: keep it open" in str(job.error)
        with pytest.raises(InputError, match="this Dask Client is closed"):
            manager.run(coins(1), gated, executor=client)
        gated.open()
        assert job_set.resume(executor=other).retry() == 9
        assert ended(job_set).results().success


def test_a_class_of_a_notebook_needs_the_same_python() -> None:
    kind = type("Mine", (BasicSimulator,), {"__module__": "__main__"})
    found = versions(kind())
    assert found["Python"] == ".".join(map(str, sys.version_info[:2]))
    assert "Python" not in versions(BasicSimulator())
