"""Sets of quantum jobs in a notebook: cut, submitted, watched, collected; nothing lost, nothing twice.

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
    from qjm_widgets.job_set import JobSet
    from qjm_widgets.managed_job import ManagedJob
    from qjm_widgets.manager.manager import JobManager, default_manager
    from qjm_widgets.results import JobSetResults

__version__ = "0.1.0"
__all__ = ["JobManager", "JobSet", "JobSetResults", "ManagedJob", "QJMError", "default_manager"]

_HOMES = {
    "JobManager": "manager",
    "default_manager": "manager",
    "JobSet": "job_set",
    "ManagedJob": "managed_job",
    "JobSetResults": "results",
    "QJMError": "errors",
}

# A thread of ours must never print, not even through logging's last resort.
logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for: importing the package loads no Qiskit."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def _load_faces() -> Any:
    return importlib.import_module(f"{__name__}.widgets.entry")


_display.load = _load_faces


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext qjm_widgets``: makes ``%qjm`` known."""
    importlib.import_module(f"{__name__}.cli.magics").load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext qjm_widgets``."""
    importlib.import_module(f"{__name__}.cli.magics").unload(shell)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
