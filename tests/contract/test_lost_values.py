"""A value that cannot be stored is named at once, is the only one missing, and gives the reason."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from qiskit import QuantumCircuit
from qiskit.result import Result
from qiskit.result.models import ExperimentResultData
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager
from qjm_widgets.errors import NotAvailableError
from tests.fakes import LIMIT, ScriptedBackend, ScriptedJob, marked


class Odd:
    """A value of an unknown class."""


def add(experiment: Any, **values: Any) -> None:
    experiment.data = ExperimentResultData(**experiment.data.to_dict(), **values)


class OddJob(ScriptedJob):
    def result(self) -> Result:
        result = super().result()
        for experiment in result.results:
            add(
                experiment,
                odd=Odd(),
                nested=[1.5, {"inner": Odd()}, (2,)],
                statevector=Odd(),
                good={(1, 2): np.float32(0.5)},
            )
            experiment._metadata["oddity"] = Odd()
        return result


class OddBackend(ScriptedBackend):
    def run(self, *arguments: Any, **options: Any) -> ScriptedJob:
        job = super().run(*arguments, **options)
        job.__class__ = OddJob
        return job


def test_unstorable_values_are_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    with JobManager(store) as manager:
        job_set = manager.run([marked(1), marked(2)], OddBackend(), shots=10, name="mine")
        assert job_set.wait(LIMIT)
        (job,) = job_set._state.jobs
        assert job.note is not None
        assert "could not be stored: " in job.note
        assert "'odd' (" in job.note
        assert "Odd) of circuit 0" in job.note
        assert "could not be stored" in job_set.report()
        with pytest.warns(
            UserWarning, match=r"mine: could not be stored: .*'odd' \(.*Odd\) of circuit 0"
        ):
            job_set.results(LIMIT)
        job_set.results(LIMIT)  # once is enough
        manager.export(job_set, tmp_path / "bundle.qjm")
        set_id = job_set.job_set_id()
    with JobManager(store) as again, JobManager(tmp_path / "other.sqlite3") as other:
        for job_set in (again.retrieve_job_set(set_id), other.load(tmp_path / "bundle.qjm")):
            with pytest.warns(UserWarning, match="could not be stored"):
                results = job_set.results(LIMIT, refresh=True)
            assert results.get_counts(1) == {format(2, "010b"): 10}
            data = results.data(1)
            assert data["good"] == {(1, 2): np.float32(0.5)}
            with pytest.raises(NotAvailableError, match=r"'odd' of circuit 1 .*Odd, which could not be"):
                data["odd"]
            with pytest.raises(NotAvailableError, match="Odd"):
                results.get_statevector(1)
            assert data["nested"][0] == 1.5
            assert data["nested"][2] == (2,)
            with pytest.raises(NotAvailableError, match="Odd"):
                np.asarray(data["nested"][1]["inner"])
            combined = results.combine_results()
            assert combined.get_counts(0) == {format(1, "010b"): 10}
            with pytest.raises(NotAvailableError, match="Odd"):
                float(combined.data(0)["odd"])


def test_values_that_are_known_give_no_warning() -> None:
    with JobManager(":memory:") as manager, warnings.catch_warnings():
        warnings.simplefilter("error")
        job_set = manager.run(marked(1), ScriptedBackend(), shots=10)
        assert job_set.results(LIMIT).get_counts(0)
        assert job_set._state.jobs[0].note is None


class OddAer(AerSimulator):  # type: ignore[misc]
    """Adds what cannot be stored to each result."""

    def run(self, *arguments: Any, **options: Any) -> Any:
        job = super().run(*arguments, **options)
        result = job.result()
        for experiment in result.results:
            add(experiment, odd=Odd())
        job.result = lambda *anything: result
        return job


def test_workers_name_what_cannot_be_stored_too() -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with ThreadPoolExecutor(1) as executor, JobManager(":memory:") as manager:
        backend = OddAer()
        job_set = manager.run([circuit, circuit], backend, shots=10, executor=executor)
        assert job_set.wait(LIMIT)
        assert "'odd' (" in str(job_set._state.jobs[0].note)
        with pytest.warns(UserWarning, match="could not be stored"):
            assert job_set.results(LIMIT).get_counts(1) == {"0": 10}


@pytest.mark.newer_qiskit
def test_the_metadata_of_a_circuit_is_its_own_also_where_no_result_can_hold_it() -> None:
    """Aer repeats it in the header of each result."""
    inner = QuantumCircuit(1, name="inner")
    circuit = QuantumCircuit(1, 1, metadata={"about": inner, "angle": 0.5})
    circuit.measure(0, 0)
    with JobManager(":memory:") as manager, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # another test checks the warning of run about the circuit
        job_set = manager.run(circuit, AerSimulator(), shots=10)
        assert job_set.wait(LIMIT)
        assert job_set._state.jobs[0].note is None
        warnings.simplefilter("error")
        combined = job_set.results(LIMIT, refresh=True).combine_results()
    assert combined.results[0].header["metadata"] == {"about": inner, "angle": 0.5}


@pytest.mark.newer_qiskit
def test_moments_of_pandas_in_metadata_cost_no_result() -> None:
    metadata = {"missing": pd.NaT, "at": pd.Timestamp(1), "shift": pd.Timedelta(1, "ns")}
    circuit = QuantumCircuit(1, 1, metadata=metadata)
    circuit.measure(0, 0)
    with JobManager(":memory:") as manager:
        job_set = manager.run(circuit, AerSimulator(), shots=10)
        results = job_set.results(LIMIT, refresh=True)
        assert results.get_counts(0) == {"0": 10}
        assert results.combine_results().results[0].header["metadata"] == metadata
