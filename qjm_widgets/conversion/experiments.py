"""Qiskit's ``Result`` as compact outcomes, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qjm_widgets.core.counts import Integers, Layout, integers, pack_hex
from qjm_widgets.core.outcomes import ExperimentOutcome, JobOutcome, layout_of

_FIELDS = ("seed", "meas_level", "meas_return")


def read_result(result: Any, names: Sequence[str]) -> JobOutcome:
    """Pack a ``Result``.

    Args:
        result: what ``job.result()`` gave.
        names: names of the job's circuits; a result that lacks circuits at its end gives None for them.
    """
    found = list(result.results or [])
    circuits: list[ExperimentOutcome | None] = [
        _read(experiment, names[index]) for index, experiment in enumerate(found[: len(names)])
    ]
    circuits += [None] * (len(names) - len(circuits))
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
