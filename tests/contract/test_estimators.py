"""What every local estimator gives through the manager is what it gives by itself."""

import json
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import (
    BackendEstimatorV2,
    PubResult,
    StatevectorEstimator,
    StatevectorSampler,
)
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.quantum_info import Pauli, SparsePauliOp
from qiskit.transpiler import CouplingMap, generate_preset_pass_manager
from qiskit_aer import AerSimulator
from qiskit_aer.primitives import EstimatorV2 as AerEstimator
from qiskit_ibm_runtime import EstimatorV2

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.estimates import estimate_text
from qjm_widgets.errors import CircuitError, InputError, NotAvailableError
from qjm_widgets.widgets.static_html import html_of, text_of
from tests.fakes import LIMIT

pytestmark = pytest.mark.filterwarnings("ignore:Specifying different 'precision' across pubs")

SEED = 42
PRECISION = 0.05
OPERATOR = SparsePauliOp.from_list([("ZI", 0.5), ("XX", -1.25), ("IY", 2.0)])


def aer_estimator(seed: int | None) -> AerEstimator:
    return AerEstimator(options={"run_options": {} if seed is None else {"seed_simulator": seed}})


def backend_estimator(seed: int | None) -> BackendEstimatorV2:
    return BackendEstimatorV2(backend=AerSimulator(), options={"seed_simulator": seed})


def statevector_estimator(seed: int | None) -> StatevectorEstimator:
    return StatevectorEstimator(seed=seed)


def runtime_estimator(seed: int | None) -> Any:
    """The runtime's in local mode."""
    options = {} if seed is None else {"simulator": {"seed_simulator": seed}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return EstimatorV2(mode=AerSimulator(), options=options)


Make = Callable[[int | None], Any]
KINDS: dict[str, Make] = {
    "StatevectorEstimator": statevector_estimator,
    "BackendEstimatorV2": backend_estimator,
    "Aer EstimatorV2": aer_estimator,
    "runtime EstimatorV2": runtime_estimator,
}
#: Estimators that can be sent to other processes.
PICKLED = [name for name in KINDS if name != "runtime EstimatorV2"]
#: Estimators that begin with their seed at each PUB: a cut changes nothing.
EACH_PUB = ["StatevectorEstimator", "Aer EstimatorV2"]
every = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
picklable = pytest.mark.parametrize("make", [KINDS[name] for name in PICKLED], ids=PICKLED)
each_pub = pytest.mark.parametrize("make", [KINDS[name] for name in EACH_PUB], ids=EACH_PUB)


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


def ansatz(name: str = "ansatz") -> QuantumCircuit:
    circuit = QuantumCircuit(2, name=name, metadata={"depth": 3})
    circuit.ry(Parameter("a"), 0)
    circuit.cx(0, 1)
    circuit.rx(Parameter("b"), 1)
    return circuit


def bound(name: str = "bound") -> QuantumCircuit:
    circuit = ansatz().assign_parameters([0.3, 1.1])
    circuit.name = name
    return circuit


def measured(name: str = "measured") -> QuantumCircuit:
    circuit = bound(name)
    circuit.measure_all()
    return circuit


VALUES = np.linspace(0, 2, 8).reshape(4, 2)
PUBS: dict[str, Any] = {
    "a Pauli string": (bound(), "ZZ"),
    "a Pauli": (bound(), Pauli("XY")),
    "an operator": (bound(), OPERATOR),
    "a mapping": (bound(), {"ZZ": 0.5, "XI": 1.5}),
    "a list": (bound(), ["ZZ", "XI", OPERATOR]),
    "an array": (bound(), np.array([["ZZ"], ["XX"]], dtype=object)),
    "values": (ansatz(), "ZZ", VALUES[0]),
    "a sweep": (ansatz(), OPERATOR, VALUES),
    "values by name": (ansatz(), "ZI", {"a": [0.1, 0.2], "b": [0.3, 0.4]}),
    "broadcast": (ansatz(), [["ZZ"], ["XX"], [OPERATOR]], VALUES),
    "one by one": (ansatz(), ["ZZ", "XX", "YY", "IZ"], VALUES),
    "a precision": (ansatz(), OPERATOR, VALUES[:2], 0.1),
    "an EstimatorPub": EstimatorPub.coerce((ansatz(), OPERATOR, VALUES[:2], 0.1)),
}

#: The runtime takes one precision a job.
OWN_PRECISION = ("a precision", "an EstimatorPub")


def ended(job_set: JobSet) -> JobSet:
    assert job_set.wait(LIMIT), repr(job_set)
    assert job_set.error_messages() is None
    return job_set


def check_same(found: PubResult, expected: PubResult) -> None:
    """All that the estimator gave, to the last bit."""
    assert type(found) is type(expected) is PubResult
    assert found.data.shape == expected.data.shape
    assert set(found.data) == set(expected.data)
    for field in expected.data:
        np.testing.assert_array_equal(found.data[field], expected.data[field], strict=False)
    differing = {"simulator_metadata"}  # seconds
    for key in expected.metadata.keys() - differing:
        assert found.metadata[key] == expected.metadata[key]


@every
@pytest.mark.parametrize("pub", PUBS.values(), ids=PUBS)
def test_it_gives_what_the_plain_estimator_gives(make: Make, pub: Any, manager: JobManager) -> None:
    job_set = ended(manager.run([pub], make(SEED), precision=PRECISION))
    (expected,) = make(SEED).run([pub], precision=PRECISION).result()
    results = job_set.results()
    check_same(results.primitive_result(0), expected)
    np.testing.assert_array_equal(results.evs(0), expected.data.evs)
    np.testing.assert_array_equal(results.stds(0), expected.data.stds)
    assert results.evs(0).dtype == np.float64
    assert results.success


@every
def test_several_pubs_in_one_job_are_one_plain_call(make: Make, manager: JobManager) -> None:
    pubs = [pub for name, pub in PUBS.items() if name not in OWN_PRECISION]
    job_set = ended(manager.run(pubs, make(SEED), precision=PRECISION))
    assert len(job_set.managed_jobs()) == 1
    for index, expected in enumerate(make(SEED).run(pubs, precision=PRECISION).result()):
        check_same(job_set.results().primitive_result(index), expected)


@each_pub
def test_a_cut_changes_nothing(make: Make, manager: JobManager) -> None:
    pubs = list(PUBS.values())
    job_set = ended(manager.run(pubs, make(SEED), precision=PRECISION, max_circuits_per_job=3))
    assert len(job_set.managed_jobs()) == 5
    for index, expected in enumerate(make(SEED).run(pubs, precision=PRECISION).result()):
        check_same(job_set.results().primitive_result(index), expected)


def test_jobs_of_one_that_counts_shots_have_seeds_of_their_own(manager: JobManager) -> None:
    pubs = [(bound(f"{index}"), "ZI") for index in range(3)]
    job_set = ended(
        manager.run(pubs, backend_estimator(SEED), precision=PRECISION, max_circuits_per_job=1)
    )
    seeds = [int(seed) for seed in job_set.to_dataframe()["seed"]]
    assert seeds[0] == SEED
    assert len(set(seeds)) == 3
    for index, seed in enumerate(seeds):
        (expected,) = backend_estimator(seed).run([pubs[index]], precision=PRECISION).result()
        check_same(job_set.results().primitive_result(index), expected)


@every
def test_results_are_asked_by_index_name_or_circuit(make: Make, manager: JobManager) -> None:
    first, second = ansatz("first"), ansatz("second")
    job_set = ended(
        manager.run([(first, "ZZ", VALUES[0]), (second, "ZZ", VALUES[1])], make(SEED), precision=0.1)
    )
    results = job_set.results()
    for ask in (1, "second", second):
        assert results.evs(ask) == results.evs(1)
        assert results.primitive_result(ask).data.evs == results.evs(1)
    assert results.stds("first") == results.stds(0)


@every
def test_precision_takes_the_place_of_shots(make: Make, manager: JobManager) -> None:
    pubs = [(bound("a"), "ZZ"), (ansatz("b"), "ZZ", VALUES, 0.25)]
    estimator = make(SEED)
    plan = manager.plan(pubs, estimator, precision=0.125)
    assert re.fullmatch(r"2 circuits with 5 points in [12] jobs?, precision 0.125 to 0.25", str(plan))
    assert str(manager.plan(pubs[:1], estimator, precision=0.125)).endswith("precision 0.125")
    job_set = ended(manager.run(pubs, estimator, precision=0.125, max_circuits_per_job=1))
    assert "· precision 0.125 to 0.25" in job_set.report()
    assert "shots" not in job_set.report()
    table = job_set.to_dataframe()
    assert list(table["precision"]) == [0.125, 0.25]
    assert table["shots"].isna().all()
    targets = [job_set.results().primitive_result(i).metadata["target_precision"] for i in range(2)]
    assert targets == [0.125, 0.25]


@every
def test_without_a_precision_it_is_the_estimators_own(make: Make, manager: JobManager) -> None:
    job_set = ended(manager.run([(bound(), "ZZ")], make(SEED)))
    (expected,) = make(SEED).run([(bound(), "ZZ")]).result()
    check_same(job_set.results().primitive_result(0), expected)
    assert job_set.to_dataframe()["precision"][0] == expected.metadata["target_precision"]


@every
def test_there_are_values_and_no_counts(make: Make, manager: JobManager) -> None:
    job_set = ended(manager.run([(bound(), "ZZ")], make(SEED), precision=0.1))
    results = job_set.results()
    assert job_set.counts() == {}
    asked = [results.get_counts, results.get_memory, results.get_statevector]
    for ask in asked:
        with pytest.raises(NotAvailableError, match="expectation values"):
            ask(0)
    with pytest.raises(NotAvailableError, match="expectation values"):
        results.combine_results()
    sampled = bound()
    sampled.measure_all()
    counted = ended(manager.run([sampled], StatevectorSampler(), shots=10)).results()
    for ask in (counted.evs, counted.stds):
        with pytest.raises(NotAvailableError, match="has no expectation values"):
            ask(0)


class Broken(StatevectorEstimator):  # type: ignore[misc]
    """Refuses every PUB but those of one circuit."""

    def run(self, pubs: Any, *, precision: float | None = None) -> Any:
        if any(pub.circuit.name != "good" for pub in pubs):
            raise ValueError("a broken estimator")
        return super().run(pubs, precision=precision)


def test_a_failed_job_costs_only_its_own_values(manager: JobManager) -> None:
    pubs = [(bound("good"), "ZZ"), (bound("bad"), "ZZ")]
    job_set = manager.run(pubs, Broken(), max_circuits_per_job=1)
    assert job_set.wait(LIMIT)
    results = job_set.results()
    assert results.failed() == [1]
    assert results.evs("good").shape == ()
    with pytest.raises(NotAvailableError, match=r"circuit 1 .* failed: ValueError: a broken estimator"):
        results.evs("bad")


#: Resumes a set and gives all its expectation values; arguments: the store, the set.
RESUMING = """
import json, sys
from qiskit.primitives import StatevectorEstimator
from qjm_widgets import JobManager

with JobManager(sys.argv[1]) as manager:
    results = manager.retrieve_job_set(sys.argv[2]).resume(StatevectorEstimator(seed=42)).results()
    print(json.dumps([results.evs(index).tolist() for index in range(int(sys.argv[3]))]))
"""


def interrupted(store: Path, pubs: list[Any], estimator: Any) -> str:
    """A set of which not everything was sent when its manager was closed."""
    manager = JobManager(store)
    job_set = manager.run(pubs * 5, estimator, precision=PRECISION, max_circuits_per_job=3)
    job_set.pause()
    with pytest.warns(UserWarning, match="not sent yet"):
        manager.close()
    return job_set.job_set_id()


@each_pub
def test_what_is_stored_is_resumed(make: Make, tmp_path: Path) -> None:
    pubs = list(PUBS.values())
    set_id = interrupted(tmp_path / "store", pubs, make(SEED))
    with JobManager(tmp_path / "store") as manager:
        again = ended(manager.retrieve_job_set(set_id).resume(make(SEED)))
        for index, expected in enumerate(make(SEED).run(pubs * 5, precision=PRECISION).result()):
            check_same(again.results().primitive_result(index), expected)


def test_another_process_finishes_it(tmp_path: Path) -> None:
    pubs = list(PUBS.values())
    set_id = interrupted(tmp_path / "store", pubs, StatevectorEstimator(seed=SEED))
    number = len(pubs) * 5
    command = [sys.executable, "-c", RESUMING, str(tmp_path / "store"), set_id, str(number)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=True).stdout
    expected = StatevectorEstimator(seed=SEED).run(pubs * 5, precision=PRECISION).result()
    assert json.loads(told) == [pub.data.evs.tolist() for pub in expected]


@picklable
def test_on_processes(make: Make) -> None:
    pubs = list(PUBS.values())
    with JobManager(":memory:") as manager:
        there = ended(
            manager.run(
                pubs, make(SEED), precision=PRECISION, max_circuits_per_job=5, executor="processes"
            )
        )
        here = ended(manager.run(pubs, make(SEED), precision=PRECISION, max_circuits_per_job=5))
        for index in range(len(pubs)):
            check_same(there.results().primitive_result(index), here.results().primitive_result(index))


def test_values_that_are_changed_afterwards_change_nothing(manager: JobManager) -> None:
    values = VALUES[0].copy()
    job_set = manager.run(
        [(ansatz(), "ZZ", values)] * 30, StatevectorEstimator(), max_circuits_per_job=1
    )
    values += 1
    ended(job_set)
    (expected,) = StatevectorEstimator().run([(ansatz(), "ZZ", VALUES[0])]).result()
    assert {float(job_set.results().evs(index)) for index in range(30)} == {float(expected.data.evs)}


def test_a_pass_manager_moves_the_observables_too(manager: JobManager) -> None:
    passes = generate_preset_pass_manager(
        0, coupling_map=CouplingMap.from_line(4), basis_gates=["sx", "rz", "cx"], initial_layout=[3, 2]
    )
    pub = (ansatz(), [["ZZ"], [OPERATOR]], VALUES)
    job_set = ended(manager.run([pub], StatevectorEstimator(), pass_manager=passes))
    (expected,) = StatevectorEstimator().run([pub]).result()
    np.testing.assert_allclose(job_set.results().evs(0), expected.data.evs, atol=1e-9)


# -- what bad input gets -------------------------------------------------------------------------------


NAN = float("nan")
BAD: dict[str, tuple[Any, str]] = {
    "observables of other qubits": ((bound("bad"), "ZZZ"), "number of qubits"),
    "observables of several sizes": ((bound("bad"), ["ZZ", "Z"]), "qubits must be the same"),
    "no Pauli string": ((bound("bad"), "ZQ"), "labels must only contain"),
    "not Hermitian": ((bound("bad"), SparsePauliOp("ZZ", 1j)), "Non-Hermitian"),
    "no observables": ((bound("bad"), []), "no point"),
    "a shape that does not broadcast": ((ansatz("bad"), ["ZZ", "XX", "YY"], VALUES), "broadcast"),
    "a negative precision": ((bound("bad"), "ZZ", None, -0.1), "precision of circuit 1 .* at least 0"),
    "a precision that is NaN": ((bound("bad"), "ZZ", None, NAN), "precision of circuit 1 .* finite"),
    "a precision that is no number": (
        (bound("bad"), "ZZ", None, "high"),
        "precision of circuit 1 .* a number",
    ),
    "values missing": ((ansatz("bad"), "ZZ"), "has parameters without values"),
    "too few values": ((ansatz("bad"), "ZZ", [0.1]), r"shape \(1,\), .* 2 parameters: a, b"),
    "too many values": ((ansatz("bad"), "ZZ", np.zeros((4, 3))), r"shape \(4, 3\), .* 2 parameters"),
    "values for one": ((ansatz("bad"), "ZZ", {"a": 0.1}), "give values for b"),
    "values for none": ((bound("bad"), "ZZ", [0.1]), "and no parameters"),
    "values of two shapes": (
        (ansatz("bad"), "ZZ", {"a": np.zeros((4, 1)), "b": np.zeros((1, 5))}),
        r"different shapes, \(4, 1\), \(1, 5\)",
    ),
    "values for others": ((ansatz("bad"), "ZZ", {"a": 0.1, "c": 0.2}), "has values for c"),
    "NaN": ((ansatz("bad"), "ZZ", [0.1, NAN]), r"not numbers \(NaN\)"),
    "infinite values": ((ansatz("bad"), "ZZ", [0.1, float("inf")]), "infinite"),
    "complex values": ((ansatz("bad"), "ZZ", np.array([0.1, 1 + 1j])), "complex numbers"),
    "values that are texts": ((ansatz("bad"), "ZZ", ["0.1", "0.2"]), "texts"),
    "projectors": ((bound("bad"), ["ZZ", "0+"]), "has the observable '0[+]'"),
    "measurements": ((measured("bad"), ["IZ", "XX"]), "ends with measurements"),
    "NaN coefficients": ((bound("bad"), {"ZZ": NAN}), "not finite numbers"),
    "NaN in an operator": ((bound("bad"), [[SparsePauliOp("ZZ", NAN)]]), "not finite numbers"),
    "infinite coefficients": ((bound("bad"), {"ZZ": float("inf")}), "not finite numbers"),
    "a circuit": (bound("bad"), "has no observables"),
    "a circuit alone": ((bound("bad"),), "has no observables"),
    "a sampler's PUB": ((ansatz("bad"), [0.1, 0.2]), "is a sampler's PUB"),
    "a sampler's PUB by name": ((ansatz("bad"), {"a": 0.1, "b": 0.2}), "is a sampler's PUB"),
    "a sampler's PUB of bindings": (
        (ansatz("bad"), BindingsArray({("a", "b"): VALUES})),
        "is a sampler's PUB",
    ),
    "a sampler's PUB with shots": ((bound("bad"), None, 100), "is a sampler's PUB"),
    "too many parts": ((bound("bad"), "ZZ", None, 0.1, 5), "has 5 parts"),
}


@every
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_an_error_that_names_the_pub(name: str, make: Make, manager: JobManager) -> None:
    pub, why = BAD[name]
    for call in (manager.run, manager.plan):
        with pytest.raises(InputError, match=why) as caught:
            call([(bound(), "ZZ"), pub], make(None), precision=0.1)
        assert "circuit 1 (bad)" in str(caught.value)
        assert len(str(caught.value)) < 500
        if isinstance(pub, tuple):
            with pytest.raises(InputError, match=why.replace(" 1 ", " 0 ")):
                call(pub, make(None), precision=0.1)
    assert manager.history() == []


def test_measurements_that_estimators_run(manager: JobManager) -> None:
    """Of qubits that no observable is about, or in the middle of the circuit."""
    middle = bound()
    middle.add_register(ClassicalRegister(1))
    middle.measure(0, 0)
    middle.x(0)
    for make in (backend_estimator, aer_estimator, runtime_estimator):
        for pub in ((measured(), "II"), (middle, "ZI"), (middle, "IZ")):
            job_set = ended(manager.run(pub, make(SEED), precision=PRECISION))
            (expected,) = make(SEED).run([pub], precision=PRECISION).result()
            check_same(job_set.results().primitive_result(0), expected)
    for call in (manager.run, manager.plan):
        with pytest.raises(CircuitError, match=r"circuit 0 \(bound\) has measurements"):
            call((middle, "ZI"), StatevectorEstimator())


@every
@pytest.mark.parametrize("precision", [-0.1, NAN, float("inf"), "0.1", True, [0.1]], ids=repr)
def test_a_precision_that_cannot_be(make: Make, precision: Any, manager: JobManager) -> None:
    with pytest.raises(InputError, match="precision must be"):
        manager.run([(bound(), "ZZ")], make(None), precision=precision)


def test_a_precision_of_zero_for_one_that_counts_shots(manager: JobManager) -> None:
    for make in (backend_estimator, runtime_estimator):
        with pytest.raises(CircuitError, match=r"circuit 0 \(bound\) .* precision 0"):
            manager.run([(bound(), "ZZ")], make(None), precision=0)


@every
def test_things_that_are_no_pub(make: Make, manager: JobManager) -> None:
    for pub in (5, None, [], ("ZZ", bound()), object()):
        with pytest.raises(InputError, match="item 1 is not a PUB but"):
            manager.run([(bound(), "ZZ"), pub], make(None))
    with pytest.raises(InputError, match="no PUBs were given"):
        manager.run([], make(None))


@every
def test_a_set_is_of_one_kind(make: Make, manager: JobManager) -> None:
    """An estimator takes no shots, and what gives counts no precision and no PUB of an estimator."""
    with pytest.raises(InputError, match="is an estimator, which takes no shots"):
        manager.run([(bound(), "ZZ")], make(None), shots=100)
    sampled = bound("sampled")
    sampled.measure_all()
    for backend in (StatevectorSampler(), AerSimulator()):
        with pytest.raises(InputError, match="precision= is for estimators"):
            manager.run([sampled], backend, precision=0.1)
        with pytest.raises(CircuitError, match=r"circuit 1 \(bound\) is an estimator's PUB"):
            manager.run([sampled, (bound(), "ZZ")], backend)
    with pytest.raises(CircuitError, match=re.escape("circuit 1 (sampled) has no observables")):
        manager.run([(bound(), "ZZ"), sampled], make(None))


# -- what is shown -------------------------------------------------------------------------------------


@every
def test_reports_and_panels_show_values_and_no_empty_bars(make: Make, manager: JobManager) -> None:
    pubs = [(bound("first"), "ZZ"), (ansatz("many"), "ZZ", np.zeros((9, 2)))]
    job_set = ended(manager.run(pubs, make(SEED), precision=0.1, name="<energies>"))
    results = job_set.results()
    first, error = float(results.evs(0)), float(results.stds(0))
    shown = f"circuit 0 (first): {estimate_text(first, error)}"
    report = job_set.report(detailed=False)
    assert f"expectation values:\n    {shown}\n" in report
    assert "circuit 1 (many): " in report
    assert "(9 in all)" in report
    static = html_of(job_set._state)
    assert "Expectation values of 1 of 1 job" in static
    assert shown in static
    assert "Counts of" not in static
    assert shown in text_of(job_set._state)
    panel: Any = job_set.panel()
    assert panel.snapshot["head"]["effort"] == "precision 0.1"
    (bars,) = panel.snapshot["histograms"]
    assert bars["keys"] == []
    assert bars["estimates"][0] == shown
