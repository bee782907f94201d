"""A store that is opened by several paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from qjm_widgets import JobManager
from qjm_widgets.errors import DrivenElsewhereError
from tests.fakes import LIMIT
from tests.job_sets import check_done, start
from tests.scripted_adapter import ScriptedAdapter

# -- one store, several paths ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link", ["of the file", "of its directory", "of a link", "that dangles at first"]
)
def test_managers_by_two_paths_to_one_file_see_each_other(tmp_path: Path, link: str) -> None:
    real = tmp_path / "real" / "deep" / "store"
    real.parent.mkdir(parents=True)
    path = tmp_path / "link"
    if link == "of its directory":
        path.symlink_to(tmp_path / "real")
        path = path / "deep" / "store"
    elif link == "of a link":
        (tmp_path / "first").symlink_to("real/deep/store")
        path.symlink_to(tmp_path / "first")
    else:
        path.symlink_to(real)
    opened = [path, real] if link == "that dangles at first" else [real, path]
    first, second = map(JobManager, opened)
    try:
        assert first._store_path == second._store_path == str(real)
        assert real.stat().st_mode & 0o777 == 0o600
        adapter = ScriptedAdapter(hold=True)
        job_set = start(first, adapter, 2)
        assert job_set.wait(LIMIT, until="submitted")
        seen = second.retrieve_job_set(job_set.job_set_id())
        assert seen._state.owner == "another manager of this kernel"
        with pytest.raises(DrivenElsewhereError):
            seen.resume(adapter)
        assert Path(f"{real}.owners").is_dir()
        for job in adapter.sent:
            job.finish()
        check_done(seen, 2)
    finally:
        first._shut_down()
        second._shut_down()
    assert sorted(file.name for file in real.parent.iterdir()) == ["store"]


def test_a_link_whose_directories_are_missing_makes_them_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "new" / "place" / "store")
    with JobManager(tmp_path / "link") as manager:
        start(manager, ScriptedAdapter(), 1)
    for made, mode in (("new/place/store", 0o600), ("new/place", 0o700), ("new", 0o700)):
        assert (tmp_path / made).stat().st_mode & 0o777 == mode
