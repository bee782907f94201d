"""Convert Qiskit's ``Result`` to outcomes, and outcomes to Qiskit's types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qjm_widgets.core.counts import Layout
from qjm_widgets.core.outcomes import ExperimentOutcome, ItemOutcome, JobOutcome, PubOutcome, layout_of
from qjm_widgets.core.qiskit_values import plain
from qjm_widgets.errors import NotAvailableError, explain
from qjm_widgets.serialization.readout import read_counts, read_memory

_FIELDS = ("seed", "meas_level", "meas_return")
#: The attributes of Qiskit's ``Result`` and ``ExperimentResult`` that are read by their names.
_NAMED = frozenset(
    {
        *("backend_name", "backend_version", "job_id", "success", "results", "date"),
        *("status", "header", "shots", "data", *_FIELDS, "_metadata"),
    }
)


def read_result(result: Any, names: Sequence[str]) -> JobOutcome:
    """Return the outcome of a job from its ``Result``.

    A circuit that the result lacks becomes None. If a circuit's part of the result is invalid, the
    circuit becomes a failed one, or its counts or memory cannot be read. This does not affect other
    circuits.

    Args:
        result: the return value of ``job.result()``.
        names: the names of the job's circuits.

    Raises:
        ValueError: the result has another number of circuits than the job, and names do not identify
            them.
    """
    found = list(result.results or [])
    circuits: list[ExperimentOutcome | None] = [None] * len(names)
    for experiment, place in zip(
        found, places([experiment_name(each) for each in found], names), strict=True
    ):
        if place is not None:
            circuits[place] = _read(experiment, names[place])
    info = {
        "backend_name": result.backend_name,
        "backend_version": result.backend_version,
        "job_id": result.job_id,
        "date": _text(getattr(result, "date", None)),
        "status": _text(getattr(result, "status", None)),
        "header": _header(result),
        "fields": _further(result),
    }
    return JobOutcome(circuits, info)


def places(found: Sequence[str | None], names: Sequence[str]) -> Sequence[int | None]:
    """Return, for each part of a result, the index of its circuit in the job; None for a foreign part.

    If the names of the job's circuits are unique and the parts have them, the names decide. Otherwise
    the order decides, because providers may rename circuits.

    Args:
        found: the name of each part of the result, or None.
        names: the names of the job's circuits.

    Raises:
        ValueError: neither the names nor the order identify the circuits of the parts.
    """
    if list(found) == list(names):
        return range(len(names))
    known = {name: place for place, name in enumerate(names)}
    mine = [name for name in found if name in known]
    if len(known) == len(names) and len(set(mine)) == len(mine) and mine:
        missing = len(names) - len(mine)
        if len(mine) == len(found) or (len(found) > len(names) and not missing):
            return [known.get(name) if name is not None else None for name in found]
    if len(found) == len(names) or (len(found) < len(names) and _are_uninformative(found, names)):
        return range(len(found))
    raise ValueError(
        f"it has {len(found)} circuits, the job {len(names)}, and names do not identify them"
    )


def _are_uninformative(found: Sequence[str | None], names: Sequence[str]) -> bool:
    """Return whether the parts have no names, or exactly the names of the job's first circuits.

    Then the order identifies their circuits.
    """
    return not any(found) or list(found) == list(names[: len(found)])


def experiment_name(experiment: Any) -> str | None:
    """Return the name of the circuit of a part of a result; None if it has none."""
    header = getattr(experiment, "header", None)
    found = header.get("name") if isinstance(header, Mapping) else getattr(header, "name", None)
    return None if found is None else str(found)


def as_dict(header: Any) -> dict[str, Any]:
    """Return a header as a dict, for any version of Qiskit."""
    if header is None:
        return {}
    if isinstance(header, Mapping):
        return dict(header)
    return dict(header.to_dict())


def _header(part: Any) -> dict[str, Any]:
    """Return the header of a result or of one circuit; empty if it is invalid."""
    try:
        return as_dict(getattr(part, "header", None))
    except Exception:  # a third party's class may raise anything
        return {}


def _further(part: Any) -> dict[str, Any]:
    """Return all that a backend put into a ``Result`` or an ``ExperimentResult`` beside Qiskit's fields.

    Qiskit keeps what was given to its constructor (``time_taken``, ``metadata``) in one mapping; a
    backend may have set further attributes afterwards.
    """
    known: Mapping[str, Any] = getattr(part, "__dict__", {})
    further = {name: known[name] for name in known.keys() - _NAMED if not name.startswith("_")}
    return {**known.get("_metadata", {}), **further}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _read(experiment: Any, name: str) -> ExperimentOutcome:
    try:
        return _read_experiment(experiment, name)
    except Exception as error:  # an invalid part must not affect the others
        status = f"its result cannot be read: {explain(error)}"
        return ExperimentOutcome(name, 0, False, status, _header(experiment), Layout((), None))


def _read_experiment(experiment: Any, name: str) -> ExperimentOutcome:
    header = _header(experiment)
    received = {} if experiment.data is None else experiment.data.to_dict()
    data = {str(key): value for key, value in received.items()}
    odd: dict[str, str] = {}
    layout, problem = Layout((), None), None
    try:
        layout = layout_of(header)
    except ValueError as error:
        problem = str(error)
    readouts: dict[str, Any] = {}
    for kind, read in (("counts", read_counts), ("memory", read_memory)):
        if kind not in data:
            continue
        try:
            if problem is not None:
                raise ValueError(problem)
            readouts[kind] = read(data[kind], layout)
        except ValueError as error:
            odd[kind] = str(error)
        else:
            if readouts[kind] is not None:
                del data[kind]
    data = {key: plain(value) for key, value in data.items()}
    known = vars(experiment)  # reading a missing attribute of an ExperimentResult is slow
    fields = {key: known[key] for key in _FIELDS if key in known}
    if "meas_level" in fields:
        fields["meas_level"] = int(fields["meas_level"])
    fields |= _further(experiment)
    counts = readouts.get("counts")
    return ExperimentOutcome(
        name=str(header.get("name") or name),
        shots=_shots(experiment.shots, 0 if counts is None else counts.shots),
        success=bool(experiment.success),
        status=str(getattr(experiment, "status", "")),
        header=header,
        layout=layout,
        counts=counts,
        memory=readouts.get("memory"),
        data=data,
        fields=fields,
        odd=odd,
    )


def _shots(reported: Any, counted: int) -> int:
    """Return the shots of a circuit: the reported number or, if this is invalid, the counted one."""
    try:
        first_last = isinstance(reported, (tuple, list))
        shots = int(reported[1]) - int(reported[0]) + 1 if first_last else int(reported)
    except (TypeError, ValueError, OverflowError, IndexError):
        return counted
    return shots if shots >= 0 else counted


def write_experiment(outcome: ExperimentOutcome) -> Any:
    """Return the outcome as Qiskit's ``ExperimentResult``."""
    from qiskit.result.models import ExperimentResult, ExperimentResultData

    from qjm_widgets._compat import experiment_header

    data = dict(outcome.data)
    if outcome.counts is not None:
        pairs = zip(outcome.counts.outcomes.tolist(), outcome.counts.counts.tolist(), strict=True)
        data["counts"] = {hex(value): count for value, count in pairs}
    if outcome.memory is not None:
        data["memory"] = [hex(value) for value in outcome.memory.tolist()]
    return ExperimentResult(
        shots=outcome.shots,
        success=outcome.success,
        data=ExperimentResultData(**data),
        status=outcome.status or None,
        header=experiment_header(dict(outcome.header)),
        **dict(outcome.fields),
    )


def write_sampled(outcome: PubOutcome) -> Any:
    """Return the outcome of a PUB of one point as Qiskit's ``ExperimentResult``.

    Raises:
        NotAvailableError: the PUB has a shape, so that it may have several points, or is an estimator's.
    """
    from qiskit.result.models import ExperimentResult, ExperimentResultData

    from qjm_widgets._compat import experiment_header

    if outcome.estimates:
        raise NotAvailableError(
            f"{outcome.name} has expectation values, which a Result cannot hold: ask primitive_result"
        )
    if outcome.shape != ():
        is_item = isinstance(outcome, ItemOutcome)
        kind, instead = ("an item", "program_result") if is_item else ("a PUB", "primitive_result")
        raise NotAvailableError(
            f"{outcome.name} is {kind} with points of shape {outcome.shape}, which a Result cannot "
            f"hold: use {instead}"
        )
    packed = outcome.packed()
    data = ExperimentResultData()
    if packed is not None:
        pairs = zip(packed.outcomes.tolist(), packed.counts.tolist(), strict=True)
        data = ExperimentResultData(
            counts={hex(value): count for value, count in pairs},
            memory=[hex(value) for value in outcome.joined().tolist()],
        )
    header = {"name": outcome.name, "memory_slots": outcome.layout.width}
    return ExperimentResult(
        shots=outcome.shots,
        success=True,
        data=data,
        status=outcome.status,
        header=experiment_header(header),
    )
