"""Find a set that has run the same circuits already, so that they are not paid for again."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.records import JobSetRecord, Span, Status
from qjm_widgets.core.store_port import JobStore
from qjm_widgets.errors import InputError, InvalidStateError, ProviderError, QJMError
from qjm_widgets.job_set import JobSet
from qjm_widgets.manager.inputs import comes_one_by_one
from qjm_widgets.manager.planning import PlannedSet, RunArguments
from qjm_widgets.serialization.canonical import digest
from qjm_widgets.serialization.circuits import Missing, read_block
from qjm_widgets.serialization.fingerprint import fingerprint_of

#: Whether ``run`` gives back a set that has run already, and how equal its backend must be.
Reuse: TypeAlias = bool | Literal["any calibration", "any backend"]
_ANY_CALIBRATION, _ANY_BACKEND = "any calibration", "any backend"
#: The most sets without a fingerprint whose circuits are read, the newest ones.
_MOST_READ = 50
#: The digits of what was run; those after them are of where.
_DIGITS = 64


def check_reuse(reuse: Any, arguments: RunArguments, *, continues: bool) -> None:
    """Refuse a value of ``reuse`` that is unknown or meaningless.

    It is meaningless with a pass manager, for circuits of unknown number, and for a set that goes on.

    Raises:
        InputError: the message says what to give.
    """
    if not isinstance(reuse, bool) and reuse not in (_ANY_CALIBRATION, _ANY_BACKEND):
        raise InputError(
            f"reuse must be True, False, {_ANY_CALIBRATION!r} or {_ANY_BACKEND!r}, not {reuse!r}"
        )
    if reuse and arguments.pass_manager is not None:
        raise InputError(
            "reuse= compares circuits as they are run, and a pass manager changes them: transpile them "
            "before, and leave pass_manager out"
        )
    if reuse and comes_one_by_one(arguments.circuits):
        raise InputError("reuse= compares all circuits of a set: give a list of circuits")
    if reuse and continues:
        raise InputError("reuse= is for a new set: leave it out with continue_set=")


def fingerprint(planned: PlannedSet, adapter: BackendAdapter) -> str | None:
    """Return the fingerprint of a planned set; None, with a warning, if it cannot be compared."""
    try:
        ran = fingerprint_of(planned.inputs, planned.options)
        return ran + digest([adapter.identity()])
    except ValueError as error:
        warnings.warn(f"reuse= cannot compare this set, so it is run: {error}", stacklevel=3)
        return None


class ReusableSets:
    """The sets in the store that may be given back instead of a planned set, newest first.

    Args:
        store: the store.
        planned: the set that ``run`` would store.
        mark: its fingerprint.
        adapter: the adapter of its backend.
        reuse: how equal the backend must be.

    Raises:
        ProviderError: the calibration of the backend cannot be read.
    """

    def __init__(
        self, store: JobStore, planned: PlannedSet, mark: str, adapter: BackendAdapter, reuse: Reuse
    ) -> None:
        self._store = store
        self._planned = planned
        self._mark = mark
        self._adapter = adapter
        self._beginning = mark[:_DIGITS] if reuse == _ANY_BACKEND else mark
        self._earliest = _calibrated_at(adapter) if reuse is True else None

    def __iter__(self) -> Iterator[JobSetRecord]:
        self._mark_others()
        for record in self._store.sets_of_fingerprint(self._beginning):
            if record.complete and (self._earliest is None or record.created_at >= self._earliest):
                yield record

    def _mark_others(self) -> None:
        """Store the fingerprints of sets that were run without ``reuse`` on the same plain simulator."""
        recipe, record = self._adapter.recipe, self._planned.record
        if recipe is None:
            return
        unmarked = self._store.sets_without_fingerprint(recipe, record.circuits, _MOST_READ)
        for other in unmarked:
            alike = (other.adapter, other.options, other.shots, other.precision, other.points)
            if (
                other.unstored_options
                or other.unstored_circuits
                or alike
                != (
                    *(record.adapter, record.options, record.shots, record.precision),
                    record.points,
                )
            ):
                continue
            blocks = self._store.get_circuits(other.set_id, Span(0, other.circuits))
            try:
                inputs = [each for block in blocks for each in read_block(block)]
                found = [each for each in inputs if not isinstance(each, Missing)]
                ran = fingerprint_of(found, other.options) if len(found) == len(inputs) else None
            except Exception:  # it was written by another release: it is not the same set then
                ran = None
            if ran is not None:
                self._store.put_fingerprint(other.set_id, ran + self._mark[_DIGITS:])


def _calibrated_at(adapter: BackendAdapter) -> float | None:
    try:
        return adapter.calibrated_at()
    except ProviderError as error:
        raise ProviderError(
            f"{error}. To reuse sets of all calibrations, give reuse={_ANY_CALIBRATION!r}"
        ) from error


def reused_set(
    sets: Iterable[JobSetRecord],
    planned: PlannedSet,
    retrieve: Callable[[str], JobSet],
    backend: Any,
    executor: Any,
) -> JobSet | None:
    """Return the first set that has the results of all circuits or will have them; None without one.

    What a set lacks is submitted: its unsent, failed and cancelled jobs. What is done stays.

    Args:
        sets: the sets that ran the same.
        planned: the set that ``run`` would store.
        retrieve: returns a set by its id.
        backend, executor: as in ``run``.
    """
    for record in sets:
        options = {name: planned.options[name] for name in record.unstored_options}
        try:
            job_set = retrieve(record.set_id)
        except QJMError:  # it is being saved, or was deleted meanwhile
            continue
        if _go_on(job_set, backend, executor, options):
            job_set._state.set_found([each.circuit.name for each in planned.inputs])
            return job_set
    return None


def _go_on(job_set: JobSet, backend: Any, executor: Any, options: Mapping[str, Any]) -> bool:
    """Submit what a set lacks, unless another kernel drives it; return whether it will lack nothing."""
    state = job_set._state
    lacking = any(job.cancelled or job.flawed or job.status is Status.ERROR for job in state.jobs)
    if state.owner is not None:
        return not lacking
    try:
        if state.adapter is None and (state.interrupted or lacking):
            job_set.resume(backend, executor=executor, **options)
        if state.paused and state.adapter is not None:
            job_set.unpause()
        if lacking:
            job_set.retry()
            job_set.retry(cancelled=True)
    except (InputError, InvalidStateError):  # it is of another backend, or can never be submitted
        return False
    return True
