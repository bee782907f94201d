"""A sampler and an estimator over a manager are Qiskit's, and equal the plain ones."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.exceptions import QiskitError
from qiskit.primitives import (
    BackendSamplerV2,
    BaseEstimatorV2,
    BasePrimitiveJob,
    BaseSamplerV2,
    PrimitiveResult,
    SamplerPubResult,
    StatevectorEstimator,
    StatevectorSampler,
)
from qiskit.providers import JobError, JobStatus
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import SamplerV2
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from qjm_widgets import JobManager
from qjm_widgets.errors import BackendError, InputError
from tests.contract.adapter_kinds import SEED, Kind, coins, every_sampler
from tests.fakes import LIMIT

THETA = Parameter("theta")


def turned(*, measured: bool = True) -> QuantumCircuit:
    circuit = QuantumCircuit(2, metadata={"kept": True})
    circuit.rx(THETA, 0)
    circuit.cx(0, 1)
    if measured:
        circuit.measure_all()
    return circuit


def same(found: Any, plain: Any) -> None:
    assert isinstance(found, PrimitiveResult)
    assert found.metadata == plain.metadata
    assert len(found) == len(plain)
    for pub, expected in zip(found, plain, strict=True):
        assert type(pub) is type(expected)
        # Aer's has the seconds that it took.
        leave = {"simulator_metadata"}
        assert {**pub.metadata, **dict.fromkeys(leave)} == {**expected.metadata, **dict.fromkeys(leave)}
        assert pub.data.shape == expected.data.shape
        assert list(pub.data) == list(expected.data)
        for name in pub.data:
            one, two = pub.data[name], expected.data[name]
            assert np.array_equal(one, two) if isinstance(two, np.ndarray) else one == two


@every_sampler
def test_a_samplers_results_equal_the_plain_ones(manager: JobManager, kind: Kind) -> None:
    sampler = manager.sampler(kind.make(SEED))
    assert isinstance(sampler, BaseSamplerV2)
    pubs = [(turned(), np.linspace(0, 1, 6).reshape(2, 3)), *coins(3), (turned(), [0.5], 20)]
    job = sampler.run(pubs, shots=100)
    assert isinstance(job, BasePrimitiveJob)
    same(job.result(LIMIT), kind.make(SEED).run(pubs, shots=100).result())
    assert (job.status(), job.done()) == (JobStatus.DONE, True)
    assert job.job_id() == job.job_set.job_set_id()


def test_an_estimators_results_equal_the_plain_ones(manager: JobManager) -> None:
    plain = StatevectorEstimator(seed=SEED)
    estimator = manager.estimator(plain)
    assert isinstance(estimator, BaseEstimatorV2)
    pubs = [(turned(measured=False), [["ZZ"], ["XX"]], np.linspace(0, 1, 3))]
    same(
        estimator.run(pubs, precision=0.1).result(LIMIT),
        StatevectorEstimator(seed=SEED).run(pubs, precision=0.1).result(),
    )
    job = estimator.run(pubs)
    same(job.result(LIMIT), StatevectorEstimator(seed=SEED).run(pubs).result())
    with pytest.raises(QiskitError, match="does not have any backend"):
        job.backend()


def test_pubs_are_its_inputs(manager: JobManager) -> None:
    sampler = manager.sampler(StatevectorSampler(seed=SEED))
    job = sampler.run([(turned(), [0.1, 0.2], 30), coins(1)[0]])
    pubs = job.inputs["pubs"]
    assert pubs[0][0] == turned()
    assert pubs[0][0].metadata == {"kept": True}
    same(sampler.run(pubs).result(LIMIT), job.result(LIMIT))
    estimator = manager.estimator(StatevectorEstimator(seed=SEED))
    estimated = estimator.run([(turned(measured=False), ["ZZ", "XX"], [0.1])], precision=0.1)
    same(estimator.run(estimated.inputs["pubs"]).result(LIMIT), estimated.result(LIMIT))


def test_a_backend_gets_a_sampler_and_an_estimator(manager: JobManager) -> None:
    backend = AerSimulator(seed_simulator=SEED)
    for given in (backend, manager.backend(backend, tags=["mine"], shots=40, memory=True)):
        sampler = manager.sampler(given)
        plain = BackendSamplerV2(backend=backend)
        job = sampler.run(coins(2), shots=50)
        same(job.result(LIMIT), plain.run(coins(2), shots=50).result())
        assert sampler._backend is backend
        assert job.backend() is backend
        estimator = manager.estimator(given)
        result = estimator.run([(QuantumCircuit(1), "Z")], precision=0.1).result(LIMIT)
        assert result[0].data.evs == 1
    assert job.job_set.tags() == ["mine"]


def test_a_backend_of_the_runtime_gets_the_runtimes(manager: JobManager) -> None:
    backend = FakeManilaV2()
    sampler = manager.sampler(backend)
    assert isinstance(sampler._qjm.wrapped, SamplerV2)
    circuit = generate_preset_pass_manager(1, backend=manager.backend(backend)).run(coins(1)[0])
    assert sampler.run([circuit], shots=30).result(LIMIT)[0].data.c.num_shots == 30
    result = manager.backend(backend).run(circuit, shots=30, seed_simulator=SEED).result(LIMIT)
    expected = backend.run(circuit, shots=30, seed_simulator=SEED).result()
    assert result.get_counts() == expected.get_counts()


def test_qiskits_sampler_runs_over_a_managed_backend(manager: JobManager) -> None:
    plain = BackendSamplerV2(backend=AerSimulator(), options={"seed_simulator": SEED})
    over = BackendSamplerV2(backend=manager.backend(AerSimulator()), options={"seed_simulator": SEED})
    expected = plain.run(coins(4), shots=100).result()
    same(over.run(coins(4), shots=100).result(), expected)
    same(manager.sampler(over).run(coins(4), shots=100).result(LIMIT), expected)


def test_defaults_and_options_go_through(manager: JobManager) -> None:
    plain = StatevectorSampler(seed=SEED, default_shots=77)
    sampler = manager.sampler(plain, max_circuits_per_job=1, name="scan", tags=["x"])
    assert (sampler.default_shots, sampler.seed) == (77, SEED)
    job = sampler.run(coins(3))
    assert job.result(LIMIT)[0].data.c.num_shots == 77
    assert (job.job_set.name(), len(job.job_set.statuses())) == ("scan 1", 3)
    over = manager.sampler(AerSimulator())
    over.options.default_shots = 55
    assert over.run(coins(1)).result(LIMIT)[0].data.c.num_shots == 55
    over.options.default_shots = 44
    assert over.run(coins(1)).result(LIMIT)[0].data.c.num_shots == 44


def test_a_part_of_a_sampler_and_of_an_estimator(manager: JobManager) -> None:
    class Failing(StatevectorSampler):
        def run(self, pubs: Any, *, shots: Any = None) -> Any:
            if any(pub[0].name == "bad" for pub in pubs):
                raise ValueError("a bad circuit")
            return super().run(pubs, shots=shots)

    class FailingEstimator(StatevectorEstimator):
        def run(self, pubs: Any, *, precision: Any = None) -> Any:
            if any(float(pub.parameter_values.as_array().ravel()[0]) > 1 for pub in pubs):
                raise ValueError("a bad value")
            return super().run(pubs, precision=precision)

    good, bad = coins(2)
    bad.name = "bad"
    job = manager.sampler(Failing(), max_circuits_per_job=1).run([good, bad], shots=10)
    with pytest.raises(JobError, match="a bad circuit"):
        job.result(LIMIT)
    part = job.result(partial=True)
    assert part[0].data.c.num_shots == 10
    assert isinstance(part[1], SamplerPubResult)
    assert not list(part[1].data)
    assert "a bad circuit" in part[1].metadata["error"]
    estimator = manager.estimator(FailingEstimator(), max_points_per_job=1)
    estimated = estimator.run([(turned(measured=False), "ZZ", [0.0, 2.0])])
    with pytest.raises(JobError, match="a bad value"):
        estimated.result(LIMIT)
    evs = estimated.result(partial=True)[0].data.evs
    assert evs[0] == 1
    assert np.isnan(evs[1])


def test_it_is_had_back_in_another_kernel(manager: JobManager, tmp_path: Path) -> None:
    sampler = manager.sampler(StatevectorSampler(seed=SEED))
    job = sampler.run(coins(2), shots=50)
    expected = job.result(LIMIT)
    assert copy.deepcopy(sampler) is sampler
    assert pickle.loads(pickle.dumps(sampler)).retrieve_job(job.job_id()).job_set is job.job_set
    manager.close()
    with JobManager(tmp_path / "store") as other:
        again = other.sampler(StatevectorSampler(seed=SEED)).retrieve_job(job.job_id())
        same(again.result(LIMIT), expected)
        with pytest.raises(InputError, match="estimator"):
            other.estimator(StatevectorEstimator()).retrieve_job(job.job_id())


@pytest.mark.parametrize("wrong", [None, 3, StatevectorSampler, AerSimulator, "aer"])
@pytest.mark.parametrize("kind", ["sampler", "estimator"])
def test_what_is_neither_is_refused(manager: JobManager, kind: str, wrong: Any) -> None:
    with pytest.raises(BackendError):
        getattr(manager, kind)(wrong)


def test_each_is_refused_in_the_place_of_the_other(manager: JobManager) -> None:
    with pytest.raises(BackendError, match=r"manager\.sampler takes it"):
        manager.backend(StatevectorSampler())
    with pytest.raises(BackendError, match=r"manager\.estimator takes it"):
        manager.backend(StatevectorEstimator())
    with pytest.raises(BackendError, match="is a sampler: give an EstimatorV2"):
        manager.estimator(StatevectorSampler())
    with pytest.raises(BackendError, match="is an estimator: give a SamplerV2"):
        manager.sampler(StatevectorEstimator())
