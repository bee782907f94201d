"""Sets found again by their tags, on another machine; jobs that were sent without us."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qjm_widgets import JobManager, default_manager
from qjm_widgets.core.records import Span, Status
from qjm_widgets.errors import (
    InputError,
    JobSetNotFoundError,
    NotAvailableError,
    NotFoundError,
    ProviderError,
)
from tests.backends.ibm.devices import run_on_aer
from tests.backends.ibm.server import Server
from tests.fakes import LIMIT, reach

Make = Callable[..., Any]
SET = "0123456789abcdef" * 2


def tags(
    start: int, stop: int, circuits: int, *more: str, piece: str = "0/1", attempt: int = 1
) -> list[str]:
    mine = f"qjm:{SET}:{start}-{stop}/{circuits}:s{piece}:a{attempt}"
    return ["qjm", f"qjm:{SET}", mine, "qjm-name:sweep", *more]


def put_set(server: Server, jobs: int, *, without: tuple[int, ...] = ()) -> None:
    for job in range(jobs):
        if job not in without:
            server.put(tags=tags(job, job + 1, jobs), usage=2.0, backend="ibmq_manila")


@pytest.fixture(scope="session")
def result_of() -> Callable[[QuantumCircuit], str]:
    """The text of the result of a job of one circuit, with the spans that IBM Quantum adds."""
    import json

    from qiskit_ibm_runtime.json import RuntimeEncoder

    def make(circuit: QuantumCircuit) -> str:
        pub = json.loads(json.dumps([circuit, [], 25], cls=RuntimeEncoder))
        tree = json.loads(run_on_aer({"pubs": [pub], "options": {}}))
        span = {
            "__type__": "ExecutionSpan",
            "__value__": {
                "start": {"__type__": "datetime", "__value__": "2026-03-01T00:00:00"},
                "stop": {"__type__": "datetime", "__value__": "2026-03-01T00:00:02"},
                "data_slices": {"0": [[25], 0, 25]},
            },
        }
        spans = {"__type__": "ExecutionSpans", "__value__": {"spans": [span]}}
        tree["__value__"]["metadata"] = {"execution": {"execution_spans": spans}, "version": 2}
        return json.dumps(tree)

    return make


def test_a_retrieved_set_has_its_counts(
    manager: JobManager,
    elsewhere: JobManager,
    server: Server,
    service: Any,
    quantum: Make,
    bell: QuantumCircuit,
) -> None:
    job_set = manager.run(
        [bell] * 5, quantum(), shots=20, max_circuits_per_job=2, name="a\nb", tags=["t"]
    )
    assert job_set.wait(LIMIT)
    again = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=service)
    assert again.statuses() == job_set.statuses()
    assert (again.name(), again.tags()) == ("a b", ["t"])
    assert [job.span for job in again._state.ordered()] == [Span(0, 2), Span(2, 4), Span(4, 5)]
    mine, theirs = again.results(), job_set.results()
    assert [mine.get_counts(i) for i in range(5)] == [theirs.get_counts(i) for i in range(5)]
    assert again.counts() == job_set.counts()
    assert again._state.record.batch_id == job_set._state.record.batch_id
    assert "waited" not in again.report()


def test_one_circuits_counts_download_one_job_once(
    elsewhere: JobManager,
    server: Server,
    service: Any,
    bell: QuantumCircuit,
    result_of: Callable[[QuantumCircuit], str],
) -> None:
    put_set(server, 12)
    for job in server.jobs.values():
        job.result, job.private = result_of(bell), True
    job_set = elsewhere.retrieve_job_set(SET, provider=service)
    assert server.count("GET", ".*/results") == 0
    assert sum(job_set.results().get_counts(5).values()) == 25
    assert sum(job_set.results().get_counts(5).values()) == 25
    assert server.count("GET", ".*/results") == 1
    assert server.read_once_read == {"d0000000000000000005"}
    assert job_set._state.store.get_outcome(SET, 5) is not None
    metadata = job_set._state.outcomes.get_local(5).info["metadata"]
    assert "execution_spans" in metadata["execution"]
    assert sum(job_set.counts().values()) == 25
    assert elsewhere.retrieve_job_set(SET)._state is job_set._state


def test_a_private_result_that_was_already_read_says_so(
    elsewhere: JobManager, server: Server, service: Any
) -> None:
    put_set(server, 2)
    job_set = elsewhere.retrieve_job_set(SET, provider=service)
    with pytest.raises(NotAvailableError, match="private results can be read once"):
        job_set.results().get_counts(0)


@pytest.mark.parametrize(("jobs", "lists"), [(11, 1), (101, 1), (500, 3), (1001, 6)])
def test_sets_of_any_size_are_retrieved_in_order_in_few_requests(
    elsewhere: JobManager, server: Server, service: Any, jobs: int, lists: int
) -> None:
    put_set(server, jobs)
    with server.counting() as counts:
        job_set = elsewhere.retrieve_job_set(SET, provider=service)
    assert [job.job_id for job in job_set._state.ordered()] == list(server.jobs)
    assert +job_set._state.numbers() == {Status.DONE: jobs}
    assert counts["GET /jobs"] == lists
    assert counts["GET /jobs/*"] == 0
    assert counts["all"] <= lists + 4
    assert not any("exclude_params" not in r.query for r in server.requests if r.path.endswith("/jobs"))


def test_missing_jobs_in_the_middle_and_at_the_end_are_marked(
    elsewhere: JobManager, server: Server, service: Any
) -> None:
    put_set(server, 10, without=(3, 4, 9))
    job_set = elsewhere.retrieve_job_set(SET, provider=service)
    assert [job.span for job in job_set._state.ordered() if job.job_id is None] == [
        Span(3, 5),
        Span(9, 10),
    ]
    assert +job_set._state.numbers() == {Status.DONE: 7, Status.ERROR: 2}
    assert "no job of this set" in str(job_set.error_messages())
    with pytest.raises(NotAvailableError, match=r"job 3 \(circuits 3–4\) failed: no job of this set"):
        job_set.results().get_counts(4)


def test_foreign_renamed_retagged_and_duplicate_jobs_do_not_break_it(
    elsewhere: JobManager, server: Server, service: Any
) -> None:
    put_set(server, 4)
    jobs = list(server.jobs.values())
    jobs[0].tags = [*tags(0, 1, 4)[:3], "qjm-name:renamed", "more"]
    jobs[1].tags = tags(1, 2, 4)[1:3]  # only what finds it
    server.put(tags=[f"qjm:{SET}", "somebody's"], backend="ibmq_manila")
    server.put(tags=[f"qjm:{SET}", f"qjm:{SET}:9-5/4:s0/1:a1"], backend="ibmq_manila")
    server.put(tags=tags(0, 3, 7), backend="ibmq_manila")
    twin = server.put(tags=tags(2, 3, 4), backend="ibmq_manila")
    second = server.put(tags=tags(3, 4, 4, attempt=2), backend="ibmq_manila")
    jobs[3].status = "Failed"
    job_set = elsewhere.retrieve_job_set(SET, provider=service)
    assert [job.job_id for job in job_set._state.ordered()] == [*(j.id for j in jobs[:3]), second.id]
    assert +job_set._state.numbers() == {Status.DONE: 4}
    assert f"also {twin.id} (done)" in job_set.report()
    assert (job_set.name(), job_set._state.jobs[3].attempt) == ("sweep", 2)


def test_shot_pieces_are_retrieved(elsewhere: JobManager, server: Server, service: Any) -> None:
    for piece in (0, 2):
        server.put(tags=tags(0, 2, 4, piece=f"{piece}/3"), backend="ibmq_manila")
    server.put(tags=tags(2, 4, 4), backend="ibmq_manila")
    job_set = elsewhere.retrieve_job_set(SET, provider=service)
    found = [(job.span, job.piece, job.pieces, job.status) for job in job_set._state.ordered()]
    assert found == [
        (Span(0, 2), 0, 3, Status.DONE),
        (Span(0, 2), 1, 3, Status.ERROR),
        (Span(0, 2), 2, 3, Status.DONE),
        (Span(2, 4), 0, 1, Status.DONE),
    ]


def test_what_still_runs_is_followed_and_nothing_is_sent(
    manager: JobManager,
    elsewhere: JobManager,
    server: Server,
    service: Any,
    quantum: Make,
    bell: QuantumCircuit,
) -> None:
    server.hold()
    job_set = manager.run([bell] * 30, quantum(), shots=5, max_circuits_per_job=1)
    assert job_set.wait(LIMIT, until="submitted")
    manager._shut_down()
    with server.counting() as counts:
        again = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=service)
        lists = server.count("GET", "/api/v1/jobs")
        server.until(lambda: server.count("GET", "/api/v1/jobs") >= lists + 2)
    assert counts["GET /jobs/*"] == 1  # one job has the set of all
    server.go()
    assert again.wait(LIMIT)
    assert +again._state.numbers() == {Status.DONE: 30}
    assert server.count("POST", ".*/jobs") == 30
    assert sum(again.counts().values()) == 150


def test_refresh_finds_what_was_missing(elsewhere: JobManager, server: Server, service: Any) -> None:
    put_set(server, 3, without=(1,))
    job_set = elsewhere.retrieve_job_set(SET, provider=service)
    late = server.put(tags=tags(1, 2, 3), backend="ibmq_manila", status="Queued")
    server.misbehave("GET", "/api/v1/jobs", status=500, times=3)
    with pytest.raises(ProviderError):
        elsewhere.retrieve_job_set(SET, provider=service, refresh=True)
    assert +job_set._state.numbers() == {Status.DONE: 2, Status.ERROR: 1}
    assert elsewhere.retrieve_job_set(SET, provider=service, refresh=True) is job_set
    assert [job.job_id for job in job_set._state.ordered()][1] == late.id
    late.status = "Cancelled"
    assert job_set.wait(LIMIT)
    assert +job_set._state.numbers() == {Status.DONE: 2, Status.ERROR: 1}


def test_a_list_that_shifts_while_it_is_read_misses_nothing(
    elsewhere: JobManager, server: Server, service: Any
) -> None:
    server.put(tags=tags(0, 1, 401), backend="ibmq_manila")  # deleted below
    put_set(server, 401)

    def delete_first() -> None:
        server.after_page = lambda: None
        with server.lock:
            del server.jobs[next(iter(server.jobs))]

    server.after_page = delete_first
    job_set = elsewhere.retrieve_job_set(SET, provider=service)
    assert +job_set._state.numbers() == {Status.DONE: 401}


def test_paging_ends_though_jobs_are_added_all_the_time(
    elsewhere: JobManager, server: Server, service: Any
) -> None:
    put_set(server, 200)
    server.after_page = lambda: [server.put(tags=tags(0, 1, 200)) for _ in range(3)] and None
    job_set = elsewhere.retrieve_job_set(SET, provider=service)
    assert +job_set._state.numbers() == {Status.DONE: 200}
    assert server.count("GET", "/api/v1/jobs") < 20


def test_the_sets_of_a_retired_device_can_still_be_read(
    elsewhere: JobManager,
    server: Server,
    service: Any,
    bell: QuantumCircuit,
    result_of: Callable[[QuantumCircuit], str],
) -> None:
    put_set(server, 2)
    for job in server.jobs.values():
        job.backend, job.result = "ibm_gone", result_of(bell)
    job_set = elsewhere.retrieve_job_set(SET, provider=service)
    assert sum(job_set.results().get_counts(1).values()) == 25
    with pytest.raises(InputError, match="ibm_gone is retired"):
        elsewhere.run(bell, job_set._state.adapter)


def test_an_unknown_set_is_an_error(elsewhere: JobManager, server: Server, service: Any) -> None:
    with pytest.raises(JobSetNotFoundError, match="no job of job set"):
        elsewhere.retrieve_job_set(SET, provider=service)


def test_the_sets_of_an_account_are_listed(manager: JobManager, server: Server, service: Any) -> None:
    put_set(server, 5, without=(2,))
    other = SET[::-1]
    server.put(tags=["qjm", f"qjm:{other}", f"qjm:{other}:0-3/3:s0/1:a1"], status="Queued")
    server.put(tags=["qjm"])
    newest, oldest = manager.find_job_sets(provider=service)
    assert (newest.job_set_id, newest.circuits, newest.jobs) == (other, 3, {Status.QUEUED: 1})
    assert (oldest.name, oldest.backend, oldest.missing) == ("sweep", "ibmq_manila", 1)
    assert oldest.jobs == {Status.DONE: 4}
    assert manager.history() == []


def test_jobs_that_were_sent_without_us_become_a_set(
    manager: JobManager, server: Server, service: Any, device: Any, bell: QuantumCircuit
) -> None:
    from qiskit_ibm_runtime import SamplerV2

    with pytest.warns(DeprecationWarning, match="SamplerV2"):
        sampler = SamplerV2(mode=device)
    server.hold()
    ids = [sampler.run([bell] * number, shots=10).job_id() for number in (2, 3)]
    job_set = manager.adopt(ids, service, name="mine")
    assert [job.span for job in job_set._state.ordered()] == [Span(0, 2), Span(2, 5)]
    server.go()
    assert job_set.wait(LIMIT)
    assert sum(job_set.results().get_counts(4).values()) == 10
    assert server.count("POST", ".*/jobs") == 2


def test_what_cannot_be_adopted(manager: JobManager, server: Server, service: Any) -> None:
    fits = {"params": {"pubs": [[]]}, "backend": "ibmq_manila"}
    good = server.put(tags=[], **fits)
    estimator = server.put(tags=[], program="estimator", **fits)
    fez = server.put(tags=[], **{**fits, "backend": "ibm_fez"})
    private = server.put(tags=[], private=True, **fits)
    hidden = server.put(tags=[], private=True, program="executor", **fits)
    learner = server.put(tags=[], program="noise-learner", **fits)
    program = {"quantum_program": {"items": [{}], "semantic_role": "noise_learner_v3"}}
    raw = server.put(tags=[], program="executor", params=program, backend="ibmq_manila")
    for ids, kind, words in [
        ([good.id, estimator.id], InputError, "gives expectation values .* a job set is of one kind"),
        ([learner.id], InputError, "'noise-learner', for neither a sampler nor an estimator"),
        ([raw.id], InputError, "'executor', for neither a sampler nor an estimator"),
        ([hidden.id], InputError, "private"),
        ([good.id, fez.id], InputError, "ibm_fez, ibmq_manila: adopt"),
        ([private.id], InputError, "private"),
        (["../sessions"], NotFoundError, r"has no job \.\./sessions"),
        ([good.id, good.id], InputError, "different"),
        ([], InputError, "different strings"),
    ]:
        with pytest.raises(kind, match=words):
            manager.adopt(ids, service)
    assert manager.history() == []


def test_the_retired_managers_name_takes_a_service_too(
    server: Server, service: Any, store_path: Any
) -> None:
    from qjm_widgets.ibmq import IBMQJobManager

    put_set(server, 3)
    jobs = IBMQJobManager()
    with closing(default_manager()):
        job_set = jobs.retrieve_job_set(SET, provider=service)
        assert job_set.name() == "sweep"
        assert [str(status) for status in job_set.statuses()] == ["JobStatus.DONE"] * 3


def test_a_set_found_again_travels_in_a_bundle(
    elsewhere: JobManager, server: Server, service: Any, tmp_path: Any
) -> None:
    put_set(server, 3, without=(1,))
    job_set = elsewhere.retrieve_job_set(SET, provider=service)
    elsewhere.export(job_set, tmp_path / "set.qjm")
    with JobManager(":memory:") as third:
        loaded = third.load(tmp_path / "set.qjm")
        assert loaded.statuses() == job_set.statuses()
        with pytest.raises(NotAvailableError, match="still at the provider"):
            loaded.results().get_counts(0)


def test_on_the_same_machine_a_dead_kernels_jobs_are_followed_and_none_is_sent(
    server: Server, service: Any, quantum: Make, bell: QuantumCircuit, tmp_path: Any
) -> None:
    first = JobManager(tmp_path / "store.sqlite")
    server.hold()
    job_set = first.run([bell] * 4, quantum(max_pending=2), shots=5, max_circuits_per_job=1)
    reach(job_set, lambda: job_set._state.numbers()[Status.QUEUED] == 2)
    first._shut_down()
    second = JobManager(tmp_path / "store.sqlite")
    again = second.retrieve_job_set(job_set.job_set_id(), provider=service)
    server.go()
    reach(again, lambda: again._state.numbers()[Status.DONE] == 2)
    assert +again._state.numbers() == {Status.DONE: 2, Status.NOT_SENT: 2}
    again.unpause()
    assert again.wait(LIMIT)
    assert +again._state.numbers() == {Status.DONE: 4}
    assert len(server.jobs) == 4
    second.close()
