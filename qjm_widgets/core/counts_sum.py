"""A sum of the packed counts of many circuits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.counts import (
    DENSE_BITS,
    Layout,
    Numbers,
    Packed,
    add_texts,
    as_indices,
    join_numbers,
    together,
)

#: Outcomes that are summed at once; so many stay in the processor's cache.
_CHUNK = 8192
#: The largest count for which neither a sum in float64 nor one in int64 loses precision.
_DENSE_MOST = 1 << 32


class CountsSum:
    """A growing sum of packed counts, separate for each layout; it is not thread-safe."""

    def __init__(self) -> None:
        self._dense: dict[Layout, npt.NDArray[np.int64]] = {}
        self._sparse: dict[Layout, Packed] = {}
        self._chunks: dict[Layout, list[Packed]] = {}
        self._texts: dict[str, int] = {}

    def add(self, packed: Iterable[Packed]) -> None:
        """Add the counts of many circuits in one pass over each layout."""
        groups: dict[Layout, list[Packed]] = {}
        for item in packed:
            groups.setdefault(item.layout, []).append(item)
        for layout, items in groups.items():
            if layout.width is not None and layout.width <= DENSE_BITS:
                self._add_dense(layout, items)
            else:
                self._chunks.setdefault(layout, []).extend(items)

    def add_texts(self, counts: Mapping[str, int]) -> None:
        """Add counts whose keys are not bits, such as those of a backend with qudits."""
        for key, count in counts.items():
            self._texts[key] = self._texts.get(key, 0) + count

    def _add_dense(self, layout: Layout, items: list[Packed]) -> None:
        size = 1 << (layout.width or 0)
        total = self._dense.get(layout)
        if total is None:
            total = self._dense[layout] = np.zeros(size, dtype=np.int64)
        for some in _in_chunks(items, max(_CHUNK, 4 * size)):
            weights = join_numbers([item.counts for item in some])
            if not _are_frequencies(weights):
                self._chunks.setdefault(layout, []).extend(some)
                continue
            outcomes = as_indices(np.concatenate([item.outcomes for item in some]))
            if len(some) == 1:
                np.add.at(total, outcomes, weights)
            else:
                total += np.bincount(outcomes, weights=weights, minlength=size).astype(np.int64)

    def _settle(self, layout: Layout) -> Packed:
        waiting = self._chunks.pop(layout, [])
        known = self._sparse.get(layout)
        if waiting or known is None:
            known = together([*([] if known is None else [known]), *waiting])
            self._sparse[layout] = known
        return known

    def parts(self) -> list[Packed]:
        """Return the sum of each layout; outcomes ascend."""
        found: dict[Layout, Packed] = {}
        for layout, total in self._dense.items():
            at = np.flatnonzero(total)
            found[layout] = Packed(layout, at.astype(np.uint64), total[at])
        for layout in dict.fromkeys([*self._sparse, *self._chunks]):
            odd = self._settle(layout)
            known = found.get(layout)
            found[layout] = odd if known is None or not known.counts.size else together([known, odd])
        return list(found.values())

    @property
    def texts(self) -> Mapping[str, int]:
        """The counts whose keys are not bits."""
        return self._texts

    def to_dict(self) -> dict[str, int]:
        """Return all counts by bit string, layout by layout; the outcomes of a layout ascend."""
        result: dict[str, int] = {}
        for part in self.parts():
            add_texts(result, part.layout.texts(part.outcomes.tolist()), part.counts.tolist())
        for key, count in self._texts.items():
            result[key] = result.get(key, 0) + count
        return result


def _are_frequencies(counts: Numbers) -> bool:
    """Return whether all counts are integers from 1 to ``_DENSE_MOST``, as they nearly always are."""
    if counts.dtype != np.int64 or not counts.size:
        return not counts.size
    return int(counts.min()) > 0 and int(counts.max()) <= _DENSE_MOST


def _in_chunks(items: Sequence[Packed], most: int) -> Iterator[Sequence[Packed]]:
    """Yield packed counts in groups; each but the last ends as soon as it has ``most`` outcomes."""
    start = outcomes = 0
    for index, item in enumerate(items):
        outcomes += len(item.outcomes)
        if outcomes >= most:
            yield items[start : index + 1]
            start, outcomes = index + 1, 0
    if start < len(items):
        yield items[start:]
