"""Values that look like credentials are not exported."""

import dataclasses
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from qjm_widgets.bundle import read_bundle, write_bundle
from qjm_widgets.bundle.credentials import keep_options, redacted
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status, StatusChange
from qjm_widgets.core.store_port import Changes
from qjm_widgets.storage import SQLiteStore
from tests.bundle.makers import SET_ID, example_files

SECRET = "s3cr3tVALUE0123456789"
CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/0123abcd:01-23::"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token", SECRET),
        ("api_key", SECRET),
        ("apiKey", SECRET),
        ("IBM-Cloud-API-Key", SECRET),
        ("password", SECRET),
        ("client_secret", SECRET),
        ("instance", CRN),
        ("crn", CRN),
        ("Authorization", "Bearer " + SECRET),
        ("proxies", {"urls": {"https": "proxy"}}),
        ("service", {"channel": "x", "token": SECRET}),
        ("services", [{"deep": [{"access_token": SECRET}]}]),
        ("where", CRN),
        ("url", f"https://me:{SECRET}@host/x"),
        ("header", "Bearer " + SECRET),
        ("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
    ],
)
def test_options_that_look_like_credentials_are_left_out(name: str, value: Any) -> None:
    assert keep_options({name: value, "shots": 5}) == ({"shots": 5}, (name,))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed_simulator", 7),
        ("method", "statevector"),
        ("memory", True),
        ("noise", {"p": [0.1, "depolarizing"]}),
        ("token", None),
        ("basis_gates", ["cx", "u3"]),
        ("url", "https://host/path"),
        ("meas_level", 2),
        ("init_qubits", False),
    ],
)
def test_other_options_go_along(name: str, value: Any) -> None:
    assert keep_options({name: value}) == ({name: value}, ())


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"401 for url https://x/?access_token={SECRET}&a=1", "401 for url https://x/?(removed)&a=1"),
        (f"{{'apikey': '{SECRET}'}}", "{'(removed)'}"),
        (
            f"header Authorization: Bearer {SECRET} was refused",
            "header Authorization: (removed) was refused",
        ),
        (f"no access to {CRN} today", "no access to (removed) today"),
        (f"proxy https://me:{SECRET}@host:80 failed", "proxy https://(removed)@host:80 failed"),
        ("f" * 128, "(removed)"),
        ("the token was refused: log in again", "the token was refused: log in again"),
        ("basic error: 8 qubits", "basic error: 8 qubits"),
        (None, None),
    ],
)
def test_texts_lose_what_looks_like_credentials(text: str | None, left: str | None) -> None:
    assert redacted(text) == left
    assert redacted(left) == left


def test_no_credential_is_in_the_file(tmp_path: Path) -> None:
    store = SQLiteStore(":memory:")
    options = {"token": SECRET, "shots": 3, "service": {"instance": CRN}}
    record = JobSetRecord(SET_ID, "n", "b", "a", 1, 1.0, options=options, unstored_options=("x",))
    text = f"denied: api_key={SECRET}"
    job = JobRecord(0, Span(0, 1), status=Status.ERROR, error=text, last_error=text, note=text)
    store.create_set(record, [job])
    store.commit({SET_ID: Changes(history=[StatusChange(0, 1, Status.ERROR, 1.0, None, text)])})
    path = tmp_path / "b.qjm"
    write_bundle(store, SET_ID, path)
    with zipfile.ZipFile(path) as archive:
        content = path.read_bytes() + b"".join(archive.read(name) for name in archive.namelist())
    assert SECRET.encode() not in content
    assert b"crn:v1" not in content
    bundle = read_bundle(path)
    assert bundle.record.options == {"shots": 3}
    assert bundle.record.unstored_options == ("x", "token", "service")
    assert bundle.jobs[0].error == bundle.history[0].text == "denied: (removed)"
    assert store.load_set(SET_ID)[0].options == options
    store.close()


def test_every_field_of_a_record_is_written_or_left_out_on_purpose(tmp_path: Path) -> None:
    tree = json.loads(example_files(tmp_path)["manifest.json"])
    # Not exported, since it acts by itself: code to import, permission to run lost jobs again, and the
    # mark by which a set is given back instead of being run.
    assert set(tree["set"]) == names(JobSetRecord) - {"recipe", "rerun_on_resume", "fingerprint"}
    assert set(tree["jobs"][0]) == names(JobRecord)
    assert set(tree["history"][0]) == set(StatusChange._fields)


def names(kind: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def test_an_error_of_any_length_is_exported(tmp_path: Path) -> None:
    text = f"failed: api_key={SECRET} " + "x" * 3_000_000
    store = SQLiteStore(":memory:")
    store.create_set(JobSetRecord(SET_ID, "n", "b", "a", 1, 1.0), [JobRecord(0, Span(0, 1), error=text)])
    write_bundle(store, SET_ID, tmp_path / "b.qjm")
    error = read_bundle(tmp_path / "b.qjm").jobs[0].error
    assert error is not None
    assert error.startswith("failed: (removed) xxx")
    assert error.endswith("x…")
    assert len(error) == 1 << 20
    assert store.load_set(SET_ID)[1][0].error == text
    store.close()
