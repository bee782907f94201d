"""The head of an update: the set in one line, and the actions that its buttons offer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qjm_widgets.core import formatting
from qjm_widgets.core.records import JobSetRecord, Status
from qjm_widgets.core.totals import BackendFacts
from qjm_widgets.plotting.points import FirstView
from qjm_widgets.widgets.wire import TEXT_LENGTH, milliseconds


def head(
    record: JobSetRecord,
    numbers: Mapping[Status, int],
    *,
    settled: bool,
    trouble: str | None,
    driven: bool,
    now: float,
    interrupted: bool = False,
    paused: bool = False,
    waiting: formatting.Waiting | None = None,
    usage: str | None = None,
    found: str | None = None,
    taking: formatting.Taking | None = None,
    owner: str | None = None,
    facts: BackendFacts | None = None,
    answered_at: float | None = None,
    next_poll: float | None = None,
    end_estimate: float | None = None,
    took: float | None = None,
    teaching: bool = False,
    flawed: int = 0,
    rerunnable: int = 0,
    unretryable: Mapping[Status, int] | None = None,
    first: FirstView = "sum",
) -> dict[str, Any]:
    """Return the head. Times are seconds since 1970.

    Args:
        record: the set.
        numbers: how many jobs are in each status.
        settled: whether no job will change by itself.
        trouble: why the engine cannot continue, or None.
        driven: whether this kernel drives the set.
        now: the time at which the head is true.
        interrupted: whether nobody drives the set although jobs are unfinished.
        paused: whether the user holds back what is not sent.
        waiting: why submission waits, or None.
        usage: how much of the account's time is used and left, or None.
        found: when the set was run, if it was found again instead of run, or None.
        taking: how its circuits are taken from an iterator, or None.
        owner: the other kernel that drives the set, or None.
        facts: what the backend reports beside statuses.
        answered_at: when the backend last answered; shown while polls fail.
        next_poll: when it is polled next; None if this is not known.
        end_estimate: when the last job will probably have ended.
        took: seconds from the first submission to the end of the last job.
        teaching: whether the page explains what it shows.
        flawed: how many of the jobs that are done have failed circuits.
        rerunnable: how many of those can be sent again.
        unretryable: how many jobs of each status can never be sent again.
        first: what the page shows first.
    """
    lost, errors = unretryable or {}, numbers.get(Status.ERROR, 0)
    taken = None if taking is None else taking.text(record.circuits)
    grows = taking is not None and taking.active
    summary = formatting.summary(numbers, trouble, flawed=flawed, taken=taken)
    line = f"{summary.rest} when its kernel ended" if interrupted else summary.rest
    unfinished = sum(number for status, number in numbers.items() if not status.final)
    return {
        "id": record.set_id,
        "name": formatting.first_line(record.name, TEXT_LENGTH),
        "backend": formatting.first_line(record.backend, TEXT_LENGTH),
        "circuits": record.circuits,
        "points": record.points,
        "effort": formatting.effort(record),
        "lead": summary.lead,
        "line": ", ".join(filter(None, (line, usage, found, formatting.unresumable(record)))),
        "settled": settled,
        "now": milliseconds(now),
        "can": {
            # Of a set that takes circuits, these can be cancelled too.
            "cancel": max(unfinished, int(grows)) if driven else 0,
            "retry": errors - lost.get(Status.ERROR, 0) + rerunnable if driven else 0,
            "retry_held": numbers.get(Status.HELD, 0) - lost.get(Status.HELD, 0) if driven else 0,
            "pause": driven and not paused and (grows or numbers.get(Status.NOT_SENT, 0) > 0),
            "unpause": driven and paused,
            "resume": interrupted,
        },
        "waiting": None
        if waiting is None
        else {"text": waiting.text, "until": milliseconds(waiting.until)},
        "owner": owner,
        "ends": milliseconds(end_estimate),
        "took": milliseconds(took),
        "qpu": None if facts is None else milliseconds(facts.qpu_seconds),
        "columns": [] if facts is None else list(facts.columns),
        "stale": _stale(facts, answered_at, next_poll),
        "teaching": teaching,
        "first": first,
    }


def _stale(
    facts: BackendFacts | None, answered_at: float | None, next_poll: float | None
) -> dict[str, Any] | None:
    """Return when the backend last answered, why polls fail and when the next is; None if none fail."""
    since = answered_at or (facts and facts.known_at)
    if facts is None or facts.poll_error is None or since is None:
        return None
    text = formatting.first_line(facts.poll_error, TEXT_LENGTH)
    return {"since": milliseconds(since), "text": text, "next": milliseconds(next_poll)}
