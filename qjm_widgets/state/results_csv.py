"""The results of a set as CSV, without pandas."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from qjm_widgets.state.dataframe import cell
from qjm_widgets.state.result_columns import Column, result_columns
from qjm_widgets.state.result_table import ResultTable

#: The rows that are written at once: other threads wait as long, since ``csv`` does not let them run.
_ROWS = 2_000


def csv_blocks(table: ResultTable) -> Iterator[str]:
    """Yield the lines of the table that ``to_dataframe().to_csv(index=False)`` writes, in blocks.

    Texts are made safe to open in a spreadsheet, which would run some as formulas. The first block is
    the header alone.
    """
    columns = result_columns(table)
    yield _lines([[cell(name) for name in columns]])
    readers = [_reader(column) for column in columns.values()]
    for start in range(0, len(table.circuits), _ROWS):
        rows = slice(start, start + _ROWS)
        yield _lines(zip(*(read(rows) for read in readers), strict=True))


def _lines(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _reader(column: Column) -> Callable[[slice], list[Any]]:
    """Return a function from a range of rows to what is written for each."""
    values, missing = column.values
    circuits = column.circuits
    if circuits is None:
        return lambda rows: _cells(values[rows], missing[rows])
    each = np.empty(len(values), dtype=object)
    for place, written in enumerate(_cells(values, missing)):  # NumPy would take lists for a dimension
        each[place] = written
    return lambda rows: each[circuits[rows]].tolist()


def _cells(values: Any, missing: Any) -> list[Any]:
    """Return what is written for values: None for missing ones, which gives an empty cell."""
    if values.dtype == np.float64:
        missing = missing | np.isnan(values)
    found: list[Any] = values.tolist()
    if values.dtype == object:
        safe = {text: cell(text) for text in set(filter(_is_text, found))}
        found = [safe[value] if _is_text(value) else _written(value) for value in found]
    if missing.any():
        found = [None if gone else value for value, gone in zip(found, missing.tolist(), strict=True)]
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _written(value: Any) -> Any:
    """Return another value of a metadata key as it is written; NaN is missing, as in pandas."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    return value if isinstance(value, (bool, int, float)) else cell(str(value))
