"""Who talks to IBM Quantum, and where: taken from the ``QiskitRuntimeService`` that the user has."""

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
NOT_FOLLOWED = "the server sends elsewhere, and the key is given to no other address"
"""What is said of a redirect."""
_FRESH_FOR = 0.8
"""A token is renewed after this part of its life."""
_TIMEOUT = (10.0, 30.0)
# A token as IBM Cloud gives it (a JWT), whoever has asked for it. It begins a word: a search that began
# inside the word too would read a long one again and again.
_TOKEN = re.compile(r"eyJ(?<![\w-]eyJ)[\w-]*+\.[\w-]++\.[\w-]*+")
_BEARER = re.compile(r"Bearer [^\s\"',;]++")


@dataclass(frozen=True)
class Account:
    """An address with its credentials; neither its repr nor an error shows the key.

    Attributes:
        url: base of the REST API, without a slash at its end.
        iam_url: where the key is exchanged for a token.
        crn: the service instance.
        key: the API key.
        proxies: as ``requests`` takes them.
        verify: whether certificates are checked.

    Raises:
        InputError: an address is plain http to another machine.
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
        """The account, as text without secrets: limits on submission belong to it."""
        return f"ibm:{_field(self.crn, 6) or self.crn}"


def account_of(service: Any, instance: str | None = None) -> Account:
    """The account of a ``QiskitRuntimeService``.

    Args:
        service: the user's.
        instance: the CRN that a backend belongs to; by default the active one.

    Raises:
        InputError: the service holds no account that can be used, or its address is plain http.
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
    # The one thing that no public attribute tells.
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
    """A field of a CRN, from 0: 2 is the cloud, 5 the region, 6 the account."""
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
    """The access token of an account: made when first asked for, renewed before it ends.

    Args:
        account: whose.
        clock: seconds on a monotonic clock.
    """

    def __init__(self, account: Account, clock: Callable[[], float] = time.monotonic) -> None:
        self._account = account
        self._clock = clock
        self._lock = threading.Lock()
        self._text: str | None = None
        self._renew_at = 0.0

    def get(self, session: requests.Session, *, instead_of: str | None = None) -> str:
        """A token that is good.

        Args:
            session: asks for it where one is needed.
            instead_of: a token that was refused.

        Raises:
            ProviderError: there is none to be had; says why.
        """
        with self._lock:
            if self._text is None or self._clock() >= self._renew_at or self._text == instead_of:
                self._text = None
                self._exchange(session)
            assert self._text is not None
            return self._text

    def redact(self, text: str) -> str:
        """A text without the key and without any token, those of the runtime's own client too."""
        return _BEARER.sub("Bearer …", _TOKEN.sub("…", text.replace(self._account.key, "…")))

    def _exchange(self, session: requests.Session) -> None:
        began = self._clock()
        try:
            answer = session.post(
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
        if answer.status_code != 200:
            raise ProviderError(
                f"IBM Cloud gave no access token ({answer.status_code}): "
                + (
                    NOT_FOLLOWED
                    if answer.is_redirect
                    else f"{self.redact(answer.text[:300])}\nCheck the API key."
                ),
                answer.status_code,
            )
        try:
            found = answer.json()
            text, seconds = str(found["access_token"]), float(found["expires_in"])
        except (ValueError, KeyError, TypeError):
            raise ProviderError("IBM Cloud's answer holds no access token") from None
        self._text = text
        self._renew_at = began + _FRESH_FOR * seconds
