"""Cells that the notebooks of the browser tests begin with."""

SMALL_CIRCUITS = """
from qiskit import QuantumCircuit
from qiskit.providers.basic_provider import BasicSimulator
from qjm_widgets import JobManager

def circuit(index):
    made = QuantumCircuit(2, name=f"bell {index}")
    made.h(0)
    made.cx(0, 1)
    made.measure_all()
    return made

circuits = [circuit(index) for index in range(40)]
manager = JobManager()
"""

# A simulator that computes a job when the test lets it, and fails the jobs (`refuse`) and the circuits
# (`spoil`) that the test names.
GATED = """
import threading

class Gated(BasicSimulator):
    def __init__(self):
        super().__init__()
        self.gate = threading.Semaphore(0)
        self.refuse = {}
        self.spoil = set()
    def run(self, circuits, **options):
        self.gate.acquire(timeout=60)
        if circuits[0].name in self.refuse:
            raise RuntimeError(self.refuse[circuits[0].name])
        job = super().run(circuits, **options)
        for circuit, experiment in zip(circuits, job.result().results):
            if circuit.name in self.spoil:
                experiment.success, experiment.status = False, "ERROR: a qubit was lost"
        return job

backend = Gated()
job_set = manager.run(circuits, backend, name="gated", shots=100, seed_simulator=7,
                      max_circuits_per_job=4)
job_set
"""


def open_gate(jobs: int) -> str:
    """An expression for the kernel that lets so many jobs compute."""
    return f"[backend.gate.release() for _ in range({jobs})]"
