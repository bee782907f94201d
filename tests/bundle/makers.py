"""A small job set of every kind of job, its bundle, and bundles made by hand."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from qjm_widgets.bundle import read_bundle, store_bundle, write_bundle
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.counts import Layout, Packed, integers
from qjm_widgets.core.outcomes import ExperimentOutcome, JobOutcome, PubOutcome
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status, StatusChange
from qjm_widgets.core.store_port import Changes, JobStore
from qjm_widgets.serialization.outcomes import encode_outcome
from qjm_widgets.storage import SQLiteStore

SET_ID = "0123456789abcdef" * 2
MANIFEST = "manifest.json"
Files = dict[str, bytes]


def experiment(value: int = 5, width: int | None = 3, **fields: Any) -> ExperimentOutcome:
    layout = Layout((2, 1) if width == 3 else (), width)
    packed = Packed(layout, integers([0, value], width), np.array([3, 4]))
    known: dict[str, Any] = {
        "name": "ü",
        "shots": 7,
        "success": True,
        "status": "DONE",
        "header": {"memory_slots": width},
        "layout": layout,
        "counts": packed,
        "memory": integers([0, value] * 3, width),
    }
    return ExperimentOutcome(**(known | fields))


def pub(**fields: Any) -> PubOutcome:
    registers = {"a": (np.arange(24, dtype=np.uint8).reshape(2, 3, 4), 30), "b": (_ones(), 1)}
    return PubOutcome(**({"name": "p", "shape": (2,), "registers": registers} | fields))


def _ones() -> np.ndarray[Any, Any]:
    return np.ones((2, 3, 1), dtype=np.uint8)


def qpy(circuits: int, version: int = 13) -> bytes:
    """What looks like QPY from outside."""
    return struct.pack("!6sBBBBQ", b"QISKIT", version, 2, 0, 0, circuits) + b"?" * 20


def block(start: int, stop: int, version: int = 13) -> CircuitBlock:
    number = stop - start
    notes = {
        "names": [f"量子 {index}" for index in range(start, stop)],
        "metadata": [{"x": float("nan")}] * number,
        "values": [{"shape": [2], "data": [[["θ"], [[0.5], [1.5]]]]}] * number,
        "shots": [None] * number,
    }
    return CircuitBlock(Span(start, stop), "qpy", qpy(number, version), json.dumps(notes))


def example(store: JobStore) -> None:
    """A set with a job in every status, shot pieces, and one span whose circuits were not written."""
    record = JobSetRecord(
        set_id=SET_ID,
        name="Zürich 量子 <b>",
        backend="fake",
        adapter="backend_run",
        circuits=9,
        created_at=1000.5,
        shots=(7, 14),
        tags=("a", "ü"),
        options={"seed_simulator": 7, "noise": {"p": [0.1, None, True, "x"]}},
        unstored_options=("noise_model",),
        survives_kernel=True,
        rerun_on_resume=True,
        resumable=False,
        recipe="os:system",
        batch_id="s0001",
        max_qpu_seconds=60.0,
    )
    store.create_set(record, [])
    done = JobRecord(
        0, Span(0, 2), 0, 2, 7, 2**90, Status.DONE, False, 2, "j 0", 5.0, 1.0, 2.0, 5.0, 5.0
    )
    jobs = [
        done,
        JobRecord(1, Span(0, 2), 1, 2, 7, -1, Status.DONE, True, since=6.0),
        JobRecord(2, Span(2, 3), status=Status.ERROR, error="line 1\nline 2", since=7.0),
        JobRecord(3, Span(3, 4), status=Status.CANCELLED, since=7.0),
        JobRecord(4, Span(4, 5), status=Status.NOT_SENT, since=1.0),
        JobRecord(5, Span(5, 6), status=Status.HELD, since=1.0, last_error="why"),
        JobRecord(6, Span(6, 7), status=Status.SENDING, since=1.0, sent_at=1.0, cancel_requested=True),
        JobRecord(7, Span(7, 8), status=Status.QUEUED, job_id="j 7", since=2.0, checked_at=9.0),
        JobRecord(
            8, Span(8, 9), status=Status.RUNNING, job_id="j 8", since=3.0, note="well", queue_position=4
        ),
    ]
    lines = [StatusChange(job.row, 1, job.status, job.since, job.job_id, "ü") for job in jobs]
    results = {
        0: encode_outcome(JobOutcome([experiment(), pub()], {"backend_name": "fake"})),
        1: encode_outcome(JobOutcome([experiment(2**126, 127), None])),
    }
    store.commit(
        {SET_ID: Changes(jobs, [StatusChange(0, 1, Status.ERROR, 4.0, "j", None), *lines], results)}
    )
    names = CircuitBlock(Span(4, 5), "names", b"", json.dumps({"names": ["only a name"]}))
    store.put_circuits(SET_ID, [block(0, 2), block(2, 4), names])
    store.release(SET_ID)


def example_files(directory: Path) -> Files:
    """The members of the example's bundle."""
    store = SQLiteStore(":memory:")
    example(store)
    write_bundle(store, SET_ID, directory / "example.qjm")
    store.close()
    with zipfile.ZipFile(directory / "example.qjm") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: Mapping[str, bytes]) -> bytes:
    """Members as a zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def with_member(files: Files, name: str, data: bytes) -> Files:
    """Another content of one member, with the checksum that fits."""
    tree = json.loads(files[MANIFEST])
    tree["members"][name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return files | {name: data, MANIFEST: json.dumps(tree).encode()}


def load(store: JobStore, data: bytes, directory: Path) -> str:
    """Load bytes as a bundle."""
    path = directory / "loaded.qjm"
    path.write_bytes(data)
    return store_bundle(store, read_bundle(path))


def dump(store: JobStore) -> list[Any]:
    """Return all rows of a store's sets."""
    content: list[Any] = []
    for summary in store.summaries():
        set_id = summary.record.set_id
        record, jobs = store.load_set(set_id)
        content += [record, jobs, summary, store.get_circuits(set_id, Span(0, record.circuits))]
        for job in jobs:
            content += [store.job_history(set_id, job.row), store.get_outcome(set_id, job.row)]
    return content
