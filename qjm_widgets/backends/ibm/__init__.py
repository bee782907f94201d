"""IBM Quantum: its adapter, and the modules behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qjm_widgets.backends.ibm.adapter import IBMQuantum

__all__ = ["IBMQuantum"]


def __getattr__(name: str) -> Any:
    """Load ``IBMQuantum`` when it is first used, because only it needs IBM's packages."""
    if name != "IBMQuantum":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from qjm_widgets.backends.ibm.adapter import IBMQuantum

    return IBMQuantum


def __dir__() -> list[str]:
    """Return the public names, which Tab completes, without the internal modules."""
    return __all__
