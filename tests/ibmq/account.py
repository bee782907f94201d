"""An account as the retired provider had it: its jobs fetch their states and results by their ids."""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from typing import Any

from qiskit.providers import JobStatus
from qiskit.result import Result
from qiskit.result.models import ExperimentResultData

from tests.fakes import ScriptedBackend, ScriptedJob


class AccountError(Exception):
    """The account refuses a request."""


class AccountJob(ScriptedJob):
    """A job of the account. Its result can be fetched once, and asking for its times drops it."""

    def __init__(
        self, backend: AccountBackend, number: int, circuits: Sequence[Any], shots: int
    ) -> None:
        super().__init__(backend, number, circuits, shots)
        self.known_as = self.job_id()
        self.fetches = 0
        self._kept: Result | None = None
        self.labels: dict[str, Any] = {}

    def status(self) -> JobStatus:
        if self.known_as != self.job_id():
            raise AccountError(f"there is no job {self.known_as}")
        return super().status()

    def time_per_step(self) -> dict[str, datetime.datetime]:
        self._kept = None
        begun = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
        return {"RUNNING": begun, "COMPLETED": begun + datetime.timedelta(seconds=8)}

    def result(self) -> Result:
        if self._kept is None:
            self.fetches += 1
            if self.fetches > 1:
                raise AccountError(f"the result of {self.job_id()} was fetched before")
            self._kept = self._random(super().result())
        return self._kept

    def _random(self, result: Result) -> Result:
        """Give every circuit counts that no second run would give."""
        for experiment in result.results:
            zeros = random.randrange(1, self.shots)
            counts = {"0x0": zeros, "0x1": self.shots - zeros}
            experiment.data = ExperimentResultData(counts=counts)
        return result


class AccountBackend(ScriptedBackend):
    """A backend of the account: ``run`` takes a name, tags and a share level for a job."""

    def run(
        self,
        run_input: Any,
        shots: int = 1024,
        job_name: str | None = None,
        job_tags: list[str] | None = None,
        job_share_level: str | None = None,
        **options: Any,
    ) -> AccountJob:
        job = AccountJob(self, next(self._numbers), list(run_input), shots)
        job.labels = {"name": job_name, "tags": job_tags, "share_level": job_share_level}
        if not self.hold:
            job.finish()
        self.sent.append(job)
        return job

    def jobs(self, job_tags: Sequence[str]) -> list[ScriptedJob]:
        """Return the jobs that have all these tags."""
        return [
            job
            for job in self.sent
            if isinstance(job, AccountJob) and set(job_tags) <= set(job.labels["tags"] or ())
        ]
