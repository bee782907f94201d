"""Values that could not be stored with a result: what notes say of them, and what takes their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qjm_widgets.core.formatting import plural
from qjm_widgets.core.lost import holds_lost
from qjm_widgets.core.outcomes import CircuitOutcome, PubOutcome
from qjm_widgets.core.records import JobRecord

#: Where results repeat the metadata of a circuit: in the header of a run, and in a PUB's metadata.
OWN_METADATA = frozenset({"metadata", "circuit_metadata"})
_NOT_STORED = "could not be stored"


def note_of_lost(lost: Sequence[str]) -> str | None:
    """One line on the values of a result that could not be stored; None where all were."""
    if not lost:
        return None
    more = f" and {len(lost) - 2} more" if len(lost) > 2 else ""
    return f"{_NOT_STORED}: {', '.join(lost[:2])}{more}"


def join_notes(*notes: str | None) -> str | None:
    """Several notes of a job as one; None where there is none."""
    return "; ".join(note for note in notes if note) or None


def notes_of_lost(jobs: Sequence[JobRecord]) -> str | None:
    """One line on the values that could not be stored in a whole set; None where all were."""
    notes = [job.note for job in jobs if job.note and _NOT_STORED in job.note]
    if not notes:
        return None
    return notes[0] if len(notes) == 1 else f"{notes[0]}; and so in {plural(len(notes) - 1, 'more job')}"


def with_own_metadata(
    outcome: CircuitOutcome, metadata: Callable[[], Mapping[str, Any]]
) -> CircuitOutcome:
    """An outcome that repeats its circuit's metadata from the circuit, where no result can hold them."""
    beside = outcome.metadata if isinstance(outcome, PubOutcome) else outcome.header
    lost = [key for key in OWN_METADATA if holds_lost(beside.get(key))]
    if not lost:
        return outcome
    whole = {**beside, **dict.fromkeys(lost, metadata())}
    if isinstance(outcome, PubOutcome):
        return replace(outcome, metadata=whole)
    return replace(outcome, header=whole)
