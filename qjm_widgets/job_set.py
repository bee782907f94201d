"""A set of jobs, as its user sees it."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from qjm_widgets import _display
from qjm_widgets._printable import printable_result
from qjm_widgets.core import formatting
from qjm_widgets.core.budget import OVER_BUDGET
from qjm_widgets.core.counts import CountsSum
from qjm_widgets.core.job_tags import identity_of
from qjm_widgets.core.lost_values import notes_of_lost
from qjm_widgets.core.merging import merge
from qjm_widgets.core.ports import RemoteAdapter
from qjm_widgets.core.records import Status
from qjm_widgets.core.validation import check_budget, check_name, check_tags
from qjm_widgets.engine.engine import Engine
from qjm_widgets.errors import (
    DrivenElsewhereError,
    InputError,
    InvalidStateError,
    ProviderError,
    WaitTimeoutError,
    explain,
)
from qjm_widgets.managed_job import ManagedJob, qiskit_status
from qjm_widgets.state.events import JobEvent, Subscription
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.owner_process import check_process
from qjm_widgets.state.progress import ProgressLine
from qjm_widgets.state.wait import wait_until

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from anywidget import AnyWidget
    from qiskit.providers import JobStatus

    from qjm_widgets.plotting.expected import Expected
    from qjm_widgets.results import JobSetResults


# Drives a set on, with a backend, an executor, a pass manager (each may be None) and run options.
Resume = Callable[[JobSetState, Any, Any, Any, Mapping[str, Any]], None]
Jobs = int | ManagedJob | Iterable["int | ManagedJob"]


class JobSet:
    """All jobs of one ``run``. Made by ``JobManager``; shows itself as the live panel."""

    def __init__(self, state: JobSetState, engine: Engine, resume: Resume) -> None:
        self._job_set_state = state
        self._process = os.getpid()
        self._warned = False  # that values of the results are not in the store
        self._expected_backend: Any = None
        """The backend that was named when the set was retrieved: ``resume`` uses it."""
        self._resume = resume
        self._shown: AnyWidget | None = None
        """The panel that displaying the set shows; one for all its displays."""
        self._engine = engine

    @property
    def _state(self) -> JobSetState:
        """What is known of the set in this process.

        Raises:
            ClosedError: this process was forked from the one that has the set.
        """
        check_process(self._process)
        return self._job_set_state

    # -- identity ------------------------------------------------------------------------------------

    def job_set_id(self) -> str:
        """32 hexadecimal digits, by which the set is retrieved later."""
        return self._job_set_state.set_id

    def name(self) -> str:
        """The set's name."""
        return self._job_set_state.record.name

    def update_name(self, name: str) -> str:
        """Give the set another name; it is stored when this returns.

        Where the provider keeps the name on the jobs, it is changed there too.

        Raises:
            ProviderError: some jobs at the provider still have the old one; the call can be repeated.
        """
        self._check_labels(check_name(name), self._state.record.tags)
        self._engine.amend_set(self._state, name=name)
        self._relabel("name")
        return name

    def tags(self) -> list[str]:
        """The user's tags."""
        return list(self._job_set_state.record.tags)

    def update_tags(
        self,
        replacement_tags: Sequence[str] | None = None,
        additional_tags: Sequence[str] | None = None,
        removal_tags: Sequence[str] | None = None,
    ) -> list[str]:
        """Replace all tags, or add and remove some; the tags afterwards.

        Where the provider keeps tags on the jobs, they are changed there too; those by which the set is
        found again stay.

        Raises:
            InputError: nothing to do, a replacement together with other changes, a tag is no string, or
                the provider would refuse it.
            ProviderError: some jobs at the provider still have the old ones; the call can be repeated.
        """
        if replacement_tags is None and additional_tags is None and removal_tags is None:
            raise InputError("give replacement_tags, additional_tags or removal_tags")
        if replacement_tags is not None:
            if additional_tags is not None or removal_tags is not None:
                raise InputError("replacement_tags replaces all tags: it cannot go with the others")
            tags = check_tags(replacement_tags)
        else:
            gone = set(check_tags(removal_tags or ()))
            tags = tuple(
                t
                for t in (*self._state.record.tags, *check_tags(additional_tags or ()))
                if t not in gone
            )
        tags = tuple(dict.fromkeys(tags))
        self._check_labels(self.name(), tags)
        self._engine.amend_set(self._state, tags=tags)
        self._relabel("tags")
        return self.tags()

    def update_max_qpu_seconds(self, seconds: float | None) -> None:
        """Change the set's budget of quantum processor time, or lift it; what it held is sent on.

        Raises:
            InputError: it is no number of seconds above 0.
        """
        check_budget(seconds)
        self._engine.amend_set(self._state, max_qpu_seconds=None if seconds is None else float(seconds))
        held = [
            job.row
            for job in self._state.jobs
            if job.status is Status.HELD and (job.last_error or "").startswith(OVER_BUDGET)
        ]
        if held and self._state.adapter is not None:
            self._engine.retry(self._state, held, [Status.HELD])

    # -- what is known -------------------------------------------------------------------------------

    def statuses(self) -> list[JobStatus | None]:
        """Qiskit's status of each job, in their order; None where it is not known."""
        return [qiskit_status(job.status) for job in self._state.ordered()]

    def report(self, detailed: bool = True) -> str:
        """The set as text; with ``detailed`` a line for each job."""
        state = self._state
        now = time.time()
        return formatting.report(
            state.record,
            state.ordered(),
            now,
            detailed=detailed,
            trouble=state.trouble,
            standing=state.stall_reason(now),
        )

    @printable_result
    def error_messages(self) -> str | None:
        """The errors of failed jobs (submission too) and of circuits that failed in others, or None."""
        lines = []
        for job in self._state.ordered():
            if job.status is Status.ERROR:
                lines.append(f"Job {job.row}, circuits {job.span}: {job.error}")
            elif job.flawed:
                lines += [f"Job {job.row}, {why}" for why in self._results().failures_in(job)]
        return "\n".join(lines) if lines else None

    def jobs(self) -> list[Any]:
        """The provider's own job objects in order; None where a job was not sent by this process."""
        return [self._state.provider_jobs.get(job.row) for job in self._state.ordered()]

    def managed_jobs(self) -> list[ManagedJob]:
        """The jobs in order."""
        return [ManagedJob(self, job.row) for job in self._state.ordered()]

    def job(self, circuit: Any) -> tuple[Any, int]:
        """The provider's job that holds a circuit (its first shot piece), and the circuit's place in it.

        Args:
            circuit: index, name or the circuit.

        Raises:
            CircuitNotFoundError: no such circuit.
        """
        index = self._results().index_of(circuit)
        row = self._state.rows_of(index)[0]
        return self._state.provider_jobs.get(row), index - self._state.jobs[row].span.start

    def jobs_of(self, circuit: Any) -> list[ManagedJob]:
        """All jobs that hold a circuit: one for each piece of its shots."""
        index = self._results().index_of(circuit)
        return [ManagedJob(self, row) for row in self._state.rows_of(index)]

    def counts(self, circuit: Any = None) -> dict[str, int]:
        """The counts that are there so far.

        Args:
            circuit: index, name or the circuit; None sums all circuits. Circuits of different register
                layouts are summed but never merged: "0", "00" and "0 0" stay apart.

        Returns:
            Shots by bit string (qubit 0 rightmost); empty while nothing is there.
        """
        if circuit is None:
            return self._state.outcomes.total()[0]
        results = self._results()
        total = CountsSum()
        pieces = results.outcomes_so_far(results.index_of(circuit))
        for outcome in [merge(pieces)] if pieces else []:
            packed = outcome.packed()
            if packed is not None:
                total.add([packed])
            total.add_texts(outcome.texts)
        return total.to_dict()

    # -- waiting -------------------------------------------------------------------------------------

    def wait(
        self,
        timeout: float | None = None,
        until: Literal["done", "submitted"] = "done",
        *,
        progress: bool | None = None,
    ) -> bool:
        """Wait until nothing is left that can go on by itself (done, failed, cancelled or held).

        In a notebook the panel's buttons work meanwhile.

        Args:
            timeout: seconds; 0 does not wait, None waits without limit.
            until: ``"submitted"`` waits for the last submission only.
            progress: tell on ``stderr`` how it goes on: True always (in a log a line every ten seconds),
                False never, None where that is a terminal.

        Returns:
            Whether that is so now. An interrupt stops the waiting, never the jobs.

        Raises:
            ClosedError: the manager was closed before that.
        """
        if until not in ("done", "submitted"):
            raise InputError(f"until is 'done' or 'submitted', not {until!r}")
        if timeout is not None and timeout < 0:
            raise InputError(f"timeout must be at least 0 seconds, not {timeout}")
        state = self._state

        def reached() -> bool:
            return state.settled if until == "done" else state.submitted

        with ProgressLine(state, progress) as line:
            return wait_until(state, reached, timeout, line.look)

    def results(
        self,
        timeout: float | None = None,
        partial: bool = False,
        refresh: bool = False,
        *,
        progress: bool | None = None,
    ) -> JobSetResults:
        """The results of all circuits.

        Args:
            timeout: seconds to wait for all jobs; None waits without limit.
            partial: give what is there instead of waiting (or after ``timeout`` seconds).
            refresh: read results from the store again.
            progress: as in ``wait``.

        Raises:
            WaitTimeoutError: jobs were still going on; the jobs go on.
        """
        limit = 0 if partial and timeout is None else timeout
        if not self.wait(limit, progress=progress) and not partial:
            going = [job for job in self._state.jobs if not job.status.settled]
            some = ", ".join(f"{job.row} ({formatting.WORDS[job.status]})" for job in going[:5])
            more = ", …" if len(going) > 5 else ""
            raise WaitTimeoutError(
                f"after {timeout} s {len(going):,} of {formatting.plural(len(self._state.jobs), 'job')} "
                f"had not ended: {some}{more}. They go on; ask again, or give partial=True"
            )
        if refresh:
            self._state.outcomes.invalidate()
        if not self._warned and (text := notes_of_lost(self._state.jobs)):
            self._warned = True
            warnings.warn(f"{self.name()}: {text}", stacklevel=2)
        return self._results()

    def as_completed(self, timeout: float | None = None) -> Iterator[ManagedJob]:
        """Yield each job when it has ended or is held, those that have already first.

        Raises:
            WaitTimeoutError: ``timeout`` seconds were over before all had.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        state = self._state
        told: set[int] = set()
        new: list[int] = []

        def found() -> bool:
            new[:] = [job.row for job in state.jobs if job.status.settled and job.row not in told]
            return bool(new) or len(told) == len(state.jobs) or state.settled

        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not wait_until(state, found, left):
                raise WaitTimeoutError(f"only {len(told)} of {len(state.jobs)} jobs ended in time")
            if not new:
                return
            for row in new:
                told.add(row)
                yield ManagedJob(self, row)

    def subscribe(self, callback: Callable[[JobEvent], object]) -> Subscription:
        """Call ``callback(event)`` for every change of a job's status, in order, on a thread of its own.

        Leave the subscription's ``with`` block, or call ``unsubscribe``, to end it.
        """
        return self._state.bus.subscribe(callback)

    # -- doing ---------------------------------------------------------------------------------------

    def cancel(self, jobs: Jobs | None = None) -> int:
        """Cancel jobs (all by default). Returns at once; what was not sent is never sent.

        Returns:
            How many jobs were not over yet.
        """
        rows = self._rows(jobs)
        if all(self._state.jobs[row].status.final for row in rows):
            return 0
        self._need_driver("cancel")
        return self._engine.cancel(self._state, rows)

    def retry(self, jobs: Jobs | None = None, *, held: bool = False) -> int:
        """Send failed jobs again (all by default), never those that were cancelled.

        Of a job that is done, just the circuits that failed in it are sent, as a job of their own (as
        several where they are no neighbours); the results of its other circuits stay.

        Args:
            jobs: which of them.
            held: send held jobs again, those that may have been sent before, instead of failed ones.

        Returns:
            How many jobs are sent again.

        Raises:
            InvalidStateError: none of them can be: their circuits could not be prepared or written.
        """
        rows = self._rows(jobs)
        status = Status.HELD if held else Status.ERROR
        named = [self._state.jobs[row] for row in rows]
        if not any(job.status is status or (job.flawed and not held) for job in named):
            return 0
        self._need_driver("retry")
        return self._engine.retry(self._state, rows, [status])

    def pause(self) -> None:
        """Hold back what is not sent yet, until ``unpause``; what was sent goes on."""
        self._need_driver("pause")
        self._engine.pause(self._state, True)

    def unpause(self) -> None:
        """Send what ``pause`` held back."""
        self._need_driver("proceed")
        self._engine.pause(self._state, False)

    def resume(
        self,
        backend: Any = None,
        *,
        executor: Any = None,
        pass_manager: Any = None,
        paused: bool = False,
        **run_options: Any,
    ) -> JobSet:
        """Drive the set on in this kernel, after the one that drove it died or was closed.

        What has finished keeps its results; what was sent is retrieved by its id; what was not sent is
        sent; what ran inside the dead kernel is run again. Run options that ``load`` took from a bundle
        are shown first, by a warning. A job that may have been sent is looked for where the
        provider has tags, and held for you to decide elsewhere. Where this kernel drives the set, held
        jobs are looked for again.

        Args:
            backend: the one that the set was made for; by default one that the manager knows by name,
                or a plain simulator made again.
            executor: as for ``run``; it need not be the one that the set was begun with. With one, a set
                that this kernel drives and that has nothing under way goes on there (``retry``).
            pass_manager: the one of ``run``, where circuits still wait for it.
            paused: send nothing yet, until ``unpause``; what was sent is watched.
            run_options: those that could not be stored, and any that should change.

        Returns:
            The set itself.

        Raises:
            InputError: no backend, another backend, or run options or the pass manager are missing; says
                what to do.
            DrivenElsewhereError: another kernel drives it.
        """
        chosen = self._expected_backend if backend is None else backend
        if self._state.adapter is None:
            self._state.set_paused(paused)
        try:
            self._resume(self._state, chosen, executor, pass_manager, run_options)
        except BaseException:
            self._state.set_paused(self._state.paused and self._state.adapter is not None)
            raise
        return self

    # -- showing -------------------------------------------------------------------------------------

    def panel(self, expected: Any = None, teaching: bool | None = None) -> AnyWidget:
        """The live panel, as a widget of its own.

        Args:
            expected: the distribution that is laid over the counts, with how close they are: a mapping
                of bit strings to probabilities (``{"00": 0.5, "11": 0.5}``) or to counts, an array of
                ``2**n`` probabilities, or a ``Statevector``. One for every circuit; or one for each: a
                mapping of indices or names to distributions, or a list of them.
            teaching: whether each status, number and plot explains itself, with a legend of a job's
                life; None follows ``%qjm teaching``.

        Raises:
            InputError: what is expected is no distribution.
        """
        return _display.load().panel(self, self._expected(expected), teaching)

    def figure(
        self,
        circuit: Any = None,
        most: int = 64,
        *,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        register: str | None = None,
        bits: Iterable[int] | None = None,
        probability: bool = False,
        sort: Literal["key", "value"] = "key",
        error_bars: bool = True,
        expected: Any = None,
    ) -> go.Figure:
        """The counts so far as a Plotly bar chart, as the panel draws them.

        Circuits of different register layouts stand side by side; they are never merged.

        Args:
            circuit: index, name or the circuit; None sums all circuits.
            most: at most so many bars; what is left out is one bar, "the rest".
            name: only circuits of this name; many may have it.
            metadata: only circuits that have all these values in their metadata, by key.
            register: this classical register alone.
            bits: these bits alone (a marginal); bit 0 is the rightmost of the register or of all.
            probability: shares of the shots instead of counts.
            sort: by bit string (``"key"``), or the most frequent first (``"value"``).
            error_bars: draw the 95 % Wilson interval of each bar.
            expected: as for ``panel``.

        Raises:
            InputError: an argument cannot be, or no circuit has that register or those bits, or what is
                expected does not fit the outcomes.
            CircuitNotFoundError: no such circuit.
        """
        from qjm_widgets.plotting.bar_chart import Looks, counts_figure
        from qjm_widgets.plotting.selection import Selection

        index = None if circuit is None else self._results().index_of(circuit)
        choice = Selection.make(index, name, metadata, register, bits, most)
        looks = Looks.make(probability, sort, error_bars)
        return counts_figure(self._state, choice, self._expected(expected), looks)

    def to_dataframe(self) -> pd.DataFrame:
        """The jobs as a pandas table, one row a job; times in UTC, durations in seconds.

        Raises:
            ImportError: pandas is not installed.
        """
        from qjm_widgets.state.dataframe import frame_of

        return frame_of(self._state)

    @printable_result
    def __repr__(self) -> str:
        told = str(self._job_set_state.summary())
        standing = self._job_set_state.stall_reason(time.time())
        if standing is not None:
            told += f"; {standing}"
        if self._job_set_state.record.unstored_circuits:
            told += f"; {formatting.unresumable(self._job_set_state.record)}"
        return f"<JobSet {self.name()!r} {self.job_set_id()}: {told}>"

    def _ipython_display_(self, **_: Any) -> None:
        _display.show(lambda: _display.load().show_job_set(self), self.__repr__)

    # -- inside --------------------------------------------------------------------------------------

    def _check_labels(self, name: str, tags: Sequence[str]) -> None:
        if isinstance(self._state.adapter, RemoteAdapter):
            self._state.adapter.check_labels(name, tags)

    def _relabel(self, what: str) -> None:
        """Bring name and tags of the provider's jobs up to date."""
        record, adapter = self._state.record, self._state.adapter
        if not isinstance(adapter, RemoteAdapter):
            return
        jobs = [(job.job_id, identity_of(record, job)) for job in self._state.jobs if job.job_id]
        failed = adapter.relabel(jobs, record.name, record.tags)
        if failed:
            job_id, error = next(iter(failed.items()))
            raise ProviderError(
                f"the {what} changed here, but not on {len(failed)} of {len(jobs)} jobs at the provider "
                f"({job_id}: {explain(error)}): call it again"
            )

    def _results(self) -> JobSetResults:
        from qjm_widgets.results import JobSetResults

        return JobSetResults(self._state)

    def _expected(self, value: Any) -> Expected | None:
        from qjm_widgets.plotting.expected import Expected

        if value is None:
            return None
        return Expected(value, self._state.record.circuits, self._results().index_of)

    def _rows(self, jobs: Jobs | None) -> list[int]:
        if jobs is None:
            return [job.row for job in self._state.jobs]
        chosen = list(jobs) if isinstance(jobs, Iterable) else [jobs]
        rows = []
        for job in chosen:
            row = job.row if isinstance(job, ManagedJob) else job
            if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < len(self._state.jobs):
                raise InputError(f"no job {job!r}: the set has jobs 0 to {len(self._state.jobs) - 1}")
            rows.append(row)
        return rows

    def _need_driver(self, verb: str) -> None:
        if self._state.adapter is not None:
            return
        if self._state.owner is not None:
            raise DrivenElsewhereError(f"cannot {verb} it here: {self._state.owner} drives this job set")
        raise InvalidStateError(
            f"cannot {verb}: nobody drives this job set in this kernel; job_set.resume(backend) does"
        )
