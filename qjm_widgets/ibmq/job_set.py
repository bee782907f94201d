"""``ManagedJobSet``: a job set with the retired names; it displays itself as the panel."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qiskit.providers import JobStatus

from qjm_widgets._printable import printable_result
from qjm_widgets.errors import ClosedError
from qjm_widgets.ibmq import reports
from qjm_widgets.ibmq.errors import IBMQJobManagerInvalidStateError, check_job_tags, retired_errors
from qjm_widgets.ibmq.job import ManagedJob
from qjm_widgets.ibmq.results import ManagedResults
from qjm_widgets.ibmq.submissions import Submissions
from qjm_widgets.job_set import JobSet
from qjm_widgets.state.wait import wait_until

if TYPE_CHECKING:
    from qjm_widgets.manager import JobManager


#: Seconds that ``statuses`` waits for the answers of the backend.
_POLL_SECONDS = 10.0


class ManagedJobSet:
    """A set of jobs. ``IBMQJobManager`` makes it; users do not.

    Attributes:
        job_set: the ``JobSet`` behind it, with all newer methods: ``counts``, ``retry``, ``wait``,
            ``figure``, …
    """

    def __init__(self, job_set: JobSet, manager: JobManager) -> None:
        self.job_set = job_set
        self._manager = manager
        self._results: ManagedResults | None = None
        self._jobs: list[ManagedJob] = []
        self._submissions: Submissions | None = None

    def run(
        self,
        experiment_list: Any,
        backend: Any,
        executor: Any,
        job_share_level: Any = None,
        job_tags: list[str] | None = None,
        **run_config: Any,
    ) -> None:
        """Raise an error: ``IBMQJobManager.run`` has submitted the jobs.

        Raises:
            IBMQJobManagerInvalidStateError: always.
        """
        raise IBMQJobManagerInvalidStateError("the jobs of this set have already been submitted")

    def retrieve_jobs(self, provider: Any, refresh: bool = False) -> None:
        """Read the set from the store again with ``refresh=True``; otherwise do nothing.

        If that fails, the set keeps what it had.

        Raises:
            IBMQJobManagerUnknownJobSet: the store does not have the set any more.
        """
        if not refresh:
            return
        with retired_errors():
            again = self._manager.retrieve_job_set(self.job_set_id(), refresh=True)
        if again is not self.job_set:
            self.job_set, self._results, self._jobs, self._submissions = again, None, [], None

    def statuses(self) -> list[JobStatus | None]:
        """Poll the jobs and return Qiskit's status of each; None if submitting or polling failed.

        If the backend does not answer within ten seconds, these are the statuses of the last poll.
        """
        state = self.job_set._state
        if state.adapter is not None and state.totals.remote:
            polled = self.job_set._engine.poll(state)
            with suppress(ClosedError):
                wait_until(state, polled.done, _POLL_SECONDS)
        return [job.status() for job in self.managed_jobs()]

    @printable_result
    def report(self, detailed: bool = True) -> str:
        """Return a text report; ``detailed`` adds some lines for each job."""
        lines = [
            f"Job set name: {self.name()}",
            f"          ID: {self.job_set_id()}",
            f"        tags: {self.tags()}",
            "Summary report:",
            *reports.summary(self.job_set._state.jobs),
        ]
        if detailed:
            lines += ["\nDetail report:", *self._details()]
        return "\n".join(lines)

    def _details(self) -> list[str]:
        """Return the lines of the report for each job."""
        refused = [job._refused for job in self.managed_jobs()]
        return reports.details(self.job_set._state.ordered(), self.name(), refused)

    def results(
        self, timeout: float | None = None, partial: bool = False, refresh: bool = False
    ) -> ManagedResults:
        """Wait for all jobs and return the results of all experiments.

        Args:
            timeout: seconds to wait; 0 does not wait, None waits without limit.
            partial: return the results so far after the timeout, instead of raising.
            refresh: read the results from the store again.

        Raises:
            IBMQJobManagerTimeoutError: the jobs did not end in time; they go on.
        """
        timeout = None if timeout is None else max(0, timeout)
        with retired_errors():
            if partial:
                self.job_set.wait(timeout)
                timeout = 0
            found = self.job_set.results(timeout, partial, refresh)
        if self._results is None or refresh:
            self._results = ManagedResults(found)
        return self._results

    @printable_result
    def error_messages(self) -> str | None:
        """Wait for all jobs and return why jobs or their submissions failed; None if none failed."""
        self.job_set.wait()
        lines = []
        for index, job in enumerate(self.managed_jobs()):
            message = job.error_message()
            if message is None:
                continue
            what = "job submit failed" if job._refused else f"job ID={job.job_id}"
            lines.append(f"Experiments {job.start_index}-{job.end_index}, job index={index}, {what}:")
            lines += [f"  {line}" for line in message.split("\n")]
        return "\n".join(lines) if lines else None

    def cancel(self) -> None:
        """Cancel all jobs without waiting for them. Jobs that were not sent are never submitted."""
        with retired_errors():
            self.job_set.cancel()

    def jobs(self) -> list[Any]:
        """Wait until all jobs are submitted and return the provider's own job objects.

        An entry is None if the submission of the job failed.
        """
        self.job_set.wait(until="submitted")
        return self.job_set.jobs()

    def job(self, experiment: Any) -> tuple[Any, int]:
        """Return the provider's job that holds an experiment, and the experiment's position in it.

        Wait first until all jobs are submitted. The job is None if its submission failed.

        Args:
            experiment: the index, the name, or the circuit or schedule.

        Raises:
            IBMQJobManagerJobNotFound: there is no such experiment, or several have the name.
        """
        with retired_errors():
            self.job_set.wait(until="submitted")
            return self.job_set.job(experiment)

    def qobjs(self) -> list[Any]:
        """Wait until all jobs are submitted and return their Qobjs.

        An entry is None if the job was not submitted.

        Raises:
            IBMQJobManagerError: the installed Qiskit has no Qobj.
        """
        self.job_set.wait(until="submitted")
        return [job.qobj() for job in self.managed_jobs()]

    def name(self) -> str:
        """Return the set's name."""
        return self.job_set.name()

    def update_name(self, name: str) -> str:
        """Change the set's name and return it."""
        with retired_errors():
            return self.job_set.update_name(name)

    def job_set_id(self) -> str:
        """Return the set's id, by which it is retrieved later."""
        return self.job_set.job_set_id()

    def managed_jobs(self) -> list[ManagedJob]:
        """Return the jobs, in the order of their experiments."""
        state = self.job_set._state
        if self._submissions is None and state.adapter is not None:
            self._submissions = Submissions(state)
        for row in range(len(self._jobs), len(state.jobs)):
            self._jobs.append(ManagedJob(self.job_set, row, self._submissions))
        return [self._jobs[job.row] for job in state.ordered()]

    def tags(self) -> list[str]:
        """Return the user tags."""
        return self.job_set.tags()

    def update_tags(
        self,
        replacement_tags: list[str] | None = None,
        additional_tags: list[str] | None = None,
        removal_tags: list[str] | None = None,
    ) -> list[str]:
        """Replace the tags, then add some, then remove some; return the tags after that.

        Raises:
            IBMQJobManagerInvalidStateError: no argument was given, or one is not a list of strings.
        """
        given = (replacement_tags, additional_tags, removal_tags)
        if all(tags is None for tags in given):
            raise IBMQJobManagerInvalidStateError(
                "give replacement_tags, additional_tags or removal_tags: there is nothing to change"
            )
        for tags in given:
            check_job_tags(tags)
        kept = self.tags() if replacement_tags is None else replacement_tags
        removed = set(removal_tags or ())
        with retired_errors():
            return self.job_set.update_tags(
                replacement_tags=[tag for tag in (*kept, *(additional_tags or ())) if tag not in removed]
            )

    def __repr__(self) -> str:
        return repr(self.job_set).replace("<JobSet", "<ManagedJobSet", 1)

    def _ipython_display_(self, **options: Any) -> None:
        self.job_set._ipython_display_(**options)
