"""A kernel that begins a set on processes of its own and is killed in the middle: ``STORE HOME``."""

import os
import sys
from pathlib import Path

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from tests.backends.executors.slow_backends import Gated
from tests.contract.adapter_kinds import coins
from tests.fakes import reach


def main() -> None:
    store, home = sys.argv[1:]
    manager = JobManager(store)
    job_set = manager.run(
        coins(6),
        Gated(Path(home)),
        executor="processes",
        max_circuits_per_job=1,
        seed_simulator=7,
        shots=99,
    )
    reach(job_set, lambda: job_set._state.numbers()[Status.RUNNING] == 2)
    print(job_set.job_set_id(), flush=True)  # noqa: T201
    os.read(0, 1)  # until it is killed


main()
