"""One manager, one cluster of a kind for all tests: workers are slow to start."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import ipyparallel
import pytest
from distributed import LocalCluster

from qjm_widgets import JobManager
from tests.backends.executors.slow_backends import Gated

KINDS = ("threads", "process pool", "processes", "dask client", "dask executor", "ipyparallel")


@pytest.fixture(scope="module")
def manager() -> Iterator[JobManager]:
    """In whose own processes ``executor="processes"`` computes."""
    manager = JobManager(":memory:")
    yield manager
    manager.close()


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A Dask cluster of two processes on this machine."""
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        cluster.get_client() as client,
    ):
        yield client


@pytest.fixture(scope="module")
def executors() -> Iterator[Any]:
    """Makes the executor of a kind, once."""
    with ExitStack() as stack:
        made: dict[str, Any] = {"processes": "processes"}

        def make(kind: str, request: pytest.FixtureRequest) -> Any:
            if kind not in made and kind.startswith("dask"):
                client = request.getfixturevalue("client")
                made[kind] = client if kind == "dask client" else client.get_executor()
            elif kind == "threads":
                made.setdefault(kind, stack.enter_context(ThreadPoolExecutor(2)))
            elif kind == "process pool" and kind not in made:
                pool = ProcessPoolExecutor(2, mp_context=get_context("forkserver"))
                made[kind] = stack.enter_context(pool)
            elif kind not in made:
                engines = stack.enter_context(ipyparallel.Cluster(n=2, log_level=50))
                made[kind] = engines.load_balanced_view().executor
            return made[kind]

        yield make


@pytest.fixture(params=KINDS)
def executor(request: pytest.FixtureRequest, executors: Any) -> Any:
    """Every kind of executor."""
    return executors(request.param, request)


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[Gated]:
    """Jobs wait until the test opens the gate; its end opens it in any case."""
    backend = Gated(tmp_path)
    yield backend
    backend.open()
