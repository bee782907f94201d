"""Addresses and credentials of IBM Quantum, taken from the user's ``QiskitRuntimeService``."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from qjm_widgets.backends.ibm.session import check_address
from qjm_widgets.errors import InputError, ProviderError, explain

_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
#: The text of the error at a redirect.
NOT_FOLLOWED = "the server redirects, and the API key is sent to no other address"
#: A token is renewed after this fraction of its lifetime.
_RENEW_AFTER = 0.8
#: Seconds to connect, and between two bytes of a response.
_TIMEOUT = (10.0, 30.0)
# An access token of IBM Cloud (a JWT), whoever requested it. The pattern matches only at the start of a
# word: a search that also starts inside a word would read a long word repeatedly.
_TOKEN = re.compile(r"eyJ(?<![\w-]eyJ)[\w-]*+\.[\w-]++\.[\w-]*+")
_BEARER = re.compile(r"Bearer [^\s\"',;]++")


@dataclass(frozen=True)
class Account:
    """An address with its credentials; neither its repr nor an error contains the key.

    Attributes:
        url: the base of the REST API, without a trailing slash.
        iam_url: the base of the IAM service, which exchanges the key for a token.
        crn: the CRN of the service instance.
        key: the API key.
        proxies: the proxies in the form of ``requests``.
        verify: whether certificates are checked.

    Raises:
        InputError: an address uses plain http and is not on this machine.
    """

    url: str
    iam_url: str
    crn: str
    key: str = field(repr=False)
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    verify: bool = True

    def __post_init__(self) -> None:
        check_address(self.url)
        check_address(self.iam_url)

    @property
    def name(self) -> str:
        """The account to which limits on submission apply, as text without secrets."""
        return f"ibm:{_field(self.crn, 6) or self.crn}"


def account_of(service: Any, instance: str | None = None) -> Account:
    """Return the account of a ``QiskitRuntimeService``.

    Args:
        service: the user's service.
        instance: the CRN of a backend's instance; by default the account's or the active instance.

    Raises:
        InputError: the service has no usable account, or its address is plain http.
    """
    known = service.active_account() or {}
    crn = instance or known.get("instance") or service.active_instance()
    key = known.get("token")
    if not key or not crn:
        raise InputError(
            "this QiskitRuntimeService has no API key or no instance: make it with token= and instance="
        )
    private = bool(known.get("private_endpoint"))
    base = known.get("url") or "https://cloud.ibm.com"
    # No public attribute has the resolver.
    resolver = getattr(service, "_url_resolver", None)
    url = (
        resolver(base, crn, private, known.get("channel"))
        if callable(resolver)
        else _region_url(base, crn, private)
    )
    return Account(
        url=url.rstrip("/"),
        iam_url=(os.environ.get("IAM_URL") or _iam_url(crn, private)).rstrip("/"),
        crn=crn,
        key=key,
        proxies=dict((known.get("proxies") or {}).get("urls") or {}),
        verify=known.get("verify") is not False,
    )


def _field(crn: str, index: int) -> str:
    """Return a field of a CRN, counted from 0: 2 is the cloud, 5 the region, 6 the account."""
    fields = crn.split(":")
    return fields[index] if index < len(fields) else ""


def _region_url(base: str, crn: str, private: bool) -> str:
    parts = urlsplit(base)
    region = _field(crn, 5) or "us-east"
    if private:
        host = f"private.{region}.quantum.{parts.hostname}"
    elif region == "us-east":
        host = f"quantum.{parts.hostname}"
    else:
        host = f"{region}.quantum.{parts.hostname}"
    return f"{parts.scheme}://{host}/api/v1"


def _iam_url(crn: str, private: bool) -> str:
    test = "test." if _field(crn, 2) == "staging" else ""
    return f"https://{'private.' if private else ''}iam.{test}cloud.ibm.com"


class Token:
    """The access token of an account. It is requested when first used, and renewed before it expires.

    Args:
        account: the account.
        clock: returns seconds on a monotonic clock.
    """

    def __init__(self, account: Account, clock: Callable[[], float] = time.monotonic) -> None:
        self._account = account
        self._clock = clock
        self._lock = threading.Lock()
        self._text: str | None = None
        self._renew_at = 0.0

    def get(self, session: requests.Session, *, instead_of: str | None = None) -> str:
        """Return a valid token.

        Args:
            session: makes the request, if one is needed.
            instead_of: a token that was refused, so that it is renewed.

        Raises:
            ProviderError: no token could be obtained; the message has the reason.
        """
        with self._lock:
            if self._text is None or self._clock() >= self._renew_at or self._text == instead_of:
                self._text = None
                self._exchange(session)
            assert self._text is not None
            return self._text

    def redact(self, text: str) -> str:
        """Return a text without the key and without tokens, also without the runtime client's tokens."""
        return _BEARER.sub("Bearer …", _TOKEN.sub("…", text.replace(self._account.key, "…")))

    def _exchange(self, session: requests.Session) -> None:
        requested_at = self._clock()
        try:
            response = session.post(
                f"{self._account.iam_url}/identity/token",
                data={
                    "grant_type": _GRANT,
                    "apikey": self._account.key,
                    "response_type": "cloud_iam",
                },
                headers={"Accept": "application/json"},
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            text = self.redact(explain(error))
            raise ProviderError(f"IBM Cloud gave no access token: {text}") from error
        if response.status_code != 200:
            raise ProviderError(
                f"IBM Cloud gave no access token ({response.status_code}): "
                + (
                    NOT_FOLLOWED
                    if response.is_redirect
                    else f"{self.redact(response.text[:300])}\nCheck the API key."
                ),
                response.status_code,
            )
        try:
            found = response.json()
            text, seconds = str(found["access_token"]), float(found["expires_in"])
        except (ValueError, KeyError, TypeError):
            raise ProviderError("IBM Cloud's response has no access token") from None
        self._text = text
        self._renew_at = requested_at + _RENEW_AFTER * seconds
