"""``IBMQJobManager``: the retired manager's face over the one manager."""

from __future__ import annotations

import datetime
import logging
import warnings
import weakref
from typing import Any

from qjm_widgets._printable import printable, printable_result
from qjm_widgets.backends import is_provider
from qjm_widgets.core.option_names import KnownOptions, check_option_names
from qjm_widgets.errors import explain
from qjm_widgets.ibmq import reports
from qjm_widgets.ibmq.at_exit import submit_before_exit
from qjm_widgets.ibmq.errors import check_job_tags, retired_errors
from qjm_widgets.ibmq.job_set import ManagedJobSet
from qjm_widgets.ibmq.submissions import warn_of_waiting
from qjm_widgets.job_set import JobSet
from qjm_widgets.manager import JobManager, default_manager

_LOG = logging.getLogger(__name__)

#: What ``IBMQJobManager.run`` takes by name, beside what it hands on.
_ARGUMENTS = ("name", "max_experiments_per_job", "job_share_level", "job_tags")

_faces: weakref.WeakValueDictionary[str, ManagedJobSet] = weakref.WeakValueDictionary()
"""One face for a set, by its id, so that what two calls give is the same object."""


class IBMQJobManager:
    """Runs circuits as sets of jobs, on any backend that ``qjm_widgets.JobManager`` takes.

    Every instance is a face of ``qjm_widgets.default_manager()``: they share its store and its sets.
    A program that ends waits until every job was sent. A job whose submission is refused is not sent
    again by itself.
    """

    def __init__(self) -> None:
        default_manager()

    @property
    def manager(self) -> JobManager:
        """The manager behind it."""
        return default_manager()

    def run(
        self,
        experiments: Any,
        backend: Any,
        name: str | None = None,
        max_experiments_per_job: int | None = None,
        job_share_level: str | None = None,
        job_tags: list[str] | None = None,
        **run_config: Any,
    ) -> ManagedJobSet:
        """Run circuits or pulse schedules; returns at once, the jobs are submitted in the background.

        Args:
            experiments: one or many circuits or schedules.
            backend: any Qiskit backend or V2 sampler.
            name: of the set; by default the time (UTC).
            max_experiments_per_job: by default, and at most, what the backend allows.
            job_share_level: ignored, with a warning: providers do not share jobs any more.
            job_tags: strings of the user's.
            run_config: handed to the backend's ``run`` (``shots``, ``seed_simulator``, ``memory``, …).

        Raises:
            IBMQJobManagerInvalidStateError: an argument is wrong; nothing was stored or sent.
        """
        if job_share_level:
            warnings.warn(
                "job_share_level is ignored: providers do not share jobs any more", Warning, stacklevel=2
            )
        check_job_tags(job_tags)
        manager = self.manager
        with retired_errors():
            check_option_names(run_config, KnownOptions(frozenset(), others=True), _ARGUMENTS, "run")
            job_set = manager.run(
                experiments,
                backend,
                name=name or _time_name(),
                max_circuits_per_job=max_experiments_per_job,
                tags=job_tags or (),
                **run_config,
            )
        # Nothing was sent yet: the circuits are still being written.
        job_set._state.set_tries(1)
        warn_of_waiting(job_set._state)
        submit_before_exit(job_set)
        return _face(job_set, manager)

    @printable_result
    def report(self, detailed: bool = True) -> str:
        """All sets of this session as text; with ``detailed`` some lines for each job."""
        sets = self.job_sets()
        jobs = [job for job_set in sets for job in job_set.job_set._state.jobs]
        lines = ["Summary report:", *reports.summary(jobs)]
        if detailed:
            lines.append("\nDetail report:")
            for job_set in sets:
                lines.append(f"  Job set name: {job_set.name()}, ID: {job_set.job_set_id()}")
                lines += job_set.details()
        return "\n".join(lines)

    def job_sets(self, name: str | None = None) -> list[ManagedJobSet]:
        """The sets run or retrieved in this session, oldest first; only those of a name if given."""
        manager = self.manager
        return [_face(job_set, manager) for job_set in manager.job_sets(name or None)]

    def retrieve_job_set(self, job_set_id: str, provider: Any, refresh: bool = False) -> ManagedJobSet:
        """A set that was run before, in this session or another.

        Args:
            job_set_id: what ``job_set_foo.job_set_id()`` gave.
            provider: gives the backend whose jobs are followed on, where they outlived the kernel that
                sent them; a ``QiskitRuntimeService`` finds sets that the store does not know, too. None
                reads the store only. Nothing is ever sent.
            refresh: read it again; where that fails, what was there stays.

        Raises:
            IBMQJobManagerUnknownJobSet: it is not known.
        """
        manager = self.manager
        with retired_errors():
            knows_tags = provider is not None and is_provider(provider)
            job_set = manager.retrieve_job_set(
                job_set_id, refresh=refresh, provider=provider if knows_tags else None
            )
            if provider is not None and not knows_tags:
                _have_jobs_back(job_set, provider)
            return _face(job_set, manager)

    def __repr__(self) -> str:
        return f"<IBMQJobManager over {self.manager!r}>"

    def _ipython_display_(self, **options: Any) -> None:
        self.manager._ipython_display_(**options)


def _face(job_set: JobSet, manager: JobManager) -> ManagedJobSet:
    """The one face of a set; a set that was read again gets it anew."""
    face = _faces.get(job_set.job_set_id())
    if face is None or face.job_set is not job_set:
        face = _faces[job_set.job_set_id()] = ManagedJobSet(job_set, manager)
    return face


def _have_jobs_back(job_set: JobSet, provider: Any) -> None:
    """Follow the provider's jobs of a set whose kernel is gone; nothing is ever sent for that."""
    state = job_set._state
    under_way = [job for job in state.jobs if not job.status.final]
    at_provider = all(job.status.remote and job.job_id for job in under_way)
    if not state.interrupted or not at_provider or state.record.survives_kernel is False:
        return
    for ask in ("get_backend", "backend"):
        method = getattr(provider, ask, None)
        if callable(method):
            try:
                backend = method(state.record.backend)
            except Exception as error:  # whatever a provider raises: the set is shown as it is stored
                what = printable(f"no backend {state.record.backend}: {explain(error)}")
                _LOG.warning("%r gives %s", provider, what)
                return
            job_set.resume(backend)
            return


def _time_name() -> str:
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None).isoformat()
