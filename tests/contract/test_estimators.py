"""What every local estimator gives through the manager is what it gives by itself."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit.primitives import (
    StatevectorEstimator,
    StatevectorSampler,
)
from qiskit.transpiler import CouplingMap, generate_preset_pass_manager

from qjm_widgets import JobManager
from qjm_widgets.core.estimates import estimate_text
from qjm_widgets.errors import NotAvailableError
from qjm_widgets.widgets.static_html import html_of, text_of
from tests.contract.estimator_kinds import (
    OPERATOR,
    OWN_PRECISION,
    PRECISION,
    PUBS,
    SEED,
    VALUES,
    Make,
    ansatz,
    backend_estimator,
    bound,
    check_same,
    each_pub,
    ended,
    every,
    picklable,
)
from tests.fakes import LIMIT

pytestmark = pytest.mark.filterwarnings("ignore:Specifying different 'precision' across pubs")


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


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
