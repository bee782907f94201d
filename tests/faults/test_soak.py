"""Three kernels on one store, under all faults at once: nothing is lost, nothing runs twice.

``QJM_SOAK=N`` goes on for N / 5 seconds instead of a few.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.records import Status
from qjm_widgets.errors import StoreGoneError
from tests.fakes import LIMIT, until
from tests.faults.fork_server import ForkServer
from tests.ledger import Ledger, TaggedAdapter
from tests.store_failures import can_mount

SECONDS = int(os.environ.get("QJM_SOAK") or 40) / 5
SEED = int(os.environ.get("QJM_SEED") or 0)
KERNELS = 3


@contextmanager
def small_disk(place: Path) -> Iterator[bool]:
    """A disk of a few megabytes, where this user may make one."""
    place.mkdir()
    small = sys.platform == "linux" and can_mount()
    if small:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", place], check=True)
    try:
        yield small
    finally:
        if small:
            subprocess.run(["umount", "--lazy", place], check=True)


class Soak:
    """Kernels that share a store, and what is done to them.

    Attributes:
        anchor: a kernel that only looks: a store that is deleted while nobody has it open is gone.
    """

    def __init__(
        self, place: Path, fork_server: ForkServer, chance: random.Random, *, small: bool
    ) -> None:
        self.place = place
        self.fork_server = fork_server
        self.chance = chance
        self.totals: Counter[str] = Counter()
        self.store = place / "disk" / "store"
        self.anchor = JobManager(self.store)
        self.kernels = [self._start(number) for number in range(KERNELS)]
        self.events: list[Callable[[], None]] = [
            self.kill,
            self.stop,
            self.interrupt,
            self.delete,
            self.jump,
        ]
        if small:
            self.events.append(self.fill)

    def _start(self, number: int) -> int:
        seed = self.chance.randrange(10**9)
        return self.fork_server.start(
            "tests.faults.kernels:share", place=str(self.place), number=number, seed=seed
        )

    def _one(self) -> int:
        return self.chance.randrange(KERNELS)

    def kill(self) -> None:
        number = self._one()
        os.kill(self.kernels[number], signal.SIGKILL)
        self.fork_server.wait(self.kernels[number])
        self.kernels[number] = self._start(number)
        self.totals["kernels killed"] += 1

    def stop(self) -> None:
        process = self.kernels[self._one()]
        os.kill(process, signal.SIGSTOP)
        self.pause()
        os.kill(process, signal.SIGCONT)
        self.totals["kernels stopped for a while"] += 1

    def interrupt(self) -> None:
        os.kill(self.kernels[self._one()], signal.SIGINT)
        self.totals["interrupts"] += 1

    def jump(self) -> None:
        os.kill(self.kernels[self._one()], signal.SIGUSR1)
        self.totals["jumps of a clock"] += 1

    def delete(self) -> None:
        # One that starts would make a new store in its place.
        until(lambda: all((self.place / f"open {process}").exists() for process in self.kernels))
        self.anchor.history()
        with closing(sqlite3.connect(self.store, timeout=LIMIT, isolation_level=None)) as file:
            file.execute("BEGIN IMMEDIATE")  # what is written at this very moment would be in no file
            self.store.unlink(missing_ok=True)
        until(self._is_written_anew)
        self.totals["deletions of the store"] += 1

    def _is_written_anew(self) -> bool:
        with suppress(StoreGoneError):  # another was faster
            self.anchor._store.version()
        return self.store.exists()

    def fill(self) -> None:
        filler = self.place / "disk" / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(65536))
            except OSError:
                self.totals["full disks"] += 1
        self.pause()
        filler.unlink()

    def pause(self) -> None:
        """Let the kernels run for a moment."""
        time.sleep(self.chance.uniform(0.02, 0.3))

    def live(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.pause()
            self.chance.choice(self.events)()
        (self.place / "stop").touch()
        for process in self.kernels:
            self.fork_server.wait(process)

    def returned_sets(self) -> dict[str, int]:
        """The ids of the sets that ``run`` returned, with their numbers of circuits."""
        file = self.place / "events"
        lines = file.read_text().splitlines() if file.exists() else []
        return {set_id: int(number) for set_id, number in (line.split() for line in lines)}

    def check(self) -> None:
        """Check that every set is stored and ends with its own counts, and that no circuit ran twice."""
        self.anchor.close()
        ledger = Ledger(self.place / "ledger")
        adapter = TaggedAdapter(ledger, most=2)
        with JobManager(self.store) as manager:
            stored = {each.record.set_id for each in manager.history()}
            assert self.returned_sets().keys() <= stored, "a set is lost"
            for set_id in sorted(stored):
                job_set = manager.retrieve_job_set(set_id)
                job_set.resume(adapter)
                self._end(job_set)
                self._compare(job_set, ledger)
        twice = {circuit: number for circuit, number in ledger.circuit_runs().items() if number > 1}
        assert not twice, "run twice"
        self.totals["sets that three kernels ran"] += len(stored)

    def _end(self, job_set: JobSet) -> None:
        assert job_set.wait(LIMIT), job_set.report()
        while any(job.status is Status.HELD for job in job_set._state.jobs):
            job_set.retry(held=True)  # but for those that were found at the backend meanwhile
            assert job_set.wait(LIMIT), job_set.report()

    def _compare(self, job_set: JobSet, ledger: Ledger) -> None:
        runs = {str(run.number): run for run in ledger.runs()}
        results = job_set.results(partial=True)
        for circuit in range(job_set._state.record.circuits):
            (job,) = [job_set._state.jobs[each.row] for each in job_set.jobs_of(circuit)]
            assert job.status is Status.DONE, job_set.report()
            expected = runs[job.job_id or ""].counts(circuit - job.span.start)
            assert results.get_counts(circuit) == expected


def test_three_kernels_on_one_store_lose_nothing_and_run_nothing_twice(
    tmp_path: Path, totals: Counter[str]
) -> None:
    with small_disk(tmp_path / "disk") as small:
        fork_server = ForkServer(tmp_path / "log")
        try:
            soak = Soak(tmp_path, fork_server, random.Random(f"soak {SEED}"), small=small)
            soak.live(SECONDS)
            soak.check()
        finally:
            (tmp_path / "stop").touch()
            fork_server.close()
        totals.update(soak.totals)
