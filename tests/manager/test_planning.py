"""Numbers beyond what backends, the store and the memory hold are refused at the call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from qjm_widgets import JobManager
from qjm_widgets.errors import InputError, LimitError
from tests.fakes import LIMIT, ScriptedBackend, marked

HUGE = 10**4_000


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    assert manager.history() == []
    manager._shut_down()


@pytest.mark.parametrize("call", ["run", "plan"])
@pytest.mark.parametrize(
    ("shots", "text"),
    [
        (2**63, r"shots must be below 2\*\*63, not 9223372036854775808"),
        (np.uint64(2**63), r"shots must be below 2\*\*63, not 9223372036854775808"),
        (2**64, "below"),
        (HUGE, r"below 2\*\*63, not 2\*\*13287 or more"),
        (-HUGE, r"at least 1, not -2\*\*13287 or more"),
        (1e30, "whole number"),
        (float("inf"), "whole number"),
    ],
)
def test_too_many_shots_are_refused(manager: JobManager, call: str, shots: Any, text: str) -> None:
    with pytest.raises(InputError, match=text):
        getattr(manager, call)([marked(1)], ScriptedBackend(), shots=shots)


@pytest.mark.parametrize("number", [np.int64(4), np.uint8(4), np.array(4)])
def test_whole_numbers_of_numpy_are_as_good(number: Any) -> None:
    limits = {"max_shots_per_job": number, "max_circuits_per_job": number}
    with JobManager(":memory:") as manager:
        job_set = manager.run([marked(1)], ScriptedBackend(), shots=number, **limits)
        assert job_set.results(LIMIT).get_counts(0) == {"0000000001": 4}
        with pytest.raises(InputError, match="whole number"):
            manager.run([marked(1)], ScriptedBackend(), shots=np.array([4, 5]))


@pytest.mark.newer_qiskit
@pytest.mark.parametrize("shots", [2**63, HUGE])
def test_shots_of_a_pub_are_refused_likewise(manager: JobManager, shots: int) -> None:
    from qiskit.primitives import StatevectorSampler
    from qiskit.primitives.containers.sampler_pub import SamplerPub

    for pub in ((marked(1), None, shots), SamplerPub(marked(1), shots=shots)):
        with pytest.raises(InputError, match=r"shots of circuit 1 \(.*\) must be below"):
            manager.run([marked(0), pub], StatevectorSampler())


def test_most_shots_are_stored() -> None:
    with JobManager(":memory:") as manager:
        job_set = manager.run([marked(1)], ScriptedBackend(hold=True), shots=2**63 - 1)
        assert job_set.wait(LIMIT, until="submitted")
        record, (job,) = job_set._state.store.load_set(job_set.job_set_id())
        assert record.shots == (2**63 - 1, 2**63 - 1)
        assert job.shots == 2**63 - 1


@pytest.mark.parametrize(
    ("circuits", "limits", "text"),
    [
        (1, {"shots": 10**12, "max_shots_per_job": 1000}, "circuit 0 .* into 1,000,000,000 jobs"),
        (
            30,
            {"shots": 10**8, "max_shots_per_job": 1000, "max_circuits_per_job": 1},
            "more than 1,000,000 jobs",
        ),
        (1, {"max_circuits_per_job": -HUGE}, "at least 1, not -2"),
        (1, {"max_shots_per_job": 0}, "at least 1"),
        (1, {"max_payload_bytes": 1e9}, "whole number"),
    ],
)
@pytest.mark.parametrize("call", ["run", "plan"])
def test_a_cut_into_more_jobs_than_fit_is_refused(
    manager: JobManager, call: str, circuits: int, limits: dict[str, Any], text: str
) -> None:
    with pytest.raises(LimitError, match=text):
        getattr(manager, call)([marked(1)] * circuits, ScriptedBackend(), **limits)


@pytest.mark.parametrize("limit", ["max_circuits_per_job", "max_shots_per_job", "max_payload_bytes"])
def test_a_limit_of_any_size_limits_nothing(limit: str) -> None:
    with JobManager(":memory:") as manager:
        assert len(manager.plan([marked(1)] * 3, ScriptedBackend(), **{limit: HUGE}).jobs) == 1


@pytest.mark.parametrize("seconds", [HUGE, 1e300, float("inf"), float("nan"), -HUGE, 2**63])
def test_a_budget_beyond_any_machine_is_refused(manager: JobManager, seconds: float) -> None:
    with pytest.raises(InputError, match="max_qpu_seconds"):
        manager.run([marked(1)], ScriptedBackend(), max_qpu_seconds=seconds)
