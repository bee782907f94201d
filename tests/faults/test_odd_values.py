"""An odd answer of a backend affects its job, and no other.

Odd answers come from jobs in the middle of a set; a second set on the same manager ends right beside it.
``QJM_SOAK=N`` tries N mixtures of them instead of a few.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit.providers import JobStatus

from qjm_widgets import JobManager, JobSet
from tests.fakes import LIMIT, ScriptedBackend, ScriptedJob, reach
from tests.faults.odd_answers import ANSWERS, JOBS, ODD, HostileError, UnreadableError, raising
from tests.job_sets import check_done, start, statuses

pytestmark = pytest.mark.filterwarnings("ignore:.*could not be stored:UserWarning")

EXAMPLES = int(os.environ.get("QJM_SOAK") or 12)
WITH_TIME = ("cancelled", "done", "error", "held", "queued", "running")


class OddBackend(ScriptedBackend):
    """A backend with odd answers from its third job on."""

    def __init__(self, *answers: dict[str, Callable[[ScriptedJob], Any]]) -> None:
        super().__init__(name="odd")
        self.answers = answers

    def run(self, *arguments: Any, **options: Any) -> ScriptedJob:
        job = super().run(*arguments, **options)
        place = len(self.sent) - 1 - ODD
        if 0 <= place < len(self.answers):
            job.__class__ = type("OddJob", (ScriptedJob,), dict(self.answers[place]))
        return job


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[JobManager]:
    manager = JobManager(tmp_path / "store")
    yield manager
    manager._shut_down()


def run_odd(manager: JobManager, *names: str) -> JobSet:
    """A set with odd jobs in the middle, and one beside it that is good: all that is good ends right."""
    backend = OddBackend(*(ANSWERS[name] for name in names))
    odd = start(manager, backend, JOBS + len(names) - 1)
    beside = start(manager, ScriptedBackend(name="good"), 3)
    check_done(beside, 3)
    good = [value for value in range(JOBS + len(names) - 1) if not 0 <= value - ODD < len(names)]
    with odd._state.changed:
        assert odd._state.changed.wait_for(
            lambda: all(statuses(odd)[value] == "done" for value in good), LIMIT
        ), odd.report()
    results = odd.results(partial=True)
    for value in good:
        assert results.get_counts(value) == {format(value, "010b"): 10}
    assert set(statuses(odd)) <= set(WITH_TIME)
    assert odd._state.trouble is None, odd._state.trouble
    assert odd.cancel() >= 0
    assert repr(odd)
    assert odd.report()
    return odd


@pytest.mark.parametrize("part", range(8))
def test_an_odd_answer_affects_only_its_job(part: int, manager: JobManager, tmp_path: Path) -> None:
    odd = run_odd(manager, *sorted(ANSWERS)[part::8])
    manager._engine.execute(lambda: None)
    with JobManager(tmp_path / "store") as other:  # what is shown is what is stored
        again = other.retrieve_job_set(odd.job_set_id())
        assert [job.error for job in again._state.jobs] == [job.error for job in odd._state.jobs]
        assert [job.job_id for job in again._state.jobs] == [job.job_id for job in odd._state.jobs]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="QJM_SOAK" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(mixed=st.lists(st.lists(st.sampled_from(sorted(ANSWERS)), min_size=1, max_size=3), max_size=6))
def test_any_mixture_of_odd_answers_affects_only_its_jobs(mixed: list[list[str]]) -> None:
    """Several odd answers of one job, too."""
    together = {
        " and ".join(names): {k: v for n in names for k, v in ANSWERS[n].items()} for names in mixed
    }
    manager = JobManager(":memory:")
    try:
        ANSWERS.update(together)
        run_odd(manager, *together)
    finally:
        for name in together.keys() - BEFORE:
            del ANSWERS[name]
        manager._shut_down()


BEFORE = frozenset(ANSWERS)


@pytest.mark.parametrize(
    "error",
    [UnreadableError, HostileError, lambda: ValueError("shots must be below " + "9" * 5_000)],
)
def test_an_odd_refusal_affects_only_its_job(
    error: Callable[[], Exception], manager: JobManager
) -> None:
    odd = start(manager, ScriptedBackend(refuse={ODD: error()}, name="odd"), JOBS)
    check_done(start(manager, ScriptedBackend(name="good"), 3), 3)
    assert odd.wait(LIMIT), odd.report()
    found = statuses(odd)
    assert found.pop(ODD) in ("done", "error", "held")
    assert found == ["done"] * (JOBS - 1)


@pytest.mark.parametrize("error", [UnreadableError, HostileError, SystemExit])
def test_an_odd_answer_to_cancel_affects_only_its_job(
    error: Callable[[], BaseException], manager: JobManager
) -> None:
    backend = ScriptedBackend(hold=True, name="odd")
    odd = start(manager, backend, 3)
    reach(odd, lambda: statuses(odd) == ["queued"] * 3)
    backend.sent[1].cancel = lambda: raising(error)(backend.sent[1])  # type: ignore[method-assign]
    odd.cancel()
    reach(odd, lambda: statuses(odd) == ["cancelled", "queued", "cancelled"])
    check_done(start(manager, ScriptedBackend(name="good"), 3), 3)


@pytest.mark.parametrize(
    ("odd", "note"),
    [
        (2**64 - 1, "queue position 18446744073709551615"),
        (float("nan"), "queue position nan"),
        ("first", "queue position 'first'"),
    ],
)
def test_values_that_are_left_out_are_named_in_the_row(odd: Any, note: str, manager: JobManager) -> None:
    ANSWERS["this"] = {"status": lambda job: JobStatus.QUEUED, "queue_position": lambda job: odd}
    try:
        job_set = run_odd(manager, "this")
    finally:
        del ANSWERS["this"]
    assert note in (job_set._state.jobs[ODD].note or "")
    assert job_set._state.jobs[ODD].queue_position is None


def test_a_long_error_is_cut_with_a_mark(manager: JobManager) -> None:
    ANSWERS["this"] = {
        "status": lambda job: JobStatus.ERROR,
        "error_message": lambda job: "x" * 5_000_000,
        "result": raising(lambda: RuntimeError("failed")),
    }
    try:
        error = run_odd(manager, "this")._state.jobs[ODD].error
    finally:
        del ANSWERS["this"]
    assert error is not None
    assert error.startswith("xxx")
    assert error.endswith("(cut: 5,000,000 characters)")
    assert len(error) < 200_000
