"""Check the arguments of ``resume``: the backend, the run options and the pass manager."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qjm_widgets.backends import simulators
from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.option_names import RESUME_ARGUMENTS, check_option_names
from qjm_widgets.core.records import JobSetRecord, Span
from qjm_widgets.errors import InputError
from qjm_widgets.state.job_set_state import JobSetState


def check_backend(record: JobSetRecord, adapter: BackendAdapter) -> None:
    """Refuse a backend for which the set was not made.

    Raises:
        InputError: the backend is another one; the message names both.
    """
    if (record.backend, record.adapter) != (adapter.name, adapter.kind):
        raise InputError(
            f"this job set was made for {record.backend} ({record.adapter}), "
            f"not for {adapter.name} ({adapter.kind}): give the same backend, or run its circuits again"
        )


def check_options(record: JobSetRecord, adapter: BackendAdapter, given: Mapping[str, Any]) -> None:
    """Refuse run options that were not given to ``run`` and that the backend does not know.

    Raises:
        InputError: an option is unknown; the message suggests a similar one.
    """
    known = adapter.option_names()
    known = known._replace(names=known.names | {*record.options, *record.unstored_options})
    check_option_names(given, known, RESUME_ARGUMENTS, adapter.name)


def merge_options(record: JobSetRecord, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored run options, replaced or completed by the options that the user gives.

    Raises:
        InputError: an option that could not be stored is not given; the message names it.
    """
    missing = [name for name in record.unstored_options if name not in given]
    if missing:
        names = ", ".join(missing)
        line = ", ".join(f"{name}=…" for name in missing)
        raise InputError(
            f"run options that could not be stored are missing: {names}. Give them again: "
            f"`job_set.resume(backend, {line})`"
        )
    return {**record.options, **given}


def untranspiled(state: JobSetState, pass_manager: Any) -> list[Span]:
    """Return the spans of unfinished jobs whose circuits are not transpiled yet, in order.

    Raises:
        InputError: there are such spans, and no pass manager was given.
    """
    if not state.record.transpiles:
        return []
    unfinished = {job.span for job in state.jobs if not job.status.final}
    spans = [span for span in state.store.untranspiled(state.set_id) if span in unfinished]
    if spans and pass_manager is None:
        raise InputError(
            f"circuits {spans[0].start} to {spans[-1].stop - 1} of this set wait for its pass manager, "
            "which is not stored. Give it again: `job_set.resume(backend, pass_manager=…)`"
        )
    return spans


def rebuilt_backend(record: JobSetRecord) -> Any:
    """Make the set's backend again, which works for simulators with default options.

    Raises:
        InputError: the backend cannot be made; the message says which call to run.
    """
    if record.recipe is not None:
        try:
            return simulators.rebuild(record.recipe)
        except (ImportError, ValueError):
            pass  # it is not installed here
    raise InputError(
        f"{record.backend} is not known in this kernel. Run:\n"
        f'`manager.retrieve_job_set("{record.set_id}").resume(backend)`'
    )
