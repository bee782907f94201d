"""A job that is too large for its backend is cut until it fits."""

from collections import Counter

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from qjm_widgets.widgets import wire
from tests.fakes import LIMIT
from tests.job_sets import check_done, circuits
from tests.ledger import Refused
from tests.scripted_adapter import ScriptedAdapter

# -- too large ---------------------------------------------------------------------------------------


def small(most: int) -> ScriptedAdapter:
    def refuse(number: int, submission: object) -> None:
        if len(adapter.knocks[-1]) > most:
            raise Refused("payload too large", 413)

    adapter = ScriptedAdapter(refuse=refuse)
    return adapter


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize("pieces", [1, 3])
def test_a_job_that_is_too_large_is_cut_in_halves_until_it_fits(
    most: int, pieces: int, manager: JobManager
) -> None:
    adapter = small(most)
    job_set = manager.run(
        circuits(21), adapter, shots=30, max_circuits_per_job=13, max_shots_per_job=30 // pieces
    )
    check_done(job_set, 21, shots=30)
    ran = Counter(value for job in adapter.sent for value in job.values)
    assert ran == dict.fromkeys(range(21), pieces)
    first = [job.span.start for job in job_set._state.ordered() if job.piece == 0]
    assert first == sorted(first)
    assert [job.row for job in job_set._state.jobs] == list(range(len(job_set._state.jobs)))
    for circuit in range(21):
        jobs = [job_set._state.jobs[job.row] for job in job_set.jobs_of(circuit)]
        assert [job.piece for job in jobs] == list(range(pieces))
        assert all(circuit in job.span for job in jobs)
    assert manager.history()[0].jobs == {Status.DONE: len(job_set._state.jobs)}


def test_the_page_gets_the_rows_of_halves_beside_uncut_pieces(manager: JobManager) -> None:
    def refuse(number: int, submission: object) -> None:
        if number in (0, 4):
            raise Refused("payload too large", 413)

    adapter = ScriptedAdapter(refuse=refuse)
    job_set = manager.run(circuits(9), adapter, shots=30, max_circuits_per_job=4, max_shots_per_job=15)
    check_done(job_set, 9, shots=30)
    ordered = job_set._state.ordered()
    assert len({len(job.span) for job in ordered}) > 1
    page = [
        (start + index * size, start + (index + 1) * size)
        for start, size, pieces, spans in wire.runs(ordered)
        for index in range(spans)
        for _ in range(pieces)
    ]
    assert page == [tuple(job.span) for job in ordered]


def test_one_circuit_that_is_too_large_is_an_error_and_the_others_run(manager: JobManager) -> None:
    def refuse(number: int, submission: object) -> None:
        if 2 in adapter.knocks[-1]:
            raise Refused("payload too large", 413)

    adapter = ScriptedAdapter(refuse=refuse)
    job_set = manager.run(circuits(8), adapter, shots=10)
    assert job_set.wait(LIMIT)
    numbers = job_set._state.numbers()
    assert numbers[Status.ERROR] == 1
    assert "circuits 2: " in str(job_set.error_messages())
    results = job_set.results()
    for value in (0, 1, 3, 4, 5, 6, 7):
        assert results.get_counts(value) == {format(value, "010b"): 10}
