"""Kernels that are killed, each in a process of the fork server."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import qjm_widgets.manager.manager
from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.records import Status
from qjm_widgets.engine.transitions import Transitions
from qjm_widgets.errors import QJMError
from qjm_widgets.state.events import JobEvent
from qjm_widgets.storage import SQLiteStore
from tests.clocks import JumpingClock
from tests.fakes import marked
from tests.ledger import KINDS, Ledger, TaggedAdapter

CIRCUITS = 11
CANCELLED_ROW = 3
LIMIT = 30.0


class Killer:
    """Kills this process at an event: dead at once, as by the out-of-memory killer."""

    def __init__(self, at: int | None) -> None:
        self.at = at
        self.events = 0
        self._lock = threading.Lock()

    def event(self, name: object) -> None:
        with self._lock:
            self.events += 1
            if self.events == self.at:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()


class CountedStore(SQLiteStore):
    """A store of which every statement, and the moment after every transaction, is an event."""

    killer = Killer(None)

    def __init__(self, path: Any) -> None:
        super().__init__(path)
        assert self._connection is not None
        self._connection.set_trace_callback(self.killer.event)

    @contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        with super()._transaction(begin) as connection:
            yield connection
        self.killer.event("after a transaction")


def faults_of(seed: int) -> dict[int, str]:
    """Return the faults of submissions, by their number."""
    chance = random.Random(f"faults {seed}")
    return {number: chance.choice(["busy", "lost"]) for number in range(1, 60) if chance.random() < 0.12}


def adapter_of(kind: str, ledger: str | Path, seed: int) -> TaggedAdapter:
    return KINDS[kind](Ledger(ledger), faults=faults_of(seed), most=2)


def begin(place: str, kind: str, seed: int, kill_at: int | None) -> None:
    """Run a set of circuits: too large jobs, shots in pieces, sometimes a cancellation."""
    manager, adapter, log = _kernel(place, kind, seed, kill_at)
    circuits = [marked(value) for value in range(CIRCUITS)]
    job_set = manager.run(circuits, adapter, shots=300, max_circuits_per_job=4, max_shots_per_job=200)
    log(f"stored {job_set.job_set_id()}")
    _log_ends(job_set, log)
    if seed % 3 == 0:
        log("cancelling")
        job_set.cancel(CANCELLED_ROW)
        log("cancelled")
    _end(manager, job_set)


def go_on(place: str, kind: str, seed: int, kill_at: int | None, set_id: str) -> None:
    """Resume the set."""
    manager, adapter, log = _kernel(place, kind, seed, kill_at)
    job_set = manager.retrieve_job_set(set_id)
    _log_ends(job_set, log)
    job_set.resume(adapter)
    _end(manager, job_set)


def share(place: str, number: int, seed: int) -> None:
    """Run sets and resume those of dead kernels, on a shared store, until they are stopped."""
    signal.alarm(0)
    mother = os.getppid()
    chance = random.Random(seed)
    clock = JumpingClock()
    qjm_widgets.manager.manager.time = clock  # type: ignore[assignment,misc]
    signal.signal(
        signal.SIGUSR1, lambda *_: clock.jump(chance.choice([-86_400.0, 3_600.0, 31_536_000.0]))
    )
    cell = Cell()
    signal.signal(signal.SIGINT, cell.interrupt)
    directory = Path(place)
    file = os.open(directory / "events", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    manager = None
    sets = 0
    while not (directory / "stop").exists() and os.getppid() == mother:
        try:
            with cell:
                manager = manager or JobManager(directory / "disk" / "store")
                (directory / f"open {os.getpid()}").touch()
                adapter = TaggedAdapter(Ledger(directory / "ledger"), faults=faults_of(seed), most=2)
                if chance.random() < 0.6:
                    names = [
                        f"k{number}-{seed}-{sets}-c{value}" for value in range(chance.randrange(2, 7))
                    ]
                    circuits = [marked(value, name=name) for value, name in enumerate(names)]
                    sets += 1
                    job_set = manager.run(circuits, adapter, shots=100, max_circuits_per_job=3)
                    os.write(file, f"{job_set.job_set_id()} {len(names)}\n".encode())
                else:
                    found = [each.record.set_id for each in manager.history() if each.interrupted]
                    job_set = manager.retrieve_job_set(chance.choice(found)) if found else None
                    if job_set is not None:
                        job_set.resume(adapter)
                if job_set is not None:
                    job_set.wait(chance.uniform(0, 0.5))
        except KeyboardInterrupt:  # in any line of the cell: the user goes on with the next one
            continue
        except QJMError:  # another kernel was faster, the disk is full, and so on
            continue
    if manager is not None:
        manager._shut_down()


class Cell:
    """A cell of a notebook: an interrupt ends it while it runs, and does nothing to an idle kernel."""

    def __init__(self) -> None:
        self._runs = False

    def __enter__(self) -> None:
        self._runs = True

    def __exit__(self, *_: object) -> None:
        self._runs = False

    def interrupt(self, *_: object) -> None:
        if self._runs:
            self._runs = False
            raise KeyboardInterrupt


def _kernel(
    place: str, kind: str, seed: int, kill_at: int | None
) -> tuple[JobManager, TaggedAdapter, Any]:
    killer = CountedStore.killer = Killer(kill_at)
    qjm_widgets.manager.manager.SQLiteStore = CountedStore  # type: ignore[misc]
    Transitions.chance = lambda self: 0.0  # type: ignore[method-assign]
    adapter = adapter_of(kind, Path(place) / "ledger", seed)
    adapter.event = killer.event
    file = os.open(Path(place) / "events", os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def log(line: str) -> None:
        os.write(file, f"{line}\n".encode())

    return JobManager(Path(place) / "store"), adapter, log


def _log_ends(job_set: JobSet, log: Any) -> None:
    def log_done(event: JobEvent) -> None:
        if event.job.status is Status.DONE:
            log(f"done {event.job.row}")

    job_set.subscribe(log_done)


def _end(manager: JobManager, job_set: JobSet) -> None:
    assert job_set.wait(LIMIT), job_set.report()
    manager.close()
    Path(manager._store.path).with_name("event_count").write_text(str(CountedStore.killer.events))
