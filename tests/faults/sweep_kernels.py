"""What a kernel with a sweep does until it is killed: run in processes of a fork server."""

from __future__ import annotations

from pathlib import Path

import qjm_widgets.manager.manager
from qjm_widgets import JobManager
from tests.fakes import LIMIT
from tests.faults.kernels import CountedStore, Killer
from tests.sweeps import PointsSampler, sweep, values_of

SHAPE = (3, 4)
SHOTS = 4


def begin(place: str, kill_at: int | None) -> None:
    """Run a sweep in ranges, with pieces of the shots, on a sampler that refuses large jobs."""
    CountedStore.killer = Killer(kill_at)
    qjm_widgets.manager.manager.SQLiteStore = CountedStore  # type: ignore[misc]
    with JobManager(Path(place) / "store") as manager:
        job_set = manager.run(
            (sweep(), values_of(*SHAPE)),
            PointsSampler(most=3),
            shots=SHOTS,
            max_points_per_job=5,
            max_shots_per_job=2,
            rerun_on_resume=True,
        )
        assert job_set.wait(LIMIT), job_set.report()
    (Path(place) / "events").write_text(str(CountedStore.killer.events))
