"""The parts of circuits that could not be stored, and the text of a warning about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

#: The most circuits or values that the warning names; the others are counted.
_NAMED = 5
_REASON = 120
_NAME = 40


class Loss(NamedTuple):
    """A part of a circuit that could not be stored.

    Attributes:
        circuit: the circuit's index in the set.
        name: the circuit's name.
        key: the key, as text, of the value in the metadata; None if the circuit itself cannot be stored.
        reason: why the part cannot be stored.
    """

    circuit: int
    name: str
    key: str | None
    reason: str


def describe_losses(losses: Sequence[Loss]) -> str:
    """Return the text of a warning of bounded length; empty without losses."""
    circuits = [loss for loss in losses if loss.key is None]
    parts = []
    if circuits:
        one = len(circuits) == 1
        parts.append(
            f"{len(circuits):,} circuit{'' if one else 's'} cannot be stored: "
            f"{'it runs' if one else 'they run'}, but cannot be resumed once this kernel has ended: "
            f"{_list([_of_circuit(loss) for loss in circuits])}."
        )
    # Losses with equal key and reason are named once, because many circuits often have the same
    # metadata.
    keys: dict[tuple[str, str], list[Loss]] = {}
    for loss in losses:
        if loss.key is not None:
            keys.setdefault((loss.key, loss.reason), []).append(loss)
    if keys:
        lines = [_of_key(key, reason, found) for (key, reason), found in keys.items()]
        parts.append(f"Metadata that cannot be stored is kept as its text: {_list(lines)}.")
    return " ".join(parts)


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
