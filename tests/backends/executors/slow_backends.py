"""Simulators with jobs that run until the test opens their gate."""

import os
from pathlib import Path
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers.basic_provider import BasicSimulator

from tests.fakes import until


class Gated(BasicSimulator):
    """Each job notes the process that runs it, and waits until ``open`` was called.

    Args:
        home: a directory that all workers can reach.
        deadly: the name of a circuit whose job ends the process that runs it.
    """

    def __init__(self, home: Path, deadly: str | None = None) -> None:
        super().__init__()
        self._home = home
        self._deadly = deadly

    def run(self, circuits: list[QuantumCircuit], **options: Any) -> Any:
        (self._home / f"{circuits[0].name} in {os.getpid()}").touch()
        if circuits[0].name == self._deadly:
            os._exit(3)
        until(lambda: (self._home / "open").exists())
        return super().run(circuits, **options)

    def open(self) -> None:
        """Let all jobs continue."""
        (self._home / "open").touch()

    def began(self, name: str, times: int = 0) -> list[int]:
        """The processes in which the job of this circuit has begun; waits for so many."""
        pattern = f"{name} in *"
        until(lambda: len(list(self._home.glob(pattern))) >= times)
        return [int(path.name.split(" in ")[1]) for path in self._home.glob(pattern)]
