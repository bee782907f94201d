"""The results of a job set as tables and arrays, with the circuits' metadata and parameter values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.outcome_reader import OutcomeReader
from qjm_widgets.state.result_parts import ResultParts

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from qiskit import QuantumCircuit


class ResultTables:
    """The part of ``JobSetResults`` that returns tables and arrays."""

    _state: JobSetState
    _reader: OutcomeReader

    def metadata(self, circuit: int | str | QuantumCircuit) -> dict[Any, Any]:
        """Return the metadata of a circuit as it was given to ``run``; empty if it has none.

        Of a set that was retrieved without its circuits, it is what the circuit's result has.

        Args:
            circuit: the index, the name, or the circuit.
        """
        return self._parts().metadata_of(self._reader.index_of(circuit))

    def parameters(self, circuit: int | str | QuantumCircuit) -> dict[str, npt.NDArray[np.float64]]:
        """Return the values that a PUB binds to the parameters of its circuit, by parameter name.

        Args:
            circuit: the index, the name, or the circuit.

        Returns:
            For each parameter an array of the PUB's shape, to which its values are broadcast. Empty for
            a circuit without values, and in a set that was retrieved without its circuits.
        """
        return self._parts().parameters_of(self._reader.index_of(circuit))

    def to_dataframe(self) -> pd.DataFrame:
        """Return the results as a pandas table: one row for each outcome or expectation value.

        ::

            table = job_set.results().to_dataframe()
            ones = table[table["outcome"] == "1"]
            ones.plot(x="theta", y="probability")  # theta: a parameter, or a key of the metadata
            table.to_csv("rabi.csv", index=False)  # pandas.read_csv("rabi.csv", dtype={"outcome": str})

        Rows are sorted by circuit, point and outcome. The columns are, in this order:

        * ``circuit``, ``name``: the index in the set, and the name.
        * ``point``: the PUB's point, in flattened (C) order; 0 for a circuit without a shape.
        * ``axis_0``, ``axis_1``, …: the point's index along each axis of the shape, if a PUB of the set
          has several axes; missing for a circuit with fewer.
        * ``outcome``, ``count``, ``probability``: the bit string as in ``get_counts`` (qubit 0 is the
          rightmost bit), its shots, and their fraction of all shots of the point. Outcomes without shots
          have no row.
        * ``value``, ``std`` instead, for an estimator: the expectation value and its standard error (NaN
          if the estimator gave none).
        * the bound value of each parameter, by its name.
        * each key of the circuits' metadata. A column has the type of its values. Mixed values, and
          those for which Parquet has no type, such as complex numbers, are texts; ``metadata`` returns
          the values themselves.

        If a parameter has the name of another column, "(parameter)" is added to its own, and
        "(metadata)" to such a key: the key ``count`` becomes ``count (metadata)``. The cell of a circuit
        without such a parameter or key is missing.

        A circuit or point without a result, or not yet with all its shots, has no rows; ``failed`` names
        the circuits that failed. A circuit without counts has none either.

        Raises:
            ImportError: pandas is not installed.
            StoreError: a result cannot be read from the store.
        """
        from qjm_widgets.state.results_frame import results_frame

        return results_frame(self._parts())

    def to_xarray(self) -> xr.Dataset:
        """Return the results as an xarray dataset, for circuits whose points have the same shape.

        ::

            data = job_set.results().to_xarray()
            data["probability"].sel(circuit=0, outcome="1").swap_dims(point="theta").plot()

        The variables are ``count`` and ``probability`` with the dimensions ``circuit``, those of the
        points, and ``outcome``; for an estimator ``value`` and ``std`` without ``outcome``. The points
        have the dimension ``point``, or ``axis_0``, ``axis_1``, … if the shape has several axes. Points
        without a result are NaN; if there are none, ``count`` holds integers.

        Coordinates are ``circuit``, ``name``, ``outcome``, the values of each parameter along the
        dimensions in which they differ, and each key of the metadata along ``circuit``. Names are as in
        ``to_dataframe``.

        Raises:
            ImportError: xarray is not installed.
            InputError: points of circuits have different shapes, or an array would exceed 2 GiB.
            StoreError: a result cannot be read from the store.
        """
        from qjm_widgets.state.results_dataset import results_dataset

        return results_dataset(self._parts())

    def _parts(self) -> ResultParts:
        return ResultParts(self._state, self._reader)
