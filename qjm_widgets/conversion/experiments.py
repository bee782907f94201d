"""Qiskit's ``Result`` as compact outcomes, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qjm_widgets.core.counts import Integers, Layout, integers, pack_hex
from qjm_widgets.core.outcomes import ExperimentOutcome, JobOutcome, layout_of
from qjm_widgets.core.qiskit_values import plain

_FIELDS = ("seed", "meas_level", "meas_return")


def read_result(result: Any, names: Sequence[str]) -> JobOutcome:
    """Pack a ``Result``.

    Args:
        result: what ``job.result()`` gave.
        names: names of the job's circuits; a circuit that the result lacks gives None.

    Raises:
        ValueError: the result has another number of circuits, and does not tell which they are.
    """
    found = list(result.results or [])
    circuits: list[ExperimentOutcome | None] = [None] * len(names)
    for experiment, place in zip(found, places([_name(each) for each in found], names), strict=True):
        if place is not None:
            circuits[place] = _read(experiment, names[place])
    info = {
        "backend_name": result.backend_name,
        "backend_version": result.backend_version,
        "job_id": result.job_id,
        "date": _text(getattr(result, "date", None)),
        "status": _text(getattr(result, "status", None)),
        "header": as_dict(getattr(result, "header", None)),
        "fields": dict(getattr(result, "_metadata", {})),
    }
    return JobOutcome(circuits, info)


def places(found: Sequence[str | None], names: Sequence[str]) -> Sequence[int | None]:
    """Which of a job's circuits each part of a result is; None: none of them.

    Names tell where each circuit has one of its own; else the order does, as providers may rename.

    Raises:
        ValueError: there are more or fewer parts than circuits, and their names tell nothing.
    """
    if list(found) == list(names):
        return range(len(names))
    known = {name: place for place, name in enumerate(names)}
    mine = [name for name in found if name in known]
    if len(known) == len(names) and len(set(mine)) == len(mine) and mine:
        missing = len(names) - len(mine)
        if len(mine) == len(found) or (len(found) > len(names) and not missing):
            return [known.get(name) if name is not None else None for name in found]
    if len(found) == len(names) or (len(found) < len(names) and _says_nothing(found, names)):
        return range(len(found))
    raise ValueError(f"it has {len(found)} circuits, the job {len(names)}, and names do not tell which")


def _says_nothing(found: Sequence[str | None], names: Sequence[str]) -> bool:
    """Whether names leave nothing but the order to go by: none is given, or all are as in the job."""
    return not any(found) or list(found) == list(names[: len(found)])


def _name(experiment: Any) -> str | None:
    header = getattr(experiment, "header", None)
    found = header.get("name") if isinstance(header, Mapping) else getattr(header, "name", None)
    return None if found is None else str(found)


def as_dict(header: Any) -> dict[str, Any]:
    """A header as a dict, whatever the installed Qiskit makes of it."""
    if header is None:
        return {}
    if isinstance(header, Mapping):
        return dict(header)
    return dict(header.to_dict())


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _read(experiment: Any, name: str) -> ExperimentOutcome:
    header = as_dict(getattr(experiment, "header", None))
    layout = layout_of(header)
    data = dict(experiment.data.to_dict())
    counts = memory = None
    if _is_hex(data.get("counts")):
        counts = pack_hex(data.pop("counts"), layout)
    if isinstance(data.get("memory"), (list, tuple)) and _is_hex(data["memory"]):
        memory = _pack_memory(data.pop("memory"), layout)
    data = {key: plain(value) for key, value in data.items()}
    known = vars(experiment)  # asking an ExperimentResult for what it lacks is slow
    fields = {key: known[key] for key in _FIELDS if key in known}
    if "meas_level" in fields:
        fields["meas_level"] = int(fields["meas_level"])
    fields |= known.get("_metadata", {})
    shots = experiment.shots
    return ExperimentOutcome(
        name=str(header.get("name") or name),
        shots=int(shots) if not isinstance(shots, (tuple, list)) else int(shots[1]) - int(shots[0]) + 1,
        success=bool(experiment.success),
        status=str(getattr(experiment, "status", "")),
        header=header,
        layout=layout,
        counts=counts,
        memory=memory,
        data=data,
        fields=fields,
    )


def _is_hex(outcomes: Mapping[Any, Any] | Sequence[Any] | None) -> bool:
    """Whether outcomes are hexadecimal texts; the first tells for all, as for Qiskit's ``Counts``."""
    if outcomes is None:
        return False
    first = next(iter(outcomes), "0x0")
    return isinstance(first, str) and first.startswith("0x")


def _pack_memory(memory: Sequence[str], layout: Layout) -> Integers:
    return integers([int(shot, 16) for shot in memory], layout.width)


def write_experiment(outcome: ExperimentOutcome) -> Any:
    """The outcome as Qiskit's ``ExperimentResult`` again."""
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
