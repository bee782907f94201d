"""A set of jobs, as its user sees it."""

from __future__ import annotations

import time
import warnings
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from qjm_widgets import _display
from qjm_widgets._printable import printable_result
from qjm_widgets.core import formatting
from qjm_widgets.core.lost_values import notes_of_lost
from qjm_widgets.core.records import Status
from qjm_widgets.engine.engine import Engine
from qjm_widgets.errors import InputError, WaitTimeoutError
from qjm_widgets.job_set.completion import Completion, settled_jobs, unfinished_text
from qjm_widgets.job_set.control import JobSetControl, Resume
from qjm_widgets.managed_job import ManagedJob, qiskit_status, whole_status
from qjm_widgets.state.estimates import first_estimates
from qjm_widgets.state.events import JobEvent, Subscription
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.outcome_reader import OutcomeReader
from qjm_widgets.state.progress import ProgressLine
from qjm_widgets.state.wait import wait_until, wait_until_settled

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from anywidget import AnyWidget
    from qiskit.providers import JobStatus

    from qjm_widgets.plotting.drawing import Axes
    from qjm_widgets.plotting.expected_curve import AnyExpected
    from qjm_widgets.results import JobSetResults


class JobSet(JobSetControl):
    """All jobs of one ``run``. It displays itself as the live panel.

    ``JobManager`` makes it (``run``, ``retrieve_job_set``, ``adopt``, ``load``); users do not.
    """

    def __init__(self, state: JobSetState, engine: Engine, resume: Resume) -> None:
        super().__init__(state, engine, resume)
        self._warned = False  # whether the user was warned of lost values
        # The panel that displaying the set shows; one for all its displays.
        self._shown: AnyWidget | None = None

    # -- jobs and counts -----------------------------------------------------------------------------

    def status(self) -> JobStatus:
        """Return Qiskit's status of the set as a whole.

        While a job can go on by itself, it is ``RUNNING`` if a job has begun, else ``QUEUED`` if a job
        is queued, else ``INITIALIZING``. After that it is ``ERROR`` if a job has failed or is held (a
        held job never goes on by itself), else ``CANCELLED`` if a job was cancelled, else ``DONE``. The
        status of an unfinished set that no kernel drives is the last known.
        """
        return whole_status(self._state.numbers())

    def statuses(self) -> list[JobStatus | None]:
        """Return Qiskit's status of each job, in the order of their circuits.

        None means that the job is held, so its status is not known.
        """
        return [qiskit_status(job.status) for job in self._state.ordered()]

    def report(self, detailed: bool = True) -> str:
        """Return a text report on the set.

        Args:
            detailed: whether to add a line for each job.
        """
        state = self._state
        now = time.time()
        return formatting.report(
            state.record,
            state.ordered(),
            now,
            detailed=detailed,
            trouble=state.trouble,
            reason=state.stall_reason(now),
            usage=None if state.settled or state.adapter is None else state.adapter.usage,
            found=state.found_text(now),
            taking=state.taking,
            estimates=first_estimates(state),
        )

    @printable_result
    def error_messages(self) -> str | None:
        """Return a line for each failed job, and for each circuit that failed in a job that is done.

        The last line is why circuits were not taken from an iterator. None if nothing failed. Jobs that
        could not be submitted are failed jobs.
        """
        lines = []
        for job in self._state.ordered():
            if job.status is Status.ERROR:
                lines.append(f"Job {job.row}, circuits {job.where}: {job.error}")
            elif job.flawed:
                lines += [f"Job {job.row}, {text}" for text in self._reader().failures_in(job)]
        taking = self._state.taking
        if taking is not None and taking.failed:
            lines.append(f"Circuits from {self._state.record.circuits} on: {taking.reason}")
        return "\n".join(lines) if lines else None

    def jobs(self) -> list[Any]:
        """Return the provider's own job objects, in the order of their circuits.

        An entry is None if this process does not have the object, for example because another kernel
        submitted the job.
        """
        return [self._state.provider_jobs.get(job.row) for job in self._state.ordered()]

    def managed_jobs(self) -> list[ManagedJob]:
        """Return the jobs, in the order of their circuits."""
        return [ManagedJob(self, job.row) for job in self._state.ordered()]

    def job(self, circuit: Any) -> tuple[Any, int]:
        """Return the provider's job that holds a circuit, and the circuit's position in that job.

        If the circuit's points or shots are cut, this is the job of the first part; ``jobs_of`` returns
        all.

        Args:
            circuit: the index, the name, or the circuit.

        Returns:
            The job object (None if this process does not have it) and the position, from 0.

        Raises:
            CircuitNotFoundError: the set has no such circuit.
            AmbiguousNameError: several circuits have the name.
        """
        index = self._reader().index_of(circuit)
        row = self._state.rows_of(index)[0]
        return self._state.provider_jobs.get(row), index - self._state.jobs[row].span.start

    def jobs_of(self, circuit: Any) -> list[ManagedJob]:
        """Return all jobs that hold a circuit: one for each range of its points and piece of its shots.

        The argument and the errors are those of ``job``.
        """
        index = self._reader().index_of(circuit)
        return [ManagedJob(self, row) for row in self._state.rows_of(index)]

    def counts(self, circuit: Any = None) -> dict[str, int]:
        """Return the counts of the jobs that are done so far.

        Args:
            circuit: the index, the name, or the circuit. None sums all circuits. Circuits with different
                register layouts are never merged: "0", "00" and "0 0" are different keys.

        Returns:
            Shots by bit string (qubit 0 is the rightmost bit); empty if no job is done.

        Raises:
            CircuitNotFoundError: the set has no such circuit.
            AmbiguousNameError: several circuits have the name.
        """
        if circuit is None:
            return self._state.outcomes.total()[0]
        reader = self._reader()
        return reader.counts_so_far(reader.index_of(circuit))

    def usage(self) -> float | None:
        """Return the quantum processor time of all jobs and attempts so far, in seconds.

        None if the backend does not report it.
        """
        return self._state.totals.facts().qpu_seconds

    # -- waiting -------------------------------------------------------------------------------------

    def wait(
        self,
        timeout: float | None = None,
        until: Literal["done", "submitted"] = "done",
        *,
        progress: bool | None = None,
    ) -> bool:
        """Wait until each job is done, failed, cancelled or held, so that none can go on by itself.

        In a notebook the panel's buttons work meanwhile. An interrupt ends the waiting, not the jobs.

        Args:
            timeout: seconds; 0 does not wait, None waits without limit.
            until: ``"submitted"`` waits only until no job is left to be submitted.
            progress: show the progress on ``stderr``: always (True; a log gets a line every ten
                seconds), never (False), or only on a terminal (None).

        Returns:
            Whether the condition is met.

        Raises:
            InputError: an argument is wrong.
            ClosedError: the manager was closed before.
        """
        if until not in ("done", "submitted"):
            raise InputError(f"until must be 'done' or 'submitted', not {until!r}")
        if timeout is not None and timeout < 0:
            raise InputError(f"timeout must be at least 0 seconds, not {timeout}")
        state = self._state

        def reached() -> bool:
            return state.settled if until == "done" else state.submitted

        with ProgressLine(state, progress) as line:
            return wait_until(state, reached, timeout, line.refresh)

    def results(
        self,
        timeout: float | None = None,
        partial: bool = False,
        refresh: bool = False,
        *,
        progress: bool | None = None,
    ) -> JobSetResults:
        """Wait for all jobs and return the results.

        Args:
            timeout: seconds to wait; None waits without limit.
            partial: return the results that exist, at once or after ``timeout`` seconds; missing
                expectation values are NaN.
            refresh: read the results from the store again.
            progress: as in ``wait``.

        Raises:
            WaitTimeoutError: some jobs had not ended in time; they go on.
            ClosedError: the manager was closed before all jobs had ended.
        """
        limit = 0 if partial and timeout is None else timeout
        if not self.wait(limit, progress=progress) and not partial:
            raise WaitTimeoutError(unfinished_text(self._state, timeout))
        if refresh:
            self._state.outcomes.invalidate()
        if not self._warned and (text := notes_of_lost(self._state.jobs)):
            self._warned = True
            warnings.warn(f"{self.name()}: {text}", stacklevel=2)
        from qjm_widgets.results import JobSetResults

        return JobSetResults(self._state, partial=partial)

    def as_completed(self, timeout: float | None = None) -> Completion[ManagedJob]:
        """Return an iterator over the jobs as they end or are held. Those of now come first.

        Use it with ``for`` or ``async for``; ``async for job in job_set`` has no limit of time.

        Args:
            timeout: seconds from now for all jobs together; None waits without limit.

        Raises:
            WaitTimeoutError: from the iterator: the time was over before all jobs had ended or were
                held.
            ClosedError: from the iterator: the manager was closed before.
        """
        return settled_jobs(self, timeout)

    def __aiter__(self) -> AsyncIterator[ManagedJob]:
        return aiter(self.as_completed())

    def __await__(self) -> Generator[Any, None, JobSetResults]:
        """Wait as ``results`` does, without blocking the event loop; return the results."""
        yield from wait_until_settled(self._state).__await__()
        return self.results()

    def subscribe(self, callback: Callable[[JobEvent], object]) -> Subscription:
        """Call a function for each change of a job's status, in order, on a thread of its own.

        To end the subscription, call its ``unsubscribe``, or leave its ``with`` block.

        Args:
            callback: called with a ``JobEvent``. If it is slow or raises an error, other subscriptions
                are not affected.
        """
        return self._state.bus.subscribe(callback)

    # -- showing -------------------------------------------------------------------------------------

    def panel(self, expected: Any = None, teaching: bool | None = None) -> AnyWidget:
        """Return the live panel, as a new widget.

        Args:
            expected: the distribution to draw over the counts, with its distance from them: a mapping of
                bit strings to probabilities (``{"00": 0.5, "11": 0.5}``) or to counts, an array of
                ``2**n`` probabilities, or a ``Statevector``. Give one for all circuits, or one for each
                circuit: a mapping of indices or names to distributions, or a list of distributions. For
                a sweep: a function of the horizontal coordinate, or one number for each point, in the
                units of the vertical axis; it is drawn as a dashed line.
            teaching: explain each status, number and plot in the panel, with a legend of a job's life;
                None follows ``%qjm teaching``.

        Raises:
            InputError: ``expected`` is neither a distribution nor of a sweep.
        """
        from qjm_widgets.plotting.drawing import Axes

        return _display.load().panel(self, self._expected(expected, Axes()), teaching)

    def figure(
        self,
        circuit: Any = None,
        most: int | None = None,
        *,
        kind: Literal["counts", "sweep"] | None = None,
        x: str | Sequence[str] | None = None,
        y: str | int | Sequence[str] | None = None,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        register: str | None = None,
        bits: Iterable[int] | None = None,
        probability: bool = False,
        sort: Literal["key", "value"] = "key",
        error_bars: bool = True,
        expected: Any = None,
    ) -> go.Figure:
        """Return the results so far as a Plotly figure, as the panel draws them.

        A sweep has a value for each point of the PUBs, or for each circuit, over a parameter, the index,
        or a number in the metadata; two coordinates on a grid give a heat map. Counts are a bar chart;
        circuits with different register layouts are drawn side by side; they are never merged.

        Args:
            circuit: the index, the name, or the circuit; None sums all circuits.
            most: the most bars (64 if None; the other outcomes are one bar, "the rest"), or the most
                drawn points of a series (2,000 if None; more are drawn together).
            kind: ``"sweep"`` or ``"counts"``. None: counts if an argument of counts is given; else a
                sweep if circuits have points or a number in their metadata that differs; else the counts
                of all circuits if they are copies of one, and of circuit 0 if not.
            x: of a sweep: a parameter, a key of the metadata, or ``"index"``; two for a heat map.
            y: of a sweep: an outcome such as ``"01"`` or ``"0?1"`` (? for any bit), a bit (its share of
                ones; an integer or ``"bit 2"``), ``"bits"`` or ``"outcomes"`` for one series each,
                ``"value"`` for expectation values; or a list, up to eight series. Bit 0 is the rightmost
                of all registers.
            name: draw only circuits with this name; several may have it.
            metadata: draw only circuits with all these values in their metadata, by key.
            register: draw only this classical register.
            bits: draw only these bits (a marginal); bit 0 is the rightmost of the register or of all.
            probability: draw fractions of the shots instead of counts.
            sort: ``"key"`` sorts by bit string; ``"value"`` draws the most frequent outcome first.
            error_bars: draw the 95 % Wilson interval of each bar or point, or the standard error of an
                expectation value.
            expected: as in ``panel``.

        Raises:
            InputError: an argument is wrong, or does not fit the kind of figure, no circuit has that
                register or those bits, or ``expected`` does not fit the outcomes.
            CircuitNotFoundError: the set has no such circuit.
        """
        from qjm_widgets.plotting.bar_chart import BarStyle, counts_figure
        from qjm_widgets.plotting.drawing import MOST_DRAWN, Axes
        from qjm_widgets.plotting.expected import Expected
        from qjm_widgets.plotting.expected_curve import ExpectedCurve
        from qjm_widgets.plotting.first_view import choose
        from qjm_widgets.plotting.selection import TOP, Selection
        from qjm_widgets.plotting.sweep_figure import sweep_figure

        index = None if circuit is None else self._reader().index_of(circuit)
        selection = Selection.make(index, name, metadata, register, bits, TOP if most is None else most)
        style = BarStyle.make(probability, sort, error_bars)
        axes = Axes.make(x, y)
        compared = self._expected(expected, axes)
        curve = compared if isinstance(compared, ExpectedCurve) else None
        only_counts = style.probability or style.by_value or isinstance(compared, Expected)
        kind = "sweep" if kind is None and curve is not None else kind
        shown = choose(self._state, kind, selection, only_counts, axes)
        if isinstance(shown, Axes):
            points = MOST_DRAWN if most is None else most
            return sweep_figure(self._state, shown, points, error_bars, curve)
        if isinstance(compared, ExpectedCurve):
            raise InputError("expected is a function or a number for each point: these are of a sweep")
        return counts_figure(self._state, shown, compared, style)

    def to_dataframe(self) -> pd.DataFrame:
        """Return a pandas table with one row for each job; times are in UTC, durations in seconds.

        Raises:
            ImportError: pandas is not installed.
        """
        from qjm_widgets.state.dataframe import frame_of

        return frame_of(self._state)

    @printable_result
    def __repr__(self) -> str:
        text, now = str(self._job_set_state.summary()), time.time()
        for more in (self._job_set_state.stall_reason(now), self._job_set_state.found_text(now)):
            if more is not None:
                text += f"; {more}"
        if self._job_set_state.record.unstored_circuits:
            text += f"; {formatting.unresumable(self._job_set_state.record)}"
        return f"<JobSet {self.name()!r} {self.job_set_id()}: {text}>"

    def _ipython_display_(self, **_: Any) -> None:
        _display.show(lambda: _display.load().show_job_set(self), self.__repr__)

    def _reader(self) -> OutcomeReader:
        return OutcomeReader(self._state)

    def _expected(self, value: Any, axes: Axes) -> AnyExpected | None:
        from qjm_widgets.plotting.expected_curve import read_expected

        return read_expected(value, self._state, self._reader().index_of, axes)
