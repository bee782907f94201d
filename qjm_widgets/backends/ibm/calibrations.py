"""When a device of IBM Quantum was calibrated."""

from __future__ import annotations

import threading

from qjm_widgets.backends.ibm.client import IBMClient
from qjm_widgets.errors import NotFoundError, ProviderError
from qjm_widgets.serialization.execution_spans import read_time

#: Seconds after an answer in which no other calibration is expected. Devices are calibrated hourly.
_KEPT = 600.0


class Calibrations:
    """The dates of a device's calibrations. Jobs that run soon after each other share one request.

    Thread-safe.

    Args:
        rest: the client of the account.
        backend: the device's name.
    """

    def __init__(self, rest: IBMClient, backend: str) -> None:
        self._rest = rest
        self._backend = backend
        self._lock = threading.Lock()
        #: The period that was asked for, and the date of the calibration in it.
        self._known: tuple[float, float, float | None] | None = None

    def date_at(self, at: float) -> float | None:
        """Return the date of the calibration that was in force at a time; None if it is not known.

        Both are seconds since 1970, UTC.
        """
        with self._lock:
            if self._known is None or not self._known[0] <= at <= self._known[1]:
                date = self._ask(at)
                self._known = at if date is None else date, at + _KEPT, date
            return self._known[2]

    def _ask(self, at: float) -> float | None:
        try:
            found = self._rest.properties(self._backend, at)
        except (NotFoundError, ProviderError):
            return None
        date = read_time(found.get("last_update_date"))
        return date if date is not None and date <= at else None
