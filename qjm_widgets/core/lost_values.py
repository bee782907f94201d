"""What the note of a job says of values that could not be stored with its result."""

from __future__ import annotations

from collections.abc import Sequence

from qjm_widgets.core.records import JobRecord
from qjm_widgets.core.snapshot import plural

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
