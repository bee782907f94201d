"""The time of an IBM Quantum instance: used, allowed and left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from qjm_widgets.backends.ibm.client import IBMClient
from qjm_widgets.backends.ibm.recent import Recent
from qjm_widgets.core.formatting import duration


class InstanceUsage(Recent):
    """The usage of the instance of an account.

    Args:
        rest: the client of the account.
        clock: returns seconds on a monotonic clock.

    Attributes:
        text: used, allowed and left time as a phrase; None if it is not known.
        notice: why IBM Quantum runs no job of the instance; None if it runs jobs, or is not known to run
            none.
    """

    def __init__(self, rest: IBMClient, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._rest = rest
        self.text: str | None = None
        self.notice: str | None = None

    def _ask(self) -> Mapping[str, Any]:
        return self._rest.usage()

    def _read(self, found: Mapping[str, Any]) -> None:
        self.text = _text(found)
        self.notice = None
        if found.get("usage_limit_reached") is True:
            known = f" ({self.text})" if self.text else ""
            self.notice = f"the instance has met its usage limit{known}: no job runs until it gets time"


def _text(found: Mapping[str, Any]) -> str | None:
    used = _seconds(found.get("usage_consumed_seconds"))
    limit = _seconds(found.get("usage_limit_seconds"))
    limit = _seconds(found.get("usage_allocation_seconds")) if limit is None else limit
    if used is None:
        return None
    if limit is None:
        return f"{duration(used)} of the instance's time used"
    left = duration(limit - used) if limit - used >= 0.1 else "none"
    return f"{duration(used)} of the instance's {duration(limit)} used, {left} left"


def _seconds(value: Any) -> float | None:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if known and math.isfinite(value) and value >= 0 else None
