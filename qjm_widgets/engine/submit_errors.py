"""Handle failed submissions: submit the job again later, cut it, reconcile it, hold it or fail it."""

from __future__ import annotations

from collections.abc import Callable

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.error_policy import Refusal, Verdict, judge, shots_limit
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.records import Status
from qjm_widgets.core.splitting import Limits
from qjm_widgets.engine import cuts
from qjm_widgets.engine.engine_set import EngineSet, Key
from qjm_widgets.engine.transitions import Transitions
from qjm_widgets.errors import InputError, MissingCircuitsError, StoreCorruptError, StoreError

#: Seconds until circuits that cannot be read from the store are read again.
_STORE_WAIT = 1.0
#: Refusals of backends whose jobs exist in this process only: nothing was sent, and there is no account.
_IN_THIS_PROCESS = {
    Refusal.UNSURE: Refusal.BUSY,
    Refusal.BROKEN_OFF: Refusal.LASTING,
    Refusal.ACCOUNT: Refusal.LASTING,
}


class SubmitErrorHandler:
    """The decisions about jobs of one adapter whose submission failed; used on the engine's thread only.

    Args:
        hold_back: stops submissions for some seconds; called with the seconds and the reason.
        back_off: stops submissions for a while because the backend was busy or did not answer; called
            with the verdict and the reason.
        meet_limit: notes that the backend has too many pending jobs.
        revoke: takes back the submissions of a set that were announced but not made; returns their rows.
        find: finds a job that may have been accepted; called with the set, the row, the error of the
            submission, and whether the job becomes an error if it is not found (else it is held).
    """

    def __init__(
        self,
        adapter: BackendAdapter,
        transitions: Transitions,
        *,
        hold_back: Callable[[float, str], None],
        back_off: Callable[[Verdict, str], None],
        meet_limit: Callable[[Verdict], None],
        revoke: Callable[[EngineSet], list[int]],
        find: Callable[[EngineSet, int, str, bool], None],
    ) -> None:
        self._adapter = adapter
        self._transitions = transitions
        self._hold_back = hold_back
        self._back_off = back_off
        self._meet_limit = meet_limit
        self._revoke = revoke
        self._find = find
        self._tries: dict[Key, int] = {}

    def forget(self, job_set: EngineSet, row: int) -> None:
        """Forget how often a job was refused, because it was accepted or a new attempt begins."""
        self._tries.pop((job_set.set_id, row), None)

    def refused(self, job_set: EngineSet, row: int, error: BaseException) -> None:
        """Decide about a job whose submission raised an error."""
        if isinstance(error, StoreError) and not isinstance(error, StoreCorruptError):
            self._hold_back(_STORE_WAIT, "its circuits cannot be read")
            self._transitions.unsend(job_set, row, str(error))
            return
        if isinstance(error, Exception):
            job_set.state.submit_errors[row] = error
        if isinstance(error, MissingCircuitsError) and len(job_set.jobs[row].span) > 1:
            # The circuits that the store has are submitted without the missing one.
            cuts.cut_out(self._transitions, job_set, row, error.circuits[0], str(error))
            return
        verdict = judge(error)
        refusal = verdict.refusal
        if self._adapter.lifetime is JobLifetime.KERNEL:
            refusal = _IN_THIS_PROCESS.get(refusal, refusal)
        job = job_set.jobs[row]
        if refusal is Refusal.TOO_LARGE and cuts.can_be_halved(job_set, job):
            cuts.halve(self._transitions, job_set, row, verdict.text)
        elif refusal in (Refusal.TOO_LARGE, Refusal.TOO_MANY_SHOTS):
            self._cut_shots(job_set, row, verdict.text)
        elif refusal is Refusal.PENDING_LIMIT:
            self._meet_limit(verdict)
            self._transitions.unsend(job_set, row, verdict.text)
        elif refusal is Refusal.BUSY:
            self._wait_and_repeat(job_set, row, verdict)
        elif refusal is Refusal.UNSURE:
            self._reconcile(job_set, row, verdict)
        elif refusal is Refusal.BROKEN_OFF:
            self._reconcile_broken(job_set, row, verdict)
        elif refusal is Refusal.ACCOUNT:
            self._hold_set(job_set, row, verdict)
        else:
            missing = isinstance(error, MissingCircuitsError)
            self._fail(job_set, row, verdict.text, retryable=not missing)

    def _cut_shots(self, job_set: EngineSet, row: int, text: str) -> None:
        """Learn from a refusal how many shots the backend takes. The next submission cuts the job.

        The job fails if the refusal does not show a limit, or if the shots must not be cut.
        """
        job = job_set.jobs[row]
        if job.shots is None and len(job.span) > 1:  # the circuits' shots differ: cut them apart first
            cuts.halve(self._transitions, job_set, row, text)
            return
        shots = job.shots or job_set.state.circuits.get(job.span)[0].shots
        limit = None if shots is None else shots_limit(text, shots)
        if limit is not None:
            try:
                self._adapter.seeds(2, job_set.state.options)
                inputs = job_set.state.circuits.get(job.span)
                self._adapter.check_cut(inputs, job.span.start, job_set.state.options)
            except InputError as error:  # the pieces would draw equal samples, or cannot be merged
                text, limit = f"{text}\n{error}", None
        if limit is None:
            self._fail(job_set, row, text)
            return
        self._adapter.limits = self._adapter.limits.tighter(Limits(shots=limit))
        self._transitions.amend(job_set, row, shots=shots)
        self._transitions.unsend(job_set, row, text)

    def _fail(self, job_set: EngineSet, row: int, text: str, *, retryable: bool = True) -> None:
        if job_set.jobs[row].cancel_requested:
            self._transitions.unsend(job_set, row, text)
            return
        at = self._transitions.wall()
        self._transitions.change(
            job_set, row, Status.ERROR, error=text, finished_at=at, retryable=retryable
        )

    def _hold_set(self, job_set: EngineSet, row: int, verdict: Verdict) -> None:
        """Hold a job and all jobs of its set that are not sent: they would be refused too."""
        reason, details = verdict.text.split("\n", 1)
        text = f"not sent, {reason}: submit again?\n{details}"
        for each in (row, *self._revoke(job_set)):
            self._transitions.hold(job_set, each, text)
        self._transitions.hold_unsent(job_set, text)

    def _wait_and_repeat(self, job_set: EngineSet, row: int, verdict: Verdict) -> None:
        key = job_set.set_id, row
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        if tries >= job_set.state.tries:
            del self._tries[key]
            count = f"refused {tries} times; the last time: " if tries > 1 else ""
            self._fail(job_set, row, count + verdict.text)
            return
        self._back_off(verdict, "the backend is busy")
        self._transitions.unsend(job_set, row, verdict.text)

    def _reconcile(self, job_set: EngineSet, row: int, verdict: Verdict) -> None:
        """Find a job that may have been accepted, and submit nothing for a while.

        If the adapter cannot find jobs, submit the job again if the set has ``rerun_on_resume``, else
        hold it.
        """
        self._back_off(verdict, f"{self._adapter.name} does not answer")
        if self._adapter.finds:
            text = f"may have been sent, looking for it: {verdict.text}"
            self._transitions.amend(job_set, row, last_error=text)
            self._find(job_set, row, verdict.text, False)
        elif job_set.state.record.rerun_on_resume:
            self._wait_and_repeat(job_set, row, verdict)
        else:
            text = f"may have been sent: submit again?\n{verdict.text}"
            self._transitions.hold(job_set, row, text)

    def _reconcile_broken(self, job_set: EngineSet, row: int, verdict: Verdict) -> None:
        """Find a job whose call broke off, perhaps after the job was accepted; else hold it.

        Other jobs are submitted meanwhile.
        """
        if self._adapter.finds:
            text = f"the call broke off, looking whether it was sent: {verdict.text}"
            self._transitions.amend(job_set, row, last_error=text)
            self._find(job_set, row, verdict.text, True)
        else:
            text = f"the call broke off, it may have been sent: submit again?\n{verdict.text}"
            self._transitions.hold(job_set, row, text)
