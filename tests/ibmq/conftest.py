"""An `IBMQJobManager` over a default manager of its own, and what the installed Qiskit lacks."""

import importlib.util
import warnings
from collections.abc import Iterator

import pytest

from qjm_widgets import default_manager
from qjm_widgets.ibmq import IBMQJobManager

collect_ignore = []
if importlib.util.find_spec("qiskit.pulse") is None:
    collect_ignore += ["test_backend_v1.py"]


@pytest.fixture
def jobs() -> Iterator[IBMQJobManager]:
    manager = IBMQJobManager()
    yield manager
    with warnings.catch_warnings(action="ignore"):
        default_manager().close()
