"""A bundle with an invalid manifest is refused with the reason, and the store stays as it was."""

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qjm_widgets.bundle import read_bundle
from qjm_widgets.errors import BundleError, InputError
from qjm_widgets.storage import SQLiteStore
from tests.bundle.makers import (
    MANIFEST,
    Files,
    packed,
    with_member,
)
from tests.bundle.refusals import manifest, refused


@pytest.mark.parametrize("depth", [100, 5_000, 500_000])
@pytest.mark.parametrize("name", [MANIFEST, "circuits/00000.json"])
def test_deep_json_is_refused(
    example_store: SQLiteStore, files: Files, tmp_path: Path, depth: int, name: str
) -> None:
    deep = b"[" * depth + b"]" * depth
    changed = files | {MANIFEST: deep} if name == MANIFEST else with_member(files, name, deep)
    assert "nested too deeply" in refused(example_store, packed(changed), tmp_path)


# -- the manifest, field by field --------------------------------------------------------------------


def places(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value; of a list only its first and last."""
    yield at
    if at[-1:] == ("options",):
        return
    if isinstance(tree, dict):
        for key, inner in tree.items():
            yield from places(inner, (*at, key))
    elif isinstance(tree, list):
        for index in {0, len(tree) - 1} if tree else ():
            yield from places(tree[index], (*at, index))


def put(tree: Any, at: tuple[Any, ...], value: Any) -> Any:
    if not at:
        return value
    inner = tree
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    return tree


TIMES = {
    *("since", "sent_at", "running_at", "finished_at", "checked_at", "at", "created_at"),
    *("estimated_seconds", "qpu_seconds", "spent_seconds", "max_qpu_seconds"),
}
NULLABLE = {
    *("shots", "seed", "job_id", "sent_at", "running_at", "finished_at", "checked_at", "error"),
    *("last_error", "text", "survives_kernel"),
    *("queue_position", "estimated_seconds", "qpu_seconds", "note", "spent_seconds"),
    *("batch_id", "max_qpu_seconds", "failed_circuits", "precision", "points", "pub_shape"),
    *("group", "value"),
}
LATER = {
    *("spent_seconds", "complete", "transpiles", "untranspiled", "unstored_circuits"),
    *("failed_circuits", "retryable"),
    *("precision", "estimates", "points", "pub_shape", "group", "value", "taken"),
}
"""What bundles that were written before do not have."""
VALUES = (None, True, -1, 2**80, 0.5, -0.5, 1e300, "", "x", [], [[]], {}, {"a": 1}, "\ud800")


def may_be(old: Any, new: Any, at: tuple[Any, ...]) -> bool:
    """Whether a field could be that as well."""
    name = at[-1] if at else ""
    if new is None:
        return name in NULLABLE
    if name in TIMES or (name == "precision" and at[0] == "jobs"):
        return new == 0.5
    if name == "group":
        return new == "x"
    if name == "value":
        return type(new) in (int, float)
    if name == "survives_kernel" or isinstance(old, bool):
        return isinstance(new, bool)
    if name in ("job_id", "error", "last_error", "text", "note", "backend", "adapter", "batch_id"):
        return isinstance(new, str) and new != "\ud800"
    if name == "name" or at[1:2] in (("tags",), ("unstored_options",)):
        return (
            isinstance(new, str) and (name != "name" or new == "x")
            if isinstance(old, str)
            else new == []
        )
    return name in ("options", "history", "unstored_circuits") and new == []


def test_every_value_of_a_wrong_type_is_refused(
    example_store: SQLiteStore, files: Files, tmp_path: Path
) -> None:
    tree = json.loads(files[MANIFEST])
    tried = 0
    path = tmp_path / "loaded.qjm"
    for at in places(tree):
        for value in VALUES:
            fresh = json.loads(files[MANIFEST])
            old = fresh
            for key in at:
                old = old[key]
            if type(value) is type(old) and value == old:
                continue
            path.write_bytes(packed(files | {MANIFEST: json.dumps(put(fresh, at, value)).encode()}))
            tried += 1
            believed = True
            try:
                read_bundle(path)
            except BundleError:
                believed = False
            assert believed is may_be(old, value, at), (at, value)
    assert tried > 1000


FIRST_FIELDS = {
    *("set_id", "name", "backend", "adapter", "circuits", "created_at", "shots", "tags", "options"),
    *("unstored_options", "survives_kernel", "resumable", "batch_id", "max_qpu_seconds"),
    *("row", "span", "piece", "pieces", "shots", "seed", "status", "cancel_requested", "attempt"),
    *("job_id", "since", "sent_at", "running_at", "finished_at", "checked_at", "error", "last_error"),
    *("queue_position", "estimated_seconds", "qpu_seconds", "note", "encoding"),
}
"""What every bundle of this version has: a field that is added must be marked as later."""


def test_a_bundle_from_before_a_field_was_there_is_read(files: Files, tmp_path: Path) -> None:
    tree = json.loads(files[MANIFEST])
    for part in (tree["set"], *tree["jobs"], *tree["circuits"]):
        for name in part.keys() - FIRST_FIELDS:
            assert name in LATER
            del part[name]
    path = tmp_path / "loaded.qjm"
    path.write_bytes(packed(files | {MANIFEST: json.dumps(tree).encode()}))
    read = read_bundle(path)
    assert all(job.spent_seconds is None and job.failed_circuits == () for job in read.jobs)
    assert all(job.retryable for job in read.jobs)
    assert read.record.complete
    assert not read.record.transpiles
    assert not any(block.untranspiled for block in read.blocks)


def test_a_missing_or_an_unknown_field_is_refused(
    example_store: SQLiteStore, files: Files, tmp_path: Path
) -> None:
    for at in places(json.loads(files[MANIFEST])):
        fresh = json.loads(files[MANIFEST])
        inner = fresh
        for key in at:
            inner = inner[key]
        if isinstance(inner, dict) and (at[-1:] != ("members",)):
            inner["extra"] = 1
            data = packed(files | {MANIFEST: json.dumps(fresh).encode()})
            assert "unknown 'extra'" in refused(example_store, data, tmp_path)
            del inner["extra"]
            for name in inner.keys() - LATER:
                changed = json.loads(files[MANIFEST])
                target = changed
                for key in at:
                    target = target[key]
                del target[name]
                data = packed(files | {MANIFEST: json.dumps(changed).encode()})
                assert f"has no {name!r}" in refused(example_store, data, tmp_path)


def job(row: int, /, **fields: Any) -> Callable[[Any], object]:
    return lambda tree: tree["jobs"][row].update(fields)


def of_set(**fields: Any) -> Callable[[Any], object]:
    return lambda tree: tree["set"].update(fields)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda tree: tree.update(version=5), "newer qjm_widgets .*upgrade"),
        (lambda tree: tree.update(version=99, more={"a": 1}), "newer qjm_widgets .*upgrade"),
        (lambda tree: tree.update(version=0), "'version'"),
        (lambda tree: tree.update(format="zip of mine"), "not a bundle of qjm_widgets"),
        (of_set(set_id="x" * 32), "32 hexadecimal"),
        (of_set(set_id="A" * 32), "32 hexadecimal"),
        (of_set(circuits=10**12), "'circuits'"),
        (of_set(circuits=8), "span of 8 circuits"),
        (of_set(circuits=10), "every circuit"),
        (of_set(name="x" * 70_000), "longer than"),
        (of_set(name=" \n"), "is empty"),
        (of_set(shots=[9, 3]), "not a range"),
        (of_set(options=[["a", 1], ["a", 2]]), "a name twice"),
        (of_set(options={"a": 1}), "wrong type"),
        (of_set(created_at=1e12), "not a time"),
        (of_set(precision=[0.2, 0.1]), "not a range"),
        (of_set(precision=[0.1, "x"]), "not two numbers"),
        (job(2, points=[0, 1]), "does not fit its points"),
        (job(2, pub_shape=[5]), "does not fit its points"),
        (job(2, points=[3, 3], pub_shape=[5]), "not a range of the points"),
        (job(2, points=[0, 6], pub_shape=[5]), "not a range of the points"),
        (job(0, points=[0, 5], pub_shape=[5]), "not a range of the points"),
        (job(2, points=[0, 4], pub_shape=[5]), "do not hold every point"),
        (job(0, span=[0, 99]), "no span"),
        (job(0, span=[2, 2]), "no span"),
        (job(0, span=[-1, 2]), "not two integers"),
        (job(0, span=[0, 2, 3]), "not two integers"),
        (job(0, piece=1), "hold the same circuits"),
        (job(0, piece=2), "not one of 2"),
        (job(2, span=[3, 4]), "same circuits|every circuit"),
        (job(0, row=1), "is not 0"),
        (job(0, status="finished"), "unknown"),
        (job(0, attempt=0), "'attempt'"),
        (job(0, seed="9" * 5000), "longer than"),
        (job(0, seed="²"), "not an integer"),
        (job(0, error=random.Random(0).randbytes(600_000).hex()), "longer than"),
        (lambda tree: tree["jobs"].clear(), "every circuit"),
        (lambda tree: tree["history"][0].update(row=9), "'row' of a line of its history"),
        (lambda tree: tree["circuits"][0].update(encoding="pickle"), "unknown"),
        (lambda tree: tree["circuits"].reverse(), "not in order"),
        (lambda tree: tree["outcomes"].append(0), "list of members"),
        (lambda tree: tree["outcomes"].append(99), "not of jobs that ended"),
        (job(0, status="running"), "not of jobs that ended"),
        (lambda tree: tree["outcomes"].pop(), "list of members"),
        (lambda tree: tree["members"].popitem(), "list of members"),
        (lambda tree: tree["members"]["outcomes/00000.bin"].update(size=1), "not as long"),
    ],
)
def test_an_inconsistent_manifest_is_refused_with_the_reason(
    example_store: SQLiteStore,
    files: Files,
    tmp_path: Path,
    change: Callable[[Any], object],
    reason: str,
) -> None:
    assert re.search(reason, refused(example_store, manifest(files, change), tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe{}",
        b'{"a": 1, "a": 1}',
        b'{"version": NaN}',
        b'{"version": 1e999}',
        b'{"version": ' + b"9" * 10_000 + b"}",
        b"{" * 10,
        b'"' + b"x" * 100_000,
    ],
)
def test_a_manifest_that_is_no_json_object_is_refused(
    example_store: SQLiteStore, files: Files, tmp_path: Path, text: bytes
) -> None:
    assert "its manifest" in refused(example_store, packed(files | {MANIFEST: text}), tmp_path)


def test_refusals_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_bundle(tmp_path / "nothing")
