"""One seed, many jobs: the counts of one plain run if the backend allows it, else independent ones."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.providers.basic_provider import BasicSimulator
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, depolarizing_error

from qjm_widgets import JobManager
from qjm_widgets.errors import InputError
from tests.contract.adapter_kinds import KINDS, SEED, Kind, coins, ended
from tests.fakes import ScriptedBackend

SEEDED = [name for name, kind in KINDS.items() if kind.seeded]


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


def alike(number: int) -> list[QuantumCircuit]:
    """Return equal circuits with samples that show whether two of them drew alike."""
    circuits = []
    for index in range(number):
        circuit = QuantumCircuit(4, 4, name=f"alike {index}")
        for qubit in range(4):
            circuit.sx(qubit)
        circuit.measure(range(4), range(4))
        circuits.append(circuit)
    return circuits


def counts(job_set: Any) -> list[dict[str, int]]:
    results = ended(job_set).results()
    return [results.get_counts(index) for index in range(job_set._state.record.circuits)]


def noisy() -> AerSimulator:
    noise = NoiseModel()
    noise.add_all_qubit_quantum_error(depolarizing_error(0.1, 1), ["sx"])
    return AerSimulator(noise_model=noise)


AERS = {
    "plain": AerSimulator,
    "noise": noisy,
    "matrix product states": lambda: AerSimulator(method="matrix_product_state"),
    "parallel": lambda: AerSimulator(max_parallel_experiments=2),
    "a seed of its own": lambda: AerSimulator(seed_simulator=SEED),
}


@pytest.mark.parametrize("size", [None, 1, 2, 5])
@pytest.mark.parametrize("backend", AERS.values(), ids=AERS)
def test_on_aer_however_it_is_cut_a_set_equals_one_plain_run(
    backend: Any, size: int | None, manager: JobManager
) -> None:
    circuits = alike(7)
    plain = backend().run(circuits, shots=300, seed_simulator=SEED).result()
    given = {} if backend().options.seed_simulator is not None else {"seed_simulator": np.int64(SEED)}
    job_set = manager.run(circuits, backend(), shots=300, max_circuits_per_job=size, **given)
    assert counts(job_set) == [plain.get_counts(index) for index in range(7)]
    assert len({str(each) for each in counts(job_set)}) == 7


@pytest.mark.parametrize("seed", [2**63 - 1, 2**63 - 2113, -5000, 0])
def test_sums_beyond_64_bits_wrap_as_aers_own(seed: int, manager: JobManager) -> None:
    circuits = alike(5)
    plain = AerSimulator().run(circuits, shots=100, seed_simulator=seed).result()
    job_set = manager.run(
        circuits, AerSimulator(), shots=100, seed_simulator=seed, max_circuits_per_job=1
    )
    assert counts(job_set) == [plain.get_counts(index) for index in range(5)]


def test_a_seed_that_aer_does_not_take_is_refused_at_the_call(manager: JobManager) -> None:
    with pytest.raises(InputError, match=r"seed_simulator=9223372036854775808 .* 2\*\*63"):
        manager.run(alike(1), AerSimulator(), seed_simulator=2**63)
    with pytest.raises(InputError, match="must be an integer"):
        manager.plan(alike(1), AerSimulator(), seed_simulator="seven")
    assert manager.history() == []


@pytest.mark.parametrize("name", SEEDED)
def test_equal_circuits_in_different_jobs_draw_independently(name: str, manager: JobManager) -> None:
    kind: Kind = KINDS[name]
    circuits = alike(6)
    job_set = manager.run(
        circuits, kind.make(SEED), shots=500, max_circuits_per_job=1, **kind.options(SEED)
    )
    found = counts(job_set)
    if kind.whole:
        assert found == kind.plain(circuits, 500, SEED)
    if name != "StatevectorSampler":  # there equal PUBs of a plain run draw alike, too
        assert len({str(sorted(each.items())) for each in found}) == 6
    again = manager.run(
        circuits, kind.make(SEED), shots=500, max_circuits_per_job=1, **kind.options(SEED)
    )
    assert counts(again) == found


@pytest.mark.parametrize("name", [n for n in SEEDED if n in ("AerSimulator", "BasicSimulator")])
@pytest.mark.newer_qiskit
def test_processes_draw_what_this_kernel_draws(name: str, manager: JobManager) -> None:
    kind, circuits = KINDS[name], alike(6)
    options = {"shots": 200, "max_circuits_per_job": 2, **kind.options(SEED)}
    here = counts(manager.run(circuits, kind.make(SEED), **options))
    assert counts(manager.run(circuits, kind.make(SEED), executor="processes", **options)) == here
    if kind.whole:
        assert here == kind.plain(circuits, 200, SEED)


def test_pieces_of_the_shots_draw_independently(manager: JobManager) -> None:
    job_set = manager.run(
        alike(4),
        AerSimulator(),
        shots=400,
        seed_simulator=SEED,
        max_circuits_per_job=2,
        max_shots_per_job=100,
    )
    ended(job_set)
    pieces = [job.result().get_counts(at) for job in job_set.jobs() for at in range(2)]
    assert len(pieces) == 16
    assert len({str(sorted(each.items())) for each in pieces}) == 16


@pytest.mark.parametrize("own", ["seed", "sampler_seed"])
def test_what_a_backend_calls_its_seed(own: str, manager: JobManager) -> None:
    class Backend(ScriptedBackend):
        def run(self, run_input: Any, shots: int = 1024, **options: Any) -> Any:
            seeds.append(options[own])
            return super().run(run_input, shots)

    seeds: list[int] = []
    backend = Backend()
    backend.options.update_options(**{own: None})
    ended(manager.run(alike(4), backend, max_circuits_per_job=1, **{own: SEED}))
    assert seeds[0] == SEED
    assert len(set(seeds)) == 4
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_a_set_that_is_resumed_keeps_its_seeds(tmp_path: Path) -> None:
    circuits = coins(6)
    plain = AerSimulator().run(circuits, shots=100, seed_simulator=np.uint8(9)).result()
    first = JobManager(tmp_path / "store")
    options = {"shots": 100, "seed_simulator": np.uint8(9), "max_circuits_per_job": 2}
    job_set = first.run(circuits, AerSimulator(), **options)
    job_set.pause()
    with contextlib.suppress(UserWarning):  # of jobs that were not sent
        first.close()
    with JobManager(tmp_path / "store") as second:
        again = second.retrieve_job_set(job_set.job_set_id()).resume(AerSimulator())
        assert counts(again) == [plain.get_counts(index) for index in range(6)]


def test_halves_of_a_job_that_was_too_large_equal_the_plain_run(manager: JobManager) -> None:
    class Small(AerSimulator):
        def run(self, circuits: Any, *arguments: Any, **options: Any) -> Any:
            if len(circuits) > 2:
                raise RuntimeError("too many circuits")
            return super().run(circuits, *arguments, **options)

    circuits = alike(9)
    plain = AerSimulator().run(circuits, shots=100, seed_simulator=SEED).result()
    job_set = manager.run(circuits, Small(), shots=100, seed_simulator=SEED)
    assert counts(job_set) == [plain.get_counts(index) for index in range(9)]
    assert len(job_set.jobs()) > 4


def test_circuits_that_failed_and_are_sent_again_equal_the_plain_run(manager: JobManager) -> None:
    class Flaky(AerSimulator):
        runs: ClassVar[list[int]] = []

        def run(self, circuits: Any, *arguments: Any, **options: Any) -> Any:
            self.runs.append(len(circuits))
            job = super().run(circuits, *arguments, **options)
            if len(self.runs) == 1:
                result = job.result()
                for place in (1, 3):
                    result.results[place].success, result.results[place].status = False, "ERROR"
                job.result = lambda *_: result
            return job

    circuits = alike(6)
    plain = AerSimulator().run(circuits, shots=100, seed_simulator=SEED).result()
    job_set = manager.run(circuits, Flaky(), shots=100, seed_simulator=SEED)
    assert job_set.wait(60)
    job_set.retry()
    assert counts(job_set) == [plain.get_counts(index) for index in range(6)]
    assert Flaky.runs == [6, 1, 1]


def test_a_simulator_of_one_stream_gives_the_first_job_the_seed_itself(manager: JobManager) -> None:
    circuits = alike(6)
    plain = BasicSimulator().run(circuits[:2], shots=100, seed_simulator=SEED).result()
    job_set = manager.run(
        circuits, BasicSimulator(), shots=100, seed_simulator=SEED, max_circuits_per_job=2
    )
    found = counts(job_set)
    assert found[:2] == [plain.get_counts(index) for index in range(2)]
    for job in job_set._state.jobs:
        part = BasicSimulator().run(circuits[slice(*job.span)], shots=100, seed_simulator=job.seed)
        assert [part.result().get_counts(at) for at in range(2)] == found[slice(*job.span)]


@pytest.mark.newer_qiskit
@pytest.mark.parametrize("size", [None, 1, 2, 3])
@pytest.mark.parametrize("name", ["Aer SamplerV2", "BackendSamplerV2", "run options", "its simulator"])
def test_aers_samplers_count_points_among_equal_shots(
    name: str, size: int | None, manager: JobManager
) -> None:
    from qiskit.circuit import Parameter
    from qiskit.primitives import BackendSamplerV2
    from qiskit_aer.primitives import SamplerV2

    makers = {
        "run options": lambda: SamplerV2(options={"run_options": {"seed_simulator": SEED}}),
        "its simulator": lambda: BackendSamplerV2(backend=AerSimulator(seed_simulator=SEED)),
        "Aer SamplerV2": lambda: SamplerV2(seed=SEED),
        "BackendSamplerV2": lambda: BackendSamplerV2(
            backend=AerSimulator(), options={"seed_simulator": np.int64(SEED)}
        ),
    }
    angle = Parameter("angle")
    turned = QuantumCircuit(2, 2)
    turned.rx(angle, 0)
    turned.sx(1)
    turned.measure([0, 1], [0, 1])
    (circuit,) = alike(1)
    pubs = [
        (circuit, None, 100),
        (turned, [0.5, 1.0, 1.5], 200),
        (circuit, None, 200),
        (turned, [0.5, 1.0], 100),
        (circuit, None, 100),
        (turned, [0.5], 200),
    ]
    plain = makers[name]().run(pubs).result()
    results = ended(manager.run(pubs, makers[name](), max_circuits_per_job=size)).results()
    for index in range(len(pubs)):
        assert results.primitive_result(index).data.c == plain[index].data.c


@pytest.mark.newer_qiskit
def test_a_sampler_that_cannot_be_seeded_again_begins_each_job_with_its_seed(
    manager: JobManager,
) -> None:
    from qiskit.primitives import StatevectorSampler

    class Sealed:
        """A sampler of a third party."""

        options = None
        seed = 5

        def run(self, pubs: Any, *, shots: int | None = None) -> Any:
            return StatevectorSampler(seed=5).run(pubs, shots=shots)

    circuits = coins(4)
    results = ended(
        manager.run(circuits, Sealed(), shots=50, max_circuits_per_job=2, rerun_on_resume=True)
    ).results()
    plain = StatevectorSampler(seed=5).run(circuits, shots=50).result()
    assert [results.get_counts(index) for index in range(4)] == [
        pub.data.c.get_counts() for pub in plain
    ]
    with pytest.raises(InputError, match="shots"):
        manager.run(circuits, Sealed(), shots=50, max_shots_per_job=20)
