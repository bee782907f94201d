"""Groups of sets: the sets of one loop, which lists show as one line. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from qjm_widgets.core.formatting import Summary, first_line, plural, summary
from qjm_widgets.core.records import Status
from qjm_widgets.core.store_port import SetSummary

#: The status of a set is the first of these that one of its jobs has.
_FIRST = (
    Status.RUNNING,
    Status.QUEUED,
    Status.SENDING,
    Status.NOT_SENT,
    Status.HELD,
    Status.ERROR,
    Status.CANCELLED,
)


class SetGroup(NamedTuple):
    """The sets of one group in a list, newest first; at least one."""

    name: str
    sets: tuple[SetSummary, ...]

    @property
    def numbers(self) -> Counter[Status]:
        """The number of sets in each status."""
        return Counter(map(status_of, self.sets))

    @property
    def flawed(self) -> int:
        """The number of done sets with failed circuits."""
        return sum(each.flawed > 0 and status_of(each) is Status.DONE for each in self.sets)

    @property
    def interrupted(self) -> int:
        """The number of sets with unfinished jobs that no kernel drives."""
        return sum(each.interrupted for each in self.sets)

    @property
    def summary(self) -> Summary:
        """The sets in one line: "229 of 230 done", "1 running"."""
        return summary(self.numbers, flawed=self.flawed)

    @property
    def title(self) -> str:
        """The backend and the numbers of sets and circuits."""
        backends = list(dict.fromkeys(each.record.backend for each in self.sets))
        more = f" and {len(backends) - 1:,} more" if len(backends) > 1 else ""
        circuits = sum(each.record.circuits for each in self.sets)
        sets = plural(len(self.sets), "set")
        return f"{first_line(backends[0])}{more} · {sets} · {plural(circuits, 'circuit')}"


class Values(NamedTuple):
    """The values of the sets of a group.

    Attributes:
        label: what the values are.
        values: one for each set; None for a set without a value.
        problem: why the newest value that could not be read has none, or None.
    """

    label: str
    values: list[float | None]
    problem: str | None


def status_of(summarized: SetSummary) -> Status:
    """Return the status of a whole set: Running if a job runs, and Done only if all jobs are done."""
    if not any(summarized.jobs.values()):
        return Status.NOT_SENT  # `run` is still saving it
    return next((status for status in _FIRST if summarized.jobs.get(status)), Status.DONE)


def has_failed(summarized: SetSummary) -> bool:
    """Return whether a set ended with an error or with failed circuits, or is held."""
    return summarized.flawed > 0 or status_of(summarized) in (Status.ERROR, Status.HELD)


def folded(summaries: Sequence[SetSummary], unfolded: Iterable[str] = ()) -> list[SetSummary | SetGroup]:
    """Return the lines of a list: the sets of a group are one line, in the place of the first.

    Args:
        summaries: the sets, newest first.
        unfolded: groups whose sets follow the line of the group.
    """
    groups: dict[str, list[SetSummary]] = {}
    for each in summaries:
        if each.record.group is not None:
            groups.setdefault(each.record.group, []).append(each)
    shown, listed = frozenset(unfolded), set[str]()
    lines: list[SetSummary | SetGroup] = []
    for each in summaries:
        name = each.record.group
        if name is None or len(groups[name]) == 1:
            lines.append(each)
        elif name not in listed:
            listed.add(name)
            lines.append(SetGroup(name, tuple(groups[name])))
            lines += groups[name] if name in shown else ()
    return lines
