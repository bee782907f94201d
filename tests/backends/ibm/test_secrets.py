"""A token is in no log, error, repr, store, notebook or bundle."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qjm_widgets import JobManager
from tests.backends.ibm.server import Server
from tests.backends.ibm.server_types import TOKEN
from tests.fakes import LIMIT

Make = Callable[..., Any]


def test_the_token_is_never_stored_or_shown(
    server: Server,
    quantum: Make,
    device: Any,
    bell: QuantumCircuit,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    manager = JobManager(tmp_path / "store.sqlite")
    adapter = quantum()
    # A server that repeats in its errors what it was sent.
    echo = f'{{"errors": [{{"code": 1, "message": "bad key {TOKEN}"}}]}}'
    server.misbehave("POST", "/api/v1/jobs", status=400, body=echo)
    server.misbehave("GET", "/api/v1/jobs", status=400, body=echo, times=2)
    job_set = manager.run(
        [bell] * 3, adapter, shots=5, max_circuits_per_job=1, environment={"log_level": "DEBUG"}
    )
    assert job_set.wait(LIMIT)
    server.expire_newest_token()
    job_set.retry()
    assert job_set.wait(LIMIT)
    manager.export(job_set, tmp_path / "set.qjm")
    shown = [
        caplog.text,
        job_set.report(),
        str(job_set.error_messages()),
        repr((adapter, adapter._rest, adapter._rest._account, adapter._rest._token, job_set, manager)),
        repr([job_set._state.store.job_history(job_set.job_set_id(), row) for row in range(3)]),
        repr(job_set._state.submit_errors),
    ]
    assert "bad key …" in "".join(shown)
    manager.close()
    secrets = {TOKEN, *server.tokens}
    assert len(secrets) > 1
    with zipfile.ZipFile(tmp_path / "set.qjm") as bundle:
        files = [bundle.read(name) for name in bundle.namelist()]
    files += [path.read_bytes() for path in tmp_path.iterdir()]
    for secret in secrets:
        assert not any(secret in text for text in shown)
        assert not any(secret.encode() in data for data in files)


def test_a_token_of_the_runtimes_own_client_is_never_stored_or_shown(
    server: Server, quantum: Make, service: Any, manager: JobManager, bell: QuantumCircuit
) -> None:
    given = server.tokens[0]  # given before our own request
    server.misbehave("POST", "/api/v1/jobs", status=401, body=f"not authorized: {given}, Bearer abc-1")
    job_set = manager.run(bell, quantum(), shots=5)
    assert job_set.wait(LIMIT)
    assert "not authorized: …, Bearer …" in str(job_set._state.jobs[0].last_error)
    stored = job_set._state.store.load_set(job_set.job_set_id())
    for text in (job_set.report(), str(stored), repr(job_set._state.submit_errors)):
        assert given not in text
        assert "abc-1" not in text


def test_the_set_that_is_shown_holds_no_token(
    server: Server, quantum: Make, manager: JobManager, bell: QuantumCircuit
) -> None:
    server.misbehave("POST", "/api/v1/jobs", status=400, body=f"you sent {TOKEN}")
    job_set = manager.run(bell, quantum(), shots=5)
    assert job_set.wait(LIMIT)
    panel = job_set.panel()
    assert "you sent …" in str(panel.get_state())
    assert TOKEN not in str(panel.get_state())
    panel.close()
