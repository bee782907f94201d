"""Notes about the lost values of results, and the replacement of lost metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qjm_widgets.core.formatting import plural
from qjm_widgets.core.lost import holds_lost
from qjm_widgets.core.outcomes import CircuitOutcome, PubOutcome
from qjm_widgets.core.records import JobRecord

#: Keys of a circuit's own metadata in the header of an ``ExperimentResult`` or in a PUB's metadata.
OWN_METADATA = frozenset({"metadata", "circuit_metadata"})
_NOT_STORED = "could not be stored"


def note_of_lost(lost: Sequence[str]) -> str | None:
    """Return one line about the lost values of a result; None if no value was lost.

    Args:
        lost: a text for each lost value.
    """
    if not lost:
        return None
    more = f" and {len(lost) - 2} more" if len(lost) > 2 else ""
    return f"{_NOT_STORED}: {', '.join(lost[:2])}{more}"


def join_notes(*notes: str | None) -> str | None:
    """Return the notes of a job joined to one; None if all are empty or None."""
    return "; ".join(note for note in notes if note) or None


def notes_of_lost(jobs: Sequence[JobRecord]) -> str | None:
    """Return one line about the lost values of a set; None if no value was lost."""
    notes = [job.note for job in jobs if job.note and _NOT_STORED in job.note]
    if not notes:
        return None
    return notes[0] if len(notes) == 1 else f"{notes[0]}; and so in {plural(len(notes) - 1, 'more job')}"


def with_own_metadata(
    outcome: CircuitOutcome, metadata: Callable[[], Mapping[str, Any]]
) -> CircuitOutcome:
    """Return an outcome in which lost metadata of the circuit is replaced by the circuit's own.

    Args:
        outcome: the outcome.
        metadata: returns the circuit's own metadata; called only if it is needed.
    """
    beside = outcome.metadata if isinstance(outcome, PubOutcome) else outcome.header
    lost = [key for key in OWN_METADATA if holds_lost(beside.get(key))]
    if not lost:
        return outcome
    restored = {**beside, **dict.fromkeys(lost, metadata())}
    if isinstance(outcome, PubOutcome):
        return replace(outcome, metadata=restored)
    return replace(outcome, header=restored)
