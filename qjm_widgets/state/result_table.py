"""The results of a set as columns, from which tables and arrays are made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.count_columns import Part, count_columns
from qjm_widgets.core.outcomes import PubOutcome
from qjm_widgets.core.typed_columns import TypedColumn, column_names, typed_column
from qjm_widgets.state.result_parts import ResultParts, Shape, Values


@dataclass(frozen=True, slots=True)
class ResultTable:
    """The results of a set, with one row for each outcome or expectation value.

    Attributes:
        names: the names of all circuits.
        shapes: the shape of each circuit's points.
        circuits: the circuit of each row, shape ``(n,)``.
        points: the point of each row, in flattened (C) order, shape ``(n,)``.
        measured: the columns ``outcome``, ``count`` and ``probability``, or ``value`` and ``std``.
        parameters: the bound values of each circuit, in the shape of its points.
        metadata: the metadata of all circuits: for each key, a column with one value for each circuit.
    """

    names: Sequence[str]
    shapes: Sequence[Shape]
    circuits: npt.NDArray[np.int64]
    points: npt.NDArray[np.int64]
    measured: Mapping[str, npt.NDArray[Any]]
    parameters: Sequence[Values]
    metadata: Mapping[Any, TypedColumn]

    @property
    def parameter_names(self) -> list[str]:
        """The parameters of all circuits, in the order in which they are first bound."""
        return list(dict.fromkeys(name for values in self.parameters for name in values))


def read_table(parts: ResultParts) -> ResultTable:
    """Read the results of a set.

    Raises:
        QJMError: an outcome cannot be read from the store or fetched from its provider.
    """
    found = parts.outcomes()
    outcomes = {part.circuit: part.outcome for part in found}
    bound = parts.parameters(outcomes)
    estimated = [part for part in found if _has_estimates(part)]
    circuits, points, measured = _estimates(estimated) if estimated else _counts(found)
    return ResultTable(
        names=parts.names(),
        shapes=[shape for shape, _ in bound],
        circuits=circuits,
        points=points,
        measured=measured,
        parameters=[values for _, values in bound],
        metadata=_metadata(parts.metadata(outcomes)),
    )


def named_columns(table: ResultTable, taken: Sequence[str]) -> tuple[dict[str, str], dict[Any, str]]:
    """Return the column name of each parameter and of each metadata key; none is in ``taken``."""
    parameters = column_names(table.parameter_names, taken, "parameter")
    metadata = column_names(table.metadata, [*taken, *parameters.values()], "metadata")
    return parameters, metadata


_Columns = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Mapping[str, npt.NDArray[Any]]]


def _has_estimates(part: Part) -> bool:
    outcome = part.outcome
    return isinstance(outcome, PubOutcome) and not outcome.registers and "evs" in outcome.data


def _counts(parts: Sequence[Part]) -> _Columns:
    found = count_columns(parts)
    measured = {
        "outcome": found.outcomes,
        "count": found.counts,
        "probability": found.probabilities,
    }
    return found.circuits, found.points, measured


def _estimates(parts: Sequence[Part]) -> _Columns:
    columns: list[list[npt.NDArray[Any]]] = []
    for part in parts:
        assert isinstance(part.outcome, PubOutcome)
        size = math.prod(part.outcome.shape)
        value = typed_column(_flat(part.outcome.data["evs"], size))
        there = ~value.missing
        std = typed_column(_flat(part.outcome.data.get("stds"), size))
        points = np.arange(part.first, part.first + size)
        columns.append(
            [
                np.full(there.sum(), part.circuit, dtype=np.int64),
                points[there],
                value.values[there].astype(float),
                np.where(std.missing, np.nan, std.values)[there].astype(float),
            ]
        )
    circuits, points, values, stds = (np.concatenate(column) for column in zip(*columns, strict=True))
    return circuits, points, {"value": values, "std": stds}


def _flat(array: Any, size: int) -> Any:
    if array is None:
        return [None] * size
    return np.asarray(array).reshape(-1).tolist()


def _metadata(found: Sequence[Mapping[Any, Any]]) -> dict[Any, TypedColumn]:
    keys = dict.fromkeys(key for metadata in found for key in metadata)
    return {key: typed_column([metadata.get(key) for metadata in found]) for key in keys}
