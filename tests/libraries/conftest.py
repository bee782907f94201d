"""These tests run where the libraries are installed: `make test-libraries` sets that up."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qjm_widgets import JobManager

LIBRARIES = {
    "qiskit_addon_cutting": "cutting",
    "qiskit_algorithms": "algorithms",
    "qiskit_experiments": "experiments",
    "qiskit_machine_learning": "machine_learning",
    "mitiq": "mitiq",
    "mthree": "mthree",
    "pennylane_qiskit": "pennylane",
}
collect_ignore = [
    f"test_{name}.py" for package, name in LIBRARIES.items() if not importlib.util.find_spec(package)
]


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[JobManager]:
    manager = JobManager(tmp_path / "store")
    yield manager
    manager._shut_down()


@pytest.fixture
def check_equal(manager: JobManager) -> Callable[..., Any]:
    """Checks that a library gives over the manager what it gives without; returns the result.

    It takes the name of the manager's method, a maker of what runs the circuits, and the library's call.
    """

    def check(interface: str, make: Callable[[], Any], call: Callable[[Any], Any]) -> Any:
        plain = call(make())
        found = call(getattr(manager, interface)(make()))
        assert repr(found) == repr(plain)
        assert manager.job_sets()
        return found

    return check
