"""The limit of shots of a backend: stated, or learned from a refusal."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qiskit.providers import Options
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager
from qjm_widgets.errors import CircuitError, InputError
from tests.contract.adapter_kinds import SEED, coins, ended
from tests.fakes import LIMIT, ScriptedBackend, marked
from tests.scripted_adapter import ScriptedAdapter

MOST = 200


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


class Validated(ScriptedBackend):
    @classmethod
    def _default_options(cls) -> Options:
        options = Options(shots=100, level=1)
        options.set_validator("shots", (10, MOST))
        options.set_validator("level", [1, 2])
        return options


class Listed(ScriptedBackend):
    @classmethod
    def _default_options(cls) -> Options:
        options = Options(shots=100)
        options.set_validator("shots", [50, MOST])
        return options


class Attribute(ScriptedBackend):
    max_shots = MOST


class Method(ScriptedBackend):
    def max_shots(self) -> int:
        return MOST


class Constant(ScriptedBackend):
    MAX_SHOTS = MOST


class Configured(ScriptedBackend):
    def configuration(self) -> Any:
        return Options(max_shots=MOST, max_experiments=2)


class AsDict(ScriptedBackend):
    def configuration(self) -> Any:
        return {"max_shots": float(MOST), "max_experiments": np.int64(2)}


class AsNumPy(ScriptedBackend):
    configuration = Options(max_shots=np.int32(MOST))


class NoAnswer(Attribute):
    def configuration(self) -> Any:
        raise ConnectionError("no answer")


KINDS = [Validated, Listed, Attribute, Method, Constant, Configured, AsDict, AsNumPy, NoAnswer]


@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_that_the_backend_states_is_kept(kind: Any, manager: JobManager) -> None:
    backend = kind()
    job_set = ended(manager.run([marked(1), marked(2)], backend, shots=500))
    assert [job.shots for job in backend.sent] == [167, 167, 166]
    assert job_set.results().get_counts(1) == {format(2, "010b"): 500}
    assert len(manager.plan([marked(1)] * 4, Configured(), shots=10).jobs) == 2


def test_values_that_the_backends_own_check_refuses(manager: JobManager) -> None:
    with pytest.raises(InputError, match="level=3"):
        manager.run(marked(1), Validated(), level=3)
    with pytest.raises(CircuitError, match=r"circuit 0 .* 5 shots; scripted takes 10 or more"):
        manager.run(marked(1), Validated(), shots=5)
    assert manager.history() == []


class Refusing(ScriptedBackend):
    """States no limit, and refuses."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words
        self.refused: list[int] = []

    def run(self, run_input: Any, shots: int = 1024, **options: Any) -> Any:
        if shots > MOST:
            self.refused.append(shots)
            raise ValueError(self.words.format(shots=shots))
        return super().run(run_input, shots, **options)


@pytest.mark.parametrize(
    "words",
    [
        "Shots must be in the range [1, 200].",
        "number of shots ({shots}) exceeds the maximum of 200",
        "at most 200 shots",
        "too many shots",
        "Number of shots {shots} > 200",
        "Invalid shots: {shots}. Limit: 200",
        "ShotLimit 200; requested {shots}",
    ],
)
def test_a_limit_is_learned_from_a_refusal(words: str, manager: JobManager) -> None:
    backend = Refusing(words)
    circuits = [marked(index) for index in range(6)]
    job_set = ended(manager.run(circuits, backend, shots=500, max_circuits_per_job=1))
    results = job_set.results()
    for index in range(6):
        assert results.get_counts(index) == {format(index, "010b"): 500}
        jobs = [job_set._state.jobs[job.row] for job in job_set.jobs_of(index)]
        assert [job.piece for job in jobs] == list(range(len(jobs)))
        assert sum(job.shots or 0 for job in jobs) == 500
        assert {job.pieces for job in jobs} == {len(jobs)}
    assert job_set.counts() == {format(index, "010b"): 500 for index in range(6)}
    refused = len(backend.refused)
    assert refused <= 2  # "too many" says no number: half, then half again
    # The next set of this backend is cut before it is sent.
    ended(manager.run(circuits, backend, shots=500))
    assert len(backend.refused) == refused


def test_an_unclear_size_error_is_an_error_and_no_loop(manager: JobManager) -> None:
    class Never(ScriptedBackend):
        def run(self, run_input: Any, shots: int = 1024, **options: Any) -> Any:
            raise ValueError("shots must be at most 7 for a reason of its own")

    job_set = manager.run(marked(1), Never(), shots=100)
    assert job_set.wait(30)
    errors = job_set.error_messages()
    assert errors is not None
    assert "at most 7" in errors


def test_pieces_that_were_cut_late_draw_independently(manager: JobManager) -> None:
    class Small(AerSimulator):
        def run(self, circuits: Any, *arguments: Any, **options: Any) -> Any:
            if options["shots"] > MOST:
                raise ValueError("Shots must be in the range [1, 200].")
            return super().run(circuits, *arguments, **options)

    job_set = ended(
        manager.run(coins(4), Small(), shots=500, seed_simulator=SEED, max_circuits_per_job=2)
    )
    assert [sum(job_set.counts(index).values()) for index in range(4)] == [500] * 4
    seeds = [job.seed for job in job_set._state.jobs]
    assert len(set(seeds)) == len(seeds) == 6
    plain: list[Counter[str]] = [Counter() for _ in range(4)]
    for job in job_set._state.jobs:
        inside = coins(4)[slice(*job.span)]
        result = AerSimulator().run(inside, shots=job.shots, seed_simulator=job.seed).result()
        for place, circuit in enumerate(range(*job.span)):
            plain[circuit].update(result.get_counts(place))
    assert [job_set.counts(index) for index in range(4)] == plain


def test_shots_that_are_cut_late_are_refused_if_they_cannot_be_merged(manager: JobManager) -> None:
    class Small(AerSimulator):
        def run(self, circuits: Any, *arguments: Any, **options: Any) -> Any:
            if options["shots"] > MOST:
                raise ValueError("Shots must be in the range [1, 200].")
            return super().run(circuits, *arguments, **options)

    circuits = coins(4)
    for index in (0, 2):
        circuits[index].save_statevector(label="psi")  # after a measurement: of a single shot
    job_set = manager.run(circuits, Small(), shots=500, max_circuits_per_job=1)
    assert job_set.wait(LIMIT)
    errors = job_set.error_messages()
    assert errors is not None
    for index in (0, 2):
        assert f"circuits {index}: " in errors
        assert f"circuit {index} ({circuits[index].name}) has save_statevector (label 'psi')" in errors
        assert len(job_set.jobs_of(index)) == 1
    assert errors.count("range [1, 200]") == errors.count("pershot=True") == 2
    assert [sum(job_set.counts(index).values()) for index in (1, 3)] == [500, 500]


@pytest.mark.newer_qiskit
def test_pieces_that_differ_are_cut_by_themselves(manager: JobManager) -> None:
    """A sampler's PUBs say their own shots; those that fit are submitted unchanged."""

    def refuse(number: int, submission: Any) -> None:
        for circuit_input in submission.inputs:
            shots = submission.shots or circuit_input.shots
            if shots > MOST:
                raise ValueError(f"shots={shots}: max 200")

    adapter = ScriptedAdapter(refuse=refuse)
    pubs = [(marked(0), None, 100), (marked(1), None, 300), (marked(2), None, 500)]
    job_set = ended(manager.run(pubs, adapter))
    cut = [[job_set._state.jobs[job.row].shots for job in job_set.jobs_of(index)] for index in range(3)]
    assert cut[1:] == [[150, 150], [167, 167, 166]]
