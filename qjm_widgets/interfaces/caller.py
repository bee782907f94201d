"""The object of a library that runs circuits on a managed backend or primitive."""

from __future__ import annotations

import functools
import importlib.metadata
import sys
from types import FrameType

#: Packages that call user code and that no user means by "who called": notebooks, tests, this package.
_OTHERS = frozenset(
    {
        *("qjm_widgets", "IPython", "ipykernel", "tornado", "nbclient", "marimo", "voila"),
        *("pytest", "_pytest", "pluggy", "qiskit", "qiskit_ibm_runtime", "scipy"),
    }
)


def calling_class() -> str | None:
    """Return the class whose method the user called and that now runs circuits: "T1", "VQE".

    Returns:
        The name of the class, from an installed library; None if the user's own code runs the circuits,
        or a thread of a library.
    """
    frame: FrameType | None = sys._getframe(1)
    found = None
    skipped = _OTHERS | sys.stdlib_module_names
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).split(".")[0]
        if package in _libraries():
            caller = frame.f_locals.get("self")
            if caller is not None and frame.f_code.co_varnames[:1] == ("self",):
                found = type(caller).__name__
        elif package == "__main__" or package not in skipped:
            break  # the user's code
        frame = frame.f_back
    return found


@functools.cache
def _libraries() -> frozenset[str]:
    """Return the top packages that are installed and may hold such a class."""
    return frozenset(importlib.metadata.packages_distributions()) - _OTHERS
