"""Counts of any numbers, and points of level 1: from a backend through store, bundle, sum and figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit.result import Result
from qiskit.result.models import ExperimentResultData

from qjm_widgets import JobManager, JobSet
from qjm_widgets.widgets.static_html import html_of
from tests.comparison import difference
from tests.fakes import LIMIT, ScriptedBackend, ScriptedJob, marked


class GivingJob(ScriptedJob):
    def result(self) -> Result:
        result = super().result()
        backend: Any = self.backend()
        for experiment in result.results:
            data, fields = backend.gives[min(backend.sent.index(self), len(backend.gives) - 1)]
            experiment.data = ExperimentResultData(**data)
            vars(experiment).update(fields)
        return result


class Giving(ScriptedBackend):
    """A backend that gives the same data for each circuit of a job.

    Args:
        gives: for each job its data, and further fields.
    """

    def __init__(self, *gives: tuple[dict[str, Any], dict[str, Any]]) -> None:
        super().__init__()
        self.gives = gives

    def run(self, *arguments: Any, **options: Any) -> ScriptedJob:
        job = super().run(*arguments, **options)
        job.__class__ = GivingJob
        return job


def counts_of(*counts: dict[str, Any]) -> Giving:
    return Giving(*(({"counts": each}, {}) for each in counts))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"0x0": -5, "0x3": 105}, {"00": -5, "11": 105}),
        ({"0x0": -(2**31) - 3, "0x3": 2**63 - 1}, {"00": -(2**31) - 3, "11": 2**63 - 1}),
        ({"0x0": 2**63, "0x3": -(2**70)}, {"00": 2**63, "11": -(2**70)}),
        ({"0x0": -0.05, "0x2": 1.05}, {"00": -0.05, "10": 1.05}),
        ({"0x0": 99.5, "0x1": 1}, {"00": 99.5, "01": 1}),
        ({"0x0": np.int32(-7), "0x1": np.float32(0.5)}, {"00": -7, "01": 0.5}),
        ({"0x0": 0, "0x1": 100}, {"00": 0, "01": 100}),
    ],
)
def test_counts_are_never_changed(
    given: dict[str, Any], expected: dict[str, Any], tmp_path: Path
) -> None:
    with JobManager(tmp_path / "store.sqlite3") as manager, JobManager(":memory:") as other:
        job_set = manager.run([marked(1, 2), marked(2, 2)], counts_of(given), shots=100)
        assert job_set.wait(LIMIT)
        manager.export(job_set, tmp_path / "set.qjm")
        read: list[tuple[JobSet, bool]] = [(job_set, False), (job_set, True)]
        read.append((other.load(tmp_path / "set.qjm"), False))
        for source, refresh in read:
            results = source.results(LIMIT, refresh=refresh)
            for circuit in (0, 1):
                assert results.get_counts(circuit) == expected
                assert source.counts(circuit) == expected
            assert results.combine_results().get_counts(1) == expected
            total = source.counts()
            assert total == {key: pytest.approx(2 * count) for key, count in expected.items()}
            if not any(isinstance(count, float) for count in expected.values()):
                assert total == {key: 2 * count for key, count in expected.items()}
            assert all(f"<code>{key}</code>" in html_of(source._state) for key in expected)
            drawn = json.loads(source.figure(kind="counts").to_json())
            assert drawn["data"][0]["x"] == sorted(expected)


def test_quasi_probabilities_of_pieces_are_weighted_by_their_shots() -> None:
    backend = counts_of({"0x0": 1.5, "0x3": -0.5}, {"0x0": 0.5, "0x3": 0.5})
    with JobManager(":memory:") as manager:
        job_set = manager.run(marked(1, 2), backend, shots=99, max_shots_per_job=50)
        found = job_set.results(LIMIT, refresh=True).get_counts(0)
        assert found == pytest.approx({"00": (50 * 1.5 + 49 * 0.5) / 99, "11": (-25 + 24.5) / 99})
        assert job_set.counts(0) == found


@pytest.mark.parametrize("of_complex", [True, False])
@pytest.mark.parametrize("returned", ["single", "avg"])
def test_points_of_level_1_are_stored_and_merged(
    returned: str, of_complex: bool, tmp_path: Path
) -> None:
    draw = np.random.default_rng(1)
    pieces = []
    for shots in (4, 3):
        points = draw.normal(size=(shots, 2, 2))
        chosen = points[..., 0] + 1j * points[..., 1] if of_complex else points
        pieces.append(chosen if returned == "single" else chosen.mean(axis=0))
    fields = {"meas_level": 1, "meas_return": returned}
    backend = Giving(*(({"memory": piece.tolist()}, fields) for piece in pieces))
    with JobManager(tmp_path / "store.sqlite3") as manager:
        job_set = manager.run(
            marked(1, 2), backend, shots=7, max_shots_per_job=4, meas_level=1, meas_return=returned
        )
        results = job_set.results(LIMIT, refresh=True)
        whole = (
            np.concatenate(pieces)
            if returned == "single"
            else np.average(pieces, axis=0, weights=[4, 3])
        )
        found = results.data(0)["memory"]
        assert isinstance(found, list)
        assert np.allclose(np.asarray(found), whole)
        assert results.combine_results().results[0].meas_return == returned
        with JobManager(tmp_path / "store.sqlite3") as again:
            other = again.retrieve_job_set(job_set.job_set_id()).results(LIMIT)
            assert not difference(other.data(0)["memory"], found)
