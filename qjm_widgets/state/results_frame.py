"""The results of a set as a pandas table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qjm_widgets.state.optional_packages import import_optional
from qjm_widgets.state.result_columns import Column, result_columns
from qjm_widgets.state.result_parts import ResultParts
from qjm_widgets.state.result_table import read_table

if TYPE_CHECKING:
    import pandas as pd


def results_frame(parts: ResultParts) -> pd.DataFrame:
    """Return the results as ``JobSetResults.to_dataframe`` describes them.

    Raises:
        ImportError: pandas is not installed.
        QJMError: an outcome cannot be read from the store or fetched from its provider.
    """
    pandas = import_optional("pandas", "to_dataframe")
    columns = result_columns(read_table(parts))
    return pandas.DataFrame({name: _series(pandas, column) for name, column in columns.items()})


def _series(pandas: Any, column: Column) -> Any:
    """Return the values of a column; if some are missing, integers and bools as arrays of pandas."""
    values, missing = column.values
    found: Any = values
    if values.dtype == np.int64 and missing.any():
        found = pandas.arrays.IntegerArray(values, missing)
    elif values.dtype == bool and missing.any():
        found = pandas.arrays.BooleanArray(values, missing)
    return found if column.circuits is None else found.take(column.circuits)
