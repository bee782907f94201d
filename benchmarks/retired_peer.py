"""The retired IBMQJobManager on a server that takes no time: a script for its own environment.

It prints as JSON, for each argument ``CIRCUITS/JOBS``: the seconds from ``run`` to ``results`` minus
those of a plain loop, and the seconds for every count by index.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from typing import Any

warnings.simplefilter("ignore")

from qiskit import QuantumCircuit  # noqa: E402
from qiskit.providers.ibmq import IBMQBackend  # noqa: E402
from qiskit.providers.ibmq.managed import IBMQJobManager  # noqa: E402
from qiskit.qobj import QobjExperimentHeader  # noqa: E402
from qiskit.result import Result  # noqa: E402
from qiskit.result.models import ExperimentResult, ExperimentResultData  # noqa: E402

QUBITS = 5
OUTCOMES = {hex(value): 32 for value in range(1 << QUBITS)}


class Job:
    def __init__(self, result: Result) -> None:
        self._result = result

    def result(self, **_: Any) -> Result:
        return self._result

    def job_id(self) -> str:
        return "job"


class Server(IBMQBackend):  # type: ignore[misc]
    """A backend without a server."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def configuration(self) -> Any:
        return self

    def name(self) -> str:
        return "instant"

    def run(self, circuits: Any, **_: Any) -> Job:
        return Job(self._result)


def measure(circuits: int, jobs: int) -> dict[str, float]:
    made = [QuantumCircuit(QUBITS, QUBITS, name=f"ghz {index}") for index in range(circuits)]
    size = circuits // jobs
    header = QobjExperimentHeader(
        name="ghz", creg_sizes=[["c", QUBITS]], memory_slots=QUBITS, metadata={}
    )
    data = ExperimentResultData(counts=OUTCOMES)
    experiments = [ExperimentResult(1024, True, data, header=header) for _ in range(size)]
    server = Server(Result("instant", "1", "q", "job", True, experiments))
    best: dict[str, float] = {}
    for _ in range(3):
        began = time.perf_counter()
        for start in range(0, circuits, size):
            server.run(made[start : start + size]).result()
        loop = time.perf_counter() - began
        began = time.perf_counter()
        results = IBMQJobManager().run(made, server, max_experiments_per_job=size).results()
        whole = time.perf_counter() - began
        began = time.perf_counter()
        for index in range(circuits):
            results.get_counts(index)
        found = {"overhead": whole - loop, "counts": time.perf_counter() - began}
        best = {key: min(value, best.get(key, value)) for key, value in found.items()}
    return best


cases = (argument.split("/") for argument in sys.argv[1:])
print(json.dumps({"/".join(case): measure(int(case[0]), int(case[1])) for case in cases}))
