"""Whether a backend of IBM Quantum runs jobs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from qjm_widgets.backends.ibm.client import IBMClient
from qjm_widgets.backends.ibm.recent import Recent
from qjm_widgets.core.formatting import first_line
from qjm_widgets.errors import NotFoundError

#: The word of a backend that runs jobs.
_ACTIVE = "active"
#: Words of the service that mean something else to a reader, with phrases in their place.
_PHRASES = {
    "internal": "taking jobs but running none",
    "maintenance": "in maintenance",
    "off": "switched off",
    "online": "not operational",
    _ACTIVE: "not operational",
    "": "not operational",
}
_MAINTENANCE = re.compile(r"maintenance", re.I)
_RETIRED = re.compile(r"retire|decommission|no longer available", re.I)
#: The most characters of the service's own words that are shown.
_LENGTH = 80


class BackendState(Recent):
    """The state of a backend.

    Args:
        rest: the client of the account.
        name: the backend's name.
        clock: returns seconds on a monotonic clock.

    Attributes:
        notice: why the backend runs no job; None if it runs jobs, or is not known to run none.
    """

    def __init__(self, rest: IBMClient, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._rest = rest
        self._name = name
        self.notice: str | None = None

    def _ask(self) -> Mapping[str, Any]:
        try:
            return self._rest.backend_status(self._name)
        except NotFoundError:
            return {"state": False, "status": "retired"}

    def _read(self, found: Mapping[str, Any]) -> None:
        # Only a plain answer counts: a wrong notice would alarm.
        state, word = found.get("state"), found.get("status")
        word = first_line(word.strip(), _LENGTH) if isinstance(word, str) else None
        known = word is not None and word.lower() not in ("", _ACTIVE, "online")
        if state is not False and not known:
            self.notice = None
            return
        message = found.get("message")
        message = first_line(message.strip(), _LENGTH) if isinstance(message, str) else ""
        self.notice = self._text(word or "", message)

    def _text(self, word: str, message: str) -> str:
        said = f"{word} {message}"
        if _RETIRED.search(said):
            return f"{self._name} is retired: it runs no more jobs"
        if _MAINTENANCE.search(said):
            word = "maintenance"
        phrase = _PHRASES.get(word.lower(), word)
        repeated = message.lower() in ("", word.lower())
        more = "" if repeated else f" ({message})"
        return f"{self._name} is {phrase}{more}: jobs wait"
