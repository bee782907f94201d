"""A group as static HTML and text, which a saved notebook shows without a kernel."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from qjm_widgets.core import formatting
from qjm_widgets.core.set_groups import SetGroup, Values, has_failed
from qjm_widgets.core.store_port import SetSummary
from qjm_widgets.widgets.group_wire import trend
from qjm_widgets.widgets.static_html import static, table

if TYPE_CHECKING:
    from qjm_widgets.manager import JobSetGroup

#: Rows of the trend, and of failed sets.
_ROWS = 16
_FAILED = 10
_TEXT = 200


class _Read(NamedTuple):
    sets: Sequence[SetSummary]
    values: Values
    lines: list[str]


def group_text(group: JobSetGroup) -> str:
    """Return the group as a few lines of plain text."""
    read = _read(group)
    failed = [
        f"    {number} {formatting.first_line(each.record.name, 60)}: {group._values.error_of(each)}"
        for number, each in _failed(read.sets)
    ]
    more = ["  failed:", *failed] if failed else []
    return "\n".join(
        [f"Group: {formatting.first_line(group.name())}", *(f"  {line}" for line in read.lines), *more]
    )


def group_html(group: JobSetGroup) -> str:
    """Return the group as HTML without scripts, in the colours of the surrounding page."""
    read = _read(group)
    title, *lines = read.lines
    failed = "".join(
        f"<tr><td>{number}</td><td>{escape(formatting.first_line(each.record.name, 60))}</td>"
        f"<td>{escape(group._values.error_of(each))}</td><td><code>{each.record.set_id}</code></td></tr>"
        for number, each in _failed(read.sets)
    )
    return static(
        f"<p><strong>{escape(formatting.first_line(group.name(), _TEXT))}</strong> {escape(title)}</p>"
        f"<p>{'<br>'.join(map(escape, lines))}</p>{_trend(read.values)}"
        + (table("sets", failed, ("Set", "Name", "Why it failed", "Id")) if failed else "")
    )


def _read(group: JobSetGroup) -> _Read:
    sets = group._sets()
    values = group._values.of(sets)
    line = SetGroup(group.name(), tuple(reversed(sets)))
    if not sets:
        return _Read(sets, values, ["no sets yet"])
    going = group._entered or any(each.under_way for each in sets)
    until = time.time() if going else group._values.ended_at(sets[-1])
    took = formatting.duration(max(0.0, until - sets[0].record.created_at))
    summary = str(line.summary)
    when = f"{summary} · as of {datetime.datetime.now():%Y-%m-%d %H:%M:%S}" if going else summary
    lines = [line.title, f"{when} · {'running for' if going else 'took'} {took}"]
    known = [(number, value) for number, value in enumerate(values.values, 1) if value is not None]
    if known:
        lines.append(f"{values.label}: {known[-1][1]:.6g} (set {known[-1][0]})")
    return _Read(sets, values, lines)


def _failed(sets: Sequence[SetSummary]) -> list[tuple[int, SetSummary]]:
    """Return the newest failed sets with their numbers, oldest first."""
    return [pair for pair in enumerate(sets, 1) if has_failed(pair[1])][-_FAILED:]


def _trend(values: Values) -> str:
    """Return the trend as a table of few rows, each the mean of several sets."""
    drawn = trend(values.values, _ROWS)
    pairs = [(x, y) for x, y in zip(drawn["x"], drawn["y"], strict=True) if y is not None]
    if len(pairs) < 2:
        return ""
    least = min(y for _, y in pairs)
    most = max(y for _, y in pairs) - least
    rows = "".join(
        f"<tr><td>{x:g}</td><td>{y:.6g}</td><td>{formatting.bar_text(y - least, most, 24)}</td></tr>"
        for x, y in pairs
    )
    return table("trend", rows, ("Set", escape(values.label), ""))
