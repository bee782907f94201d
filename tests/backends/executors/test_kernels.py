"""Kernels that end while their jobs are with workers."""

import os
import subprocess
import sys
from pathlib import Path

from qiskit.providers.basic_provider import BasicSimulator

from qjm_widgets import JobManager
from tests.backends.executors.slow_backends import Gated
from tests.contract.adapter_kinds import coins, ended
from tests.fakes import until

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
}


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not (state.exists() and ") Z " in state.read_text())  # its new parent may not look at it


def test_a_set_is_resumed_after_its_kernel_and_its_workers_were_killed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    store = str(tmp_path / "store.sqlite")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.backends.executors.dying_kernel", store, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=ENVIRONMENT,
    ) as kernel:
        assert kernel.stdout is not None
        set_id = kernel.stdout.readline().strip()
        backend = Gated(home)
        workers = backend.began("coin 0", times=1) + backend.began("coin 1", times=1)
        kernel.kill()
    until(lambda: not any(lives(worker) for worker in workers))
    backend.open()
    with JobManager(store) as manager:
        job_set = manager.retrieve_job_set(set_id).resume(backend, executor="processes")
        there = [ended(job_set).results().get_counts(circuit) for circuit in range(6)]
        here = ended(
            manager.run(coins(6), BasicSimulator(), max_circuits_per_job=1, seed_simulator=7, shots=99)
        ).results()
    assert there == [here.get_counts(circuit) for circuit in range(6)]
    assert [len(backend.began(f"coin {index}")) for index in range(6)] == [2, 2, 1, 1, 1, 1]


SCRIPT = """
from pathlib import Path
from qjm_widgets import JobManager
from tests.contract.adapter_kinds import coins
from tests.backends.executors.slow_backends import Gated
backend = Gated(Path({home!r}))
manager = JobManager({store!r})
job_set = manager.run(coins(4), backend, executor={executor}, max_circuits_per_job=1)
backend.began("coin 0", times=1)
"""


def finish(script: str) -> None:
    """A script without a guard ends by itself and prints nothing."""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env=ENVIRONMENT
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_script_ends_while_its_processes_compute(tmp_path: Path) -> None:
    backend = Gated(tmp_path)
    store = str(tmp_path / "store.sqlite")
    finish(SCRIPT.format(home=str(tmp_path), store=store, executor="'processes'"))
    assert not any(lives(worker) for worker in backend.began("coin 0", times=1))
    with JobManager(store) as manager:
        (summary,) = manager.history()
        backend.open()
        job_set = manager.retrieve_job_set(summary.record.set_id).resume(backend)
        assert len(ended(job_set).results().get_counts(3)) > 1


def test_a_script_that_leaves_its_threads_behind_ends_with_what_runs(tmp_path: Path) -> None:
    store = str(tmp_path / "store.sqlite")
    script = SCRIPT.format(
        home=str(tmp_path),
        store=store,
        executor="__import__('concurrent.futures').futures.ThreadPoolExecutor(1)",
    )
    finish(script + "backend.open()\n")
    backend = Gated(tmp_path)
    with JobManager(store) as manager:
        (summary,) = manager.history()
        job_set = manager.retrieve_job_set(summary.record.set_id).resume(backend)
        assert len(ended(job_set).results().get_counts(3)) > 1
