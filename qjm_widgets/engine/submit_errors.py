"""What becomes of a job whose submission was refused: later again, cut, looked for, held or failed."""

from __future__ import annotations

from qjm_widgets.core.error_policy import Refusal, Verdict, judge, shots_limit
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.ports import BackendAdapter
from qjm_widgets.core.records import Status
from qjm_widgets.core.recovery import Recovery
from qjm_widgets.core.splitting import Limits
from qjm_widgets.engine.engine_set import EngineSet, Turn
from qjm_widgets.engine.poller import Poller
from qjm_widgets.engine.rate_limiter import RateLimiter
from qjm_widgets.engine.reconciler import Doubt
from qjm_widgets.errors import InputError, MissingCircuitsError, StoreCorruptError, StoreError

_STORE_WAIT = 1.0
"""Circuits that cannot be read from the store are asked for again after so many seconds."""


class SubmitErrorHandler:
    """Decides about the refused jobs of one adapter; on the engine's thread alone."""

    def __init__(
        self, adapter: BackendAdapter, turn: Turn, throttle: RateLimiter, asker: Poller
    ) -> None:
        self._adapter = adapter
        self._turn = turn
        self._throttle = throttle
        self._asker = asker
        self._tries: dict[tuple[str, int], int] = {}

    def forget(self, job_set: EngineSet, row: int) -> None:
        """Forget how often a job was refused: it was taken, or a new attempt begins."""
        self._tries.pop((job_set.state.set_id, row), None)

    def refused(self, job_set: EngineSet, row: int, error: BaseException) -> None:
        """The submission of a job came back with an error."""
        if isinstance(error, StoreError) and not isinstance(error, StoreCorruptError):
            self._throttle.hold_back(_STORE_WAIT, "its circuits cannot be read")
            self._turn.unsend(job_set, row, str(error))
            return
        if isinstance(error, Exception):
            job_set.state.refusals[row] = error
        if isinstance(error, MissingCircuitsError) and len(job_set.jobs[row].span) > 1:
            # What the store has of the job is sent without them.
            self._turn.cut_out(job_set, row, error.circuits[0], str(error))
            return
        verdict = judge(error)
        refusal = verdict.refusal
        if self._adapter.lifetime is JobLifetime.KERNEL:  # nothing of it can live anywhere else
            refusal = {Refusal.UNSURE: Refusal.BUSY, Refusal.ODD: Refusal.LASTING}.get(refusal, refusal)
        job = job_set.jobs[row]
        if refusal is Refusal.TOO_LARGE and len(job.span) > 1:
            self._turn.halve(job_set, row, verdict.text)
        elif refusal in (Refusal.TOO_LARGE, Refusal.TOO_MANY_SHOTS):
            self._cut_shots(job_set, row, verdict.text)
        elif refusal is Refusal.PENDING_LIMIT:
            self._throttle.meet_limit(self._asker.pending, verdict)
            self._turn.unsend(job_set, row, verdict.text)
        elif refusal is Refusal.BUSY:
            self._wait_and_repeat(job_set, row, verdict)
        elif refusal is Refusal.UNSURE:
            self._resolve(job_set, row, verdict)
        elif refusal is Refusal.ODD:
            self._doubt(job_set, row, verdict)
        else:
            missing = isinstance(error, MissingCircuitsError)
            self._fail(job_set, row, verdict.text, retryable=not missing)

    def _cut_shots(self, job_set: EngineSet, row: int, text: str) -> None:
        """Learn how many shots the backend takes; the job goes again, and is cut as it does."""
        job = job_set.jobs[row]
        if job.shots is None and len(job.span) > 1:  # they differ: each by itself has a number
            self._turn.halve(job_set, row, text)
            return
        shots = job.shots or job_set.state.circuits.of(job.span)[0].shots
        limit = None if shots is None else shots_limit(text, shots)
        if limit is not None:
            try:
                self._adapter.seeds(2, job_set.state.options)
                works = job_set.state.circuits.of(job.span)
                self._adapter.check_cut(works, job.span.start, job_set.state.options)
            except InputError as error:  # the pieces would draw the same, or could not be merged
                text, limit = f"{text}\n{error}", None
        if limit is None:
            self._fail(job_set, row, text)
            return
        self._adapter.limits = self._adapter.limits.tighter(Limits(shots=limit))
        self._turn.amend(job_set, row, shots=shots)
        self._turn.unsend(job_set, row, text)

    def _fail(self, job_set: EngineSet, row: int, text: str, *, retryable: bool = True) -> None:
        if job_set.jobs[row].cancel_requested:
            self._turn.unsend(job_set, row, text)
            return
        at = self._turn.wall()
        self._turn.change(job_set, row, Status.ERROR, error=text, finished_at=at, retryable=retryable)

    def _wait_and_repeat(self, job_set: EngineSet, row: int, verdict: Verdict) -> None:
        key = job_set.state.set_id, row
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        if tries >= job_set.state.tries:
            del self._tries[key]
            often = f"refused {tries} times; the last time: " if tries > 1 else ""
            self._fail(job_set, row, often + verdict.text)
            return
        self._throttle.back_off(verdict, "the backend is busy")
        self._turn.unsend(job_set, row, verdict.text)

    def _resolve(self, job_set: EngineSet, row: int, verdict: Verdict) -> None:
        """The job may have been accepted: look it up, or let the user decide."""
        self._throttle.back_off(verdict, f"{self._adapter.name} does not answer")
        if self._adapter.finds:
            self._turn.amend(
                job_set, row, last_error=f"may have been sent, looking for it: {verdict.text}"
            )
            self._asker.look_for(job_set, row, Recovery.FIND, Doubt(verdict.text))
        elif job_set.state.record.rerun_on_resume:
            self._wait_and_repeat(job_set, row, verdict)
        else:
            self._turn.hold(job_set, row, f"may have been sent: submit again?\n{verdict.text}")

    def _doubt(self, job_set: EngineSet, row: int, verdict: Verdict) -> None:
        """The call broke off, perhaps after the job was accepted: sending others is not the matter."""
        if self._adapter.finds:
            text = f"the call broke off, looking whether it was sent: {verdict.text}"
            self._turn.amend(job_set, row, last_error=text)
            self._asker.look_for(job_set, row, Recovery.FIND, Doubt(verdict.text, fails=True))
        else:
            text = f"the call broke off, it may have been sent: submit again?\n{verdict.text}"
            self._turn.hold(job_set, row, text)
