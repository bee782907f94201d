"""What could not be stored of a set, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

#: So many circuits or values are named; the others are counted.
_NAMED = 5
_REASON = 120
_NAME = 40


class Loss(NamedTuple):
    """What could not be stored of one circuit.

    Attributes:
        circuit: its index in the set.
        name: the circuit's.
        key: of the value in its metadata, as text; None: the circuit itself cannot be stored.
        reason: why.
    """

    circuit: int
    name: str
    key: str | None
    reason: str


def describe_losses(losses: Sequence[Loss]) -> str:
    """The text of a warning, of bounded length; empty where nothing was lost."""
    circuits = [loss for loss in losses if loss.key is None]
    parts = []
    if circuits:
        parts.append(
            f"{_some_circuits(circuits)} cannot be stored. They run, but cannot be resumed once this "
            f"kernel has ended: {_list([_of_circuit(loss) for loss in circuits])}."
        )
    # One line a key and reason, as a sweep has the same value in each of its circuits.
    keys: dict[tuple[str, str], list[Loss]] = {}
    for loss in losses:
        if loss.key is not None:
            keys.setdefault((loss.key, loss.reason), []).append(loss)
    if keys:
        lines = [_of_key(key, reason, found) for (key, reason), found in keys.items()]
        parts.append(f"Metadata that cannot be stored is kept as its text: {_list(lines)}.")
    return " ".join(parts)


def _some_circuits(losses: Sequence[Loss]) -> str:
    return "A circuit" if len(losses) == 1 else f"{len(losses):,} circuits"


def _of_circuit(loss: Loss) -> str:
    return f"circuit {loss.circuit} ({loss.name[:_NAME]}): {loss.reason[:_REASON]}"


def _of_key(key: str, reason: str, losses: Sequence[Loss]) -> str:
    first = losses[0]
    circuits = len({loss.circuit for loss in losses})
    more = f" and {circuits - 1:,} more" if circuits > 1 else ""
    return f"{key[:_NAME]!r} of circuit {first.circuit} ({first.name[:_NAME]}){more}: {reason[:_REASON]}"


def _list(texts: Sequence[str]) -> str:
    named = "; ".join(texts[:_NAMED])
    return named if len(texts) <= _NAMED else f"{named}; and {len(texts) - _NAMED:,} more"
