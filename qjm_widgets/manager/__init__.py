"""The job manager, and the modules that only it uses."""

from qjm_widgets.manager.default import default_manager
from qjm_widgets.manager.group import JobSetGroup
from qjm_widgets.manager.manager import JobManager

__all__ = ["JobManager", "JobSetGroup", "default_manager"]
