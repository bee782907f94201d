"""``IBMQJobManager``: the default manager with the retired names."""

from __future__ import annotations

import datetime
import logging
import warnings
import weakref
from collections.abc import Iterator
from typing import Any

from qjm_widgets._printable import printable, printable_result
from qjm_widgets.backends import is_provider
from qjm_widgets.backends.option_names import run_arguments
from qjm_widgets.core.option_names import KnownOptions, check_option_names
from qjm_widgets.errors import explain
from qjm_widgets.ibmq import reports
from qjm_widgets.ibmq.at_exit import submit_before_exit
from qjm_widgets.ibmq.errors import check_job_tags, check_share_level, retired_errors
from qjm_widgets.ibmq.job_set import ManagedJobSet
from qjm_widgets.ibmq.submissions import warn_of_waiting
from qjm_widgets.job_set import JobSet
from qjm_widgets.manager import JobManager, default_manager

_LOG = logging.getLogger(__name__)

_SHARE_LEVEL = "job_share_level"
#: The named arguments of ``IBMQJobManager.run``; all others go to the backend.
_ARGUMENTS = ("name", "max_experiments_per_job", _SHARE_LEVEL, "job_tags")

#: The ``ManagedJobSet`` of each set, by its id, so that two calls return the same object.
_wrappers: weakref.WeakValueDictionary[str, ManagedJobSet] = weakref.WeakValueDictionary()


class IBMQJobManager:
    """A manager that runs circuits as sets of jobs, on any backend that ``JobManager`` takes.

    All instances use ``qjm_widgets.default_manager()``, so they share its store and its sets. The
    program ends only after every job was submitted. If a submission is refused, it is not repeated
    automatically.
    """

    def __init__(self) -> None:
        default_manager()

    @property
    def manager(self) -> JobManager:
        """The manager behind it, ``default_manager()``."""
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
        """Run circuits or pulse schedules; the jobs are submitted in the background.

        Args:
            experiments: one or many circuits or schedules.
            backend: any Qiskit backend or V2 sampler.
            name: the set's name; by default the time (UTC).
            max_experiments_per_job: the most experiments in a job; the backend's limit applies too.
            job_share_level: ``"global"``, ``"hub"``, ``"group"``, ``"project"`` or ``"none"``. It is
                passed to a backend whose ``run`` has this parameter; else it is ignored, with a warning.
            job_tags: user tags. A backend whose ``run`` has this parameter gets them, and as
                ``job_name`` the set's name with the number of the job.
            run_config: passed to the backend's ``run`` (``shots``, ``seed_simulator``, ``memory``, …).

        Raises:
            IBMQJobManagerInvalidStateError: an argument is wrong; nothing was stored or sent.
        """
        check_job_tags(job_tags)
        shared: dict[str, Any] = {}
        if job_share_level:
            level = check_share_level(job_share_level)
            if _SHARE_LEVEL in run_arguments(backend).names:
                shared[_SHARE_LEVEL] = level
            else:
                warnings.warn(
                    f"job_share_level is ignored: {type(backend).__name__} does not share jobs",
                    Warning,
                    stacklevel=2,
                )
        manager = self.manager
        with retired_errors():
            check_option_names(run_config, KnownOptions(frozenset(), others=True), _ARGUMENTS, "run")
            job_set = manager.run(
                list(experiments) if isinstance(experiments, Iterator) else experiments,
                backend,
                name=name or _time_name(),
                max_circuits_per_job=max_experiments_per_job,
                tags=job_tags or (),
                **shared,
                **run_config,
            )
        # With one try, a refused submission is not repeated.
        job_set._state.set_tries(1)
        warn_of_waiting(job_set._state)
        submit_before_exit(job_set)
        return _wrapped(job_set, manager)

    @printable_result
    def report(self, detailed: bool = True) -> str:
        """Return a text report over all sets of this session; ``detailed`` adds lines for each job."""
        sets = self.job_sets()
        jobs = [job for job_set in sets for job in job_set.job_set._state.jobs]
        lines = ["Summary report:", *reports.summary(jobs)]
        if detailed:
            lines.append("\nDetail report:")
            for job_set in sets:
                lines.append(f"  Job set name: {job_set.name()}, ID: {job_set.job_set_id()}")
                lines += job_set._details()
        return "\n".join(lines)

    def job_sets(self, name: str | None = None) -> list[ManagedJobSet]:
        """Return the sets of this session, oldest first; with a name, only those that have it."""
        manager = self.manager
        return [_wrapped(job_set, manager) for job_set in manager.job_sets(name or None)]

    def retrieve_job_set(self, job_set_id: str, provider: Any, refresh: bool = False) -> ManagedJobSet:
        """Return a set that was run before, in this session or another. It never submits a job.

        Args:
            job_set_id: the id, as ``job_set_foo.job_set_id()`` returned it.
            provider: the provider of the backend, to poll jobs that outlived the kernel that submitted
                them. A ``QiskitRuntimeService`` also finds sets that are not in the store. With None,
                only the store is read.
            refresh: read the set again; if that fails, the set keeps what it had.

        Raises:
            IBMQJobManagerUnknownJobSet: neither the store nor the provider has the set.
        """
        manager = self.manager
        with retired_errors():
            knows_tags = provider is not None and is_provider(provider)
            job_set = manager.retrieve_job_set(
                job_set_id, refresh=refresh, provider=provider if knows_tags else None
            )
            if provider is not None and not knows_tags:
                _poll_provider_jobs(job_set, provider)
            return _wrapped(job_set, manager)

    def __repr__(self) -> str:
        return f"<IBMQJobManager over {self.manager!r}>"

    def _ipython_display_(self, **options: Any) -> None:
        self.manager._ipython_display_(**options)


def _wrapped(job_set: JobSet, manager: JobManager) -> ManagedJobSet:
    """Return the wrapper of a set; a set that was read again gets a new wrapper."""
    wrapper = _wrappers.get(job_set.job_set_id())
    if wrapper is None or wrapper.job_set is not job_set:
        wrapper = _wrappers[job_set.job_set_id()] = ManagedJobSet(job_set, manager)
    return wrapper


def _poll_provider_jobs(job_set: JobSet, provider: Any) -> None:
    """Poll the provider's jobs of a set that no kernel drives; nothing is submitted."""
    state = job_set._state
    under_way = [job for job in state.jobs if not job.status.final]
    at_provider = all(job.status.remote and job.job_id for job in under_way)
    if not state.interrupted or not at_provider or state.record.survives_kernel is False:
        return
    for name in ("get_backend", "backend"):
        method = getattr(provider, name, None)
        if callable(method):
            try:
                backend = method(state.record.backend)
            except Exception as error:  # a provider may raise anything; the set is shown as it is stored
                what = printable(f"no backend {state.record.backend}: {explain(error)}")
                _LOG.warning("%r gives %s", provider, what)
                return
            job_set.resume(backend)
            return


def _time_name() -> str:
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None).isoformat()
