"""How errors of submissions are classified, by errors that real connections raise."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Callable

import pytest
import requests
from qiskit.exceptions import QiskitError

from qjm_widgets.core.error_policy import Refusal, judge
from qjm_widgets.errors import NotAvailableError

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"
GARBAGE = b"what?\r\n\r\n"
NO_JSON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"


def by_requests(url: str) -> object:
    return requests.get(url, timeout=0.2).json()


def by_urllib(url: str) -> object:
    with urllib.request.urlopen(url, timeout=0.2) as answer:
        return json.loads(answer.read())


def raised(get: Callable[[str], object], url: str) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
        get(url)
    return caught.value


@pytest.mark.parametrize("get", [by_requests, by_urllib])
@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (b"", Refusal.UNSURE),
        (HALF, Refusal.UNSURE),
        (CHUNK, Refusal.UNSURE),
        (GARBAGE, Refusal.UNSURE),
        (None, Refusal.UNSURE),
        (NO_JSON, Refusal.BROKEN_OFF),
    ],
    ids=["closed", "half", "chunk", "garbage", "silence", "no JSON"],
)
def test_a_connection_that_breaks_after_the_request_leaves_a_doubt(
    answer: bytes | None, refusal: Refusal, get: Callable[[str], object]
) -> None:
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(10_000)
                if answer is None:
                    over.wait(30)
                else:
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        error = raised(get, f"http://127.0.0.1:{server.getsockname()[1]}/")
        over.set()
        thread.join(30)
    assert judge(error).refusal is refusal
    wrapped = QiskitError("not submitted")
    wrapped.__cause__ = error
    if refusal is Refusal.UNSURE:
        assert judge(wrapped).refusal is refusal


@pytest.mark.parametrize("get", [by_requests, by_urllib])
def test_a_server_that_was_never_reached_has_nothing(get: Callable[[str], object]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert judge(raised(get, f"http://127.0.0.1:{port}/")).refusal is Refusal.BUSY


def test_the_last_of_several_tries_counts() -> None:
    """An earlier try that did not reach the server says nothing about the one that did."""
    error = requests.ReadTimeout("no answer")
    error.__context__ = ConnectionRefusedError("nobody there")
    assert judge(error).refusal is Refusal.UNSURE


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (KeyError("id"), Refusal.BROKEN_OFF),
        (MemoryError(), Refusal.BROKEN_OFF),
        (KeyboardInterrupt(), Refusal.BROKEN_OFF),
        (NotAvailableError("circuits are missing"), Refusal.LASTING),
        (ValueError("bad circuit"), Refusal.LASTING),
        (QiskitError("bad circuit"), Refusal.LASTING),
        (requests.exceptions.MissingSchema("no scheme"), Refusal.LASTING),
    ],
)
def test_what_came_before_or_instead_of_a_request(error: BaseException, refusal: Refusal) -> None:
    assert judge(error).refusal is refusal


def test_a_certificate_that_is_not_trusted_ends_it_with_advice() -> None:
    class SSLCertVerificationError(OSError):
        pass

    error = requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
    error.__cause__ = SSLCertVerificationError("self-signed certificate")
    verdict = judge(error)
    assert verdict.refusal is Refusal.LASTING
    assert "not trusted here" in verdict.text


@pytest.mark.parametrize(
    ("text", "large"),
    [
        ("48921 2-qubit gates exceeds the system limits by 389.210%", True),
        ("The number of instructions per qubit is above the limit", True),
        ("Maximum payload exceeded", True),
        ("Split circuits or PUBs into multiple jobs", True),
        ('{"errors": [{"code": 1520, "message": "Job not valid"}]}', True),
        ("Job not valid, see https://ibm.biz/error_codes#1520", True),
        ("gates on more than two qubits are not supported", False),
        ("the job ran too long (code 1305)", False),
        ("circuit 1520 has no measurement", False),
    ],
)
def test_a_refusal_for_the_size_of_a_job_is_told_from_others(text: str, large: bool) -> None:
    assert (judge(QiskitError(text)).refusal is Refusal.TOO_LARGE) is large
