"""HTTP requests for jobs on IBM Quantum, compared with plain qiskit-ibm-runtime, on loopback."""

from __future__ import annotations

import logging
import warnings
from typing import Any

from qiskit import transpile

from benchmarks.timing import Row, Spread, Target
from benchmarks.workloads import fresh_manager, set_variables, small_circuits
from qjm_widgets import JobManager
from qjm_widgets.backends.ibm.adapter import IBMQuantum
from tests.backends.ibm.server import Server

NAME = "ibm"
JOBS = 100
SHOTS = 10


def run(*, short: bool) -> list[Row]:
    logging.getLogger("qiskit_ibm_runtime").setLevel(logging.ERROR)
    with Server() as server, set_variables(server.environment()):
        service = server.service()
        backend = service.backend("ibmq_manila")
        circuits = transpile(small_circuits(JOBS), backend, optimization_level=0)
        server.hold()  # as in a queue
        with server.counting() as plain_run:
            jobs = _submit(backend, circuits)
            server.go()
            for job in jobs:
                job.result()
        tag = jobs[0].tags[0]
        with server.counting() as plain_look:
            for job in service.jobs(limit=JOBS, job_tags=[tag]):
                job.status()
        adapter = IBMQuantum(backend, jobs_per_minute=60_000)
        server.hold()
        with fresh_manager() as manager:
            with server.counting() as our_run:
                job_set = manager.run(circuits, adapter, shots=SHOTS, max_circuits_per_job=1)
                job_set.wait(until="submitted")
                server.go()
                results = job_set.results()
            assert all(sum(results.get_counts(index).values()) == SHOTS for index in range(JOBS))
        elsewhere = JobManager(":memory:")
        with server.counting() as our_look:
            again = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=service)
            again.statuses()
        with server.counting() as one:
            again.results().get_counts(5)
        elsewhere.close()
    return [
        _row(f"{JOBS} jobs, from run to all results", our_run["all"], plain_run["all"], most=330),
        _row(
            "of these, to poll statuses",
            our_run["GET /jobs"] + our_run["GET /jobs/*"],
            plain_run["GET /jobs"] + plain_run["GET /jobs/*"],
        ),
        _row(f"{JOBS} jobs found again, with their states", our_look["all"], plain_look["all"], most=6),
        _row("counts of one circuit of a set found again", one["all"], None, most=1),
    ]


def _submit(backend: Any, circuits: list[Any]) -> list[Any]:
    from qiskit_ibm_runtime import Batch, SamplerV2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        sampler = SamplerV2(
            mode=Batch(backend=backend), options={"environment": {"job_tags": ["plain"]}}
        )
    return [sampler.run([circuit], shots=SHOTS) for circuit in circuits]


def _row(case: str, ours: int, plain: int | None, most: int | None = None) -> Row:
    return Row(
        NAME,
        case,
        "requests",
        Spread.of([ours]),
        "" if plain is None else "qiskit-ibm-runtime",
        None if plain is None else Spread.of([plain]),
        None if plain is None else Spread.of([ours / plain]),
        target=None if most is None else Target("value", most),
    )
