"""An odd result of a sampler affects only its PUB."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.primitives import BitArray, DataBin, PrimitiveResult, SamplerPubResult, StatevectorSampler
from qiskit.primitives.primitive_job import PrimitiveJob

from qjm_widgets import JobManager, JobSet
from qjm_widgets.errors import NotAvailableError
from tests.fakes import LIMIT


def bits(value: int, width: int, shots: int = 5) -> BitArray:
    return BitArray(np.full((shots, -(-width // 8)), value, np.uint8), width)


def good() -> QuantumCircuit:
    circuit = QuantumCircuit(2, name="good")
    circuit.x(0)
    circuit.measure_all()
    return circuit


ODD: dict[str, tuple[Any, dict[str, int] | str]] = {
    "nothing": (None, "its result cannot be read"),
    "no data": (SimpleNamespace(data=None, metadata={}), "its result cannot be read"),
    "a dict": (SimpleNamespace(data={"meas": 1}, metadata={}), "its result cannot be read"),
    "a text": ("abc", "its result cannot be read"),
    "registers of other shots": (
        SamplerPubResult(DataBin(a=bits(0, 1), b=bits(0, 1, 7))),
        "different shapes or shots",
    ),
    "no registers": (SamplerPubResult(DataBin()), "has no counts"),
    "numbers alone": (SamplerPubResult(DataBin(x=np.ones(5))), "has no counts"),
    "more bits than the circuit": (SamplerPubResult(DataBin(meas=bits(255, 16))), {"1" * 16: 5}),
    "bits beyond the register": (SamplerPubResult(DataBin(meas=bits(255, 2))), {"11": 5}),
    "keys that are no text": (SamplerPubResult(DataBin(meas=bits(1, 2)), {1: 2}), {"01": 5}),
    "metadata of None": (SimpleNamespace(data=DataBin(meas=bits(1, 2)), metadata=None), {"01": 5}),
}


class Odd(StatevectorSampler):  # type: ignore[misc]
    """A sampler that gives something odd for the second PUB."""

    def __init__(self, odd: Any) -> None:
        super().__init__()
        self.odd = odd

    def run(self, pubs: Any, *, shots: int | None = None) -> Any:
        whole = list(super().run(list(pubs), shots=shots).result())
        job = PrimitiveJob(lambda: PrimitiveResult([whole[0], self.odd, *whole[2:]]))
        job._submit()
        return job


def ran(manager: JobManager, odd: Any) -> JobSet:
    job_set = manager.run([good(), good(), good()], Odd(odd), shots=5)
    assert job_set.wait(LIMIT)
    return job_set


@pytest.mark.parametrize("name", ODD)
def test_an_odd_pub_result_gives_counts_or_says_what_is_odd(name: str, tmp_path: Path) -> None:
    odd, expected = ODD[name]
    with JobManager(tmp_path / "store.db") as manager:
        job_set = ran(manager, odd)
        for refresh in (False, True):
            results = job_set.results(refresh=refresh)
            assert dict(results.get_counts(0)) == dict(results.get_counts(2)) == {"01": 5}
            if isinstance(expected, dict):
                assert dict(results.get_counts(1)) == expected
            else:
                with pytest.raises(NotAvailableError, match=rf"circuit 1 \(good\).*{expected}"):
                    results.get_counts(1)
            assert len(results.combine_results().results) == 3
        failed = isinstance(expected, str) and expected != "has no counts"
        assert job_set.results().failed() == ([1] if failed else [])
        total = job_set.counts()
        assert total["01"] >= 10
        assert sum(job_set.figure().data[0].y) == sum(total.values())
        panel: Any = job_set.panel()
        assert panel.snapshot["histograms"][0]["shots"] == sum(total.values())
        manager.export(job_set, tmp_path / "set.qjm")
        with JobManager(":memory:") as other:
            assert other.load(tmp_path / "set.qjm").counts() == total
