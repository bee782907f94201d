"""A provider that outlives every kernel: a ledger in a file, and adapters that submit to it.

The ledger counts what was really run, so that a test can compare it with a job set.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.counts import Layout, Packed
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.outcomes import ExperimentOutcome, JobOutcome
from qjm_widgets.core.records import Status
from qjm_widgets.core.submission import Submission
from qjm_widgets.errors import NotFoundError

LAYOUT = Layout((), 10)
"""Every circuit measures ten bits."""


class Run(NamedTuple):
    """A job as the server has it. ``part`` is the identity without the set and the attempt."""

    number: int
    identity: str
    kernel: int
    circuits: list[tuple[str, int]]
    shots: int
    cancelled: bool

    @property
    def part(self) -> str:
        return ":".join(self.identity.split(":")[2:4])

    def counts(self, circuit: int) -> dict[str, int]:
        """Return its counts of a circuit, which no other run of that circuit gives."""
        strange = min(self.number, self.shots)
        pairs = ((self.circuits[circuit][1], self.shots - strange), (1023, strange))
        return {format(value, "010b"): count for value, count in pairs if count}


class Refused(Exception):  # noqa: N818 - named after what the server does
    """An error of a server with an HTTP status."""

    def __init__(self, text: str, status: int, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.status_code = status
        self.retry_after = retry_after


class Ledger:
    """The jobs of the provider; any number of processes may use one file."""

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        with self._open() as file:
            file.execute("PRAGMA journal_mode = WAL")
            file.execute("CREATE TABLE IF NOT EXISTS knocks (number INTEGER PRIMARY KEY, identity TEXT)")
            file.execute(
                "CREATE TABLE IF NOT EXISTS runs (number INTEGER PRIMARY KEY, identity TEXT, kernel INT,"
                " circuits TEXT, shots INT, looks INT DEFAULT 0, searches INT DEFAULT 0,"
                " cancelled INT DEFAULT 0)"
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        file = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        try:
            file.execute("PRAGMA synchronous = OFF")  # it survives a process, not the machine
            yield file
        finally:
            file.close()

    def knock(self, identity: str) -> int:
        """Count a submission, accepted or not; return its number, from 1."""
        with self._open() as file:
            return file.execute("INSERT INTO knocks (identity) VALUES (?)", (identity,)).lastrowid or 0

    def accept(self, submission: Submission) -> int:
        """Accept a job; return its number."""
        works = [(work.circuit.name, work.circuit.metadata["value"]) for work in submission.inputs]
        row = (submission.identity, os.getpid(), json.dumps(works), submission.shots)
        with self._open() as file:
            return (
                file.execute(
                    "INSERT INTO runs (identity, kernel, circuits, shots) VALUES (?, ?, ?, ?)", row
                ).lastrowid
                or 0
            )

    def look(self, number: int) -> Status:
        """Return a job's state; it is done after a few calls."""
        with self._open() as file:
            found = file.execute(
                "UPDATE runs SET looks = looks + 1 WHERE number = ? RETURNING looks, cancelled",
                (number,),
            ).fetchone()
        if found is None:
            raise NotFoundError(f"no job {number}")
        looks, cancelled = found
        if cancelled:
            return Status.CANCELLED
        return (Status.QUEUED, Status.RUNNING, Status.DONE)[min(2, looks // 2 + number % 3)]

    def cancel(self, number: int) -> bool:
        with self._open() as file:
            file.execute("UPDATE runs SET cancelled = 1 WHERE number = ?", (number,))
        return True

    def search(self, identity: str) -> list[int]:
        """Return the jobs of an identity; each is listed from the second search on."""
        with self._open() as file:
            found = file.execute(
                "UPDATE runs SET searches = searches + 1 WHERE identity = ? RETURNING number, searches",
                (identity,),
            ).fetchall()
        return [number for number, searches in found if searches > 1]

    def runs(self) -> list[Run]:
        """Every job that was ever accepted."""
        with self._open() as file:
            rows = file.execute(
                "SELECT number, identity, kernel, circuits, shots, cancelled FROM runs ORDER BY number"
            ).fetchall()
        return [
            Run(
                number,
                identity,
                kernel,
                [tuple(pair) for pair in json.loads(circuits)],
                shots,
                bool(gone),
            )
            for number, identity, kernel, circuits, shots, gone in rows
        ]

    def knocks(self) -> int:
        with self._open() as file:
            return int(file.execute("SELECT count(*) FROM knocks").fetchone()[0])

    def circuit_runs(self) -> Counter[tuple[str, str]]:
        """How often each circuit was run, by its name and the piece of its shots."""
        return Counter(
            (name, run.part.partition(":")[2]) for run in self.runs() for name, _ in run.circuits
        )


class TaggedAdapter(BackendAdapter):
    """An adapter of a ledger with jobs that have tags and can be found by them.

    Args:
        ledger: the provider.
        faults: by the number of the submission (from 1): "busy", or "lost" (accepted, the answer lost).
        most: circuits that a job may hold.
        event: called with a name before and after each call.
    """

    name = "ledger"
    kind = "finding"
    default_shots = 100
    lifetime = JobLifetime.BACKEND
    account = "test"
    finds = True
    settling = 0.2

    def __init__(
        self,
        ledger: Ledger,
        *,
        faults: Mapping[int, str] | None = None,
        most: int = 100,
        event: Callable[[str], None] = lambda name: None,
    ) -> None:
        self.ledger = ledger
        self.faults = dict(faults or {})
        self.most = most
        self.event = event

    def submit(self, submission: Submission) -> Any:
        self.event("before submit")
        fault = self.faults.get(self.ledger.knock(submission.identity))
        if len(submission.inputs) > self.most:
            raise Refused("too many circuits in one job", 413)
        if fault == "busy":
            raise Refused("slow down", 429, retry_after=0)
        number = self.ledger.accept(submission)
        self.event("after submit")
        if fault == "lost":
            raise ConnectionResetError("the answer was lost")
        return number

    def job_id(self, handle: Any) -> str | None:
        return str(handle)

    def observe(
        self, handles: Sequence[Any], report: Callable[[int, Observation | BaseException], None]
    ) -> None:
        self.event("before observe")
        for index, number in enumerate(handles):
            status = self.ledger.look(number)
            outcome = self._outcome(number) if status is Status.DONE else None
            report(index, Observation(status, None, outcome))
        self.event("after observe")

    def retrieve(self, job_id: str, names: Sequence[str]) -> Any:
        self.event("before retrieve")
        number = int(job_id)
        self.ledger.look(number)
        self.event("after retrieve")
        return number

    def find(self, identity: str, names: Sequence[str]) -> list[Any]:
        self.event("before find")
        found = self.ledger.search(identity)
        self.event("after find")
        return found

    def cancel(self, handle: Any) -> bool:
        self.event("before cancel")
        done = self.ledger.cancel(handle)
        self.event("after cancel")
        return done

    def _outcome(self, number: int) -> JobOutcome:
        run = next(run for run in self.ledger.runs() if run.number == number)
        return JobOutcome([outcome_of(run, index) for index in range(len(run.circuits))])


class UntaggedAdapter(TaggedAdapter):
    """An adapter of a ledger without tags: unanswered submissions are held."""

    kind = "blind"
    finds = False


class KernelAdapter(TaggedAdapter):
    """An adapter that computes in the kernel: its jobs end with the kernel."""

    kind = "in_kernel"
    lifetime = JobLifetime.KERNEL
    finds = False
    max_pending = 3

    def retrieve(self, job_id: str, names: Sequence[str]) -> Any:
        raise NotFoundError(f"job {job_id} died with its kernel")


KINDS: dict[str, type[TaggedAdapter]] = {
    kind.kind: kind for kind in (TaggedAdapter, UntaggedAdapter, KernelAdapter)
}


def outcome_of(run: Run, circuit: int) -> ExperimentOutcome:
    """Return the outcome of one of a run's circuits."""
    counts = run.counts(circuit)
    packed = Packed(
        LAYOUT,
        np.array([int(key, 2) for key in counts], dtype=np.uint64),
        np.array(list(counts.values()), dtype=np.int64),
    )
    name = run.circuits[circuit][0]
    return ExperimentOutcome(name, run.shots, True, "DONE", {"name": name}, LAYOUT, counts=packed)
