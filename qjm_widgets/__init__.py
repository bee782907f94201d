"""Run many quantum circuits from a notebook as sets of jobs, and collect their results.

>>> from qjm_widgets import JobManager
>>> manager = JobManager()
>>> job_set = manager.run(circuits, backend=backend, shots=1024)
>>> job_set.results().get_counts(5)
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

from qjm_widgets import _display

if TYPE_CHECKING:
    from qjm_widgets.errors import QJMError
    from qjm_widgets.job_set import JobSet, as_completed
    from qjm_widgets.managed_job import ManagedJob
    from qjm_widgets.manager import JobManager, default_manager
    from qjm_widgets.results import JobSetResults

__version__ = "0.1.0"
__all__ = [
    "JobManager",
    "JobSet",
    "JobSetResults",
    "ManagedJob",
    "QJMError",
    "__version__",
    "as_completed",
    "default_manager",
]

#: The module of each public name.
_HOMES = {
    "JobManager": "manager",
    "default_manager": "manager",
    "JobSet": "job_set",
    "as_completed": "job_set",
    "ManagedJob": "managed_job",
    "JobSetResults": "results",
    "QJMError": "errors",
}
#: The modules that users import.
_PUBLIC_MODULES = ("backends", "classroom", "errors", "ibmq")

# The background threads must never print, not even through logging's handler of last resort.
logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that importing the package does not load Qiskit."""
    if name in _PUBLIC_MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def _load_display() -> Any:
    """Load the widgets, which are needed when something is first shown."""
    return importlib.import_module(f"{__name__}.widgets.entry")


_display.load = _load_display


def load_ipython_extension(shell: Any) -> None:
    """Register the magic ``%qjm``; ``%load_ext qjm_widgets`` calls this."""
    importlib.import_module(f"{__name__}.cli.magics").load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Remove the magic ``%qjm``; ``%unload_ext qjm_widgets`` calls this."""
    importlib.import_module(f"{__name__}.cli.magics").unload(shell)


def __dir__() -> list[str]:
    """Return the public names, which Tab completes, without the internal modules."""
    return sorted([*__all__, *_PUBLIC_MODULES])
