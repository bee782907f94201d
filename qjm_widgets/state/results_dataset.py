"""The results of a set as an xarray dataset."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from qjm_widgets.errors import InputError
from qjm_widgets.state.optional_packages import import_optional
from qjm_widgets.state.result_parts import ResultParts, Shape
from qjm_widgets.state.result_table import ResultTable, named_columns, read_table

if TYPE_CHECKING:
    import xarray as xr

#: The most values of an array; each takes 8 bytes.
_MOST = 1 << 28


def results_dataset(parts: ResultParts) -> xr.Dataset:
    """Return the results as ``JobSetResults.to_xarray`` describes them.

    Raises:
        ImportError: xarray is not installed.
        InputError: the circuits' points have different shapes, or an array would exceed 2 GiB.
        QJMError: an outcome cannot be read from the store or fetched from its provider.
    """
    xarray = import_optional("xarray", "to_xarray")
    table = read_table(parts)
    shapes = set(table.shapes)
    if len(shapes) > 1:
        some = ", ".join(map(str, sorted(shapes)[:3])) + (", …" if len(shapes) > 3 else "")
        raise InputError(f"the circuits' points have different shapes ({some}): use to_dataframe")
    [shape] = shapes
    points = ("point",) if len(shape) == 1 else tuple(f"axis_{axis}" for axis in range(len(shape)))
    dims = ("circuit", *points)
    data = _data(table, shape, dims)
    coordinates: dict[str, Any] = {
        "circuit": np.arange(len(table.names)),
        "name": ("circuit", np.array(table.names, dtype=object)),
    }
    if "outcome" in table.measured:
        coordinates["outcome"] = np.array(_texts(table), dtype=object)
    parameters, metadata = named_columns(table, [*dims, *coordinates, *data])
    for name, column in parameters.items():
        coordinates[column] = _coordinate(table, name, shape, dims)
    for key, column in metadata.items():
        coordinates[column] = ("circuit", table.metadata[key].filled())
    dataset: xr.Dataset = xarray.Dataset(data, coordinates)
    return dataset


def _texts(table: ResultTable) -> list[str]:
    return sorted(set(table.measured["outcome"].tolist()), key=lambda text: (len(text), text))


def _data(table: ResultTable, shape: Shape, dims: tuple[str, ...]) -> dict[str, Any]:
    size = math.prod(shape)
    where = table.circuits * size + table.points
    circuits = len(table.names)
    if "value" in table.measured:
        found = {}
        for name, values in table.measured.items():
            array = np.full(circuits * size, np.nan)
            array[where] = values
            found[name] = (dims, array.reshape(circuits, *shape))
        return found
    texts = _texts(table)
    if circuits * size * len(texts) > _MOST:
        raise InputError(
            f"{circuits * size:,} points with {len(texts):,} outcomes are too many for an array: "
            "use to_dataframe"
        )
    places = {text: place for place, text in enumerate(texts)}
    outcomes = np.fromiter(
        map(places.__getitem__, table.measured["outcome"]), dtype=np.intp, count=len(where)
    )
    found = {}
    for name in ("count", "probability"):
        array = np.full((circuits * size, len(texts)), np.nan)
        array[where] = 0.0
        array[where, outcomes] = table.measured[name]
        if name == "count" and table.measured[name].dtype == np.int64 and not np.isnan(array).any():
            array = array.astype(np.int64)
        found[name] = ((*dims, "outcome"), array.reshape(circuits, *shape, len(texts)))
    return found


def _coordinate(
    table: ResultTable, name: str, shape: Shape, dims: tuple[str, ...]
) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    """Return the dimensions along which a parameter's values differ, and the values along these."""
    values = np.full((len(table.names), *shape), np.nan)
    for circuit, bound in enumerate(table.parameters):
        if name in bound:
            values[circuit] = bound[name]
    kept: list[str] = []
    for axis, dim in reversed(list(enumerate(dims))):
        size = values.shape[axis]
        constant = size > 0 and np.array_equal(
            values, np.broadcast_to(values.take([0], axis), values.shape), equal_nan=True
        )
        if constant and (size > 1 or dim == "circuit"):
            values = values.take(0, axis)
        else:
            kept.insert(0, dim)
    return tuple(kept), values
