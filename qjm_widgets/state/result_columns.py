"""The columns of a table of results, for pandas and for files."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.typed_columns import TypedColumn
from qjm_widgets.state.result_table import ResultTable, named_columns


class Column(NamedTuple):
    """One column of a table.

    Attributes:
        values: the values of all rows, or of all circuits.
        circuits: the circuit of each row, if ``values`` has one value for each circuit; else None.
    """

    values: TypedColumn
    circuits: npt.NDArray[np.int64] | None = None


def result_columns(table: ResultTable) -> dict[str, Column]:
    """Return the columns that ``JobSetResults.to_dataframe`` describes, by name and in their order."""
    names = np.empty(len(table.names), dtype=object)
    names[:] = table.names
    columns = {
        "circuit": _column(table.circuits),
        "name": Column(_column(names).values, table.circuits),
        "point": _column(table.points),
        **_axes(table),
        **{name: _column(values) for name, values in table.measured.items()},
    }
    parameters, metadata = named_columns(table, list(columns))
    values = _parameters(table)
    columns |= {column: _column(values[name]) for name, column in parameters.items()}
    columns |= {column: Column(table.metadata[key], table.circuits) for key, column in metadata.items()}
    return columns


def _column(values: npt.NDArray[Any]) -> Column:
    """Return values of which none is missing; a number may be NaN."""
    return Column(TypedColumn(values, np.zeros(len(values), dtype=bool)))


def _axes(table: ResultTable) -> dict[str, Column]:
    """Return a column with the index along each axis, if any shape has several axes.

    A value is missing where a circuit's shape has fewer axes.
    """
    number = max(map(len, table.shapes), default=0)
    if number < 2:
        return {}
    indices = np.zeros((number, len(table.circuits)), dtype=np.int64)
    missing = np.ones((number, len(table.circuits)), dtype=bool)
    for circuit, rows in _rows_by_circuit(table):
        shape = table.shapes[circuit]
        if shape:
            indices[: len(shape), rows] = np.unravel_index(table.points[rows], shape)
            missing[: len(shape), rows] = False
    return {f"axis_{axis}": Column(TypedColumn(indices[axis], missing[axis])) for axis in range(number)}


def _parameters(table: ResultTable) -> dict[str, npt.NDArray[np.float64]]:
    columns = {name: np.full(len(table.circuits), np.nan) for name in table.parameter_names}
    if columns:
        for circuit, rows in _rows_by_circuit(table):
            points = table.points[rows]
            for name, values in table.parameters[circuit].items():
                columns[name][rows] = values.reshape(-1)[points]
    return columns


def _rows_by_circuit(table: ResultTable) -> list[tuple[int, slice]]:
    """Return each circuit that has rows, with the range of its rows, which are sorted by circuit."""
    found, starts = np.unique(table.circuits, return_index=True)
    stops = [*starts[1:].tolist(), len(table.circuits)]
    rows = map(slice, starts.tolist(), stops)
    return list(zip(found.tolist(), rows, strict=True))
