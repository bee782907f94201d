"""A program that ends has submitted everything, as the retired thread pool did."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qjm_widgets import JobManager

HOME = Path(__file__).parents[2]
HEAD = """
import os, sys, time
from pathlib import Path
from qjm_widgets.ibmq import IBMQJobManager
from tests.fakes import ScriptedBackend, marked

class Slow(ScriptedBackend):
    def run(self, circuits, **options):
        time.sleep(0.05)
        job = super().run(circuits, **options)
        with Path("sent").open("a") as file:
            print(circuits[0].name, file=file)
        return job
"""
RUN = """
IBMQJobManager().run([marked(i) for i in range(12)], Slow(hold=True), max_experiments_per_job=1)
"""
ENDS = {
    "at its last line": "",
    "by sys.exit": "sys.exit(0)",
    "with threads of its own": """
import threading
threading.Thread(target=time.sleep, args=(0.1,)).start()
""",
    "after a child that was forked": """
import multiprocessing
child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(0,))
child.start()
child.join()
""",
}
AER = """
from qiskit import QuantumCircuit
from qiskit_aer import AerSimulator
circuit = QuantumCircuit(1, 1)
circuit.measure(0, 0)
jobs = IBMQJobManager().run([circuit] * 12, AerSimulator(), name="aer", max_experiments_per_job=1)
print(jobs.job_set_id())
"""


def program(code: str, store: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", HEAD + code],
        env={**os.environ, "PYTHONPATH": str(HOME), "QJM_STORE": str(store)},
        cwd=store.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_everything_was_sent_in_order_when_a_program_ends(end: str, tmp_path: Path) -> None:
    program(RUN + end, tmp_path / "store")
    assert (tmp_path / "sent").read_text().split() == [f"c{index}" for index in range(12)]


def test_a_pool_of_threads_takes_jobs_to_the_end(tmp_path: Path) -> None:
    set_id = program(AER, tmp_path / "store")
    with JobManager(tmp_path / "store") as manager:
        jobs = manager.retrieve_job_set(set_id)._state.jobs
    assert [job.error for job in jobs] == [None] * 12
    assert all(job.job_id for job in jobs)


def test_a_program_that_submitted_nothing_ends(tmp_path: Path) -> None:
    program("IBMQJobManager().job_sets()", tmp_path / "store")
