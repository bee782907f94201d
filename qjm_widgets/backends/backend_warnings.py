"""Collect the warnings of a backend during a submission, which nobody would see on its thread.

A warning becomes the note of the first job of the set that caused it, and is logged once for the set.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from qjm_widgets._warnings import collect_warnings
from qjm_widgets.core.job_tags import set_tag_of
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
        with collect_warnings() as texts:
            yield new
        known = self._known.setdefault(set_tag_of(identity), set())
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
