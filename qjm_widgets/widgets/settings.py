"""The default of ``teaching``: whether panels explain themselves. ``%qjm teaching on`` sets it."""

from __future__ import annotations

import weakref
from typing import Protocol


class Subscriber(Protocol):
    """A widget that depends on the default."""

    def teaching_changed(self) -> None:
        """Handle a change of the default. It must be quick, and is called from any thread."""


_default = False
_subscribers: weakref.WeakSet[Subscriber] = weakref.WeakSet()


def get() -> bool:
    """Return whether a panel explains itself by default."""
    return _default


def set_default(on: bool) -> None:
    """Set the default for this process; panels without a setting of their own change at once."""
    global _default
    _default = bool(on)
    for subscriber in list(_subscribers):
        subscriber.teaching_changed()


def subscribe(subscriber: Subscriber) -> None:
    """Call the subscriber's ``teaching_changed`` after each change, as long as the subscriber exists."""
    _subscribers.add(subscriber)
