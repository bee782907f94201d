"""Importing the package loads nothing that is slow, and its names are found at first use."""

import os
import subprocess
import sys
from pathlib import Path

import qjm_widgets

HEAVY = ("qiskit", "qiskit_aer", "anywidget", "ipywidgets", "plotly", "numpy", "pandas", "sqlite3")


def answer(code: str) -> str:
    """What a Python of its own prints."""
    home = str(Path(qjm_widgets.__file__).parents[1])
    path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import sys, qjm_widgets; print([m for m in {HEAVY} if m in sys.modules])"
    assert answer(code) == "[]"


def test_asking_what_it_offers_loads_nothing_heavy() -> None:
    code = f"import sys, qjm_widgets; dir(qjm_widgets); print([m for m in {HEAVY} if m in sys.modules])"
    assert answer(code) == "[]"


def test_a_manager_loads_no_widgets_until_it_is_shown() -> None:
    code = (
        "import sys; from qjm_widgets import JobManager; m = JobManager(':memory:'); m.report(); "
        "m.close(); "
        "print([m for m in ('qiskit', 'anywidget', 'ipywidgets', 'plotly') if m in sys.modules])"
    )
    assert answer(code) == "[]"


def test_every_public_name_is_there() -> None:
    for name in qjm_widgets.__all__:
        assert name == "__version__" or getattr(qjm_widgets, name).__name__ == name
        assert name in dir(qjm_widgets)


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(qjm_widgets, "IBMQJobManager")
