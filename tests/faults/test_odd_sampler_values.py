"""An odd result of a sampler affects its own job only."""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit.primitives import (
    BasePrimitiveJob,
    BaseSamplerV2,
    BitArray,
    DataBin,
    PrimitiveResult,
    SamplerPubResult,
)
from qiskit.providers import JobStatus

from qjm_widgets import JobManager
from tests.fakes import LIMIT, ScriptedBackend
from tests.faults.odd_answers import JOBS, ODD, Hostile, recursive
from tests.job_sets import check_done, start, statuses

pytestmark = pytest.mark.filterwarnings("ignore:.*could not be stored:UserWarning")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[JobManager]:
    manager = JobManager(tmp_path / "store")
    yield manager
    manager._shut_down()


# -- samplers ----------------------------------------------------------------------------------------


def good_pub(value: int) -> Any:
    array = np.full((10, 2), 0, dtype=np.uint8)
    array[:, 0], array[:, 1] = value >> 8, value & 255
    return SamplerPubResult(DataBin(c=BitArray(array, 10)))


def pub(**fields: Any) -> Any:
    return types.SimpleNamespace(data=types.SimpleNamespace(**fields), metadata={})


PUBS: dict[str, Any] = {
    "none": None,
    "text": "text",
    "nothing": [],
    "too many": [good_pub(1), good_pub(2)],
    "no bits": PrimitiveResult([SamplerPubResult(DataBin())]),
    "no shots": PrimitiveResult([SamplerPubResult(DataBin(c=BitArray(np.empty((0, 2), np.uint8), 10)))]),
    "other shape": PrimitiveResult(
        [SamplerPubResult(DataBin(c=BitArray(np.zeros((3, 4, 10, 2), np.uint8), 10), shape=(3, 4)))]
    ),
    "no points": PrimitiveResult(
        [SamplerPubResult(DataBin(c=BitArray(np.zeros((0, 10, 2), np.uint8), 10), shape=(0,)))]
    ),
    "objects": PrimitiveResult([SamplerPubResult(DataBin(x=np.array([object()])))]),
    "own metadata": PrimitiveResult([good_pub(1)], metadata=recursive(dict)),
    "hostile metadata": PrimitiveResult([good_pub(1)], metadata={"a": Hostile()}),
    "a generator": (good_pub(1) for _ in range(1)),
    "no data": [types.SimpleNamespace(data=None)],
    "hostile": [Hostile()],
    "hostile itself": Hostile(),
    "strange data": [pub(items=lambda: [("c", 5)], shape="x")],
    "shape without end": [pub(items=lambda: [("c", 5)], shape=10**30)],
    "masked": PrimitiveResult([SamplerPubResult(DataBin(e=np.ma.masked_array([1.0], [True])))]),
    "dates": PrimitiveResult([SamplerPubResult(DataBin(e=np.array(["2026-01-01"], dtype="M8[D]")))]),
    "texts": PrimitiveResult([SamplerPubResult(DataBin(e=np.array(["a", "\ud800"])))]),
    "records": PrimitiveResult(
        [SamplerPubResult(DataBin(e=np.zeros(2, dtype=[("a", "f4"), ("b", "O")])))]
    ),
}


class OddSampler(BaseSamplerV2):
    """A sampler with a third job that gives an odd result."""

    def __init__(self, odd: Any) -> None:
        self.odd = odd
        self.sent = 0

    def run(self, pubs: Any, *, shots: Any = None) -> Any:
        (circuit, *_), number = next(iter(pubs)), self.sent
        self.sent += 1
        good = PrimitiveResult([good_pub(circuit.metadata["value"])])
        return SampledJob(f"sampled-{number}", self.odd if number == ODD else good)


class SampledJob(BasePrimitiveJob[Any, JobStatus]):
    """A remote job that is done."""

    def __init__(self, job_id: str, found: Any) -> None:
        super().__init__(job_id)
        self.found = found

    def result(self) -> Any:
        return self.found

    def status(self) -> JobStatus:
        return JobStatus.DONE

    def done(self) -> bool:
        return True

    def running(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def in_final_state(self) -> bool:
        return True

    def cancel(self) -> bool:
        return False


@pytest.mark.parametrize("odd", PUBS)
def test_an_odd_result_of_a_sampler_affects_only_its_job(odd: str, manager: JobManager) -> None:
    job_set = start(manager, OddSampler(PUBS[odd]), JOBS)
    check_done(start(manager, ScriptedBackend(name="good"), 3), 3)
    assert job_set.wait(LIMIT), job_set.report()
    assert job_set._state.trouble is None
    results = job_set.results(partial=True)
    for value in set(range(JOBS)) - {ODD}:
        assert statuses(job_set)[value] == "done"
        assert results.get_counts(value) == {format(value, "010b"): 10}
        assert job_set.results(refresh=True, partial=True).get_counts(value) == results.get_counts(value)
