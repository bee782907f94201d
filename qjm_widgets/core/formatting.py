"""Job sets and jobs as text and rows, the same for terminals, HTML and the panel."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from qjm_widgets._printable import printable, printable_result
from qjm_widgets.core.records import JobRecord, JobSetRecord, Status

#: The name of each status, the same as in the panel (``js/src``). Tables show it as it is; in running
#: text it is in lower case (``status_text``).
STATUS_NAMES: Mapping[Status, str] = {
    Status.NOT_SENT: "Not sent",
    Status.SENDING: "Sending",
    Status.HELD: "Held",
    Status.QUEUED: "Queued",
    Status.RUNNING: "Running",
    Status.DONE: "Done",
    Status.ERROR: "Error",
    Status.CANCELLED: "Cancelled",
}
#: The statuses that a summary lists after the jobs that are done, in this order.
_SUMMARY_ORDER = (
    Status.ERROR,
    Status.CANCELLED,
    Status.HELD,
    Status.RUNNING,
    Status.QUEUED,
    Status.SENDING,
    Status.NOT_SENT,
)
#: The most circuits whose indices are listed if the store lacks them.
_MOST_LISTED = 5
#: The most characters of a note.
_NOTE_LENGTH = 160
#: Number of first characters of a foreign text that are searched for its first line; the text may have
#: megabytes.
_SEARCHED = 10_000


def status_text(status: Status, number: int = 1) -> str:
    """Return the name of a status for running text: "not sent", "1 error", "2 errors"."""
    name = STATUS_NAMES[status].lower()
    return "errors" if status is Status.ERROR and number != 1 else name


class Waiting(NamedTuple):
    """The reason why the submission waits ("3 of 20 submitted"), and the time of the next submission.

    ``until`` is in seconds since 1970, or None if it is unknown.
    """

    text: str
    until: float | None

    def looks_like(self, other: Waiting) -> bool:
        """Return whether a person sees no difference: equal texts, and times less than 0.5 s apart."""
        if self.until is None or other.until is None:
            return self == other
        return self.text == other.text and abs(self.until - other.until) < 0.5

    def text_at(self, now: float) -> str:
        """Return the text and, if they are known, the seconds that are left at ``now`` (since 1970)."""
        if self.until is None:
            return self.text
        return f"{self.text}, next in {max(0, round(self.until - now))} s"


class Taking(NamedTuple):
    """How the circuits of a set are taken from an iterator.

    Attributes:
        size: how many circuits the user expects; None if the user did not say.
        active: whether circuits are still taken.
        reason: why the taking ended before the iterator; None if it did not.
        failed: whether the iterator raised an error, or a circuit was refused.
    """

    size: int | None = None
    active: bool = True
    reason: str | None = None
    failed: bool = False

    def text(self, circuits: int) -> str | None:
        """Return how many circuits were taken; None if they are all that were expected.

        Args:
            circuits: the number of circuits of the set.
        """
        if self.active:
            of = f" of {self.size:,}" if self.size is not None and circuits <= self.size else ""
            return f"{circuits:,}{of} circuit{'' if circuits == 1 and not of else 's'} so far"
        if self.reason is not None:
            return f"only {plural(circuits, 'circuit')} taken: {first_line(self.reason)}"
        if self.size is not None and circuits != self.size:
            return f"{plural(circuits, 'circuit')} came, not the {self.size:,} of size="
        return None


class Summary(NamedTuple):
    """A set in one line: ``lead`` ("6 of 10 done") and the ``rest`` ("1 error, 3 not sent")."""

    lead: str
    rest: str

    def __str__(self) -> str:
        return f"{self.lead}, {self.rest}" if self.rest else self.lead


class Row(NamedTuple):
    """One job as tables show it; times are seconds since 1970, durations are seconds."""

    row: int
    span: str
    piece: str
    status: Status
    status_name: str
    cancel_requested: bool
    attempt: int
    job_id: str | None
    queue: int | None
    since: float
    waited: float | None
    ran: float | None
    note: str
    error: str | None


def summary(
    numbers: Mapping[Status, int],
    trouble: str | None = None,
    *,
    flawed: int = 0,
    taken: str | None = None,
) -> Summary:
    """Summarise a set in one line; the numbers of all statuses add up to the number of jobs.

    Args:
        numbers: number of jobs in each status.
        trouble: why the engine cannot continue, or None.
        flawed: number of done jobs with failed circuits: "7 of 10 done (1 with failed circuits)".
        taken: how many circuits were taken from an iterator, as ``Taking.text``.
    """
    jobs = sum(numbers.values())
    lead = f"{numbers.get(Status.DONE, 0):,} of {jobs:,} {status_text(Status.DONE)}"
    if flawed:
        lead += f" ({flawed:,} with failed circuits)"
    rest = ", ".join(
        f"{numbers[status]:,} {status_text(status, numbers[status])}"
        for status in _SUMMARY_ORDER
        if numbers.get(status)
    )
    rest = ", ".join(filter(None, (rest, taken)))
    if trouble:
        rest = f"{rest}. {trouble}" if rest else trouble
    return Summary(lead, rest)


def row(job: JobRecord, now: float) -> Row:
    """Return one job as tables show it at the time ``now`` (seconds since 1970)."""
    waited, ran = times(job, now)
    return Row(
        row=job.row,
        span=job.where,
        piece=f"{job.piece + 1}/{job.pieces}" if job.pieces > 1 else "",
        status=job.status,
        status_name=STATUS_NAMES[job.status],
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
    """Return the seconds that a job has waited and run; None for each that has not begun."""
    if job.sent_at is None:
        return None, None
    waited = max(0.0, (job.running_at or job.finished_at or now) - job.sent_at)
    if job.running_at is None:
        return waited, None
    return waited, max(0.0, (job.finished_at or now) - job.running_at)


def took(jobs: Iterable[JobRecord]) -> float | None:
    """Return the seconds from the first submission to the last end; None until all jobs have ended."""
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
    """Return the short line that stands beside a job's status; it may be empty."""
    if job.status is Status.ERROR:
        return first_line(job.error or "no reason given")
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
    """Return the first line of a text, cut to ``length`` characters.

    Characters that cannot be printed are replaced by "�".
    """
    start = text[:_SEARCHED].lstrip()
    line = next(iter(start.splitlines()), "")[: 2 * length]
    clean = "".join(c if c.isprintable() else "�" for c in line.strip())
    return clean if len(clean) <= length else clean[: length - 1] + "…"


def circuits_words(circuits: Sequence[int], most: int = 3) -> str:
    """Return a text that lists circuits: "circuit 5", "circuits 1, 5", "12 circuits (1, 5, 8, …)"."""
    if len(circuits) > most:
        return f"{plural(len(circuits), 'circuit')} ({some(circuits, most)})"
    return f"circuit{'s'[: len(circuits) - 1]} {some(circuits, most)}"


def some(values: Sequence[int], most: int = 3) -> str:
    """Return a text with the first ``most`` of some numbers: "1, 5, 8, …"."""
    return ", ".join(map(str, values[:most])) + (", …" if len(values) > most else "")


def title(record: JobSetRecord, jobs: int, *, taking: bool = False) -> str:
    """Return the backend and the numbers of circuits, points, jobs and shots of a set.

    Args:
        record: the set.
        jobs: number of its jobs.
        taking: whether its circuits are still being taken from an iterator.
    """
    circuits = plural(record.circuits, "circuit")
    if taking:
        circuits += " so far"
    elif not record.complete:
        circuits = f"the first {circuits}, saved in part"
    elif record.points is not None:
        circuits += f" with {plural(record.points, 'point')}"
    parts = first_line(record.backend), circuits, plural(jobs, "job"), effort(record)
    return " · ".join(filter(None, parts))


def effort(record: JobSetRecord) -> str:
    """Return the shots of a circuit, or an estimator's precision; "" if the backend decides."""
    if record.estimates:
        return "expectation values" if record.precision is None else precision_text(record.precision)
    if record.shots is None:
        return ""
    least, most = record.shots
    return plural(most, "shot") if least == most else f"{least:,}–{most:,} shots"


def precision_text(precision: tuple[float, float]) -> str:
    """Return the least and the greatest precision of a set: "precision 0.01"."""
    least, most = precision
    return f"precision {least:g}" if least == most else f"precision {least:g} to {most:g}"


def unresumable(record: JobSetRecord) -> str:
    """Return that a set cannot be resumed because the store lacks some circuits; empty if it has all."""
    circuits = record.unstored_circuits
    if not circuits:
        return ""
    some = ", ".join(f"{circuit}" for circuit in circuits[:_MOST_LISTED])
    more = f" and {len(circuits) - _MOST_LISTED:,} more" if len(circuits) > _MOST_LISTED else ""
    return f"cannot be resumed: circuit{'' if len(circuits) == 1 else 's'} {some}{more}"


def options_text(options: Mapping[str, object]) -> str:
    """Return run options as a call has them ("shots=100, memory=True"); long values are cut."""
    return printable(", ".join(f"{name}={first_line(repr(value))}" for name, value in options.items()))


def plural(number: int, noun: str) -> str:
    """Return a number with its noun: "1 job", "2,000 jobs"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


@printable_result
def report(
    record: JobSetRecord,
    jobs: Sequence[JobRecord],
    now: float,
    *,
    detailed: bool,
    trouble: str | None = None,
    reason: str | None = None,
    usage: str | None = None,
    found: str | None = None,
    taking: Taking | None = None,
    estimates: Sequence[str] = (),
) -> str:
    """Return a report about a set as text.

    Args:
        record: the set.
        jobs: its jobs, in the order in which the report lists them.
        now: the time, seconds since 1970.
        detailed: whether to add a line for each job.
        trouble: why the engine cannot continue, or None.
        reason: why no job is being submitted, or None.
        usage: how much of the account's time is used and left, or None.
        found: when the set was run, if it was found again instead of run, or None.
        taking: how its circuits are taken from an iterator, or None.
        estimates: the first expectation values, a line each.
    """
    numbers = Counter(job.status for job in jobs)
    lines = [
        f"Job set: {first_line(record.name)}",
        f"  id: {record.set_id}",
        f"  {title(record, len(jobs), taking=taking is not None and taking.active)}",
    ]
    if record.group is not None:
        lines.append(f"  group: {first_line(record.group)}")
    if record.tags:
        lines.append(f"  tags: {', '.join(first_line(tag) for tag in record.tags)}")
    flawed = sum(job.flawed for job in jobs)
    taken = None if taking is None else taking.text(record.circuits)
    lines.append(f"  {summary(numbers, trouble, flawed=flawed, taken=taken)}")
    if record.options:
        lines.append(f"  run options: {options_text(record.options)}")
    if reason is not None:
        lines.append(f"  {reason}")
    used = [job.all_qpu_seconds for job in jobs if job.all_qpu_seconds is not None]
    if used:
        lines.append(f"  quantum processor time: {duration(sum(used))}")
    lines += [f"  {text}" for text in (usage, found) if text is not None]
    if record.unstored_circuits:
        lines.append(f"  {unresumable(record)}")
    if estimates:
        lines += ["  expectation values:", *(f"    {line}" for line in estimates)]
    if detailed:
        lines.append("")
        shown = [row(job, now) for job in jobs]
        width = max([13, *(len(_where(each)) for each in shown)])
        lines += [_line(each, width) for each in shown]
    return "\n".join(lines)


def _where(shown: Row) -> str:
    return f"{shown.span} ({shown.piece})" if shown.piece else shown.span


def _line(shown: Row, width: int) -> str:
    took = (
        f"waited {duration(shown.waited)}, ran {duration(shown.ran)}" if shown.waited is not None else ""
    )
    parts = [
        f"  {shown.row:>4}  circuits {_where(shown):<{width}} {shown.status_name:<12}",
        "" if shown.job_id is None else first_line(shown.job_id),
        took,
        "" if shown.queue is None else f"position {shown.queue:,} in the queue",
        shown.note,
    ]
    return "  ".join(part for part in parts if part).rstrip()


def found_text(created_at: float, now: float) -> str:
    """Return that a set was found instead of run: "found: run yesterday 14:02; ..." (local time).

    Args:
        created_at: when the set was run, in seconds since 1970.
        now: seconds since 1970.
    """
    ran, today = (datetime.datetime.fromtimestamp(at) for at in (created_at, now))
    days = (today.date() - ran.date()).days
    day = {0: "today", 1: "yesterday"}.get(days, f"on {ran:%Y-%m-%d}")
    return f"found: run {day} {ran:%H:%M}; reuse=False runs it again"


def duration(seconds: float | None) -> str:
    """Return a duration as text: "34 ms", "0.4 s", "12 s", "2:10", "1:02:03"; a dash for None."""
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


def bar_text(count: float, most: float, width: int) -> str:
    """Return a bar of at most ``width`` characters; empty for 0 and for a mitigated count below 0."""
    return "█" * max(1, round(width * (count / most))) if 0 < count <= most else ""
