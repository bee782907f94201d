"""Thousands of jobs on IBM Quantum: time, memory and requests, with a server on loopback and no pace.

The server has a process of its own, so that the time and the memory are ours and the runtime's. Its
simulator and its lists take part of the wall time.
"""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from qiskit import transpile

from benchmarks.timing import Row, Spread, Stopwatch, resident
from benchmarks.workloads import fresh_manager, set_variables, small_circuits
from qjm_widgets.backends.ibm.adapter import IBMQuantum
from tests.backends.ibm.server import Server, environment_of, service_at

NAME = "ibm_jobs"
JOBS, FEW_JOBS = 5000, 500
SHOTS = 10


def run(*, short: bool) -> Iterator[Row]:
    logging.getLogger("qiskit_ibm_runtime").setLevel(logging.ERROR)
    jobs = FEW_JOBS if short else JOBS
    case = f"{jobs:,} jobs of one circuit"
    with _server() as server:
        url = server.recv()
        with set_variables(environment_of(url)):
            backend = service_at(url).backend("ibmq_manila")
            circuits = transpile(small_circuits(jobs), backend, optimization_level=0)
            adapter = IBMQuantum(backend, jobs_per_minute=6_000_000)
            server.send("count")
            requests = -server.recv()
            stopwatch = Stopwatch()
            with fresh_manager() as manager, stopwatch.timed():
                before = most = resident()
                job_set = manager.run(circuits, adapter, shots=SHOTS, max_circuits_per_job=1)
                while not job_set.wait(0.25, until="submitted"):
                    most = max(most, resident())
                stopwatch.lap("submitted")
                while not job_set.wait(0.25):
                    most = max(most, resident())
                results = job_set.results()
                assert all(sum(results.get_counts(index).values()) == SHOTS for index in range(jobs))
                most = max(most, resident())
            server.send("count")
            requests += server.recv()
    submitted = Spread.of([stopwatch.laps["submitted"]])
    yield Row(NAME, f"{case}: until all were submitted", "s", submitted)
    yield Row(NAME, f"{case}: until all results", "s", Spread.of([stopwatch.wall]))
    yield Row(NAME, f"{case}: processor", "s", Spread.of([stopwatch.cpu]))
    yield Row(NAME, f"{case}: most memory beside the circuits", "MB", Spread.of([most - before]))
    yield Row(NAME, f"{case}: requests", "requests", Spread.of([requests]))


@contextmanager
def _server() -> Iterator[Connection]:
    """Run a server in another process; the connection gives its address, then its request counts."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours
    finally:
        ours.send("end")
        process.join(10)


def _serve(connection: Connection) -> None:
    with Server() as server:
        connection.send(server.url)
        while connection.recv() == "count":
            connection.send(server.count())
