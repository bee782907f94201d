"""The HTTP sessions for IBM Quantum; their requests contain credentials."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

import requests
import requests.adapters
import requests.auth

from qjm_widgets.errors import InputError


def check_address(url: str) -> None:
    """Refuse an address to which a key would be sent unencrypted.

    Raises:
        InputError: it is neither https nor plain http on this machine.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return
    shown = f"{parts.scheme}://{parts.hostname}"
    raise InputError(
        f"{shown} is refused: the API key would be sent there unencrypted. Give an address that begins"
        " with https://; plain http is allowed only for this machine (127.0.0.1, ::1, localhost)."
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a host name
        return False


class HTTPSession(requests.Session):
    """A session that follows no redirect and uses plain HTTP only on this machine."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = _Headers()
        self.mount("http://", _LoopbackAdapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None, so that no redirect is followed: another host would get the key."""


class _LoopbackAdapter(requests.adapters.HTTPAdapter):
    """Plain HTTP to this machine, without a proxy."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        check_address(request.url or "")
        return super().send(request, stream, timeout, verify, cert, proxies=None)


class _Headers(requests.auth.AuthBase):
    """An authentication that changes no headers; without it ``requests`` reads the user's .netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request
