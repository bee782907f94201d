"""The results of a set as a pandas table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qjm_widgets.core.typed_columns import TypedColumn
from qjm_widgets.state.optional_packages import import_optional
from qjm_widgets.state.result_parts import ResultParts, Shape
from qjm_widgets.state.result_table import ResultTable, named_columns, read_table

if TYPE_CHECKING:
    import pandas as pd


def results_frame(parts: ResultParts) -> pd.DataFrame:
    """Return the results as ``JobSetResults.to_dataframe`` describes them.

    Raises:
        ImportError: pandas is not installed.
        QJMError: an outcome cannot be read from the store or fetched from its provider.
    """
    pandas = import_optional("pandas", "to_dataframe")
    table = read_table(parts)
    names = np.empty(len(table.names), dtype=object)
    names[:] = table.names
    columns: dict[str, Any] = {
        "circuit": table.circuits,
        "name": names[table.circuits],
        "point": table.points,
        **_axes(pandas, table),
        **table.measured,
    }
    parameters, metadata = named_columns(table, list(columns))
    values = _parameters(table)
    columns |= {column: values[name] for name, column in parameters.items()}
    columns |= {
        column: _series(pandas, table.metadata[key]).take(table.circuits)
        for key, column in metadata.items()
    }
    return pandas.DataFrame(columns)


def _axes(pandas: Any, table: ResultTable) -> dict[str, Any]:
    """Return a column with the index along each axis, if any shape has several axes.

    A value is missing where a circuit's shape has fewer axes.
    """
    number = max(map(len, table.shapes), default=0)
    if number < 2:
        return {}
    indices = np.zeros((number, len(table.circuits)), dtype=np.int64)
    missing = np.ones((number, len(table.circuits)), dtype=bool)
    for circuit, rows in _rows_by_circuit(table):
        shape: Shape = table.shapes[circuit]
        if shape:
            indices[: len(shape), rows] = np.unravel_index(table.points[rows], shape)
            missing[: len(shape), rows] = False
    return {
        f"axis_{axis}": _series(pandas, TypedColumn(indices[axis], missing[axis]))
        for axis in range(number)
    }


def _parameters(table: ResultTable) -> dict[str, Any]:
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


def _series(pandas: Any, column: TypedColumn) -> Any:
    """Return the values of a column; if some are missing, integers and bools as arrays of pandas."""
    if column.values.dtype == np.int64 and column.missing.any():
        return pandas.arrays.IntegerArray(column.values, column.missing)
    if column.values.dtype == bool and column.missing.any():
        return pandas.arrays.BooleanArray(column.values, column.missing)
    return column.values
