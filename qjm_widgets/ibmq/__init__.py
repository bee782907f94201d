"""The names of ``qiskit.providers.ibmq.managed``, for notebooks written for them.

A notebook changes its import line and nothing else::

    from qjm_widgets.ibmq import IBMQJobManager

``IBMQJobManager`` is a thin layer over ``qjm_widgets.default_manager()``. Signatures, return types,
errors and the form of the reports are those of qiskit-ibmq-provider 0.20.2. It runs on any backend that
``JobManager`` takes, and its sets display the panel. The attribute ``job_set`` of a ``ManagedJobSet`` is
the ``JobSet`` with all newer methods.
"""

from qjm_widgets.ibmq.errors import (
    IBMQJobManagerError,
    IBMQJobManagerInvalidStateError,
    IBMQJobManagerJobNotFound,
    IBMQJobManagerTimeoutError,
    IBMQJobManagerUnknownJobSet,
    IBMQManagedResultDataNotAvailable,
)
from qjm_widgets.ibmq.job import ManagedJob
from qjm_widgets.ibmq.job_set import ManagedJobSet
from qjm_widgets.ibmq.manager import IBMQJobManager
from qjm_widgets.ibmq.results import ManagedResults

__all__ = [
    "IBMQJobManager",
    "IBMQJobManagerError",
    "IBMQJobManagerInvalidStateError",
    "IBMQJobManagerJobNotFound",
    "IBMQJobManagerTimeoutError",
    "IBMQJobManagerUnknownJobSet",
    "IBMQManagedResultDataNotAvailable",
    "ManagedJob",
    "ManagedJobSet",
    "ManagedResults",
]


def __dir__() -> list[str]:
    """List the public names, those that Tab completes; not the internal modules."""
    return __all__
