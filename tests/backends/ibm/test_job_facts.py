"""What IBM Quantum says of a job that ran: times, usage, execution spans, the device's calibration."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit, transpile

from qjm_widgets import JobManager, JobSet
from qjm_widgets.backends.ibm.calibrations import Calibrations
from qjm_widgets.core.records import Status
from qjm_widgets.serialization.execution_spans import execution_spans
from qjm_widgets.widgets.timeline import Timeline
from tests.backends.ibm import server as loopback
from tests.backends.ibm.devices import device_file
from tests.backends.ibm.server import Server
from tests.fakes import LIMIT

Make = Callable[..., Any]
FIRST = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
SPANS = [(FIRST + datetime.timedelta(seconds=3 * n), datetime.timedelta(seconds=2)) for n in range(2)]
SPANS_UTC = [(start, start + length) for start, length in SPANS]


def encoded(moment: datetime.datetime) -> dict[str, str]:
    return {"__type__": "datetime", "__value__": f"{moment:%Y-%m-%dT%H:%M:%S}"}


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let results of samplers have two execution spans, as those of devices do."""
    run = loopback.run_on_aer

    def run_with_spans(params: Any, program: str = "sampler") -> str:
        tree = json.loads(run(params, program))
        found = [
            {
                "__type__": "ExecutionSpan",
                "__value__": {
                    "start": encoded(start),
                    "stop": encoded(stop),
                    "data_slices": {"0": [[5], 0, 5]},
                },
            }
            for start, stop in SPANS_UTC
        ]
        collection = {"__type__": "ExecutionSpans", "__value__": {"spans": found}}
        tree["__value__"]["metadata"] = {"execution": {"execution_spans": collection}, "version": 2}
        return json.dumps(tree)

    monkeypatch.setattr(loopback, "run_on_aer", run_with_spans)


def ran(manager: JobManager, backend: Any, bell: QuantumCircuit, jobs: int = 2) -> JobSet:
    job_set = manager.run([bell] * jobs, backend, shots=5, max_circuits_per_job=1)
    assert job_set.wait(LIMIT)
    return job_set


def calibrated() -> datetime.datetime:
    return datetime.datetime.fromisoformat(device_file("ibmq_manila", "properties")["last_update_date"])


@pytest.mark.usefixtures("spans")
def test_a_job_has_its_spans_and_its_calibration_in_every_kernel(
    elsewhere: JobManager,
    service: Any,
    server: Server,
    quantum: Make,
    bell: QuantumCircuit,
    tmp_path: Path,
) -> None:
    with JobManager(tmp_path / "store") as manager:
        job_set = ran(manager, quantum(), bell)
        live = job_set.managed_jobs()
        bundle = tmp_path / "set.qjm"
        manager.export(job_set, bundle)
        facts = [(job.execution_spans(), job.calibrated_at()) for job in live]
    assert facts == [(SPANS_UTC, calibrated())] * 2
    before = len(server.requests)
    with JobManager(tmp_path / "store") as later:
        stored = later.retrieve_job_set(job_set.job_set_id()).managed_jobs()
        assert [(job.execution_spans(), job.calibrated_at()) for job in stored] == facts
    with JobManager(":memory:") as other:
        loaded = other.load(bundle).managed_jobs()
        assert [(job.execution_spans(), job.calibrated_at()) for job in loaded] == facts
    assert len(server.requests) == before
    retrieved = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=service).managed_jobs()
    assert [(job.execution_spans(), job.calibrated_at()) for job in retrieved] == facts


@pytest.mark.usefixtures("spans")
def test_jobs_that_run_after_each_other_share_the_request_for_their_calibration(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    device = quantum()
    with server.counting() as counts:
        ran(manager, device, bell, 8)
    assert counts["GET /backends/*/properties"] == 1


def test_metrics_are_those_of_the_service_and_are_kept(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit, tmp_path: Path
) -> None:
    with JobManager(tmp_path / "store") as first:
        job_set = ran(first, quantum(), bell)
        for job in job_set.managed_jobs():
            native = server.jobs[str(job.job_id())]
            created = datetime.datetime.fromisoformat(native.created)
            metrics = job.metrics()
            assert metrics["timestamps"] == {
                "created": created,
                "running": created + datetime.timedelta(seconds=5),
                "finished": created + datetime.timedelta(seconds=9),
            }
            assert metrics["usage"] == {"quantum_seconds": 1.5}
            assert job.usage() == 1.5
        asked = server.count("GET", ".*/metrics")
        kept = [job.metrics() for job in job_set.managed_jobs()]
        assert server.count("GET", ".*/metrics") == asked == 2
        assert job_set.usage() == 3.0
        assert "quantum processor time: 3.0 s" in job_set.report()
        assert job_set.to_dataframe()["qpu_seconds"].tolist() == [1.5, 1.5]
    with JobManager(tmp_path / "store") as later:
        again = later.retrieve_job_set(job_set.job_set_id())
        assert [job.metrics() for job in again.managed_jobs()] == kept
        assert again.usage() == 3.0
    assert server.count("GET", ".*/metrics") == 2


def test_metrics_of_jobs_found_at_the_service_complete_their_times(
    manager: JobManager,
    elsewhere: JobManager,
    service: Any,
    server: Server,
    quantum: Make,
    bell: QuantumCircuit,
) -> None:
    job_set = ran(manager, quantum(), bell, 1)
    again = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=service)
    (job,) = again.managed_jobs()
    assert again._state.jobs[0].running_at is None
    times = job.metrics()["timestamps"]
    assert times["finished"] - times["running"] == datetime.timedelta(seconds=4)
    assert "waited 5.0 s, ran 4.0 s" in again.report()


def test_a_service_that_refuses_metrics_leaves_the_times_of_the_polls(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    job_set = ran(manager, quantum(), bell, 1)
    (job,) = job_set.managed_jobs()
    server.misbehave("GET", ".*/metrics", status=403, body="no")
    assert job.metrics()["timestamps"]["finished"] is not None
    assert job.metrics()["usage"] == {"quantum_seconds": 1.5}


def test_a_job_without_a_result_has_no_spans(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.hold()
    job_set = manager.run([bell], quantum(), shots=5)
    assert job_set.wait(LIMIT, until="submitted")
    (job,) = job_set.managed_jobs()
    assert job.execution_spans() == []
    assert job.calibrated_at() is None
    assert job.metrics()["timestamps"]["finished"] is None
    assert job_set.usage() is None or job_set.usage() == 0


def test_the_newer_primitives_have_spans_too(
    manager: JobManager, server: Server, device: Any, quantum: Make
) -> None:
    from qiskit_ibm_runtime.executor_sampler import Sampler

    circuit = QuantumCircuit(1)
    circuit.x(0)
    circuit.measure_all()
    job_set = manager.run([transpile(circuit, device)], Sampler(mode=device), shots=5)
    assert job_set.wait(LIMIT)
    ((start, stop),) = job_set.managed_jobs()[0].execution_spans()
    assert (stop - start).total_seconds() == 2
    assert start.tzinfo is datetime.UTC


@pytest.mark.usefixtures("spans")
def test_the_timeline_has_the_spans_inside_running(
    manager: JobManager, elsewhere: JobManager, service: Any, quantum: Make, bell: QuantumCircuit
) -> None:
    job_set = ran(manager, quantum(), bell)
    at = [[round(1000 * moment.timestamp()) for moment in span] for span in SPANS_UTC]
    found = Timeline(job_set._state).build()
    assert found["spans"] == [[job, *span] for job in range(2) for span in at]
    for _, _, sent, running, ended, _ in found["bars"]:
        assert sent <= running <= at[0][0]
        assert at[-1][-1] <= ended
    again = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=service)
    timeline = Timeline(again._state)
    assert timeline.build()["bars"] == []  # the results are still at the service
    again.results().get_counts(1)
    shown = timeline.build()
    assert shown["spans"] == [[1, *span] for span in at]
    done = list(Status).index(Status.DONE)
    assert shown["bars"] == [[1, 1, at[0][0], at[0][0], at[-1][-1], done]]


TIME = {"__type__": "datetime", "__value__": "2026-03-01T00:00:00"}


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {},
        {"execution": None},
        {"execution": {"execution_spans": "later"}},
        {"execution": {"execution_spans": {"__type__": "ExecutionSpans", "__value__": None}}},
        {"execution": {"execution_spans": {"__type__": "ExecutionSpans", "__value__": {"spans": 7}}}},
        {
            "execution": {
                "execution_spans": {"spans": [None, {}, {"start": TIME}, {"start": 1, "stop": 2}]}
            }
        },
        {"execution": {"execution_spans": {"spans": [{"start": TIME, "stop": "1999-01-01"}]}}},
        {"executor": {"chunk_timing": [{"start": "soon", "stop": "later"}, 3]}},
        {"executor": {"chunk_timing": {"start": TIME}}},
    ],
)
def test_malformed_spans_are_left_out(metadata: Any) -> None:
    assert execution_spans({"metadata": metadata}) == []


def test_spans_of_any_form_are_read_in_order() -> None:
    later = {"start": "2026-03-01T02:00:00+01:00", "stop": "2026-03-01T01:00:02Z"}
    earlier = {"__type__": "TwirledSliceSpanV2", "__value__": {"start": TIME, "stop": TIME}}
    old = {"__type__": "ExecutionSpanCollection", "__value__": {"spans": [later, earlier]}}
    midnight = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC).timestamp()
    found = execution_spans({"metadata": {"execution": {"execution_spans": old}}})
    assert found == [(midnight, midnight), (midnight + 3600, midnight + 3602)]


class Properties:
    """The part of a client that knows calibrations: one an hour, for two hours."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def properties(self, backend: str, at: float) -> dict[str, Any]:
        self.asked.append(at)
        date = datetime.datetime.fromtimestamp(at // 3600 * 3600, datetime.UTC)
        return {"last_update_date": date.isoformat()} if at < 7200 else {}


def test_a_calibration_is_that_before_the_job() -> None:
    client = Properties()
    dates = Calibrations(client, "x")  # type: ignore[arg-type]
    assert [dates.date_at(at) for at in (10.0, 50.0, 300.0, 20.0)] == [0.0] * 4
    assert client.asked == [10.0]
    assert dates.date_at(3605.0) == 3600.0
    assert dates.date_at(3500.0) == 0.0
    assert dates.date_at(9000.0) is None
