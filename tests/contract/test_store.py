"""Every JobStore keeps sets, jobs, outcomes and circuits, in a file and in memory."""

import dataclasses
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from qjm_widgets.core.backoff import Pace
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.records import Span, Status, StatusChange
from qjm_widgets.core.store_port import Changes, JobStore
from qjm_widgets.errors import JobSetNotFoundError, StoreCorruptError, StoreError, StoreValueError
from qjm_widgets.storage import SQLiteStore, large_values
from tests.contract.store_fixtures import a_job, a_set

A, B, UNKNOWN = a_set(0).set_id, a_set(1).set_id, "f" * 32


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JobStore]:
    store = SQLiteStore(":memory:" if request.param == "memory" else tmp_path / "jobs.db")
    yield store
    store.close()


def change(row: int, status: Status, at: float = 1.0) -> StatusChange:
    return StatusChange(row, 1, status, at, None, None)


def test_every_field_of_a_set_is_stored(store: JobStore) -> None:
    record = a_set(
        name="Zürich 量子 <b>",
        shots=(100, 4000),
        tags=("a", "b \ud800"),
        options={"seed_simulator": 7, "noise": {"p": [0.1, None, True]}, "z": "", "a": -1.5},
        unstored_options=("noise_model",),
        survives_kernel=False,
        rerun_on_resume=True,
        resumable=False,
    )
    store.create_set(record, [])
    assert store.load_set(A) == (record, [])
    assert list(store.load_set(A)[0].options) == list(record.options)


def test_unknown_fields_of_a_set_stay_unknown(store: JobStore) -> None:
    store.create_set(a_set(), [])
    loaded, jobs = store.load_set(A)
    assert (loaded, jobs) == (a_set(), [])
    assert (loaded.shots, loaded.survives_kernel, loaded.rerun_on_resume) == (None, None, None)


def test_every_field_of_a_job_is_stored(store: JobStore) -> None:
    job = a_job(
        span=Span(3, 9),
        piece=1,
        pieces=4,
        shots=1000,
        seed=2**90,
        status=Status.ERROR,
        cancel_requested=True,
        attempt=3,
        job_id="cx1",
        sent_at=2.25,
        running_at=3.5,
        finished_at=4.125,
        checked_at=5.0,
        error="line 1\nline 2\0 ü",
        last_error="no answer",
    )
    store.create_set(a_set(), [job, a_job(1)])
    assert store.load_set(A)[1] == [job, a_job(1)]
    assert isinstance(store.load_set(A)[1][0].span, Span)


@pytest.mark.parametrize("status", list(Status))
def test_every_status_is_stored(store: JobStore, status: Status) -> None:
    store.create_set(a_set(), [a_job()])
    store.commit({A: Changes([a_job(status=status)], [change(0, status)])})
    assert store.load_set(A)[1][0].status is status
    assert store.job_history(A, 0)[0].status is status
    assert store.summaries()[0].jobs == {status: 1}


def test_numbers_of_numpy_are_stored_as_numbers(store: JobStore) -> None:
    row, seed = np.int64(1), np.uint64(2**64 - 1)
    job = a_job(row, span=Span(row, row + 1), shots=np.int32(5), seed=seed, since=np.float64(2))
    store.create_set(a_set(circuits=np.int64(2), shots=(np.int64(5), np.int64(5))), [job])
    store.commit({A: Changes([job], [change(row, Status.DONE)], {row: b"x"})})
    loaded = store.load_set(A)[1][0]
    assert loaded == a_job(1, shots=5, seed=2**64 - 1, since=2.0)
    assert type(loaded.row) is type(loaded.seed) is type(loaded.span.start) is int
    assert store.get_outcome(A, row) == b"x"
    assert len(store.job_history(A, row)) == 1


def test_jobs_come_in_the_order_of_rows(store: JobStore) -> None:
    store.create_set(a_set(), [a_job(row) for row in (11, 2, 0, 1)])
    store.commit({A: Changes([a_job(5), a_job(3)])})
    assert [job.row for job in store.load_set(A)[1]] == [0, 1, 2, 3, 5, 11]


def test_a_commit_replaces_jobs_and_keeps_what_belongs_to_them(store: JobStore) -> None:
    store.create_set(a_set(), [a_job(0), a_job(1)])
    store.commit({A: Changes([], [change(0, Status.SENDING)], {0: b"first"})})
    done = a_job(0, status=Status.DONE, job_id="j")
    store.commit({A: Changes([done], [change(0, Status.DONE)])})
    assert store.load_set(A)[1] == [done, a_job(1)]
    assert [line.status for line in store.job_history(A, 0)] == [Status.SENDING, Status.DONE]
    assert store.get_outcome(A, 0) == b"first"


def test_a_commit_adds_circuits_with_their_jobs_and_the_record(store: JobStore) -> None:
    blocks = [CircuitBlock(Span(at, at + 2), "qpy", b"data %d" % at, b"notes") for at in (0, 2)]
    store.create_set(a_set(circuits=2, complete=False), [a_job(0)], blocks[:1])
    grown = a_set(circuits=4, complete=False, taken=True)
    store.commit({A: Changes(jobs=[a_job(1)], record=grown, blocks=blocks[1:])})
    assert store.load_set(A) == (grown, [a_job(0), a_job(1)])
    assert store.get_circuits(A, Span(1, 3)) == blocks
    store.commit({A: Changes(record=a_set(circuits=4))})
    assert store.load_set(A)[0].complete


def test_history_is_kept_as_written_even_when_the_clock_jumps(store: JobStore) -> None:
    store.create_set(a_set(), [a_job(0), a_job(1)])
    lines = [
        StatusChange(0, 1, Status.SENDING, 9.0, None, None),
        StatusChange(0, 1, Status.ERROR, 3.0, "id", "text"),
        StatusChange(0, 2, Status.QUEUED, 5.0, "id 2", None),
    ]
    store.commit({A: Changes(history=[lines[0], change(1, Status.HELD), lines[1]])})
    store.commit({A: Changes(history=[lines[2]])})
    assert store.job_history(A, 0) == lines


def test_an_outcome_is_replaced_by_a_later_one(store: JobStore) -> None:
    store.create_set(a_set(), [a_job(0), a_job(1)])
    assert store.get_outcome(A, 0) is None
    large = bytes(range(256)) * 4096
    store.commit({A: Changes(outcomes={0: b"old", 1: large})})
    store.commit({A: Changes(outcomes={0: b""})})
    assert (store.get_outcome(A, 0), store.get_outcome(A, 1)) == (b"", large)


@pytest.mark.parametrize("size", [0, 1, 6, 7, 8, 13, 14, 15, 700])
def test_large_values_are_cut_into_rows_and_joined_again(
    store: JobStore, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(large_values, "PART_BYTES", 7)
    monkeypatch.setattr(large_values, "_LARGE", 4)
    store.create_set(a_set(), [a_job(0), a_job(1), a_job(2)])
    data = bytes(at % 251 for at in range(size))
    pieces = [data[:3], memoryview(data)[3:5], b"", data[5:]]
    before = bytes(range(100))
    store.commit({A: Changes(outcomes={0: before, 1: before, 2: before})})
    store.commit({A: Changes(outcomes={0: data, 1: pieces})})
    assert [store.get_outcome(A, row) for row in range(3)] == [data, data, before]
    blocks = [CircuitBlock(Span(at, at + 1), "qpy", data[at:], "{}") for at in range(3)]
    store.put_circuits(A, [block._replace(data=before) for block in blocks])
    store.put_circuits(A, blocks)
    assert store.get_circuits(A, Span(0, 3)) == blocks
    store.delete_set(A)
    for table in ("outcome_parts", "circuit_parts"):
        assert store._connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # type: ignore[attr-defined]


def test_a_part_that_is_missing_is_noticed(store: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_values, "PART_BYTES", 7)
    monkeypatch.setattr(large_values, "_LARGE", 4)
    store.create_set(a_set(), [a_job(0)])
    store.commit({A: Changes(outcomes={0: bytes(30)})})
    store._connection.execute("DELETE FROM outcome_parts WHERE part = 2")  # type: ignore[attr-defined]
    with pytest.raises(StoreCorruptError, match="1 of 5 parts are missing"):
        store.get_outcome(A, 0)


ODD = {
    "beyond 64 bits": a_job(1, queue_position=2**64 - 1),
    "no number": a_job(1, queue_position="first"),
    "infinite": a_job(1, queue_position=float("inf")),
    "an object": a_job(1, qpu_seconds=object()),
    "no text": a_job(1, note=object()),
    "no job": a_job(1, span=Span(None, 2)),
}


@pytest.mark.parametrize("odd", ODD)
def test_unstorable_values_are_named_and_nothing_is_written(store: JobStore, odd: str) -> None:
    for record in (a_set(0), a_set(1)):
        store.create_set(record, [a_job(row) for row in range(3)])
    done = a_job(0, status=Status.DONE)
    good = Changes([done, a_job(2, job_id="j")], [change(0, Status.DONE)], {0: b"x"})
    bad = Changes([done, ODD[odd]], [change(0, Status.DONE), change(1, Status.DONE)], {1: b"x"})
    with pytest.raises(StoreValueError, match="cannot hold") as caught:
        store.commit({A: good, B: bad})
    assert list(caught.value.refused) == [(B, 1)]
    for set_id in (A, B):
        assert store.load_set(set_id)[1] == [a_job(row) for row in range(3)]
        assert store.job_history(set_id, 0) == []
        assert store.get_outcome(set_id, 0) is None


def test_a_value_that_sqlite_refuses_is_named(store: JobStore) -> None:
    store.create_set(a_set(), [a_job(0), a_job(1)])
    connection = store._connection  # type: ignore[attr-defined]
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 10_000)
    with pytest.raises(StoreValueError, match="too big") as caught:
        store.commit({A: Changes(outcomes={0: bytes(9_000), 1: bytes(11_000)})})
    assert list(caught.value.refused) == [(A, 1)]
    store.commit({A: Changes(outcomes={0: bytes(9_000)})})
    assert store.get_outcome(A, 0) == bytes(9_000)


def test_circuits_are_found_by_overlap_and_in_order(store: JobStore) -> None:
    store.create_set(a_set(), [])
    blocks = [CircuitBlock(Span(at, at + 10), "qpy", bytes([at]), '{"é": 1}') for at in (20, 0, 10)]
    store.put_circuits(A, blocks[:2])
    store.put_circuits(A, blocks[2:])

    def starts(start: int, stop: int) -> list[int]:
        return [block.span.start for block in store.get_circuits(A, Span(start, stop))]

    assert store.get_circuits(A, Span(0, 10)) == [blocks[1]]
    assert starts(9, 11) == [0, 10]
    assert starts(0, 30) == [0, 10, 20]
    assert starts(10, 20) == [10]
    assert starts(29, 99) == [20]
    assert starts(30, 99) == []
    assert store.get_circuits(UNKNOWN, Span(0, 10)) == []


def test_circuits_written_again_are_there_once(store: JobStore) -> None:
    store.create_set(a_set(), [])
    store.put_circuits(A, [CircuitBlock(Span(0, 2), "qpy", b"old", "{}")])
    new = CircuitBlock(Span(0, 2), "qpy", b"new", "[]")
    store.put_circuits(A, [new])
    assert store.get_circuits(A, Span(0, 2)) == [new]


def test_summaries_are_newest_first_and_count_jobs(store: JobStore) -> None:
    older, newer, twin = a_set(0), a_set(1, name="twin"), a_set(2, name="twin", created_at=1001.0)
    for record in (newer, older, twin):
        store.create_set(record, [a_job(0), a_job(1), a_job(2)])
    store.create_set(a_set(3, created_at=0.5), [])
    store.commit({A: Changes([a_job(0, status=Status.DONE), a_job(2, status=Status.DONE)])})
    found = store.summaries()
    # Of two sets of one moment the one that was stored later is the newer.
    assert [summary.record for summary in found][:3] == [twin, newer, older]
    assert found[2].jobs == {Status.DONE: 2, Status.NOT_SENT: 1}
    assert found[3].jobs == {}
    assert [summary.record for summary in store.summaries("twin")] == [twin, newer]
    assert [summary.record for summary in store.summaries(limit=2)] == [twin, newer]
    assert [summary.record for summary in store.summaries("twin", 1)] == [twin]
    assert store.summaries("twi") == store.summaries(limit=0) == []


def test_summaries_of_one_group(store: JobStore) -> None:
    one, two, twin = (a_set(number, group="a; b") for number in range(3))
    twin = dataclasses.replace(twin, name=one.name, value=-1.5)
    for record in (one, two, twin, a_set(3), a_set(4, group="other")):
        store.create_set(record, [a_job()])
    assert [each.record for each in store.summaries(group="a; b")] == [twin, two, one]
    assert [each.record for each in store.summaries(group="a; b", limit=2)] == [twin, two]
    assert [each.record for each in store.summaries(one.name, group="a; b")] == [twin, one]
    assert store.summaries(group="a") == []


def test_a_set_is_updated(store: JobStore) -> None:
    store.create_set(a_set(0), [a_job()])
    store.create_set(a_set(1), [])
    new = dataclasses.replace(a_set(0), name="new", tags=("x",), resumable=False)
    store.update_set(new)
    assert (store.load_set(A), store.load_set(B)) == ((new, [a_job()]), (a_set(1), []))


def test_deleting_a_set_removes_its_rows_and_no_others(store: JobStore) -> None:
    for number in (0, 1):
        store.create_set(a_set(number), [a_job()])
        set_id = a_set(number).set_id
        store.commit({set_id: Changes([], [change(0, Status.DONE)], {0: b"x"})})
        store.put_circuits(set_id, [CircuitBlock(Span(0, 1), "qpy", b"c", "{}")])
    store.delete_set(A)
    store.create_set(a_set(0), [a_job()])  # even where the same id comes again
    assert store.get_outcome(A, 0) is None
    assert store.job_history(A, 0) == []
    assert store.get_circuits(A, Span(0, 1)) == []
    assert store.get_outcome(B, 0) == b"x"
    assert len(store.job_history(B, 0)) == len(store.get_circuits(B, Span(0, 1))) == 1


def test_unknown_ids_are_named(store: JobStore) -> None:
    for call in (
        lambda: store.load_set(UNKNOWN),
        lambda: store.delete_set(UNKNOWN),
        lambda: store.update_set(dataclasses.replace(a_set(), set_id=UNKNOWN)),
        lambda: store.commit({UNKNOWN: Changes([a_job()])}),
        lambda: store.put_circuits(UNKNOWN, []),
    ):
        with pytest.raises(JobSetNotFoundError, match=UNKNOWN):
            call()
    assert (store.get_outcome(UNKNOWN, 0), store.job_history(UNKNOWN, 0)) == (None, [])


def test_a_known_set_is_not_made_again(store: JobStore) -> None:
    store.create_set(a_set(), [a_job()])
    with pytest.raises(StoreError, match=A):
        store.create_set(a_set(name="other"), [])
    assert store.load_set(A) == (a_set(), [a_job()])


@pytest.mark.parametrize(
    "bad",
    [
        {UNKNOWN: Changes([a_job()])},
        {B: Changes(outcomes={7: b"of no job"})},
        {B: Changes(history=[change(7, Status.DONE)])},
        {B: Changes([a_job(shots=2**70)])},
    ],
    ids=["unknown set", "outcome of no job", "history of no job", "too large a number"],
)
def test_one_bad_change_undoes_the_whole_commit(store: JobStore, bad: dict[str, Changes]) -> None:
    for number in (0, 1):
        store.create_set(a_set(number), [a_job()])
    good = Changes([a_job(status=Status.DONE)], [change(0, Status.DONE)], {0: b"x"})
    with pytest.raises((StoreError, JobSetNotFoundError, OverflowError)):
        store.commit({A: good, **bad})
    assert store.load_set(A)[1] == [a_job()]
    assert store.job_history(A, 0) == []
    assert store.get_outcome(A, 0) is None
    store.commit({A: good})
    assert store.get_outcome(A, 0) == b"x"


def test_a_set_with_a_row_twice_is_not_stored_by_half(store: JobStore) -> None:
    with pytest.raises(StoreError):
        store.create_set(a_set(), [a_job(0), a_job(0)])
    assert store.summaries() == []


def test_no_window_of_the_pace_holds_more_submissions_than_it_allows(store: JobStore) -> None:
    pace, now, sent = Pace(5, 60.0), 1e9, []
    while len(sent) < 23:
        wait = store.take_token("account", pace, now)
        if wait == 0:
            sent.append(now)
        now += wait + (1.7 if len(sent) % 3 == 0 else 0.0)
    for start in sent:
        assert sum(start <= at < start + 60 for at in sent) <= 5
    assert sent[-1] - sent[0] < 4 * 60 + 30
    assert store.take_token("another", pace, now) == 0


def test_a_clock_that_is_set_back_delays_no_submission_longer_than_the_pace(store: JobStore) -> None:
    pace = Pace(2, 60.0)
    assert [store.take_token("account", pace, 1e9) for _ in range(3)] == [0, 0, 60]
    assert store.take_token("account", pace, 1e9 - 86_400) == 60
    assert store.take_token("account", pace, 1e9 - 86_400 + 60) == 0


def test_threads_write_and_read_together(store: JobStore) -> None:
    workers, commits = 6, 25
    store.create_set(a_set(), [a_job(row) for row in range(workers)])
    failures: list[BaseException] = []
    start = threading.Barrier(workers + 2)

    def write(row: int) -> None:
        for number in range(1, commits + 1):
            job = a_job(row, attempt=number)
            line = change(row, Status.QUEUED, number)
            store.commit({A: Changes([job], [line], {row: b"%d" % number})})

    def read() -> None:
        for _ in range(commits):
            for job in store.load_set(A)[1]:
                # An attempt and its line of history are one transaction.
                assert len(store.job_history(A, job.row)) >= job.attempt - 1
            assert sum(store.summaries()[0].jobs.values()) == workers

    def run(work: Callable[..., None], *arguments: int) -> None:
        start.wait(30)
        try:
            work(*arguments)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(write, row)) for row in range(workers)]
    threads += [threading.Thread(target=run, args=(read,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    for row in range(workers):
        assert [line.at for line in store.job_history(A, row)] == [*range(1, commits + 1)]
        assert store.get_outcome(A, row) == b"%d" % commits


def test_a_store_may_be_closed_twice_and_raises_afterwards(store: JobStore) -> None:
    store.create_set(a_set(), [a_job()])
    store.close()
    store.close()
    for call in (
        lambda: store.load_set(A),
        lambda: store.summaries(),
        lambda: store.get_outcome(A, 0),
        lambda: store.create_set(a_set(1), []),
        lambda: store.commit({}),
    ):
        with pytest.raises(StoreError, match="closed"):
            call()


def test_sets_are_found_by_their_fingerprint(store: JobStore) -> None:
    here, elsewhere = "a" * 64 + "b" * 64, "a" * 64 + "c" * 64
    older, newer, other = (a_set(1, fingerprint=here), a_set(2, fingerprint=here), a_set(3))
    abroad = a_set(4, fingerprint=elsewhere)
    plain, unfinished = a_set(5, recipe="m:C"), a_set(6, recipe="m:C", complete=False)
    for record in (older, newer, other, abroad, plain, unfinished):
        store.create_set(record, [a_job()])
    assert store.sets_of_fingerprint(here) == [newer, older]
    assert store.sets_of_fingerprint("a" * 64) == [abroad, newer, older]
    assert store.sets_of_fingerprint("9" * 64) == []
    assert store.sets_without_fingerprint("m:C", 10, 5) == [plain]
    assert store.sets_without_fingerprint("m:C", 11, 5) == []
    store.put_fingerprint(plain.set_id, here)
    assert store.sets_of_fingerprint(here)[0].set_id == plain.set_id
    assert store.sets_without_fingerprint("m:C", 10, 5) == []
