"""The lookup of a set by id, beginning of an id, or name."""

from __future__ import annotations

from collections.abc import Sequence

from qjm_widgets.core.formatting import first_line, plural
from qjm_widgets.core.store_port import SetSummary
from qjm_widgets.errors import AmbiguousNameError, JobSetNotFoundError

_MOST_NAMED = 5


def find_set(summaries: Sequence[SetSummary], text: str) -> str:
    """Return the id of the one set with this id, beginning of an id, or name.

    Raises:
        JobSetNotFoundError: no set matches.
        AmbiguousNameError: several sets match; the message lists them.
    """
    ids = [summary.record.set_id for summary in summaries]
    if text in ids:
        return text
    found = [
        summary.record
        for summary in summaries
        if (text and summary.record.set_id.startswith(text.lower())) or summary.record.name == text
    ]
    members = sum(summary.record.group == text for summary in summaries)
    if not found and members:
        raise JobSetNotFoundError(
            f"{first_line(text)!r} is a group of {plural(members, 'set')}: `qjm list --group` lists them"
        )
    if not found:
        raise JobSetNotFoundError(
            f"no job set {first_line(text)!r} in the store: `qjm list` or `%qjm` lists all"
        )
    if len(found) > 1:
        some = ", ".join(
            f"{summary.set_id} ({first_line(summary.name, 40)})" for summary in found[:_MOST_NAMED]
        )
        more = ", …" if len(found) > _MOST_NAMED else ""
        raise AmbiguousNameError(f"{len(found)} job sets match {first_line(text)!r}: {some}{more}")
    return found[0].set_id
