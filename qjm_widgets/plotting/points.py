"""The points of a set and their coordinates: parameter values, metadata and indices."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.records import Span
from qjm_widgets.errors import QJMError
from qjm_widgets.plotting.observable_labels import observable_labels
from qjm_widgets.plotting.selection import label
from qjm_widgets.state.job_set_state import JobSetState

Floats: TypeAlias = npt.NDArray[np.float64]

#: The coordinate that every set has: the number of the circuit, or of the point in its circuit.
INDEX = "index"
#: The most series of a sweep, and the most values of a coordinate that makes series.
MOST_SERIES = 8
_MOST_COORDINATES = 50
#: Only so many coordinates are tried in pairs.
_MOST_PAIRED = 6
#: A grid with at most so many values on one side is drawn as series.
_MOST_LINES = 4

#: What a figure or panel shows first: a sweep, the counts of one circuit, or the counts of all circuits.
FirstView: TypeAlias = Literal["sweep", "circuit", "sum"]


class Groups(NamedTuple):
    """The groups of all points by one coordinate.

    Attributes:
        names: of each group.
        of: the group of each point, shape ``(points,)``.
    """

    names: list[str]
    of: npt.NDArray[np.int64]


class Points:
    """The points of all circuits, one after another; a circuit without parameter values is one point.

    Attributes:
        offsets: the first point of each circuit, and the number of points; shape ``(circuits + 1,)``.
        numbers: by name, a number for each point, shape ``(points,)``; ``INDEX`` is the last.
        first_view: what is shown first.
        unit: what one point is, "circuit" or "point".
    """

    def __init__(self, state: JobSetState) -> None:
        everything = Span(0, state.record.circuits)
        values, metadata = state.circuits.values(everything), state.circuits.metadata()
        if state.record.estimates:  # observables have points, too
            shapes = [state.circuits.shape(circuit) or () for circuit in range(*everything)]
        else:
            shapes = [() if each is None else tuple(each.shape) for each in values]
        sizes = np.array([math.prod(shape) for shape in shapes], dtype=np.int64)
        self.offsets = np.concatenate([[0], np.cumsum(sizes)])
        swept = any(shapes)
        self.unit = "point" if swept else "circuit"
        found = {**_parameters(values, shapes), **_numeric_metadata(metadata, sizes)}
        self._parameters = len(_varying(_parameters(values, shapes)))
        self.numbers: dict[str, Floats] = _varying(found)
        observables = observable_labels(state, shapes, MOST_SERIES)
        self._has_observables = observables is not None
        self._labels = [] if observables is None else [observables]
        self._labels += _labels(metadata, sizes, state.circuits.names() if swept else ())
        self.first_view: FirstView = (
            "sweep"
            if self.numbers or (swept and len(self) > 1) or state.record.estimates
            else "sum"
            if _are_copies(state)
            else "circuit"
        )
        axes = _axes(shapes)
        self.pair = self._pair({**self.numbers, **axes}) or self._pair(axes)
        self.numbers.update({name: axes[name] for name in self.pair or () if name in axes})
        within = [np.arange(size) for size in sizes] if swept else [np.arange(len(sizes))]
        self._own_index = INDEX in self.numbers
        self.numbers.setdefault(INDEX, np.concatenate(within or [np.zeros(0)]).astype(np.float64))

    def __len__(self) -> int:
        return int(self.offsets[-1])

    def label(self, name: str) -> str:
        """Return a coordinate as text."""
        return self.unit.capitalize() if name == INDEX and not self._own_index else name

    def choices(self) -> list[tuple[str, ...]]:
        """Return the coordinates, and the two of a heat map if there are; the default first."""
        found = [(name,) for name in self.numbers]
        choices = [*([] if self.pair is None else [self.pair]), *found]
        default = self._default()
        return [default, *(choice for choice in choices if choice != default)]

    def groups(self, name: str) -> Groups | None:
        """Return the groups that are drawn as series over a coordinate; None for one series."""
        if len(np.unique(self.numbers[name])) == len(self):
            return None
        for texts in self._labels:
            names, first, of = np.unique(texts, return_index=True, return_inverse=True)
            if len(names) > 1:
                order = np.argsort(first)
                return Groups(names[order].tolist(), np.argsort(order)[of])
        for key, numbers in self.numbers.items():
            values, of = np.unique(numbers, return_inverse=True)
            if key not in (name, INDEX) and 1 < len(values) <= MOST_SERIES:
                return Groups([f"{key} = {value:.6g}" for value in values], of)
        return None

    def _default(self) -> tuple[str, ...]:
        if self.pair is not None:
            least = min(len(np.unique(self.numbers[name])) for name in self.pair)
            return self.pair if least > _MOST_LINES and not self._has_observables else self.pair[:1]
        names = [name for name in self.numbers if name != INDEX]
        # Several parameters that vary together have no natural order.
        if not names or self._parameters > 1:
            return (INDEX,)
        if self._parameters == 1:
            return (names[0],)
        return (max(names, key=lambda name: len(np.unique(self.numbers[name]))),)

    def _pair(self, numbers: Mapping[str, Floats]) -> tuple[str, str] | None:
        """Return two coordinates of which each pair of values occurs once, the longer one first."""
        known = [(name, np.unique(numbers[name], return_inverse=True)) for name in numbers]
        for at, (one, (ones, of_one)) in enumerate(known[:_MOST_PAIRED]):
            for other, (others, of_other) in known[at + 1 : _MOST_PAIRED]:
                if len(ones) * len(others) != len(self) or min(len(ones), len(others)) < 2:
                    continue
                if len(np.unique(of_one * len(others) + of_other)) == len(self):
                    return (one, other) if len(ones) >= len(others) else (other, one)
        return None


def _varying(numbers: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the coordinates that are not the same everywhere."""
    found = {name: array for name, array in numbers.items() if len(array) and np.ptp(array) > 0}
    return dict(list(found.items())[:_MOST_COORDINATES])


def _parameters(values: Sequence[Any], shapes: Sequence[tuple[int, ...]]) -> dict[str, Floats]:
    """Return the values of the parameters that all circuits have."""
    if any(each is None for each in values):
        return {}
    found: dict[str, list[Floats]] = {}
    for each, shape in zip(values, shapes, strict=True):
        for names, array in each.data.items():
            whole = np.broadcast_to(np.asarray(array, dtype=np.float64), (*shape, len(names)))
            flat = whole.reshape(math.prod(shape), len(names))
            for place, name in enumerate(names):
                found.setdefault(str(name), []).append(flat[:, place])
    return {
        name: np.concatenate(parts)
        for name, parts in found.items()
        if len(parts) == len(values) and all(map(np.all, map(np.isfinite, parts)))
    }


def _numeric_metadata(
    metadata: Sequence[Mapping[Any, Any]], sizes: npt.NDArray[np.int64]
) -> dict[str, Floats]:
    """Return the numbers at the metadata keys that all circuits share."""
    found = {}
    for key in metadata[0] if metadata else ():
        numbers = [known.get(key) for known in metadata]
        if all(map(_is_number, numbers)):
            found[str(key)] = np.repeat(np.array(numbers, dtype=np.float64), sizes)
    return found


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _labels(
    metadata: Sequence[Mapping[Any, Any]], sizes: npt.NDArray[np.int64], names: Sequence[str]
) -> list[npt.NDArray[Any]]:
    """Return texts that group the points: names of circuits that have points, and metadata."""
    found: list[npt.NDArray[Any]] = []
    if len(names) > 1:
        texts = names if len(set(names)) == len(names) else [f"circuit {i}" for i in range(len(names))]
        found.append(np.repeat(np.array(texts, dtype=object).astype(str), sizes))
    for key in metadata[0] if metadata else ():
        values = [known.get(key) for known in metadata]
        if all(isinstance(value, (str, bool)) for value in values):
            texts = [f"{key} = {label(value)[:80]}" for value in values]
            if 1 < len(set(texts)) <= MOST_SERIES:
                found.append(np.repeat(np.array(texts), sizes))
    return found


def _axes(shapes: Sequence[tuple[int, ...]]) -> dict[str, Floats]:
    """Return the places along the axes of points that form a rectangle."""
    shape = shapes[0] if len(shapes) == 1 else ()
    if len(shape) != 2:
        return {}
    places = np.unravel_index(np.arange(math.prod(shape)), shape)
    return {f"axis {axis}": at.astype(np.float64) for axis, at in enumerate(places)}


def _are_copies(state: JobSetState) -> bool:
    """Return whether the circuits are copies of one, as far as some of them show."""
    last = state.record.circuits - 1
    if len(set(state.circuits.names())) < 2:
        return True
    try:
        first, *others = [
            list(_content(state.circuits.get(Span(at, at + 1))[0].circuit))
            for at in sorted({0, 1, last // 2, last})
        ]
    except (QJMError, AttributeError):  # circuits are lost, or are pulse schedules
        return True
    return all(other == first for other in others)


def _content(circuit: Any) -> Iterable[tuple[Any, ...]]:
    places = {bit: at for bits in (circuit.qubits, circuit.clbits) for at, bit in enumerate(bits)}
    for each in circuit.data:
        bits = [places[bit] for bit in (*each.qubits, *each.clbits)]
        yield each.operation.name, [str(value) for value in each.operation.params], bits
