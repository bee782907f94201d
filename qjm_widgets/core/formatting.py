"""The state of a set in words and rows: one shape for text, HTML and the panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from qjm_widgets._printable import printable, printable_result
from qjm_widgets.core.records import JobRecord, JobSetRecord, Status

WORDS: Mapping[Status, str] = {
    Status.NOT_SENT: "not sent",
    Status.SENDING: "being sent",
    Status.HELD: "held for you",
    Status.QUEUED: "queued",
    Status.RUNNING: "running",
    Status.DONE: "done",
    Status.ERROR: "failed",
    Status.CANCELLED: "cancelled",
}
_TELL = (
    Status.ERROR,
    Status.CANCELLED,
    Status.HELD,
    Status.RUNNING,
    Status.QUEUED,
    Status.SENDING,
    Status.NOT_SENT,
)
#: So many circuits are named that the store does not have.
_NAMED = 5
_NOTE_LENGTH = 160
_LOOKED_AT = 10_000
"""Characters of a foreign text in which its first line has to begin; it may have megabytes."""


class Waiting(NamedTuple):
    """What submission waits for ("3 of 20 submitted"), and until when (seconds since 1970), if known."""

    text: str
    until: float | None

    def is_about(self, other: Waiting) -> bool:
        """Whether a person would see no difference."""
        if self.until is None or other.until is None:
            return self == other
        return self.text == other.text and abs(self.until - other.until) < 0.5

    def words(self, now: float) -> str:
        """With how long it still takes."""
        if self.until is None:
            return self.text
        return f"{self.text}, next in {max(0, round(self.until - now))} s"


class Summary(NamedTuple):
    """A set in one line: ``lead`` ("6 of 10 done") and the ``rest`` ("1 failed, 3 not sent")."""

    lead: str
    rest: str

    def __str__(self) -> str:
        return f"{self.lead}, {self.rest}" if self.rest else self.lead


class Row(NamedTuple):
    """One job, ready to show. Times are seconds since 1970, durations seconds."""

    row: int
    span: str
    piece: str
    status: Status
    word: str
    cancel_requested: bool
    attempt: int
    job_id: str | None
    queue: int | None
    since: float
    waited: float | None
    ran: float | None
    note: str
    error: str | None


def summary(numbers: Mapping[Status, int], trouble: str | None = None, *, flawed: int = 0) -> Summary:
    """How the jobs stand, in words whose numbers add up to the number of jobs.

    Args:
        numbers: how many jobs are in each status.
        trouble: why the engine cannot go on.
        flawed: how many of the jobs that are done have failed circuits.
    """
    jobs = sum(numbers.values())
    what = "a failed circuit" if flawed == 1 else "failed circuits"
    parts = [f"{flawed:,} with {what}"] if flawed else []
    parts += [f"{numbers[status]:,} {WORDS[status]}" for status in _TELL if numbers.get(status)]
    rest = ", ".join(parts)
    if trouble:
        rest = f"{rest}. {trouble}" if rest else trouble
    return Summary(f"{numbers.get(Status.DONE, 0) - flawed:,} of {jobs:,} done", rest)


def row(job: JobRecord, now: float) -> Row:
    """One job as it is shown at a time."""
    waited, ran = times(job, now)
    return Row(
        row=job.row,
        span=str(job.span),
        piece=f"{job.piece + 1}/{job.pieces}" if job.pieces > 1 else "",
        status=job.status,
        word=WORDS[job.status],
        cancel_requested=job.cancel_requested,
        attempt=job.attempt,
        job_id=job.job_id,
        queue=None if job.status.final else job.queue_position,
        since=job.since,
        waited=waited,
        ran=ran,
        note=note(job),
        error=job.error,
    )


def times(job: JobRecord, now: float) -> tuple[float | None, float | None]:
    """How long (seconds) a job has waited and has run; None before that."""
    if job.sent_at is None:
        return None, None
    waited = max(0.0, (job.running_at or job.finished_at or now) - job.sent_at)
    if job.running_at is None:
        return waited, None
    return waited, max(0.0, (job.finished_at or now) - job.running_at)


def took(jobs: Iterable[JobRecord]) -> float | None:
    """Seconds from the first submission to the end of the last job; None until all are over."""
    began: list[float] = []
    ended: list[float] = []
    for job in jobs:
        if not job.status.final:
            return None
        if job.sent_at is not None and job.finished_at is not None:
            began.append(job.sent_at)
            ended.append(job.finished_at)
    return max(0.0, max(ended) - min(began)) if began else None


def note(job: JobRecord) -> str:
    """The one short line beside a job's status."""
    if job.status is Status.ERROR:
        return first_line(job.error or "failed without a reason")
    if job.status is Status.HELD:
        return first_line(job.last_error or "may have been sent: submit again?")
    if job.flawed:
        return first_line(job.note or f"{circuits_words(job.failed_circuits)} failed")
    if job.cancel_requested and job.status is Status.DONE:
        return "finished before it could be cancelled"
    if job.last_error and not job.status.final:
        return first_line(job.last_error)
    if job.cancel_requested and not job.status.final:
        return "cancellation requested"
    if job.note:
        return first_line(job.note)
    if job.estimated_seconds is not None and job.status.remote:
        return f"expected to run {duration(job.estimated_seconds)}"
    if job.attempt > 1:
        return f"attempt {job.attempt}"
    return ""


def first_line(text: str, length: int = _NOTE_LENGTH) -> str:
    """The first line of a text, shortened, without control characters."""
    start = text[:_LOOKED_AT].lstrip()
    line = next(iter(start.splitlines()), "")[: 2 * length]
    clean = "".join(c if c.isprintable() else "�" for c in line.strip())
    return clean if len(clean) <= length else clean[: length - 1] + "…"


def circuits_words(circuits: Sequence[int], most: int = 3) -> str:
    """Some circuits by their indices: "circuit 5", "circuits 1, 5", "12 circuits (1, 5, 8, …)"."""
    if len(circuits) > most:
        return f"{plural(len(circuits), 'circuit')} ({some(circuits, most)})"
    return f"circuit{'s'[: len(circuits) - 1]} {some(circuits, most)}"


def some(values: Sequence[int], most: int = 3) -> str:
    """The first of some numbers: "1, 5, 8, …"."""
    return ", ".join(map(str, values[:most])) + (", …" if len(values) > most else "")


def title(record: JobSetRecord, jobs: int) -> str:
    """Backend, circuits, jobs and shots of a set."""
    parts = [
        first_line(record.backend),
        plural(record.circuits, "circuit"),
        plural(jobs, "job"),
    ]
    if not record.complete:
        parts[1] = f"the first {parts[1]}, saved in part"
    if record.shots is not None:
        least, most = record.shots
        parts.append(f"{least:,} shots" if least == most else f"{least:,}–{most:,} shots")
    return " · ".join(parts)


def unresumable(record: JobSetRecord) -> str:
    """Which circuits are not in the store, in a few words; empty where all are."""
    circuits = record.unstored_circuits
    if not circuits:
        return ""
    some = ", ".join(f"{circuit}" for circuit in circuits[:_NAMED])
    more = f" and {len(circuits) - _NAMED:,} more" if len(circuits) > _NAMED else ""
    return f"cannot be resumed: circuit{'' if len(circuits) == 1 else 's'} {some}{more}"


def options_text(options: Mapping[str, object]) -> str:
    """Run options as they are written in a call, each cut where it is long."""
    return printable(", ".join(f"{name}={first_line(repr(value))}" for name, value in options.items()))


def plural(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


@printable_result
def report(
    record: JobSetRecord,
    jobs: Sequence[JobRecord],
    now: float,
    *,
    detailed: bool,
    trouble: str | None = None,
    standing: str | None = None,
) -> str:
    """A set as text; with ``detailed`` a line for each job. ``standing`` is why it does not go on."""
    numbers = Counter(job.status for job in jobs)
    lines = [
        f"Job set: {first_line(record.name)}",
        f"  id: {record.set_id}",
        f"  {title(record, len(jobs))}",
    ]
    if record.tags:
        lines.append(f"  tags: {', '.join(first_line(tag) for tag in record.tags)}")
    lines.append(f"  {summary(numbers, trouble, flawed=sum(job.flawed for job in jobs))}")
    if record.options:
        lines.append(f"  run options: {options_text(record.options)}")
    if standing is not None:
        lines.append(f"  {standing}")
    if record.unstored_circuits:
        lines.append(f"  {unresumable(record)}")
    if detailed:
        lines.append("")
        lines += [_line(row(job, now)) for job in jobs]
    return "\n".join(lines)


def _line(shown: Row) -> str:
    where = f"{shown.span} ({shown.piece})" if shown.piece else shown.span
    took = (
        f"waited {duration(shown.waited)}, ran {duration(shown.ran)}" if shown.waited is not None else ""
    )
    parts = [
        f"  {shown.row:>4}  circuits {where:<13} {shown.word:<12}",
        "" if shown.job_id is None else first_line(shown.job_id),
        took,
        "" if shown.queue is None else f"position {shown.queue:,} in the queue",
        shown.note,
    ]
    return "  ".join(part for part in parts if part).rstrip()


def duration(seconds: float | None) -> str:
    """A time span for people: "34 ms", "0.4 s", "8 s", "2:10", "1:02:03"; a dash for none."""
    if seconds is None:
        return "–"
    if seconds < 0.0995:
        return f"{max(0, round(1000 * seconds))} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
