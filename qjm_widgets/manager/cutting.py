"""Cut circuits into jobs as they come: all circuits of a list, or those of an iterator one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.circuit_input import CircuitInput, item_of
from qjm_widgets.core.records import Span
from qjm_widgets.core.seeds import Places, SeedRule
from qjm_widgets.core.splitting import (
    DEFAULT_CIRCUITS_PER_JOB,
    Item,
    Limits,
    PlannedJob,
    pieces_of,
    split,
)
from qjm_widgets.serialization.payload import payload_bytes
from qjm_widgets.serialization.pub_points import input_of_points


class Cutter:
    """Cuts circuits into jobs. The jobs do not depend on how many circuits are cut at a time.

    Args:
        adapter: the adapter of the backend.
        requested: the user's limits; the tighter of these and the adapter's applies.
        options: run options.

    Attributes:
        limits: the limits of a job.
        first: the index of the first circuit that is in no job yet.
        items: the circuits from there on.

    Raises:
        InputError: the seed among the options is wrong.
    """

    def __init__(self, adapter: BackendAdapter, requested: Limits, options: Mapping[str, Any]) -> None:
        limits = adapter.limits.tighter(requested)
        # With a limit on shots alone, such as Aer's, all circuits would be in one job.
        others = limits.circuits, limits.executions, limits.payload_bytes, limits.points
        if all(limit is None for limit in others):
            limits = limits.tighter(Limits(circuits=DEFAULT_CIRCUITS_PER_JOB))
        self.limits = limits
        self._adapter = adapter
        self._repeats: dict[int, int] = {}
        self.first = 0
        self.items: list[Item] = []
        self._steps: list[int] = []
        self._places = Places(adapter.seed_rule)
        seeded = adapter.seeds(1, options) != [None]  # refuses a wrong seed
        self._seeds_limit = seeded and adapter.seed_rule is SeedRule.AER_BY_SHOTS
        self._points = self._executions = self._payload = 0

    @property
    def measured(self) -> bool:
        """Whether the bytes of circuits are limited."""
        return self.limits.payload_bytes is not None

    def skip(self, circuit_input: CircuitInput) -> None:
        """Count a circuit that is in a job already."""
        self._places.add(item_of(circuit_input))
        self.first += 1

    def measure(self, inputs: Sequence[CircuitInput]) -> Sequence[Item]:
        """Return what cutting needs of circuits."""
        items = [item_of(circuit_input) for circuit_input in inputs]
        if self.measured:
            items = list(map(_measured, items, inputs))
        return self._adapter.sized(inputs, items)

    def pieces(self, item: Item) -> int:
        """Return into how many pieces the shots of the next circuit must be cut.

        Raises:
            LimitError: the circuit does not fit into any job.
        """
        return pieces_of(self.first + len(self.items), item, self.limits, self._repeats)

    def add(self, item: Item, repeats: int = 1) -> None:
        """Add the next circuit.

        Args:
            item: the circuit.
            repeats: how often the shots of each of its points are run.
        """
        if repeats > 1:
            self._repeats[self.first + len(self.items)] = repeats
        step = self._places.add(item)
        self._steps.append(step)
        self.items.append(item._replace(place=step) if self._seeds_limit else item)
        self._count(item)

    @property
    def full(self) -> bool:
        """Whether the circuits that are in no job yet probably fill one."""
        limits = self.limits
        return (
            (limits.circuits is not None and len(self.items) >= limits.circuits)
            or (limits.points is not None and self._points >= limits.points)
            or (limits.executions is not None and self._executions >= limits.executions)
            or (limits.payload_bytes is not None and self._payload >= limits.payload_bytes)
        )

    def truncate(self, number: int) -> None:
        """Drop all circuits that are in no job yet, except the first ones."""
        del self.items[number:], self._steps[number:]

    def cut(self, *, last: bool) -> tuple[PlannedJob, ...]:
        """Return the jobs of the circuits that are in no job yet.

        Args:
            last: whether no further circuits come. If they do, the last job is left out, unless no
                further circuit fits into it.

        Raises:
            LimitError: a circuit exceeds a limit.
        """
        found = split(self.items, self.limits, self._repeats, self.first)
        if not last and found and not self._is_full(found[-1]):
            open_span = found[-1].span
            found = tuple(job for job in found if job.span != open_span)
        jobs = tuple(job._replace(place=self._steps[job.span.start - self.first]) for job in found)
        if jobs:
            number = jobs[-1].span.stop - self.first
            del self.items[:number], self._steps[:number]
            self.first += number
            self._points = self._executions = self._payload = 0
            for item in self.items:
                self._count(item)
        return jobs

    def _count(self, item: Item) -> None:
        self._points += item.points
        self._executions += item.points * (item.shots or 0)
        self._payload += item.payload_bytes

    def _is_full(self, job: PlannedJob) -> bool:
        """Return whether no further circuit fits into a job."""
        limits, span = self.limits, job.span
        inside = self.items[span.start - self.first : span.stop - self.first]
        return (
            job.points is not None
            or len(span) == limits.circuits
            or sum(item.points for item in inside) == limits.points
            or (job.executions > 0 and job.executions == limits.executions)
        )


def _measured(item: Item, circuit_input: CircuitInput) -> Item:
    """Return an item with the bytes of the encoded circuit, and of each of its points."""
    item = item._replace(payload_bytes=payload_bytes(circuit_input))
    if item.points <= 1 or not item.payload_bytes:
        return item
    one = payload_bytes(input_of_points(circuit_input, Span(0, 1)))
    return item._replace(point_bytes=-(-(item.payload_bytes - one) // (item.points - 1)))
