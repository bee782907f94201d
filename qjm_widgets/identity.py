"""How one attempt of one job is told from every other, wherever the provider has tags."""

from __future__ import annotations

from qjm_widgets.core.records import JobRecord, JobSetRecord


def identity_of(record: JobSetRecord, job: JobRecord) -> str:
    """``qjm:SET:START-STOP/CIRCUITS:sPIECE/PIECES:aATTEMPT``; at most 86 characters."""
    return (
        f"qjm:{record.set_id}:{job.span.start}-{job.span.stop}/{record.circuits}"
        f":s{job.piece}/{job.pieces}:a{job.attempt}"
    )
