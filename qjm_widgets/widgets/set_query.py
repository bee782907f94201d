"""The store's sets as the page lists them: searched, filtered, and only those in sight.

Pure functions from summaries to the shapes that ``js/src/protocol/history_wire.ts`` writes down. Times
on it are milliseconds since 1970, UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from qjm_widgets.core import formatting
from qjm_widgets.core.records import JobSetRecord, Status
from qjm_widgets.core.store_port import SetSummary
from qjm_widgets.core.totals import ORDER

VERSION = 1
MOST_ROWS = 200
_MOST_CHOICES = 100
_TEXT = 200
_MOST_TAGS = 20
_ID_DIGITS = 6

STATES = ("under_way", "interrupted", "held", "failed", "cancelled", "done")
"""What can be asked for; a set may be in several."""


class Query(NamedTuple):
    """Which sets a reader wants; what is empty asks for nothing."""

    text: str = ""
    state: str = ""
    backend: str = ""
    tag: str = ""


def query_from(value: Any) -> Query:
    """What the page asks for; what is malformed is left empty."""
    given = value if isinstance(value, dict) else {}
    fields = (given.get(name) for name in Query._fields)
    return Query(*(field[:_TEXT] if isinstance(field, str) else "" for field in fields))


def select(summaries: Sequence[SetSummary], query: Query) -> list[SetSummary]:
    """Those that fit; every word of the text is looked for in name, backend and tags, and in the id."""
    words = query.text.casefold().split()
    return [
        summary
        for summary in summaries
        if (not query.state or query.state in _states(summary))
        and (not query.backend or _line(summary.record.backend) == query.backend)
        and (not query.tag or query.tag in map(_line, summary.record.tags))
        and all(_has(summary.record, word) for word in words)
    ]


def listing(
    summaries: Sequence[SetSummary],
    query: Query,
    first: int,
    last: int,
    *,
    opened: Collection[str],
    size: int,
) -> dict[str, Any]:
    """Rows ``first:last`` of the sets that fit, and what there is to choose from.

    ``size`` is that of the store in bytes.
    """
    found = select(summaries, query)
    first = min(max(0, first), len(found))
    last = min(max(first, last), first + MOST_ROWS, len(found))
    return {
        "kind": "listing",
        "v": VERSION,
        "query": query._asdict(),
        "first": first,
        "matching": len(found),
        "total": len(summaries),
        "bytes": size,
        "backends": _choices(_line(summary.record.backend) for summary in summaries),
        "tags": _choices(tag for summary in summaries for tag in set(map(_line, summary.record.tags))),
        "sets": [_entry(summary, summary.record.set_id in opened) for summary in found[first:last]],
    }


def _entry(summary: SetSummary, opened: bool) -> dict[str, Any]:
    record = summary.record
    words = formatting.summary(summary.jobs, flawed=summary.flawed)
    return {
        "id": record.set_id,
        "name": _line(record.name),
        "backend": _line(record.backend),
        "circuits": record.circuits,
        "shots": None if record.shots is None else list(record.shots),
        "tags": [_line(tag) for tag in record.tags[:_MOST_TAGS]],
        "lead": words.lead,
        "line": ", ".join(filter(None, (words.rest, formatting.unresumable(record)))),
        "jobs": [summary.jobs.get(status, 0) for status in ORDER],
        "created": round(record.created_at * 1000),
        "open": opened,
        "interrupted": summary.interrupted,
        "owner": None if summary.owner in (None, "this kernel") else summary.owner,
    }


def _states(summary: SetSummary) -> set[str]:
    jobs = summary.jobs
    found = {
        "under_way": summary.under_way,
        "interrupted": summary.interrupted,
        "held": jobs.get(Status.HELD),
        "failed": jobs.get(Status.ERROR, 0) + summary.flawed,
        "cancelled": jobs.get(Status.CANCELLED),
        "done": not summary.flawed
        and all(status is Status.DONE for status, number in jobs.items() if number),
    }
    return {state for state, is_so in found.items() if is_so}


def _has(record: JobSetRecord, word: str) -> bool:
    # An id by its start only: its digits are in nearly every short number.
    if len(word) >= _ID_DIGITS and record.set_id.startswith(word):
        return True
    return any(word in text.casefold() for text in (record.name, record.backend, *record.tags))


def _choices(values: Any) -> list[list[Any]]:
    """Values with how many sets have them, the most frequent ones."""
    return [list(pair) for pair in sorted(Counter(values).most_common(_MOST_CHOICES))]


def _line(text: str) -> str:
    return formatting.first_line(text, _TEXT)
