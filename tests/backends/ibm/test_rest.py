"""The REST client: credentials, tokens, retries, odd answers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from qjm_widgets.backends.ibm.account import Account, Token, account_of
from qjm_widgets.backends.ibm.client import IBMClient
from qjm_widgets.errors import NotFoundError, ProviderError
from tests.backends.ibm.server import Server
from tests.backends.ibm.server_types import CRN, TOKEN


@pytest.fixture
def account(server: Server, service: Any) -> Account:
    return account_of(service)


@pytest.fixture
def client(account: Account) -> IBMClient:
    return IBMClient(account, timeouts=(5.0, 1.0))


def test_the_account_is_that_of_the_users_service(server: Server, account: Account) -> None:
    assert account.url == f"{server.url}/api/v1"
    assert account.iam_url == server.url
    assert (account.crn, account.key) == (CRN, TOKEN)
    assert account.name == "ibm:a/0123456789abcdef"


@pytest.mark.parametrize(
    ("region", "private", "url", "iam"),
    [
        ("us-east", False, "https://quantum.cloud.ibm.com/api/v1", "https://iam.cloud.ibm.com"),
        ("eu-de", False, "https://eu-de.quantum.cloud.ibm.com/api/v1", "https://iam.cloud.ibm.com"),
        (
            "eu-de",
            True,
            "https://private.eu-de.quantum.cloud.ibm.com/api/v1",
            "https://private.iam.cloud.ibm.com",
        ),
    ],
)
def test_without_a_resolver_the_address_is_that_of_the_instances_region(
    monkeypatch: pytest.MonkeyPatch, region: str, private: bool, url: str, iam: str
) -> None:
    class Service:
        def active_account(self) -> dict[str, Any]:
            crn = CRN.replace("us-east", region)
            return {"token": TOKEN, "instance": crn, "private_endpoint": private}

    monkeypatch.delenv("IAM_URL")
    account = account_of(Service())
    assert (account.url, account.iam_url) == (url, iam)


def test_one_token_serves_many_threads(server: Server, client: IBMClient) -> None:
    before = server.count("POST", "/identity/token")
    threads = [threading.Thread(target=client.jobs, args=("qjm",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.count("POST", "/identity/token") == before + 1
    assert server.count("GET", "/api/v1/jobs") == 8


def test_a_token_is_renewed_before_it_ends(server: Server, account: Account) -> None:
    import requests

    now = 0.0
    token = Token(account, clock=lambda: now)
    with requests.Session() as session:
        first = token.get(session)
        now = 0.79 * 3600
        assert token.get(session) == first
        now = 0.81 * 3600
        assert token.get(session) != first


def test_a_refused_token_is_renewed_once(server: Server, client: IBMClient, service: Any) -> None:
    client.jobs("qjm")
    server.expire_newest_token()
    assert client.jobs("qjm") == []
    server.misbehave("GET", "/api/v1/jobs", status=401, body="{}", times=2)
    with pytest.raises(ProviderError, match="401"):
        client.jobs("qjm")


def test_a_wrong_key_raises_with_the_reason(server: Server, account: Account) -> None:
    from dataclasses import replace

    client = IBMClient(replace(account, key="wrong-key-wrong-key"))
    with pytest.raises(ProviderError, match=r"API key not found.*\n?.*Check the API key") as caught:
        client.jobs("qjm")
    assert "wrong-key" not in str(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500, "body": "{}"},
        {"status": 429, "body": "{}", "headers": {"Retry-After": "0"}},
        {"status": 429, "body": "{}"},
        {"drop": True},
        {"truncate": True},
        {"delay": 1.5},
        {"status": 200, "body": "<html>"},
    ],
    ids=str,
)
def test_what_may_be_repeated_is_tried_again(
    server: Server, client: IBMClient, fault: dict[str, Any]
) -> None:
    server.put(tags=["qjm"])
    server.misbehave("GET", "/api/v1/jobs", **fault)
    assert len(client.jobs("qjm")) == 1


def test_a_long_retry_after_raises_instead_of_waiting(server: Server, client: IBMClient) -> None:
    server.misbehave("GET", "/api/v1/jobs", status=429, body="{}", headers={"Retry-After": "90"})
    with pytest.raises(ProviderError) as caught:
        client.jobs("qjm")
    assert caught.value.retry_after == 90
    assert server.count("GET", "/api/v1/jobs") == 1


def test_what_is_refused_is_not_tried_again(server: Server, client: IBMClient) -> None:
    server.misbehave("GET", "/api/v1/jobs", status=400, body="{}")
    with pytest.raises(ProviderError, match=r"refused \(400\)"):
        client.jobs("qjm")
    assert server.count("GET", "/api/v1/jobs") == 1


def test_errors_have_the_text_of_the_server(server: Server, client: IBMClient) -> None:
    job = server.put(tags=[])
    assert client.cancel(job.id) is False  # 409: too late
    with pytest.raises(ProviderError, match="1204 Too many tags"):
        client.set_tags(job.id, [str(i) for i in range(9)])
    with pytest.raises(NotFoundError, match="has no job gone"):
        client.job("gone")


@pytest.mark.parametrize("job_id", ["../sessions", "a/b?c=d#e", "%2e%2e", "ä\n"])
def test_an_odd_job_id_stays_one_segment_of_the_path(
    server: Server, client: IBMClient, job_id: str
) -> None:
    with pytest.raises(NotFoundError):
        client.job(job_id)
    with pytest.raises(NotFoundError):
        client.cancel(job_id)
    assert all(request.path.count("/") <= 5 for request in server.requests)
    assert server.count(None, "/api/v1/sessions.*") == 0


@pytest.mark.parametrize("body", ["[]", '{"jobs": 3}', '{"jobs": [3, {}, {"id": 4}], "count": "x"}'])
def test_odd_lists_change_nothing(server: Server, client: IBMClient, body: str) -> None:
    server.misbehave("GET", "/api/v1/jobs", status=200, body=body)
    if "count" in body:
        assert client.jobs("qjm") == []
    else:
        with pytest.raises(ProviderError, match="not a list"):
            client.jobs("qjm")
