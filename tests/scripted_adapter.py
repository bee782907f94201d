"""An adapter with calls that a test scripts."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.backoff import Pace
from qjm_widgets.core.counts import Packed
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.outcomes import ExperimentOutcome, JobOutcome
from qjm_widgets.core.records import Status
from qjm_widgets.core.submission import Submission
from qjm_widgets.errors import NotFoundError
from tests.fakes import LIMIT
from tests.ledger import LAYOUT


class SentJob:
    """A job at the provider; a test ends it."""

    def __init__(self, number: int, submission: Submission) -> None:
        self.number = number
        self.identity = submission.identity
        self.values = [circuit_input.circuit.metadata["value"] for circuit_input in submission.inputs]
        self.shots = submission.shots or 100
        self.status: Status | None = Status.QUEUED
        self.cancels = 0
        self.outcome: JobOutcome | None = None

    def finish(self) -> None:
        self.outcome = self.outcome or JobOutcome([_outcome(value, self.shots) for value in self.values])
        self.status = Status.DONE


class ScriptedAdapter(BackendAdapter):
    """A provider in this process whose jobs outlive managers.

    Args:
        refuse: called with the number of the submission (from 0) and the submission, before anything
            is accepted; what it raises is the provider's answer.
        lose: the same, after the job was accepted.
        hold: jobs stay queued until the test ends them.

    Attributes:
        sent: what was accepted, in order.
        knocks: the circuits' values of every submission, accepted or not.
        raises: by the name of a call, what it raises instead of being made ("lose": after a submission
            was accepted; "job": what observing reports of each job; "part": observing ends after its
            first job).
        times: by the name of a call, how often it raises that; without, always.
        gates: by the name of a call, an event that it waits for.
        entered: by the name of a call, set when it was begun.
    """

    name = "scripted"
    kind = "scripted"
    account = "test"
    default_shots = 100

    def __init__(
        self,
        *,
        refuse: Callable[[int, Submission], None] = lambda number, submission: None,
        lose: Callable[[int, Submission], None] = lambda number, submission: None,
        hold: bool = False,
        lifetime: JobLifetime = JobLifetime.BACKEND,
        finds: bool = False,
        pace: Pace | None = None,
        max_pending: int | None = None,
        name: str = "scripted",
    ) -> None:
        self.name = name
        self.lifetime = lifetime
        self.finds = finds
        self.pace = pace
        self.max_pending = max_pending
        self.refuse = refuse
        self.lose = lose
        self.hold = hold
        self.sent: list[SentJob] = []
        self.knocks: list[list[int]] = []
        self.raises: dict[str, BaseException] = {}
        self.times: dict[str, int] = {}
        self.calls: Counter[str] = Counter()
        self.gates: dict[str, threading.Event] = {}
        calls = ("submit", "observe", "cancel", "find", "retrieve")
        self.entered = {call: threading.Event() for call in calls}

    def submit(self, submission: Submission) -> Any:
        number = len(self.knocks)
        self.knocks.append(
            [circuit_input.circuit.metadata["value"] for circuit_input in submission.inputs]
        )
        self._enter("submit")
        self.refuse(number, submission)
        job = SentJob(number, submission)
        if not self.hold:
            job.finish()
        self.sent.append(job)
        self.lose(number, submission)
        self._fault("lose")
        return job

    def job_id(self, handle: SentJob) -> str | None:
        self._enter("job_id")
        return str(handle.number)

    def observe(
        self, handles: Sequence[SentJob], report: Callable[[int, Observation | BaseException], None]
    ) -> None:
        self._enter("observe")
        for index, job in enumerate(handles):
            try:
                self._fault("job")
            except BaseException as error:
                report(index, error)
            else:
                text = None if job.status else "unknown status"
                report(index, Observation(job.status, text, job.outcome))
            self._fault("part")

    def retrieve(self, job_id: str, names: Sequence[str]) -> Any:
        self._enter("retrieve")
        for job in self.sent:
            if str(job.number) == job_id:
                return job
        raise NotFoundError(f"no job {job_id}")

    def find(self, identity: str, names: Sequence[str]) -> list[Any]:
        self._enter("find")
        return [job for job in self.sent if job.identity == identity]

    def cancel(self, handle: SentJob) -> bool:
        handle.cancels += 1
        self._enter("cancel")
        if handle.status is not None and handle.status.final:
            return False
        handle.status = Status.CANCELLED
        return True

    def _enter(self, call: str) -> None:
        gate = self.gates.get(call)
        if call in self.entered:
            self.entered[call].set()
        if gate is not None:
            assert gate.wait(LIMIT)
        self.calls[call] += 1
        self._fault(call)

    def _fault(self, call: str) -> None:
        left = self.times.get(call, 1)
        if call in self.raises and left > 0:
            if call in self.times:
                self.times[call] = left - 1
            raise self.raises[call]


def _outcome(value: int, shots: int) -> ExperimentOutcome:
    counts = Packed(LAYOUT, np.array([value], dtype=np.uint64), np.array([shots]))
    return ExperimentOutcome(f"c{value}", shots, True, "DONE", {}, LAYOUT, counts=counts)
