"""A kernel is killed at any point; the set survives it, and no job runs twice.

``QJM_SOAK=N`` tries N points instead of a few dozen.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.records import Status
from qjm_widgets.engine.transitions import Transitions
from tests.fakes import LIMIT
from tests.faults.fork_server import ForkServer
from tests.faults.kernels import CANCELLED_ROW, CIRCUITS, adapter_of
from tests.ledger import KINDS, Ledger

POINTS = int(os.environ.get("QJM_SOAK") or 48)
FIRST_SEED = int(os.environ.get("QJM_SEED") or 0)
AGAIN = 0.35
"""How often the kernel that resumes is killed too."""


@pytest.fixture(scope="module")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    fork_server = ForkServer(tmp_path_factory.mktemp("kills") / "log")
    yield fork_server
    fork_server.close()


class Story:
    """A set, the kernels that drove it until they were killed, and the events that they logged."""

    def __init__(self, fork_server: ForkServer, place: Path, kind: str, seed: int) -> None:
        self.fork_server = fork_server
        self.place = place
        self.kind = kind
        self.seed = seed
        self.ledger = Ledger(place / "ledger")
        self.kills = 0
        self.sent_before_cancel: int | None = None

    def live(self, events: int, chance: random.Random) -> None:
        """Kill kernel after kernel, each at an event of its own."""
        common = {"place": str(self.place), "kind": self.kind, "seed": self.seed}
        kill_at = chance.randrange(1, events)
        killed = self.fork_server.run("tests.faults.kernels:begin", **common, kill_at=kill_at)
        self._after(killed)
        while killed and self.set_id is not None and chance.random() < AGAIN:
            kill_at = chance.randrange(1, max(2, events // 2))
            killed = self.fork_server.run(
                "tests.faults.kernels:go_on", **common, kill_at=kill_at, set_id=self.set_id
            )
            self._after(killed)

    def _after(self, killed: int) -> None:
        self.kills += bool(killed)
        if "cancelled" in self.events() and self.sent_before_cancel is None:
            self.sent_before_cancel = self._runs_of_cancelled()

    def events(self) -> list[str]:
        file = self.place / "events"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def set_id(self) -> str | None:
        """The set's id, once ``run`` has returned it."""
        return next((line.split()[1] for line in self.events() if line.startswith("stored")), None)

    def check(self) -> Counter[str]:
        """Resume the set here; return what was lost, and what ran twice."""
        if self.set_id is None:
            assert self.ledger.knocks() == 0 or self.kills, "something was sent of a set nobody has"
            return Counter()
        found: Counter[str] = Counter()
        adapter = adapter_of(self.kind, self.place / "ledger", self.seed)
        with JobManager(self.place / "store") as manager:
            job_set = manager.retrieve_job_set(self.set_id)
            logged_done = {int(line.split()[1]) for line in self.events() if line.startswith("done")}
            for row in logged_done:
                assert job_set._state.jobs[row].status is Status.DONE, (row, job_set.report())
            done = {job.row: job.job_id for job in job_set._state.jobs if job.status is Status.DONE}
            job_set.resume(adapter)
            assert job_set.wait(LIMIT), job_set.report()
            for row, job_id in done.items():
                assert job_set._state.jobs[row].job_id == job_id, "a finished job was run again"
            held = {job.row for job in job_set._state.jobs if job.status is Status.HELD}
            found["held for the user to decide"] = len(held)
            if self.kind != "in_kernel":
                found["jobs run twice"] = sum(n > 1 for n in self.ledger.circuit_runs().values())
            assert self.kind != "in_kernel" or not held, job_set.report()
            while held:  # a connection may break again
                if self.kind == "finding":
                    assert not self._runs_of(job_set, held), "a job that runs was not found"
                assert job_set.retry(held=True) == len(held)
                assert job_set.wait(LIMIT), job_set.report()
                held = {job.row for job in job_set._state.jobs if job.status is Status.HELD}
            if self.kind == "finding":
                twice = sum(n > 1 for n in self.ledger.circuit_runs().values())
                assert not twice, "a held job was not really unsent"
            found["jobs lost"] = self._lost(job_set)
        if self.sent_before_cancel is not None and self.kind != "in_kernel":
            assert self._runs_of_cancelled() == self.sent_before_cancel, "sent although cancelled"
        return found

    def _lost(self, job_set: JobSet) -> int:
        """Circuits without a result, or with another than the provider gave."""
        runs = {str(run.number): run for run in self.ledger.runs()}
        results = job_set.results()
        lost = 0
        for circuit in range(CIRCUITS):
            jobs = [job_set._state.jobs[job.row] for job in job_set.jobs_of(circuit)]
            assert [job.piece for job in jobs] == list(range(len(jobs)))
            if any(job.status is Status.CANCELLED for job in jobs):
                assert "cancelling" in self.events()
                continue
            expected: Counter[str] = Counter()
            for job in jobs:
                run = runs.get(job.job_id or "")
                if job.status is Status.DONE and run is not None:
                    expected.update(run.counts(circuit - job.span.start))
                else:
                    lost += 1
            if not lost and results.get_counts(circuit) != expected:
                lost += 1
            assert results.get_counts(f"c{circuit}") == results.get_counts(circuit)
        return lost

    def _runs_of(self, job_set: JobSet, rows: set[int]) -> int:
        """How many runs there are of the circuits of some jobs, in the pieces of these."""
        wanted = {
            (f"c{circuit}", f"s{job.piece}/{job.pieces}")
            for job in job_set._state.jobs
            if job.row in rows
            for circuit in range(*job.span)
        }
        return sum(self.ledger.circuit_runs()[each] for each in wanted)

    def _runs_of_cancelled(self) -> int:
        file = sqlite3.connect(self.place / "store")
        (start, stop, piece) = file.execute(
            "SELECT start, stop, piece FROM jobs WHERE row = ?", (CANCELLED_ROW,)
        ).fetchone()
        file.close()
        names = {f"c{circuit}" for circuit in range(start, stop)}
        runs = self.ledger.circuit_runs()
        return sum(n for (name, part), n in runs.items() if name in names and part[1:2] == str(piece))


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_kernel_loses_no_job_and_no_job_runs_twice(
    kind: str,
    fork_server: ForkServer,
    tmp_path: Path,
    totals: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Transitions, "chance", lambda self: 0.0)
    whole = tmp_path / "whole"
    whole.mkdir()
    fork_server.run("tests.faults.kernels:begin", place=str(whole), kind=kind, seed=1, kill_at=None)
    events = int((whole / "event_count").read_text())
    for seed in range(FIRST_SEED, FIRST_SEED + POINTS // len(KINDS)):
        place = tmp_path / str(seed)
        place.mkdir()
        story = Story(fork_server, place, kind, seed)
        story.live(events, random.Random(f"{kind} {seed}"))
        try:
            found = story.check()
        except AssertionError as error:
            raise AssertionError(f"{kind}, seed {seed}: {error}") from error
        assert not found["jobs lost"], f"{kind}, seed {seed}"
        assert not found["jobs run twice"], f"{kind}, seed {seed}"
        totals["points at which a kernel was killed"] += story.kills
        for name in sorted(found):
            totals[name] += found[name]
