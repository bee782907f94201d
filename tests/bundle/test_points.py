"""Bundles of sets with ranges of points."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qjm_widgets import JobManager
from qjm_widgets.bundle import read_bundle
from qjm_widgets.core.records import Span
from qjm_widgets.errors import BundleError
from tests.bundle.makers import MANIFEST, packed
from tests.fakes import LIMIT
from tests.sweeps import PointsSampler, measured, sweep, values_of

Change = Callable[[list[dict[str, Any]]], object]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A set of three circuits: the second has six points in three jobs."""
    path = tmp_path / "sweep.qjm"
    with JobManager(tmp_path / "store") as manager:
        circuits = [sweep("a").assign_parameters([1.0]), (sweep("b"), values_of(2, 3))]
        job_set = manager.run(circuits, PointsSampler(), shots=2, max_points_per_job=2)
        assert job_set.wait(LIMIT)
        manager.export(job_set, path)
    return path


def test_a_sweep_comes_back_from_a_bundle(bundle: Path, tmp_path: Path) -> None:
    with JobManager(tmp_path / "other") as manager:
        job_set = manager.load(bundle)
        result = job_set.results().primitive_result("b")
        assert result.data.shape == (2, 3)
        assert (measured(result) == values_of(2, 3)[..., None]).all()
        ranges = [job.points for job in job_set.jobs_of("b")]
        assert ranges == [Span(0, 2), Span(2, 4), Span(4, 6)]
        assert not np.any(job_set.results().missing("b"))
        assert "2 circuits with 7 points" in job_set.report()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda jobs: jobs[2].update(points=[1, 4]), "two of its jobs hold the same points"),
        (lambda jobs: jobs[2].update(points=[3, 4]), "do not hold every point"),
        (lambda jobs: jobs[3].update(points=[4, 5]), "do not hold every point"),
        (lambda jobs: jobs[3].update(pub_shape=[7]), "differ in the shape of its points"),
        (lambda jobs: jobs[0].update(points=[0, 1], pub_shape=[2]), "do not hold every point"),
        (lambda jobs: jobs[1].update(points=None, pub_shape=None), "hold the same"),
    ],
)
def test_ranges_that_make_no_sense_are_refused(bundle: Path, change: Change, reason: str) -> None:
    with zipfile.ZipFile(bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    tree = json.loads(files[MANIFEST])
    change(tree["jobs"])
    bundle.write_bytes(packed(files | {MANIFEST: json.dumps(tree).encode()}))
    with pytest.raises(BundleError, match=reason):
        read_bundle(bundle)
