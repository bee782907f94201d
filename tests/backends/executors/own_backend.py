"""A user's own simulator; it is unknown where it computes."""

from typing import Any

from qiskit.providers import BackendV2, Options
from qiskit.providers.basic_provider import BasicProviderJob
from qiskit.result import Result
from qiskit.result.models import ExperimentResult, ExperimentResultData
from qiskit.transpiler import Target


class OwnBackend(BackendV2):
    """Every qubit is found to be 1."""

    def __init__(self) -> None:
        super().__init__(name="own")
        self._target = Target(num_qubits=5)

    @property
    def target(self) -> Target:
        return self._target

    @property
    def max_circuits(self) -> None:
        return None

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=1024)

    def run(self, circuits: Any, shots: int = 1024, **options: Any) -> BasicProviderJob:
        results = [
            ExperimentResult(
                shots,
                True,
                ExperimentResultData(counts={hex(2**circuit.num_clbits - 1): shots}),
                header={"name": circuit.name, "memory_slots": circuit.num_clbits},
            )
            for circuit in circuits
        ]
        return BasicProviderJob(self, "own-1", Result(success=True, results=results))
