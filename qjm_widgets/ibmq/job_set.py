"""``ManagedJobSet``: a job set by the retired names; it shows itself as the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.providers import JobStatus

from qjm_widgets._printable import printable_result
from qjm_widgets.ibmq import reports
from qjm_widgets.ibmq.errors import IBMQJobManagerInvalidStateError, check_job_tags, retired_errors
from qjm_widgets.ibmq.job import ManagedJob
from qjm_widgets.ibmq.results import ManagedResults
from qjm_widgets.ibmq.submissions import Submissions
from qjm_widgets.job_set import JobSet

if TYPE_CHECKING:
    from qjm_widgets.manager import JobManager


class ManagedJobSet:
    """A set of jobs, made by ``IBMQJobManager``.

    Attributes:
        job_set: the ``JobSet`` behind it, with everything that is newer: ``counts``, ``retry``,
            ``wait``, ``figure``, …
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
        """Never needed: ``IBMQJobManager.run`` has submitted the jobs.

        Raises:
            IBMQJobManagerInvalidStateError: always.
        """
        raise IBMQJobManagerInvalidStateError("the jobs of this set have already been submitted")

    def retrieve_jobs(self, provider: Any, refresh: bool = False) -> None:
        """Read the set again, with ``refresh=True``; it is left as it was where that fails.

        Raises:
            IBMQJobManagerUnknownJobSet: it is not known any more.
        """
        if not refresh:
            return
        with retired_errors():
            again = self._manager.retrieve_job_set(self.job_set_id(), refresh=True)
        if again is not self.job_set:
            self.job_set, self._results, self._jobs, self._submissions = again, None, [], None

    def statuses(self) -> list[JobStatus | None]:
        """Qiskit's status of each job; None where it could not be had: sending failed, or asking did."""
        return [job.status() for job in self.managed_jobs()]

    @printable_result
    def report(self, detailed: bool = True) -> str:
        """The set as text; with ``detailed`` some lines for each job."""
        lines = [
            f"Job set name: {self.name()}",
            f"          ID: {self.job_set_id()}",
            f"        tags: {self.tags()}",
            "Summary report:",
            *reports.summary(self.job_set._state.jobs),
        ]
        if detailed:
            lines += ["\nDetail report:", *self.details()]
        return "\n".join(lines)

    def details(self) -> list[str]:
        """The report's lines on the jobs."""
        refused = [job.refused for job in self.managed_jobs()]
        return reports.details(self.job_set._state.ordered(), self.name(), refused)

    def results(
        self, timeout: float | None = None, partial: bool = False, refresh: bool = False
    ) -> ManagedResults:
        """The results of all experiments; waits for all jobs.

        Args:
            timeout: seconds to wait; 0 does not wait, None waits without limit.
            partial: give what is there when the time is over, instead of raising.
            refresh: read the results from the store again.

        Raises:
            IBMQJobManagerTimeoutError: the time was over before the jobs were; the jobs go on.
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
        """Why jobs failed or could not be sent, or None; waits for the end of all jobs."""
        self.job_set.wait()
        lines = []
        for index, job in enumerate(self.managed_jobs()):
            message = job.error_message()
            if message is None:
                continue
            what = "job submit failed" if job.refused else f"job ID={job.job_id}"
            lines.append(f"Experiments {job.start_index}-{job.end_index}, job index={index}, {what}:")
            lines += [f"  {line}" for line in message.split("\n")]
        return "\n".join(lines) if lines else None

    def cancel(self) -> None:
        """Cancel all jobs. Returns at once; what was not sent yet is never sent."""
        with retired_errors():
            self.job_set.cancel()

    def jobs(self) -> list[Any]:
        """The provider's own job objects, None where sending failed; waits until all were sent."""
        self.job_set.wait(until="submitted")
        return self.job_set.jobs()

    def job(self, experiment: Any) -> tuple[Any, int]:
        """The job that holds an experiment, None where sending failed, and its place in that job.

        Waits until all jobs were sent.

        Args:
            experiment: index, name, or the circuit or schedule.

        Raises:
            IBMQJobManagerJobNotFound: there is none, or several share the name.
        """
        with retired_errors():
            self.job_set.wait(until="submitted")
            return self.job_set.job(experiment)

    def qobjs(self) -> list[Any]:
        """The Qobj of each job, None where sending failed; waits until all were sent.

        Raises:
            IBMQJobManagerError: the installed Qiskit has no Qobj any more.
        """
        self.job_set.wait(until="submitted")
        return [job.qobj() for job in self.managed_jobs()]

    def name(self) -> str:
        """The set's name."""
        return self.job_set.name()

    def update_name(self, name: str) -> str:
        """Give the set another name: all of it or, with an error, nothing."""
        with retired_errors():
            return self.job_set.update_name(name)

    def job_set_id(self) -> str:
        """By which the set is retrieved later."""
        return self.job_set.job_set_id()

    def managed_jobs(self) -> list[ManagedJob]:
        """The jobs in order."""
        state = self.job_set._state
        if self._submissions is None and state.adapter is not None:
            self._submissions = Submissions(state)
        for row in range(len(self._jobs), len(state.jobs)):
            self._jobs.append(ManagedJob(self.job_set, row, self._submissions))
        return [self._jobs[job.row] for job in state.ordered()]

    def tags(self) -> list[str]:
        """The user's tags."""
        return self.job_set.tags()

    def update_tags(
        self,
        replacement_tags: list[str] | None = None,
        additional_tags: list[str] | None = None,
        removal_tags: list[str] | None = None,
    ) -> list[str]:
        """Replace the tags, then add some, then remove some; the tags afterwards.

        Raises:
            IBMQJobManagerInvalidStateError: nothing was given, or no list of strings.
        """
        given = (replacement_tags, additional_tags, removal_tags)
        if all(tags is None for tags in given):
            raise IBMQJobManagerInvalidStateError(
                "give replacement_tags, additional_tags or removal_tags: there is nothing to change"
            )
        for tags in given:
            check_job_tags(tags)
        kept = self.tags() if replacement_tags is None else replacement_tags
        gone = set(removal_tags or ())
        with retired_errors():
            return self.job_set.update_tags(
                replacement_tags=[tag for tag in (*kept, *(additional_tags or ())) if tag not in gone]
            )

    def __repr__(self) -> str:
        return repr(self.job_set).replace("<JobSet", "<ManagedJobSet", 1)

    def _ipython_display_(self, **options: Any) -> None:
        self.job_set._ipython_display_(**options)
