"""Finding a set by what a person types of it."""

from __future__ import annotations

from collections.abc import Sequence

from qjm_widgets.core.formatting import first_line
from qjm_widgets.core.store_port import SetSummary
from qjm_widgets.errors import AmbiguousNameError, JobSetNotFoundError

_FEW = 5


def find_set(summaries: Sequence[SetSummary], text: str) -> str:
    """The id of the one set that is meant: by its id, the beginning of it, or its name.

    Raises:
        JobSetNotFoundError: none has it.
        AmbiguousNameError: several have it; names them.
    """
    ids = [summary.record.set_id for summary in summaries]
    if text in ids:
        return text
    found = [
        summary.record
        for summary in summaries
        if (text and summary.record.set_id.startswith(text.lower())) or summary.record.name == text
    ]
    if not found:
        raise JobSetNotFoundError(
            f"no job set {first_line(text)!r} in the store: `qjm list`, or `%qjm`, shows all"
        )
    if len(found) > 1:
        some = ", ".join(f"{each.set_id} ({first_line(each.name, 40)})" for each in found[:_FEW])
        more = ", …" if len(found) > _FEW else ""
        raise AmbiguousNameError(f"{len(found)} job sets are called {first_line(text)!r}: {some}{more}")
    return found[0].set_id
