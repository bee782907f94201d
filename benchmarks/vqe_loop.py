"""An optimizer's loop: one set of one PUB after another on an estimator of this process."""

from __future__ import annotations

import time

import numpy as np
from qiskit.circuit import ParameterVector, QuantumCircuit
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp

from benchmarks.timing import Row, Spread, Stopwatch, Target, measure_rounds
from benchmarks.workloads import fresh_manager

NAME = "vqe"
CALLS = 200
MILLISECONDS = 1e3
#: An Ising chain with a transverse field on four qubits.
OPERATOR = SparsePauliOp.from_list(
    [
        *((label, -1.0) for label in ("IIZZ", "IZZI", "ZZII")),
        *((label, -0.5) for label in ("IIIX", "IIXI", "IXII", "XIII")),
    ]
)


def run(*, short: bool) -> list[Row]:
    rounds = measure_rounds({"manager": _through_manager, "plain loop": _plain}, 3 if short else 9)
    first, last = (rounds.lap("manager", f"{which} quarter") for which in ("first", "last"))
    overhead = _less(rounds.wall("manager"), rounds.wall("plain loop"))
    processor = _less(rounds.cpu("manager"), rounds.cpu("plain loop"))
    return [
        _row("a call above the plain one", overhead, target=Target("value", most=4.0)),
        _row("the same in processor time", processor),
        _row("the plain call", rounds.wall("plain loop")),
        _row("until run returned", rounds.lap("manager", "run")),
        _row("from there until the job was sent", rounds.lap("manager", "sent")),
        _row("from there until it had computed", rounds.lap("manager", "computed")),
        _row("from there until results returned", rounds.lap("manager", "results")),
        _row("a call in the last quarter above one in the first", _less(last, first), CALLS // 4),
    ]


def _through_manager(stopwatch: Stopwatch) -> None:
    parts = dict.fromkeys(("run", "sent", "computed", "results"), 0.0)
    estimator = StatevectorEstimator()
    circuit, points = _ansatz()
    ends: list[float] = []
    with fresh_manager() as manager, stopwatch.timed():
        for point in points:
            began = time.time()
            job_set = manager.run([(circuit, OPERATOR, point)], estimator)
            returned = time.time()
            job_set.results().evs(0)
            ended = time.time()
            (job,) = job_set._state.jobs
            sent, computed = job.sent_at or returned, job.finished_at or ended
            parts["run"] += returned - began
            parts["sent"] += max(0.0, sent - returned)
            parts["computed"] += computed - max(sent, returned)
            parts["results"] += ended - computed
            ends.append(ended)
    quarter = CALLS // 4
    stopwatch.laps |= parts
    stopwatch.laps |= {
        "first quarter": ends[quarter] - ends[0],
        "last quarter": ends[-1] - ends[-1 - quarter],
    }


def _plain(stopwatch: Stopwatch) -> None:
    estimator = StatevectorEstimator()
    circuit, points = _ansatz()
    with stopwatch.timed():
        for point in points:
            estimator.run([(circuit, OPERATOR, point)]).result()[0].data.evs.item()


def _ansatz() -> tuple[QuantumCircuit, list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]]:
    """A circuit of two layers, and the points that an optimizer asks for."""
    angles = ParameterVector("θ", 12)
    circuit = QuantumCircuit(4, name="ansatz")
    for layer in range(3):
        for qubit in range(4):
            circuit.ry(angles[4 * layer + qubit], qubit)
        for qubit in range(3 if layer < 2 else 0):
            circuit.cx(qubit, qubit + 1)
    return circuit, list(np.random.default_rng(0).random((CALLS, 12)))


def _row(case: str, seconds: list[float], calls: int = CALLS, target: Target | None = None) -> Row:
    spread = Spread.of([MILLISECONDS * each / calls for each in seconds])
    return Row(NAME, f"{CALLS} sets of one PUB: {case}", "ms", spread, target=target)


def _less(some: list[float], others: list[float]) -> list[float]:
    """The differences, round by round."""
    return [a - b for a, b in zip(some, others, strict=True)]
