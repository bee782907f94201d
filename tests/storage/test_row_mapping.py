"""Every field of a record has a column in the store and a place in a bundle."""

import dataclasses
import sqlite3
from importlib import resources
from typing import Any

import pytest

from qjm_widgets.bundle.record_json import to_json
from qjm_widgets.core.record_fields import fields_of
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status
from qjm_widgets.storage.row_mapping import CHANGES, JOBS, SETS, RowMapping
from tests.contract.store_fixtures import a_job, a_set


def columns_of(table: str) -> set[str]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(resources.files("qjm_widgets.storage").joinpath("schema.sql").read_text())
    found = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    connection.close()
    return found


def columns(mapping: RowMapping[Any]) -> set[str]:
    return {column.strip("[]") for column in mapping.columns.split(", ")}


def extended_by(name: str, annotation: Any) -> type:
    return dataclasses.make_dataclass(
        "Extended", [(name, annotation, None)], bases=(JobRecord,), frozen=True
    )


@pytest.mark.parametrize(
    ("mapping", "table", "others"),
    [
        (SETS, "job_sets", {"set_key", "owner", "epoch"}),
        (JOBS, "jobs", {"set_key"}),
        (CHANGES, "history", {"set_key", "change"}),
    ],
)
def test_the_tables_have_a_column_for_every_field(
    mapping: RowMapping[Any], table: str, others: set[str]
) -> None:
    assert columns(mapping) == columns_of(table) - others


def test_a_new_field_without_a_column_is_noticed() -> None:
    extended = extended_by("priority", int)
    assert columns(RowMapping(extended)) - columns_of("jobs") == {"priority"}


def test_a_field_of_a_type_that_no_column_holds_is_refused() -> None:
    extended = extended_by("labels", set[str])
    with pytest.raises(TypeError, match="'labels' is of type"):
        RowMapping(extended)


def test_a_record_with_every_field_set_is_read_from_its_row() -> None:
    job = JobRecord(
        *(3, Span(4, 9), 1, 2, 100, 2**70, Status.DONE, True, 2, "id", 1.0, 2.0, 3.0, 4.0, 5.0),
        *("error", "last", 1, 6.0, 7.0, "note", 8.0, (4, 5), False, 0.5, Span(0, 7), (3, 3)),
    )
    assert JOBS.from_row(JOBS.to_row(job)) == job
    assert all(value is not None for value in JOBS.to_row(job))
    record = dataclasses.replace(
        a_set(),
        shots=(1, 5),
        unstored_circuits=(0,),
        recipe="a:B",
        precision=(0.5, 1.0),
        estimates=True,
        points=7,
        group="loop",
        value=-1.5,
        taken=True,
    )
    assert SETS.from_row(SETS.to_row(record)) == record
    record = dataclasses.replace(record, shots=None, precision=(0.01, 0.5), estimates=True)
    assert SETS.from_row(SETS.to_row(record)) == record


def test_a_bundle_has_every_field_but_those_that_stay_in_the_store() -> None:
    left_out = {field.name for field in fields_of(JobSetRecord)} - to_json(a_set()).keys()
    assert left_out == {"recipe", "rerun_on_resume", "fingerprint"}
    assert {field.name for field in dataclasses.fields(JobRecord)} == to_json(a_job(0)).keys()
