"""The API key goes to the address of its account, encrypted, and nowhere else."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from qjm_widgets.backends.ibm.account import Account, Token, account_of
from qjm_widgets.backends.ibm.client import IBMClient
from qjm_widgets.backends.ibm.session import HTTPSession, check_address
from qjm_widgets.errors import InputError, ProviderError
from tests.backends.ibm.server import Server
from tests.backends.ibm.server_types import TOKEN

REDIRECTS = (301, 302, 303, 307, 308)


@pytest.fixture
def account(server: Server, service: Any) -> Account:
    return account_of(service)


@pytest.fixture
def other() -> Iterator[Server]:
    """Another host, to which nobody may be sent."""
    with Server() as server:
        yield server


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("make", [requests.Session, HTTPSession])
def test_the_request_for_a_token_follows_no_redirect(
    server: Server, account: Account, other: Server, status: int, make: Callable[[], requests.Session]
) -> None:
    where = {"Location": f"{other.url}/identity/token"}
    server.misbehave("POST", "/identity/token", status=status, headers=where)
    with make() as session, pytest.raises(ProviderError, match="the server redirects") as raised:
        Token(account).get(session)
    assert raised.value.status_code == status
    assert TOKEN not in str(raised.value)
    assert other.requests == []


@pytest.mark.parametrize("status", REDIRECTS)
def test_no_other_request_follows_one(
    server: Server, account: Account, other: Server, status: int
) -> None:
    rest = IBMClient(account)
    calls: list[tuple[str, Callable[[], object]]] = [
        ("GET", lambda: rest.job("j")),
        ("GET", rest.jobs),
        ("GET", lambda: rest.result("j")),
        ("POST", lambda: rest.cancel("j")),
        ("PUT", lambda: rest.set_tags("j", ["t"])),
        ("GET", lambda: rest.session("s")),
    ]
    for method, call in calls:
        where = {"Location": f"{other.url}/api/v1/jobs"}
        server.misbehave(method, "/api/v1/.*", status=status, headers=where)
        with pytest.raises(ProviderError, match="the server redirects"):
            call()
    assert other.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://iam.cloud.ibm.com",
        "HTTP://quantum.cloud.ibm.com/api/v1",
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
        "http://127.0.0.1@example.org",
        "http://192.168.0.1",
        "http://[::2]:80",
        "ftp://127.0.0.1",
        "quantum.cloud.ibm.com",
    ],
)
def test_a_key_goes_over_https_or_to_this_machine(account: Account, url: str) -> None:
    for field in ("url", "iam_url"):
        with pytest.raises(InputError, match="unencrypted"):
            dataclasses.replace(account, **{field: url})
    with HTTPSession() as session, pytest.raises((InputError, requests.RequestException)):
        session.get(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/x",
        "http://127.0.0.1:1",
        "http://127.9.9.9",
        "http://[::1]:8",
        "http://localhost",
    ],
)
def test_https_and_this_machine_are_asked(url: str) -> None:
    check_address(url)


def test_an_address_of_the_environment_is_checked(
    server: Server, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IAM_URL", "http://iam.example.org")
    with pytest.raises(InputError, match=r"http://iam\.example\.org is refused"):
        account_of(service)


def test_what_is_for_this_machine_does_not_pass_a_proxy(
    account: Account, other: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", other.url)
    monkeypatch.setenv("http_proxy", other.url)
    assert IBMClient(account).jobs() == []
    assert other.requests == []
