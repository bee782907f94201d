"""Sets that are large: exported part by part, and read within a limit that is a setting."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from qjm_widgets import JobManager
from qjm_widgets.bundle import archive, read_bundle, write_bundle
from qjm_widgets.core.counts import Layout, Packed, integers
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status
from qjm_widgets.core.store_port import Changes
from qjm_widgets.errors import BundleError, InputError
from qjm_widgets.serialization.outcomes import encode_outcome
from qjm_widgets.state.progress import FileLine
from qjm_widgets.storage import SQLiteStore
from tests.bundle.makers import SET_ID, block, experiment

JOBS = 24
PART = 1 << 18


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "set.qjm"


def fill(store: SQLiteStore, size: int) -> None:
    """A set of as many jobs, each of which gave so many bytes that do not pack."""
    jobs = [JobRecord(row, Span(row, row + 1), status=Status.DONE) for row in range(JOBS)]
    record = JobSetRecord(SET_ID, "large", "b", "backend_run", JOBS, 1.0)
    store.create_set(record, jobs)
    random = np.random.default_rng(1)
    for job in jobs:
        values = np.sort(random.integers(0, 1 << 62, size // 16, dtype=np.int64))
        counts = Packed(
            Layout((), 63), integers(values.tolist(), 63), np.ones(len(values), dtype=np.int64)
        )
        run = experiment(width=63, layout=counts.layout, counts=counts, memory=None, shots=len(values))
        outcome = encode_outcome(JobOutcome([run]))
        store.put_circuits(SET_ID, [block(job.span.start, job.span.stop)])
        store.commit({SET_ID: Changes(outcomes={job.row: outcome})})


@pytest.fixture
def large(tmp_path: Path) -> Iterator[SQLiteStore]:
    store = SQLiteStore(tmp_path / "store")
    fill(store, PART)
    yield store
    store.close()


def test_an_export_holds_a_part_of_the_set_in_memory(large: SQLiteStore, path: Path) -> None:
    tracemalloc.start()
    try:
        write_bundle(large, SET_ID, path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 10 * PART
    assert most < 10 * PART
    assert len(read_bundle(path).outcomes) == JOBS


@pytest.mark.parametrize("how", ["argument", "environment", "default"])
def test_the_limit_of_an_import_is_a_setting(
    large: SQLiteStore, path: Path, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle(large, SET_ID, path)
    little, enough = 1_000_000, 100 * PART
    with JobManager(tmp_path / "other") as manager:

        def load(most: int) -> str:
            if how == "environment":
                monkeypatch.setenv("QJM_MAX_BUNDLE_BYTES", str(most))
            elif how == "default":
                monkeypatch.setattr(archive, "TAKEN_BYTES", most)
            else:
                return manager.load(path, max_bytes=most).job_set_id()
            return manager.load(path).job_set_id()

        with pytest.raises(BundleError, match=r"limit of 1,000,000; .*max_bytes.*QJM_MAX_BUNDLE_BYTES"):
            load(little)
        assert manager.history() == []
        assert load(enough) == SET_ID
        assert manager.retrieve_job_set(SET_ID).results().get_counts(3)


@pytest.mark.parametrize("value", ["", "0", "-1", "1e9", "a lot", "9" * 30])
def test_a_limit_that_is_no_number_is_an_error(
    large: SQLiteStore, path: Path, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle(large, SET_ID, path)
    monkeypatch.setenv("QJM_MAX_BUNDLE_BYTES", value)
    if value == "":
        assert read_bundle(path).record.set_id == SET_ID
    else:
        with pytest.raises(InputError, match="QJM_MAX_BUNDLE_BYTES is a whole number of bytes"):
            read_bundle(path)
    for wrong in (0, -1, True, 1.5):
        with pytest.raises(InputError, match="max_bytes is a whole number"):
            read_bundle(path, wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", ["ZIP64_LIMIT", "ZIP_FILECOUNT_LIMIT"])
def test_a_zip_with_large_numbers_is_written_and_read(
    large: SQLiteStore, path: Path, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one beyond 2 GiB, or of more than 65,535 members."""
    write_bundle(large, SET_ID, path)
    before, small = read_bundle(path), path.read_bytes()
    monkeypatch.setattr(zipfile, limit, 50)
    write_bundle(large, SET_ID, path)
    assert path.read_bytes() != small
    assert b"PK\x06\x06" in path.read_bytes()[-200:]
    assert read_bundle(path) == before
    data = bytearray(path.read_bytes())
    data[-60] ^= 0xFF  # in the record of large numbers
    path.write_bytes(data)
    with pytest.raises(BundleError, match="was refused"):
        read_bundle(path)


def test_a_line_shows_the_progress(large: SQLiteStore, path: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with FileLine(stream) as line:
        line._due = 0.0
        said: list[str] = []

        def report(what: str, done: int, of: int) -> None:
            assert 0 < done <= of
            said.append(what)
            line._due = 0.0
            line.update(what, done, of)

        write_bundle(large, SET_ID, path, report)
        read_bundle(path, None, report)
    kinds = ["exporting circuits", "exporting results of jobs"]
    kinds += ["checking circuits", "checking results of jobs"] * 2
    assert said == [kind for kind in kinds for _ in range(JOBS)]
    assert f"exporting results of jobs: 7 of {JOBS}" in stream.getvalue()
    assert stream.getvalue().endswith("\n")
