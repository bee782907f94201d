"""Accounts with several instances: sets and jobs are found in whichever of them has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.records import Status
from qjm_widgets.errors import InputError, JobSetNotFoundError, NotFoundError, ProviderError
from tests.backends.ibm.server import Server
from tests.backends.ibm.server_types import CRN, SECOND_CRN, THIRD_CRN
from tests.fakes import LIMIT

Make = Callable[..., Any]
NAMES = {CRN: "first", SECOND_CRN: "second", THIRD_CRN: "third"}


@pytest.fixture
def several(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server with three instances, for which the real client searches."""
    server.instances = dict(NAMES)
    monkeypatch.delenv("QISKIT_FUNCTIONS_EXPERIMENTAL")
    for name, value in server.search_environment().items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def account(several: Server) -> Any:
    """A service that was made for no instance."""
    return several.service("auto")


def run_in(
    crn: str, manager: JobManager, account: Any, quantum: Make, bell: QuantumCircuit, **more: Any
) -> JobSet:
    """Run a set of two jobs in an instance."""
    backend = account.backend("ibmq_manila", instance=crn)
    return manager.run([bell] * 2, quantum(backend), shots=5, max_circuits_per_job=1, **more)


@pytest.mark.parametrize("crn", NAMES, ids=NAMES.values())
def test_a_set_is_retrieved_from_the_instance_that_has_it(
    crn: str,
    account: Any,
    several: Server,
    manager: JobManager,
    elsewhere: JobManager,
    quantum: Make,
    bell: QuantumCircuit,
) -> None:
    several.hold()
    job_set = run_in(crn, manager, account, quantum, bell)
    assert job_set.wait(LIMIT, until="submitted")
    assert {job.crn for job in several.jobs.values()} == {crn}
    again = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=account)
    several.go()
    assert again.wait(LIMIT)
    assert +again._state.numbers() == {Status.DONE: 2}
    assert sum(again.results().get_counts(1).values()) == 5
    found = elsewhere.find_job_sets(account)
    assert [(each.job_set_id, each.instance) for each in found] == [(job_set.job_set_id(), crn)]


def test_a_stored_set_is_polled_in_the_instance_that_has_it(
    account: Any, several: Server, quantum: Make, bell: QuantumCircuit, tmp_path: Any
) -> None:
    several.hold()
    with JobManager(tmp_path / "store") as before:
        job_set = run_in(SECOND_CRN, before, account, quantum, bell)
        assert job_set.wait(LIMIT, until="submitted")
    with JobManager(tmp_path / "store") as after:
        again = after.retrieve_job_set(job_set.job_set_id(), provider=account)
        several.go()
        assert again.wait(LIMIT)
        assert +again._state.numbers() == {Status.DONE: 2}


def test_the_sets_of_all_instances_are_found(
    account: Any, manager: JobManager, elsewhere: JobManager, quantum: Make, bell: QuantumCircuit
) -> None:
    ids = set()
    for crn, name in NAMES.items():
        job_set = run_in(crn, manager, account, quantum, bell, name=name)
        assert job_set.wait(LIMIT)
        ids.add(job_set.job_set_id())
    found = elsewhere.find_job_sets(account)
    assert {each.job_set_id for each in found} == ids
    assert {each.name: each.instance for each in found} == {name: crn for crn, name in NAMES.items()}


def test_an_instance_that_refuses_is_named_and_loses_no_other(
    account: Any,
    several: Server,
    manager: JobManager,
    elsewhere: JobManager,
    quantum: Make,
    bell: QuantumCircuit,
) -> None:
    job_set = run_in(SECOND_CRN, manager, account, quantum, bell)
    assert job_set.wait(LIMIT)
    several.forbidden = {CRN}
    with pytest.warns(
        UserWarning, match=r"may be missing: .*refused: first \(.*403.*no access"
    ) as caught:
        assert len(elsewhere.find_job_sets(account)) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="first") as caught:
        again = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=account)
    assert caught[0].filename == __file__
    assert again.results().success
    several.forbidden = {SECOND_CRN}
    unknown = "f" * 32
    with (
        pytest.warns(UserWarning, match="second"),
        pytest.raises(JobSetNotFoundError, match=f"{unknown}; .*refused: second"),
    ):
        elsewhere.retrieve_job_set(unknown, provider=account)
    several.forbidden = set(NAMES)
    with pytest.raises(ProviderError, match="no access to this instance"):
        elsewhere.find_job_sets(account)


def test_a_stored_set_in_an_instance_that_refuses_stays_as_it_is(
    account: Any, several: Server, quantum: Make, bell: QuantumCircuit, tmp_path: Any
) -> None:
    several.hold()
    with JobManager(tmp_path / "store") as before:
        job_set = run_in(THIRD_CRN, before, account, quantum, bell)
        assert job_set.wait(LIMIT, until="submitted")
    several.forbidden = {THIRD_CRN}
    with JobManager(tmp_path / "store") as after:
        with pytest.warns(UserWarning, match="third"):
            again = after.retrieve_job_set(job_set.job_set_id(), provider=account)
        assert +again._state.numbers() == {Status.QUEUED: 2}
        several.forbidden = set()
        several.go()
        again = after.retrieve_job_set(job_set.job_set_id(), provider=account)
        assert again.wait(LIMIT)
        assert +again._state.numbers() == {Status.DONE: 2}


def test_a_service_for_one_instance_says_which_and_how_to_ask_the_others(
    account: Any,
    several: Server,
    manager: JobManager,
    elsewhere: JobManager,
    quantum: Make,
    bell: QuantumCircuit,
) -> None:
    job_set = run_in(SECOND_CRN, manager, account, quantum, bell)
    assert job_set.wait(LIMIT)
    one = several.service(CRN)
    said = r'only the instance first was asked.* not second, third: .*instance="auto"'
    with pytest.warns(UserWarning, match=said):
        assert elsewhere.find_job_sets(one) == []
    with pytest.raises(JobSetNotFoundError, match=said):
        elsewhere.retrieve_job_set(job_set.job_set_id(), provider=one)
    with pytest.raises(NotFoundError, match=said):
        elsewhere.adopt(next(iter(several.jobs)), one)
    other = several.service(SECOND_CRN)
    assert elsewhere.retrieve_job_set(job_set.job_set_id(), provider=other).results().success


def test_a_service_for_the_only_instance_warns_of_nothing(
    server: Server, service: Any, elsewhere: JobManager, recwarn: pytest.WarningsRecorder
) -> None:
    assert elsewhere.find_job_sets(service) == []
    with pytest.raises(JobSetNotFoundError) as caught:
        elsewhere.retrieve_job_set("f" * 32, provider=service)
    assert "instance" not in str(caught.value)
    assert not recwarn.list


def test_jobs_are_adopted_from_the_instance_that_has_them(
    account: Any,
    several: Server,
    manager: JobManager,
    elsewhere: JobManager,
    quantum: Make,
    bell: QuantumCircuit,
) -> None:
    for crn in (SECOND_CRN, THIRD_CRN):
        assert run_in(crn, manager, account, quantum, bell).wait(LIMIT)
    ids = list(several.jobs)
    adopted = elsewhere.adopt(ids[2:], account)
    assert adopted.wait(LIMIT)
    assert sum(adopted.results().get_counts(1).values()) == 5
    with pytest.raises(InputError, match="several instances"):
        elsewhere.adopt(ids, account)
    with pytest.raises(NotFoundError, match="nothing"):
        elsewhere.adopt("nothing", account)
