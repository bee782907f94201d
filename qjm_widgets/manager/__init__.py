"""The job manager, and what only it uses."""

from qjm_widgets.manager.manager import JobManager, default_manager

__all__ = ["JobManager", "default_manager"]
