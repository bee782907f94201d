"""Whether panels explain themselves where nobody says: ``%qjm teaching on`` sets it for the process."""

from __future__ import annotations

_default = False


def get() -> bool:
    """Whether a panel explains itself by default."""
    return _default


def set_default(on: bool) -> None:
    """Let panels that were not told otherwise explain themselves, or not; those in sight follow."""
    global _default
    _default = on
