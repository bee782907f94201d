"""The store's sets as the page lists them: searched, filtered, the sets of a group as one line.

Only the visible lines are sent.

Pure functions from summaries to the shapes that ``js/src/protocol/history_wire.ts`` declares. Times on
the wire are milliseconds since 1970, UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from qjm_widgets.core import formatting
from qjm_widgets.core.records import JobSetRecord, Status
from qjm_widgets.core.set_groups import SetGroup, folded
from qjm_widgets.core.store_port import SetSummary
from qjm_widgets.core.totals import ORDER

VERSION = 1
MOST_ROWS = 200
_MOST_CHOICES = 100
_TEXT = 200
_MOST_TAGS = 20
_ID_DIGITS = 6

#: The states that a query may name; a set may be in several.
STATES = ("under_way", "interrupted", "held", "failed", "cancelled", "done")


class SetQuery(NamedTuple):
    """A query for sets; an empty field matches all."""

    text: str = ""
    state: str = ""
    backend: str = ""
    tag: str = ""


def query_from(value: Any) -> SetQuery:
    """Return the page's query; malformed fields are empty."""
    given = value if isinstance(value, dict) else {}
    fields = (given.get(name) for name in SetQuery._fields)
    return SetQuery(*(field[:_TEXT] if isinstance(field, str) else "" for field in fields))


def select(summaries: Sequence[SetSummary], query: SetQuery) -> list[SetSummary]:
    """Return the sets that match.

    Each word of the text must occur in the name, the group, the backend or a tag, or, if it has at least
    six characters, begin the id.
    """
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
    query: SetQuery,
    first: int,
    last: int,
    *,
    opened: Collection[str],
    size: int,
    unfolded: Collection[str] = (),
) -> dict[str, Any]:
    """Return lines ``first:last`` of the sets that match, and the backends and tags to filter by.

    Args:
        summaries: all sets of the store.
        query: which of them match.
        first, last: which of the lines are visible; at most 200 are returned.
        opened: ids of the sets, and keys of the groups, whose panels are open.
        size: the size of the store in bytes.
        unfolded: names of the groups whose sets are listed below their line.
    """
    found = select(summaries, query)
    lines = folded(found, unfolded)
    shown = {line.name for line in lines if isinstance(line, SetGroup) and line.name in unfolded}
    first = min(max(0, first), len(lines))
    last = min(max(first, last), first + MOST_ROWS, len(lines))
    return {
        "kind": "listing",
        "v": VERSION,
        "query": query._asdict(),
        "first": first,
        "matching": len(found),
        "rows": len(lines),
        "total": len(summaries),
        "bytes": size,
        "backends": _choices(_line(summary.record.backend) for summary in summaries),
        "tags": _choices(tag for summary in summaries for tag in set(map(_line, summary.record.tags))),
        "sets": [
            _group_entry(line, opened, unfolded)
            if isinstance(line, SetGroup)
            else _entry(line, line.record.set_id in opened) | {"inside": line.record.group in shown}
            for line in lines[first:last]
        ],
    }


def group_key(name: str) -> str:
    """Return the key of a group among the ids of sets."""
    return f"group {name}"


def _group_entry(group: SetGroup, opened: Collection[str], unfolded: Collection[str]) -> dict[str, Any]:
    line = group.summary
    numbers = group.numbers
    return {
        "group": group.name,
        "name": _line(group.name),
        "title": group.title,
        "lead": line.lead,
        "line": line.rest,
        "jobs": [numbers.get(status, 0) for status in ORDER],
        "created": round(group.sets[0].record.created_at * 1000),
        "open": group_key(group.name) in opened,
        "unfolded": group.name in unfolded,
        "interrupted": group.interrupted,
    }


def _entry(summary: SetSummary, opened: bool) -> dict[str, Any]:
    record = summary.record
    line = formatting.summary(summary.jobs, flawed=summary.flawed)
    return {
        "id": record.set_id,
        "name": _line(record.name),
        "backend": _line(record.backend),
        "circuits": record.circuits,
        "shots": None if record.shots is None else list(record.shots),
        "precision": None if record.precision is None else list(record.precision),
        "tags": [_line(tag) for tag in record.tags[:_MOST_TAGS]],
        "lead": line.lead,
        "line": ", ".join(filter(None, (line.rest, formatting.unresumable(record)))),
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
    return {state for state, holds in found.items() if holds}


def _has(record: JobSetRecord, word: str) -> bool:
    # Only a long beginning of an id counts, because short numbers occur in most ids.
    if len(word) >= _ID_DIGITS and record.set_id.startswith(word):
        return True
    texts = record.name, record.group or "", record.backend, *record.tags
    return any(word in text.casefold() for text in texts)


def _choices(values: Any) -> list[list[Any]]:
    """Return the most frequent values, each with the number of sets that have it."""
    return [list(pair) for pair in sorted(Counter(values).most_common(_MOST_CHOICES))]


def _line(text: str) -> str:
    return formatting.first_line(text, _TEXT)
