"""Whether panels explain themselves where nobody says: ``%qjm teaching on`` sets it for the process."""

from __future__ import annotations

import weakref
from typing import Protocol


class Follower(Protocol):
    """What shows itself differently when the default changes."""

    def teach(self) -> None:
        """The default has changed; quick, from any thread."""


_default = False
_followers: weakref.WeakSet[Follower] = weakref.WeakSet()


def get() -> bool:
    """Whether a panel explains itself by default."""
    return _default


def set_default(on: bool) -> None:
    """Let panels that were not told otherwise explain themselves, or not; those in sight follow."""
    global _default
    _default = bool(on)
    for follower in list(_followers):
        follower.teach()


def follow(follower: Follower) -> None:
    """Tell it when the default changes, as long as it lives."""
    _followers.add(follower)
