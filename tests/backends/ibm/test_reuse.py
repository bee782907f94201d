"""A set that has run on a device is given back instead of being paid for again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qjm_widgets import JobManager
from qjm_widgets.errors import ProviderError
from tests.backends.ibm.server import Server
from tests.fakes import LIMIT

Make = Callable[..., Any]
RUN: dict[str, Any] = {"shots": 5, "max_circuits_per_job": 1, "reuse": True}


def test_another_kernel_pays_for_nothing(
    server: Server, quantum: Make, bell: QuantumCircuit, tmp_path: Path
) -> None:
    found = []
    for _ in range(2):
        with JobManager(tmp_path / "store.db") as manager:
            job_set = manager.run([bell] * 2, quantum(), **RUN)
            found.append((job_set.job_set_id(), job_set.results(LIMIT).get_counts(1)))
    assert found[0] == found[1]
    assert len(server.jobs) == 2


def test_a_set_that_is_under_way_is_followed(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.hold()
    device = quantum()
    first = manager.run([bell] * 2, device, **RUN)
    assert manager.run([bell] * 2, device, **RUN) is first
    server.go()
    assert first.results(LIMIT).success
    assert len(server.jobs) == 2


def test_other_options_of_the_primitive_are_another_set(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    plain = manager.run([bell], quantum(), **RUN)
    twirled = manager.run([bell], quantum(options={"twirling": {"enable_gates": True}}), **RUN)
    assert plain.job_set_id() != twirled.job_set_id()
    assert plain.results(LIMIT).success
    assert twirled.results(LIMIT).success
    assert len(server.jobs) == 2


def test_a_calibration_that_cannot_be_read_runs_nothing(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    device = quantum()
    first = manager.run([bell], device, **RUN)
    assert first.results(LIMIT).success
    server.misbehave("GET", "/api/v1/backends/[^/]+/properties", status=500, times=20)
    with pytest.raises(ProviderError, match="give reuse='any calibration'"):
        manager.run([bell], device, **RUN)
    assert manager.run([bell], device, **{**RUN, "reuse": "any calibration"}) is first
    assert len(server.jobs) == 1
