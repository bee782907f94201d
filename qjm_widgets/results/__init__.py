"""The results of a job set, as its user sees them."""

from qjm_widgets.results.results import JobSetResults

__all__ = ["JobSetResults"]
