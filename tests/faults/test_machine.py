"""Any order of submissions, refusals, ends, cancels, retries, kills and resumes keeps the guarantees.

Hypothesis drives a real set on a real engine and a real file against a small model. The provider is
scripted and outlives the kernels; a kernel that is killed is a manager that is dropped without a word.
``QJM_SOAK=N`` plays N stories instead of a few dozen.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter, deque
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status, StatusChange
from qjm_widgets.engine.transitions import Transitions
from qjm_widgets.errors import NotAvailableError
from tests.clocks import ManualClock
from tests.job_sets import abandon, circuits, wait_until_idle
from tests.ledger import Refused
from tests.scripted_adapter import ScriptedAdapter, SentJob

STORIES = int(os.environ.get("QJM_SOAK") or 50)
CIRCUITS = 9

NEXT = {
    None: {"not_sent", "sending", "error", "cancelled"},
    "not_sent": {"not_sent", "sending", "cancelled", "error"},
    "sending": {"queued", "not_sent", "held", "error", "cancelled"},
    "queued": {"running", "done", "error", "cancelled", "held"},
    "running": {"done", "error", "cancelled", "held"},
    "held": {"queued", "not_sent", "cancelled"},
    "error": {"not_sent"},
    "done": set(),
    "cancelled": set(),
}
"""What may follow a status in a job's history."""

ANSWERS = {
    "accepted": None,
    "busy": lambda: Refused("slow down", 429),
    "full": lambda: Refused("too many pending jobs", 400),
    "wrong": lambda: RuntimeError("bad circuit"),
    "down": lambda: ConnectionRefusedError("nobody there"),
    "large": lambda: Refused("payload too large", 413),
    "broken": lambda: ConnectionResetError("gone"),
    "garbled": lambda: KeyError("id"),
    "accepted, broken": lambda: ConnectionResetError("gone"),
    "accepted, garbled": lambda: KeyError("id"),
}
SAID = st.permutations(sorted(ANSWERS))

TOTALS: Counter[str] = Counter()


class Provider(ScriptedAdapter):
    """A provider that answers the next submissions by a list, and accepts those after them."""

    def __init__(self, *, finds: bool, answers: list[str]) -> None:
        super().__init__(hold=True, finds=finds)
        self.answers = deque(answers)
        self.refuse = self.before
        self.lose = self.after
        self._now = "accepted"

    def before(self, number: int, submission: object) -> None:
        self._now = self.answers.popleft() if self.answers else "accepted"
        TOTALS[self._now] += 1
        error = ANSWERS[self._now]
        if error is not None and not self._now.startswith("accepted"):
            raise error()

    def after(self, number: int, submission: object) -> None:
        error = ANSWERS[self._now]
        if error is not None:
            raise error()

    def runs(self) -> Counter[int]:
        """How often each circuit was taken."""
        return Counter(value for job in self.sent for value in job.values)


class Kernels(RuleBasedStateMachine):
    """One set that several kernels drive, one after another.

    Attributes:
        allowed: how often each circuit may run: once, and once more for each time that the user said so.
        frozen: circuits whose job was cancelled, and how often they had been taken by then.
    """

    clock = ManualClock()

    @initialize(
        finds=st.booleans(),
        size=st.sampled_from([1, 2, 4]),
        most=st.sampled_from([2, None, 1]),
        answers=SAID,
    )
    def begin(self, finds: bool, size: int, most: int | None, answers: list[str]) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="qjm-machine-"))
        self.provider = Provider(finds=finds, answers=answers)
        self.provider.max_pending = most
        self.gone: list[JobManager] = []
        self.frozen: dict[int, int] = {}
        self.allowed: Counter[int] = Counter(range(CIRCUITS))
        self.manager = JobManager(self.place / "store")
        self.job_set = self.manager.run(
            circuits(CIRCUITS), self.provider, shots=10, max_circuits_per_job=size
        )
        self.driven = True
        self._idle()

    def teardown(self) -> None:
        if hasattr(self, "place"):
            try:
                self.ends()
            finally:
                for manager in [*self.gone, self.manager]:
                    manager._shut_down()
                shutil.rmtree(self.place)

    # -- what the provider does ----------------------------------------------------------------------

    @rule(answers=SAID)
    def will_answer(self, answers: list[str]) -> None:
        self.provider.answers.extend(answers)

    @rule(which=st.integers(0, 20), status=st.sampled_from([Status.RUNNING, Status.DONE, Status.ERROR]))
    def changes(self, which: int, status: Status) -> None:
        self._idle()
        going = self._going()
        if going:
            self._change(going[which % len(going)], status)

    @rule(status=st.sampled_from([Status.DONE, Status.ERROR]))
    def all_change(self, status: Status) -> None:
        self._idle()
        for job in self._going():
            self._change(job, status)

    def _going(self) -> list[SentJob]:
        return [job for job in self.provider.sent if job.status in (Status.QUEUED, Status.RUNNING)]

    def _change(self, job: SentJob, status: Status) -> None:
        if status is Status.DONE:
            job.finish()
        else:
            job.status = status

    @rule(call=st.sampled_from(["observe", "cancel", "retrieve", "find", "job_id"]), odd=st.booleans())
    def fails(self, call: str, odd: bool) -> None:
        self.provider.raises[call] = KeyError("status") if odd else TimeoutError("no answer")
        self.provider.times[call] = 2

    # -- what the user does --------------------------------------------------------------------------

    @precondition(lambda self: self.driven)
    @rule(which=st.lists(st.integers(0, 20), max_size=3))
    def cancels(self, which: list[int]) -> None:
        self._idle()
        jobs = self.job_set._state.jobs
        self._cancel([number % len(jobs) for number in which])

    @precondition(lambda self: self.driven)
    @rule()
    def cancels_all(self) -> None:
        self._idle()
        self._cancel([job.row for job in self.job_set._state.jobs])

    def _cancel(self, rows: list[int]) -> None:
        spans = [self.job_set._state.jobs[row].span for row in rows if not self._is_over(row)]
        assert self.job_set.cancel(rows) == len(set(spans))
        runs = self.provider.runs()
        for span in spans:
            self.frozen |= {circuit: runs[circuit] for circuit in range(*span)}

    def _is_over(self, row: int) -> bool:
        return self.job_set._state.jobs[row].status.final

    @precondition(lambda self: self.driven)
    @rule(held=st.booleans())
    def retries(self, held: bool) -> None:
        self._idle()
        attempts = {job.row: job.attempt for job in self.job_set._state.jobs}
        assert self.job_set.retry(held=held) >= 0
        for job in self.job_set._state.jobs:
            if job.attempt > attempts.get(job.row, job.attempt):
                for circuit in range(*job.span):
                    self.allowed[circuit] += 1

    @precondition(lambda self: self.driven)
    @rule(paused=st.booleans())
    def pauses(self, paused: bool) -> None:
        (self.job_set.pause if paused else self.job_set.unpause)()

    # -- time, death and life ------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1.0, 40.0, 600.0, 50_000.0]))
    def time_goes_by(self, seconds: float) -> None:
        self._idle()
        self.clock.skip(seconds)
        self._idle()

    def _idle(self) -> None:
        if self.driven:
            wait_until_idle(self.manager)

    @rule(seconds=st.sampled_from([-86_400.0, 31_536_000.0]))
    def clock_is_set(self, seconds: float) -> None:
        self.clock.jump(seconds)

    @precondition(lambda self: self.driven)
    @rule()
    def is_killed(self) -> None:
        abandon(self.manager)
        self._leave()

    @precondition(lambda self: self.driven)
    @rule()
    def is_closed(self) -> None:
        self.manager._shut_down()
        self._leave()

    def _leave(self) -> None:
        set_id = self.job_set.job_set_id()
        self.gone.append(self.manager)
        self.manager = JobManager(self.place / "store")
        self.job_set = self.manager.retrieve_job_set(set_id)
        self.driven = False

    @precondition(lambda self: not self.driven)
    @rule()
    def is_resumed(self) -> None:
        assert self.job_set._state.owner is None
        self.job_set.resume(self.provider)
        self.driven = True

    @precondition(lambda self: self.driven)
    @rule()
    def resumes_what_is_held(self) -> None:
        self.job_set.resume()

    # -- what is always so ---------------------------------------------------------------------------

    @invariant()
    def no_attempt_runs_twice(self) -> None:
        if hasattr(self, "provider"):
            identities = Counter(job.identity for job in self.provider.sent)
            assert all(number == 1 for number in identities.values()), identities

    @invariant()
    def nothing_is_sent_without_being_asked_for(self) -> None:
        if hasattr(self, "provider"):
            for circuit, number in self.provider.runs().items():
                assert number <= self.allowed[circuit], (circuit, number, self.job_set.report())
            for circuit, number in self.frozen.items():
                assert self.provider.runs()[circuit] == number, "sent although it was cancelled"

    @invariant()
    def the_circuits_are_all_there_in_their_order(self) -> None:
        if hasattr(self, "job_set"):
            spans = [job.span for job in self.job_set._state.ordered()]
            assert [circuit for span in spans for circuit in range(*span)] == list(range(CIRCUITS))

    @invariant()
    def history_is_consistent(self) -> None:
        if hasattr(self, "job_set"):
            if self.driven:
                self.manager._engine.execute(lambda: None)
            for job in self.job_set.managed_jobs():
                self._check(job.history())

    def _check(self, history: list[StatusChange]) -> None:
        before: StatusChange | None = None
        for change in history:
            last = None if before is None else before.status.value
            assert change.status.value in NEXT[last], history
            if before is not None:
                assert change.attempt - before.attempt in (0, 1), history
                assert change.attempt == before.attempt or last in ("error", "held"), history
            before = change

    @invariant()
    def results_are_the_provider_s(self) -> None:
        if hasattr(self, "job_set"):
            results = self.job_set.results(partial=True)
            for circuit in range(CIRCUITS):
                try:
                    counts = results.get_counts(circuit)
                except NotAvailableError:
                    continue
                assert counts == {format(circuit, "010b"): 10}

    def ends(self) -> None:
        """Retry held and failed jobs without faults, and check that every circuit has its counts."""
        self.provider.answers.clear()
        self.provider.raises.clear()
        self.provider.hold = False
        if not self.driven:
            self.is_resumed()
        self.job_set.unpause()
        for _ in range(400):
            for job in self._going():
                job.finish()
            wait_until_idle(self.manager)
            self.no_attempt_runs_twice()
            self.nothing_is_sent_without_being_asked_for()
            if self.job_set._state.settled:
                self.retries(held=False)
                self.retries(held=True)
                if self.job_set._state.settled:
                    break
            self.clock.skip(200.0)
        for job in self.job_set._state.jobs:
            if not self.frozen.keys() & set(range(*job.span)):
                assert job.status is Status.DONE, self.job_set.report()
        self.history_is_consistent()
        self.results_are_the_provider_s()
        TOTALS["stories"] += 1
        TOTALS["kernels"] += len(self.gone) + 1


def test_any_order_of_events_keeps_the_promises(
    monkeypatch: pytest.MonkeyPatch, totals: Counter[str]
) -> None:
    monkeypatch.setattr(Transitions, "chance", lambda self: 0.0)
    monkeypatch.setattr("qjm_widgets.manager.manager.time", Kernels.clock)
    run_state_machine_as_test(
        Kernels,
        settings=settings(
            max_examples=STORIES,
            stateful_step_count=25,
            deadline=None,
            derandomize="QJM_SOAK" not in os.environ,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    for name in ("stories", "kernels", *ANSWERS):
        totals[f"played by the machine: {name}"] += TOTALS[name]
