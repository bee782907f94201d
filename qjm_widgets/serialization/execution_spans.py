"""Read when a quantum processor executed a job, from the metadata of the job's result."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

#: The name under which an outcome's ``info`` has the time of the device's calibration.
CALIBRATED_AT = "calibrated_at"


class ExecutionSpan(NamedTuple):
    """A time in which a quantum processor executed a job's circuits; seconds since 1970, UTC."""

    start: float
    stop: float


def execution_spans(info: Mapping[str, Any]) -> list[ExecutionSpan]:
    """Return the execution spans of a job in order; empty if its provider gives none.

    They are those of ``result.metadata["execution"]["execution_spans"]`` of IBM Quantum's samplers, and
    the chunks of the newer primitives. A malformed span is left out.

    Args:
        info: the facts about the job's whole result (``JobOutcome.info``).
    """
    metadata = _mapping(info.get("metadata"))
    collection = _content(_mapping(metadata.get("execution")).get("execution_spans"))
    chunks = _mapping(metadata.get("executor")).get("chunk_timing")
    found = []
    for each in (*_items(_mapping(collection).get("spans")), *_items(chunks)):
        fields = _mapping(_content(each))
        start, stop = (read_time(fields.get(name)) for name in ("start", "stop"))
        if start is not None and stop is not None and start <= stop:
            found.append(ExecutionSpan(start, stop))
    return sorted(found)


def read_time(value: Any) -> float | None:
    """Return a time in ISO format, or as the runtime encodes it, in seconds since 1970.

    A time without a zone is in UTC. None if it is not a time.
    """
    text: Any = _content(value)
    try:
        moment = datetime.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return moment.timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def _content(value: Any) -> Any:
    """Return the fields of an object that the runtime encoded; another value as it is."""
    return value.get("__value__") if isinstance(value, Mapping) and "__type__" in value else value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> Iterable[Any]:
    return value if isinstance(value, (list, tuple)) else ()
