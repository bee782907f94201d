"""A job set, as its user sees it."""

from qjm_widgets.job_set.completion import as_completed
from qjm_widgets.job_set.job_set import JobSet

__all__ = ["JobSet", "as_completed"]
