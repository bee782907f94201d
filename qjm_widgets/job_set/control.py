"""Change the name, the tags and the budget of a job set; cancel, retry, pause and resume its jobs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

from qjm_widgets.core.adapter_port import RemoteAdapter
from qjm_widgets.core.budget import OVER_BUDGET
from qjm_widgets.core.records import Status
from qjm_widgets.core.validation import check_budget, check_name
from qjm_widgets.engine.engine import Engine
from qjm_widgets.errors import (
    DrivenElsewhereError,
    InputError,
    InvalidStateError,
    NotFoundError,
    ProviderError,
)
from qjm_widgets.job_set.labels import check_labels, relabel_jobs, updated_tags
from qjm_widgets.managed_job import ManagedJob
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.owner_process import check_process

#: Starts to drive a set, given a backend, an executor, a pass manager (all may be None) and run options.
Resume = Callable[[JobSetState, Any, Any, Any, Mapping[str, Any]], None]
Jobs = int | ManagedJob | Iterable["int | ManagedJob"]


class JobSetControl:
    """The part of ``JobSet`` that changes a set. Users get a ``JobSet`` from a manager.

    Args:
        state: the set.
        engine: drives the set.
        resume: starts to drive the set, for the method ``resume``.
    """

    def __init__(self, state: JobSetState, engine: Engine, resume: Resume) -> None:
        self._job_set_state = state
        self._process = os.getpid()
        self._engine = engine
        self._resume = resume
        # The backend that was given when the set was retrieved; ``resume`` uses it by default.
        self._expected_backend: Any = None
        # The rows and attempts of jobs whose metrics the provider gave.
        self._asked: set[tuple[int, int]] = set()

    @property
    def _state(self) -> JobSetState:
        """The state of the set in this process.

        Raises:
            ClosedError: this process was forked from the one that has the set.
        """
        check_process(self._process)
        return self._job_set_state

    def job_set_id(self) -> str:
        """Return the set's id, 32 hexadecimal digits, by which it is retrieved later."""
        return self._job_set_state.set_id

    def name(self) -> str:
        """Return the set's name."""
        return self._job_set_state.record.name

    def update_name(self, name: str) -> str:
        """Change the set's name; it is stored when this returns.

        If the provider keeps the name on the jobs, it is changed there too.

        Returns:
            The new name.

        Raises:
            InputError: the name is not a string, or the provider would refuse it.
            ProviderError: some jobs at the provider still have the old name; the call can be repeated.
        """
        check_labels(self._state, check_name(name), self._state.record.tags)
        self._engine.amend_set(self._state, name=name)
        relabel_jobs(self._state, "name")
        return name

    def group(self) -> str | None:
        """Return the name of the group to which the set belongs; None if it belongs to none."""
        return self._job_set_state.record.group

    def tags(self) -> list[str]:
        """Return the user's tags of the set."""
        return list(self._job_set_state.record.tags)

    def update_tags(
        self,
        replacement_tags: Sequence[str] | None = None,
        additional_tags: Sequence[str] | None = None,
        removal_tags: Sequence[str] | None = None,
    ) -> list[str]:
        """Replace all of the user's tags, or add and remove some; they are stored when this returns.

        If the provider keeps tags on the jobs, they are changed there too. The tags by which this
        package finds the set again do not change.

        Returns:
            The tags after the change.

        Raises:
            InputError: no change was given, a replacement was given with other changes, a tag is not a
                string, or the provider would refuse the tags.
            ProviderError: some jobs at the provider still have the old tags; the call can be repeated.
        """
        tags = updated_tags(self._state.record.tags, replacement_tags, additional_tags, removal_tags)
        check_labels(self._state, self.name(), tags)
        self._engine.amend_set(self._state, tags=tags)
        relabel_jobs(self._state, "tags")
        return self.tags()

    def update_max_qpu_seconds(self, seconds: float | None) -> None:
        """Change the set's budget of quantum processor time, and submit the jobs that it held.

        Args:
            seconds: the budget in seconds; None removes it.

        Raises:
            InputError: the budget is not a number of seconds above 0.
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

    def cancel(self, jobs: Jobs | None = None) -> int:
        """Request the cancellation of jobs, without waiting for it. Unsent jobs are never submitted.

        Args:
            jobs: one or several jobs or their rows; by default all jobs. Then no further circuits are
                taken from an iterator that was given to ``run``, and it is closed.

        Returns:
            How many of the jobs had not ended.

        Raises:
            InputError: the set has no such job.
            DrivenElsewhereError: another kernel drives the set.
            InvalidStateError: no kernel drives the set.
        """
        rows = self._rows(jobs)
        ends_taking = jobs is None and self._state.is_taking
        if not ends_taking and all(self._state.jobs[row].status.final for row in rows):
            return 0
        self._check_driven("cancel")
        return self._engine.cancel(self._state, None if jobs is None else rows)

    def retry(self, jobs: Jobs | None = None, *, held: bool = False, cancelled: bool = False) -> int:
        """Submit failed jobs again; with ``held`` or ``cancelled``, those jobs instead.

        A job that was cancelled elsewhere, for example on the provider's web page, has failed.

        If circuits failed in a job that is done, only these circuits are submitted, as a job of their
        own (as several jobs if they are not neighbours). The results of its other circuits stay.

        Args:
            jobs: one or several jobs or their rows; by default all jobs.
            held: submit held jobs again instead of failed ones; they may have been submitted before.
            cancelled: submit jobs again that were cancelled here.

        Returns:
            How many jobs are submitted again.

        Raises:
            InputError: the set has no such job, or both ``held`` and ``cancelled`` are given.
            DrivenElsewhereError: another kernel drives the set.
            InvalidStateError: no kernel drives the set, or none of the jobs can be submitted again,
                because their circuits could not be transpiled or stored.
        """
        if held and cancelled:
            raise InputError("give held=True or cancelled=True, not both")
        rows = self._rows(jobs)
        status = Status.HELD if held else Status.CANCELLED if cancelled else Status.ERROR
        named = [self._state.jobs[row] for row in rows]
        if not any(
            job.status is status
            or (job.cancelled and cancelled)
            or (job.flawed and status is Status.ERROR)
            for job in named
        ):
            return 0
        self._check_driven("retry")
        return self._engine.retry(self._state, rows, [status])

    def pause(self) -> None:
        """Submit no more jobs until ``unpause``; submitted jobs continue.

        Circuits are still taken from an iterator that was given to ``run``, and stored.

        Raises:
            DrivenElsewhereError: another kernel drives the set.
            InvalidStateError: no kernel drives the set.
        """
        self._check_driven("pause")
        self._engine.pause(self._state, True)

    def unpause(self) -> None:
        """Submit the jobs that ``pause`` kept back.

        Raises:
            DrivenElsewhereError: another kernel drives the set.
            InvalidStateError: no kernel drives the set.
        """
        self._check_driven("unpause")
        self._engine.pause(self._state, False)

    def poll(self) -> None:
        """Poll the jobs now instead of at the next regular time, without waiting for the answer.

        After failed polls the times between two polls become long.

        Raises:
            DrivenElsewhereError: another kernel drives the set.
            InvalidStateError: no kernel drives the set.
        """
        self._check_driven("poll")
        self._engine.poll(self._state)

    def resume(
        self,
        backend: Any = None,
        *,
        executor: Any = None,
        pass_manager: Any = None,
        paused: bool = False,
        **run_options: Any,
    ) -> Self:
        """Drive the set in this kernel, after the kernel that drove it died or was closed.

        Finished jobs keep their results. Submitted jobs are retrieved by their ids, unsent jobs are
        submitted, and jobs that ran inside the dead kernel are run again. A job that may have been
        submitted is reconciled if the provider has tags; otherwise it is held until you decide. If run
        options came from a bundle, a warning shows them first. If this kernel drives the set already,
        its held jobs are reconciled again.

        Args:
            backend: the backend that the set was made for; by default one that the manager knows by
                name, or a plain simulator made again.
            executor: as for ``run``; it may differ from that of ``run``. With an executor, a set that
                this kernel drives and that has no unfinished jobs continues there with ``retry``.
            pass_manager: the pass manager of ``run``, if circuits still wait for it.
            paused: submit nothing until ``unpause``; submitted jobs are polled.
            run_options: the run options that could not be stored, and those to change.

        Returns:
            The set itself.

        Raises:
            InputError: the backend is missing or is another one, or run options or the pass manager are
                missing; the message says what to do.
            DrivenElsewhereError: another kernel drives the set.
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

    def _ask_metrics(self, row: int) -> None:
        """Complete the times and the usage of a job that has ended by those that its provider knows.

        The provider is asked once for each attempt.
        """
        state, job = self._state, self._state.jobs[row]
        attempt = (row, job.attempt)
        known = attempt in self._asked or not job.status.final or not job.job_id
        if known or not isinstance(state.adapter, RemoteAdapter):
            return
        with suppress(NotFoundError, ProviderError):
            found = state.adapter.metrics(job.job_id or "")
            self._asked.add(attempt)
            if found and state.jobs[row].attempt == job.attempt:
                self._engine.amend_job(state, row, **found)

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

    def _check_driven(self, action: str) -> None:
        if self._state.adapter is not None:
            return
        if self._state.owner is not None:
            raise DrivenElsewhereError(
                f"cannot {action} it here: {self._state.owner} drives this job set"
            )
        raise InvalidStateError(
            f"cannot {action}: nobody drives this job set in this kernel; job_set.resume(backend) does"
        )
