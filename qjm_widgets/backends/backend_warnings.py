"""Collect the warnings of a backend during a submission, which nobody would see on its thread.

A warning becomes the note of the first job of the set that caused it, and is logged once for the set.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from qjm_widgets.core.lost_values import join_notes
from qjm_widgets.core.observation import Observation

_LOG = logging.getLogger("qjm_widgets")
_KEPT_SETS = 100


class BackendWarnings:
    """The warnings of one backend, by job set."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._known: dict[str, set[str]] = {}

    @contextmanager
    def collected(self, identity: str) -> Iterator[list[str]]:
        """Collect the warnings of this thread that are new in the set of a job.

        Args:
            identity: the identity of the job's attempt; it starts with the identity of the set.
        """
        new: list[str] = []
        with _collect() as texts:
            yield new
        known = self._known.setdefault(":".join(identity.split(":")[:2]), set())
        for text in dict.fromkeys(texts):
            if text not in known:
                known.add(text)
                new.append(text)
                _LOG.warning("%s warns: %s", self._name, text)
        while len(self._known) > _KEPT_SETS:
            del self._known[next(iter(self._known))]


def with_warnings(
    found: Observation | BaseException, texts: Sequence[str]
) -> Observation | BaseException:
    """Add the warnings of a job's submission to the note of its observation."""
    if not texts or not isinstance(found, Observation):
        return found
    fetch = found.fetch
    if fetch is not None:
        found = found._replace(fetch=lambda: with_warnings(fetch(), texts))
    return found._replace(note=join_notes(found.note, *texts))


_this_thread = threading.local()
_hook = threading.Lock()
_state: dict[str, Any] = {"using": 0, "before": None}


@contextmanager
def _collect() -> Iterator[list[str]]:
    """Collect the warnings of this thread. The warnings of other threads are shown as before.

    ``warnings.catch_warnings`` would collect the warnings of all threads.
    """
    texts: list[str] = []
    with _hook:
        _state["using"] += 1
        if warnings.showwarning is not _show:
            _state["before"] = warnings.showwarning
            warnings.showwarning = _show
    _this_thread.texts = texts
    try:
        yield texts
    finally:
        _this_thread.texts = None
        with _hook:
            _state["using"] -= 1
            if _state["using"] == 0 and warnings.showwarning is _show:
                warnings.showwarning = _state["before"]


def _show(message: Any, category: Any, *where: Any, **more: Any) -> None:
    texts = getattr(_this_thread, "texts", None)
    if texts is None:
        _state["before"](message, category, *where, **more)
    else:
        texts.append(str(message))
