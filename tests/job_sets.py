"""Start job sets of marked circuits, wait for what the engine does with them, and check how they end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from qiskit import QuantumCircuit

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.records import Status
from tests.clocks import JumpingClock
from tests.fakes import LIMIT, marked, reach
from tests.ledger import Refused


def circuits(number: int) -> list[QuantumCircuit]:
    return [marked(value) for value in range(number)]


def start(manager: JobManager, backend: Any, number: int, **arguments: Any) -> JobSet:
    """Run a set of jobs of one circuit each."""
    arguments = {"circuits": circuits(number), "max_circuits_per_job": 1, "shots": 10} | arguments
    return manager.run(backend=backend, **arguments)


def statuses(job_set: JobSet) -> list[str]:
    """Return the status of each job, in order."""
    return [job.status.value for job in job_set._state.ordered()]


def run_turn(*managers: JobManager) -> None:
    """Let each engine decide again; when this returns, jobs to submit are stored as sending."""
    for manager in managers:
        for _ in range(2):
            manager._engine.execute(lambda: None)


def wait_until_idle(*managers: JobManager) -> None:
    """Wait until every call that the engines decided on has returned."""
    for manager in managers:
        for _ in range(3):
            run_turn(manager)
            for worker in manager._engine._workers.values():
                for call_queue in worker.call_queues:
                    done = threading.Event()
                    call_queue.call(done.set)
                    assert done.wait(LIMIT)


def pass_time(
    clock: JumpingClock, manager: JobManager, until: Callable[[], object], hours: float = 48
) -> float:
    """Let time pass, with every call answered at once, until a condition holds; return the hours."""
    step = 600.0
    for number in range(int(hours * 3600 / step)):
        wait_until_idle(manager)
        if until():
            return number * step / 3600
        clock.skip(step)
    raise AssertionError(f"not so within {hours} hours: {manager.report()}")


def abandon(manager: JobManager) -> None:
    """Stop a manager as a killed kernel stops: it writes, submits and polls nothing more."""
    store = manager._store
    with store._lock:
        assert store._connection is not None
        store._connection.close()
        store._connection = None
        if store._owner._descriptor is not None:
            os.close(store._owner._descriptor)
            store._owner._descriptor = None
    for worker in list(manager._engine._workers.values()):
        for call_queue in worker.call_queues:
            call_queue.stop()
            assert call_queue.join(LIMIT)


def settle(job_set: JobSet) -> None:
    """Wait until no submission is under way."""
    reach(job_set, lambda: not job_set._state.numbers()[Status.SENDING])


def wait_until_waiting(job_set: JobSet) -> None:
    """Wait until its submission waits, and none is under way."""
    reach(job_set, lambda: job_set._state.waiting and not job_set._state.numbers()[Status.SENDING])


def check_done(job_set: JobSet, number: int, shots: int = 10) -> None:
    """Wait for the set; check that every circuit has its own counts."""
    assert job_set.wait(LIMIT), job_set.report()
    assert set(statuses(job_set)) == {"done"}, job_set.report()
    results = job_set.results()
    for value in range(number):
        assert results.get_counts(value) == {format(value, "010b"): shots}
        assert results.get_counts(f"c{value}") == results.get_counts(value)


def refusing(error: Callable[[], BaseException], *numbers: int) -> Callable[[int, Any], None]:
    """Return a script that refuses the submissions of these numbers (from 0); all if there are none."""

    def refuse(number: int, submission: Any) -> None:
        if not numbers or number in numbers:
            raise error()

    return refuse


def busy(retry_after: float | None = None) -> Refused:
    """Return the error of a server that limits its requests; ``retry_after`` is in seconds."""
    return Refused("too many requests", 429, retry_after)
