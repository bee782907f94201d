"""The classroom's backend, used as any Qiskit backend, with its clock moved by hand."""

import time
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import BackendV2, JobError, JobV1
from qiskit.providers.basic_provider import BasicSimulator
from qiskit_aer import AerSimulator

from qjm_widgets.classroom import PRESETS, ClassroomBackend, Conditions, LessonClock
from qjm_widgets.classroom.errors import (
    OutageError,
    PendingJobsError,
    RateLimitError,
    RejectedError,
)
from qjm_widgets.core.error_policy import Refusal, judge
from qjm_widgets.errors import BackendError, InputError
from tests.classroom.lessons import coin, coins, course, lesson


def test_it_is_a_backend_and_its_jobs_are_jobs() -> None:
    backend = lesson()
    job = backend.run(coin(), shots=50)
    assert isinstance(backend, BackendV2)
    assert isinstance(job, JobV1)
    assert job.backend() is backend
    assert backend.retrieve_job(job.job_id()) is job
    assert backend.jobs() == [job]
    assert "h" in backend.target.operation_names


def test_jobs_run_one_after_another() -> None:
    backend = lesson()
    jobs = [backend.run(coin(), shots=50) for _ in range(3)]
    assert [job.queue_position() for job in jobs] == [None, 1, 2]
    assert [job.waiting_seconds() for job in jobs] == [0, 10, 20]
    assert course(jobs, backend.clock, 30) == ["RQQ", "RQQ", "DRQ", "DRQ", "DDR", "DDR", "DDD"]
    result = jobs[0].result()
    assert sum(result.get_counts().values()) == 50
    assert (result.backend_name, result.job_id) == ("classroom", jobs[0].job_id())


def test_the_run_time_grows_with_circuits_and_shots() -> None:
    backend = lesson(start_seconds=1.0, circuit_seconds=2.0, shot_seconds=0.01)
    job = backend.run(coins(3), shots=100)
    backend.clock.advance(9.9)
    assert job.running()
    backend.clock.advance(0.2)
    assert job.done()
    assert job.usage() == pytest.approx(1 + 3 * (2 + 100 * 0.01))


def test_others_stand_before_you() -> None:
    backend = lesson(queue=(4, 4), between=(1, 1), others_seconds=(10, 10))
    first, second = backend.run(coin()), backend.run(coin())
    assert [first.queue_position(), second.queue_position()] == [4, 6]
    assert [first.waiting_seconds(), second.waiting_seconds()] == [40, 60]
    backend.clock.advance(41)
    assert first.running()
    assert second.queue_position() == 2


def test_a_cancelled_job_makes_room() -> None:
    backend = lesson()
    jobs = [backend.run(coin()) for _ in range(3)]
    assert jobs[1].cancel()
    assert jobs[0].cancel()
    assert course(jobs, backend.clock, 10) == ["CCR", "CCR", "CCD"]
    assert not jobs[0].cancel()
    assert not jobs[2].cancel()
    with pytest.raises(JobError, match="cancelled"):
        jobs[1].result()
    assert jobs[0].error_message() is None


def test_a_scripted_failure_keeps_the_others_going() -> None:
    backend = lesson(fail={1: "it got too warm"})
    jobs = [backend.run(coin()) for _ in range(3)]
    assert course(jobs, backend.clock, 30, step=10)[-1] == "DED"
    assert jobs[1].error_message() == "it got too warm"
    assert 0 < jobs[1].usage() < 10
    with pytest.raises(JobError, match="it got too warm"):
        jobs[1].result()


def test_failures_by_chance_are_as_many_as_said_and_repeat_with_the_seed() -> None:
    def failed(seed: int) -> list[int]:
        backend = lesson(failure=0.3, seed=seed)
        jobs = [backend.run(coin(), shots=1) for _ in range(200)]
        backend.clock.advance(3000)
        return [index for index, job in enumerate(jobs) if job.error_message()]

    assert failed(1) == failed(1) != failed(2)
    assert 40 <= len(failed(1)) <= 80


def test_an_outage_ends_what_runs_keeps_what_waits_and_refuses_the_rest() -> None:
    backend = lesson(outages=[(15, 60)])
    jobs = [backend.run(coin()) for _ in range(3)]
    assert course(jobs, backend.clock, 30) == ["RQQ", "RQQ", "DRQ", "DEQ", "DEQ", "DEQ", "DEQ"]
    with pytest.raises(OutageError, match="expected back in 30 s") as caught:
        backend.run(coin())
    assert judge(caught.value).refusal is Refusal.BUSY
    backend.clock.advance(31)
    assert [jobs[2].running(), backend.run(coin()).queue_position()] == [True, 1]


def test_outages_count_from_the_first_job() -> None:
    backend = lesson(outages=[(15, 60)])
    backend.clock.advance(1000)
    jobs = [backend.run(coin()) for _ in range(2)]
    assert course(jobs, backend.clock, 15) == ["RQ", "RQ", "DR", "DE"]


def test_a_breakdown_by_chance_takes_the_machine_down() -> None:
    backend = lesson(outage=1.0, outage_seconds=(100, 100))
    jobs = [backend.run(coin()), backend.run(coin())]
    backend.clock.advance(10)
    assert "broke down" in str(jobs[0].error_message())
    assert jobs[1].status().name == "QUEUED"
    with pytest.raises(OutageError):
        backend.run(coin())


def test_a_limit_on_pending_jobs() -> None:
    backend = lesson(pending_limit=2)
    backend.run(coin())
    backend.run(coin())
    with pytest.raises(PendingJobsError, match="2 pending jobs") as caught:
        backend.run(coin())
    assert judge(caught.value).refusal is Refusal.PENDING_LIMIT
    backend.clock.advance(10)
    backend.run(coin())


def test_a_rate_limit_says_when_to_come_back_on_the_wall() -> None:
    backend = ClassroomBackend(rate=(2, 60.0), clock=LessonClock(60, source=lambda: 0.0))
    backend.run(coin())
    backend.run(coin())
    with pytest.raises(RateLimitError, match="takes 2 jobs in 1:00") as caught:
        backend.run(coin())
    verdict = judge(caught.value)
    assert verdict.refusal is Refusal.BUSY
    assert verdict.retry_after == pytest.approx(1)
    backend.clock.advance(60)
    backend.run(coin())


def test_rejected_circuits_are_named() -> None:
    backend = lesson(reject=["coin 1"], max_circuits=2)
    with pytest.raises(RejectedError, match=r"circuit 1 \(coin 1\)") as caught:
        backend.run(coins(2))
    assert judge(caught.value).refusal is Refusal.LASTING
    with pytest.raises(RejectedError, match="too many circuits: 3") as caught:
        backend.run(coins(3))
    assert judge(caught.value).refusal is Refusal.TOO_LARGE
    with pytest.raises(RejectedError, match="rejected the job"):
        lesson(rejection=1.0).run(coin())


@pytest.mark.parametrize("shots", [0, -1, "ten", 1.5, True])
def test_shots_are_whole_numbers(shots: Any) -> None:
    with pytest.raises(RejectedError, match="shots must be a whole number"):
        lesson().run(coin(), shots=shots)


def test_what_is_no_circuit_is_rejected() -> None:
    for things in ([], ["coin"], [coin(), None]):
        with pytest.raises(RejectedError, match=r"at least one circuit|is not a circuit"):
            lesson().run(things)


def test_one_seed_gives_the_same_counts_whatever_the_time() -> None:
    def counts(step: float, seed: int) -> list[Any]:
        backend = lesson(seed=seed)
        jobs = []
        for _ in range(3):
            jobs.append(backend.run(coin(), shots=1000))
            backend.clock.advance(step)
        backend.clock.advance(100)
        return [job.result().get_counts() for job in jobs]

    same = counts(0, 5)
    assert same == counts(30, 5) != counts(0, 6)
    assert same[0] != same[1]  # two jobs of one circuit are two samples


def test_the_users_own_seed_and_options_reach_the_simulator() -> None:
    backend = lesson(simulator=AerSimulator())
    job = backend.run(coin(), shots=40, seed_simulator=7, memory=True)
    backend.clock.advance(10)
    plain = AerSimulator().run(coin(), shots=40, seed_simulator=7, memory=True).result()
    assert job.result().get_memory() == plain.get_memory()


def test_noise_is_seen() -> None:
    backend = ClassroomBackend(noise=0.2, clock=LessonClock(0))
    still = coin()
    still.data.pop(0)
    job = backend.run(still, shots=1000)
    backend.clock.advance(60)
    assert 120 < job.result().get_counts()["1"] < 280


def test_result_waits_for_its_timeout() -> None:
    backend = lesson()
    with pytest.raises(TimeoutError, match="was job is actively running after"):
        backend.run(coin()).result(timeout=0.01)
    quick = ClassroomBackend(speed=1000, start_seconds=20.0)
    began = time.monotonic()
    assert quick.run(coin(), shots=3).result(timeout=20).success
    assert time.monotonic() - began >= 0.02


def test_what_the_simulator_refuses_is_the_jobs_error() -> None:
    wide = lesson()
    job = wide.run(_wide(30))
    wide.clock.advance(10)
    assert job.status().name == "ERROR"
    assert "30" in str(job.error_message())


def _wide(qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits, 1)
    circuit.h(range(qubits))
    circuit.measure(0, 0)
    return circuit


def test_every_preset_runs_a_lesson_to_its_end() -> None:
    for name in PRESETS:
        backend = ClassroomBackend(preset=name, clock=LessonClock(0))
        job = backend.run(coin(), shots=10)
        backend.clock.advance(3600)
        assert job.in_final_state(), name


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"preset": "bussy-morning"}, "did you mean 'busy-morning'"),
        ({"failures": 0.1}, "did you mean 'failure'"),
        ({"failure": 3}, "failure must be a probability from 0 to 1"),
        ({"queue": 4}, "queue must be two whole numbers"),
        ({"queue": (4, 2)}, "queue must be two whole numbers"),
        ({"others_seconds": (1, "x")}, "others_seconds must be two numbers"),
        ({"start_seconds": -1}, "start_seconds must be a number of seconds"),
        ({"rate": (0, 10)}, "rate must be"),
        ({"rate": 5}, "rate must be"),
        ({"pending_limit": 0}, "pending_limit must be at least 1"),
        ({"fail": [2]}, "fail must be errors by the number"),
        ({"reject": "coin"}, "reject must be several names"),
        ({"outages": [5]}, "outages must be several times"),
        ({"speed": -1}, "speed must be a number"),
        ({"speed": "fast"}, "speed must be a number"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"max_circuits": 0}, "max_circuits must be at least 1"),
        ({"noise": 2}, "noise must be a probability"),
        ({"noise": 0.1, "simulator": BasicSimulator()}, "noise or a simulator"),
    ],
)
def test_wrong_arguments_are_named(words: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        ClassroomBackend(**words)


def test_what_is_no_simulator_is_refused() -> None:
    with pytest.raises(BackendError, match="give a backend with run"):
        ClassroomBackend(5)
    with pytest.raises(InputError, match="at least 0"):
        LessonClock().advance(-1)


def test_conditions_of_ones_own() -> None:
    hard = Conditions(queue=(9, 9), failure=0.5)
    assert ClassroomBackend(preset=hard, failure=0.1).conditions == Conditions(queue=(9, 9), failure=0.1)
