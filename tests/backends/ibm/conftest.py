"""The real qiskit-ibm-runtime against a server on loopback; nothing of either is patched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from qiskit import QuantumCircuit, transpile

from qjm_widgets import JobManager
from qjm_widgets._compat import has_samplers

if not has_samplers():
    collect_ignore_glob = ["*.py"]
else:
    from tests.backends.ibm.server import Server

    @pytest.fixture(scope="session")
    def loopback() -> Iterator[Server]:
        with Server() as server, pytest.MonkeyPatch.context() as patch:
            for name, value in server.environment().items():
                patch.setenv(name, value)
            yield server

    @pytest.fixture(scope="session")
    def service(loopback: Server) -> Any:
        return loopback.service()

    @pytest.fixture(scope="session")
    def device(service: Any) -> Any:
        return service.backend("ibmq_manila")

    @pytest.fixture
    def server(loopback: Server) -> Iterator[Server]:
        yield loopback
        loopback.reset()

    @pytest.fixture
    def quantum(device: Any, server: Server) -> Callable[..., Any]:
        """Makes the adapter of a device, with a pace and times for tests."""
        from qjm_widgets.backends.ibm.adapter import IBMQuantum

        def make(backend: Any = device, **settings: Any) -> Any:
            quick = {"jobs_per_minute": 60_000, "settling": 0.3, "poll_seconds": (0.05, 1.0)}
            return IBMQuantum(backend, **quick | settings)

        return make


@pytest.fixture
def elsewhere() -> Iterator[JobManager]:
    """A manager on another machine: its store is empty."""
    manager = JobManager(":memory:")
    yield manager
    manager._shut_down()


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager._shut_down()


@pytest.fixture(scope="session")
def bell(device: Any) -> QuantumCircuit:
    """A circuit that fits the device."""
    circuit = QuantumCircuit(2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return transpile(circuit, device, seed_transpiler=1)
