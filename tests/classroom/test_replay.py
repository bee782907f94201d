"""A replayed bundle shows in class what was seen when it was recorded."""

from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qjm_widgets import JobManager, JobSet
from qjm_widgets._compat import has_samplers
from qjm_widgets.classroom import ClassroomBackend, LessonClock, ReplayBackend
from qjm_widgets.errors import BundleError, InputError
from tests.classroom.lessons import coin, coins
from tests.fakes import LIMIT


def waited(job_set: JobSet) -> list[tuple[float, float]]:
    """Seconds that each job waited, from the set's first sending, and ran."""
    jobs = job_set._state.ordered()
    first = min(job.sent_at or 0 for job in jobs)
    return [
        ((job.running_at or 0) - first, (job.finished_at or 0) - (job.running_at or 0)) for job in jobs
    ]


def picture(job_set: JobSet) -> Any:
    used = [job.qpu_seconds for job in job_set._state.ordered()]
    ids = [job.job_id() for job in job_set.managed_jobs()]
    return job_set.statuses(), job_set.error_messages(), ids, used


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A set with failures of both kinds and with one that a retry mended, and its bundle."""
    path = tmp_path_factory.mktemp("recorded")
    backend = ClassroomBackend(
        name="ibm_somewhere", speed=100, fail={1: "it got too warm", 3: "drifted"}, reject=["coin 9"]
    )
    with JobManager(path / "store") as manager:
        job_set = manager.run(coins(10), backend, shots=100, name="monday", max_circuits_per_job=2)
        assert job_set.wait(LIMIT)
        job_set.retry(1)
        assert job_set.wait(LIMIT)
        manager.export(job_set, path / "monday.qjm")
        yield path / "monday.qjm", picture(job_set), waited(job_set), job_set.counts()


def test_the_set_runs_as_it_was_recorded(recorded: Any) -> None:
    bundle, then, times, counts = recorded
    with JobManager() as manager:
        job_set = ReplayBackend(bundle).start(manager)
        assert job_set.wait(LIMIT)
        assert "it got too warm" in str(job_set.error_messages())
        job_set.retry(1)
        assert job_set.wait(LIMIT)
        assert picture(job_set) == then
        assert (job_set.name(), job_set._state.record.backend) == ("monday", "ibm_somewhere")
        assert job_set.counts() == counts
        for row, (was, now) in enumerate(zip(times, waited(job_set), strict=True)):
            if row not in (1, 4):  # retried at another moment; never accepted
                assert 0 <= now[0] - was[0] + 0.01 < 5
                assert now[1] == pytest.approx(was[1], abs=0.1)


def test_the_clock_makes_an_hour_short(recorded: Any) -> None:
    bundle, *_ = recorded
    backend = ReplayBackend(bundle, clock=LessonClock(0))
    jobs = [backend.run(backend.circuits[start : start + 2], shots=100) for start in (0, 2, 4)]
    assert [job.status().name for job in jobs] == ["QUEUED"] * 3
    backend.clock.advance(3600)
    assert [job.status().name for job in jobs] == ["DONE", "ERROR", "DONE"]
    assert jobs[1].error_message() == "it got too warm"
    assert not jobs[0].cancel()


def test_a_part_of_the_circuits_runs_too(recorded: Any) -> None:
    bundle, *_ = recorded
    backend = ReplayBackend(bundle, speed=100)
    one = backend.run(backend.circuits[5]).result(timeout=LIMIT)
    two = backend.run(backend.circuits[4:6]).result(timeout=LIMIT)
    assert one.get_counts() == two.get_counts(1)


def test_a_set_may_be_played_twice_and_cancelled(recorded: Any) -> None:
    bundle, _, _, counts = recorded
    backend = ReplayBackend(bundle, clock=LessonClock(0))
    with JobManager() as manager:
        stopped = backend.start(manager)
        assert stopped.wait(LIMIT, until="submitted")
        stopped.cancel()
        assert stopped.wait(LIMIT)
        assert [job.state.value for job in stopped.managed_jobs()] == ["cancelled"] * 4 + ["error"]
        again = backend.start(manager, name="again")
        assert again.wait(LIMIT, until="submitted")
        backend.clock.advance(3600)
        assert again.wait(LIMIT)
        again.retry(1)
        assert again.wait(LIMIT, until="submitted")
        backend.clock.advance(3600)
        assert again.wait(LIMIT)
        assert again.counts() == counts


def test_strange_circuits_are_refused_by_name(recorded: Any) -> None:
    bundle, *_ = recorded
    with JobManager() as manager:
        job_set = manager.run(coin("mine"), ReplayBackend(bundle), shots=10)
        assert job_set.wait(LIMIT)
        assert "mine is not a circuit of this recording" in str(job_set.error_messages())


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("hello")
    with pytest.raises(BundleError, match="was refused"):
        ReplayBackend(tmp_path / "notes")
    with pytest.raises(BundleError, match="there is no bundle"):
        ReplayBackend(tmp_path / "missing")


def test_pieces_of_shots_and_an_unfinished_set(tmp_path: Path) -> None:
    backend = ClassroomBackend(speed=0)
    with JobManager() as manager:
        job_set = manager.run(coins(2), backend, shots=250, max_shots_per_job=100)
        assert job_set.wait(LIMIT, until="submitted")
        manager.export(job_set, tmp_path / "unfinished")
        backend.clock.advance(60)
        assert job_set.wait(LIMIT)
        manager.export(job_set, tmp_path / "finished")
        replayed = ReplayBackend(tmp_path / "finished", speed=100).start(manager)
        assert replayed.wait(LIMIT)
        assert [replayed.counts(0), replayed.counts(1)] == [job_set.counts(0), job_set.counts(1)]
        assert len(replayed.managed_jobs()) == len(job_set.managed_jobs())
        cut = ReplayBackend(tmp_path / "unfinished", speed=100).start(manager)
        assert cut.wait(LIMIT)
        assert "the recording ends before" in str(cut.error_messages())


def test_halves_of_a_job_that_was_too_large_are_cut_again(tmp_path: Path) -> None:
    backend = ClassroomBackend(speed=100, max_circuits=3)
    with JobManager() as manager:
        backend._max_circuits, limit = None, backend._max_circuits  # its limit is hidden
        job_set = _run_with_hidden_limit(manager, backend, limit)
        manager.export(job_set, tmp_path / "halves")
        replayed = ReplayBackend(tmp_path / "halves", speed=100).start(manager)
        assert replayed.wait(LIMIT)
        spans = [job.span for job in replayed.managed_jobs()]
        assert spans == [job.span for job in job_set.managed_jobs()]
        assert replayed.counts() == job_set.counts()


def _run_with_hidden_limit(manager: JobManager, backend: ClassroomBackend, limit: int | None) -> JobSet:
    manager.plan(coins(1), backend)  # the adapter looks at the limits once
    backend._max_circuits = limit
    job_set = manager.run(coins(8), backend, shots=10)
    assert job_set.wait(LIMIT)
    return job_set


if has_samplers():
    from qiskit.primitives import StatevectorSampler

    def test_a_samplers_set_is_replayed_as_counts(tmp_path: Path) -> None:
        angle = Parameter("angle")
        turn = QuantumCircuit(1, name="turn")
        turn.rx(angle, 0)
        turn.measure_all()
        with JobManager() as manager:
            sampler = StatevectorSampler(seed=1)
            pubs = [(turn, [0.5], 100), (turn, [2.5], 300)]
            job_set = manager.run(pubs, sampler, max_circuits_per_job=1)
            assert job_set.wait(LIMIT)
            manager.export(job_set, tmp_path / "sampler")
            replayed = ReplayBackend(tmp_path / "sampler", speed=100).start(manager)
            assert replayed.wait(LIMIT)
            assert [replayed.counts(i) for i in (0, 1)] == [job_set.counts(i) for i in (0, 1)]

    def test_sweeps_are_refused_with_a_reason(tmp_path: Path) -> None:
        angle = Parameter("angle")
        turn = QuantumCircuit(1, name="turn")
        turn.rx(angle, 0)
        turn.measure_all()
        with JobManager() as manager:
            job_set = manager.run([(turn, [[0.5], [2.5]])], StatevectorSampler(seed=1), shots=10)
            assert job_set.wait(LIMIT)
            manager.export(job_set, tmp_path / "sweep")
        with pytest.raises(InputError, match="circuit 0 ran with an array of parameter values"):
            ReplayBackend(tmp_path / "sweep")
