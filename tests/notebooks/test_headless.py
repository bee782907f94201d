"""Notebooks without a browser: run by what runs notebooks in batches, and marked by a grader."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError

from tests.notebooks.test_notebooks import HERE

pytestmark = pytest.mark.newer_qiskit

LIMIT = 120
PARAMETERS = nbformat.v4.new_code_cell("speed = 0", metadata={"tags": ["parameters"]})
START = """
from qiskit import QuantumCircuit
from qjm_widgets import JobManager
from qjm_widgets.classroom import ClassroomBackend

coin = QuantumCircuit(1, 1, name="coin")
coin.h(0)
coin.measure(0, 0)
backend = ClassroomBackend(speed=speed)
job_set = JobManager().run([coin] * 2, backend, shots=50, max_circuits_per_job=1)
"""
COUNT = "print(sum(job_set.results(timeout=60).get_counts(1).values()), 'shots')"
LATE = """
slow = JobManager().run([coin] * 2, ClassroomBackend(speed=0), shots=5, max_circuits_per_job=1)
slow.wait(timeout=30, until="submitted")
try:
    slow.results(timeout=0.5)
except TimeoutError as error:
    print(error)
"""
GRADER = """
import json, shutil, sys, warnings
from pathlib import Path
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

root, home = Path(sys.argv[1]), Path(sys.argv[2])
config = Config()
config.CourseDirectory.root = str(root)
config.ExecutePreprocessor.timeout = 60
api = NbGraderAPI(config=config)
(root / "source" / "lesson").mkdir(parents=True)
shutil.copy(home, root / "source" / "lesson")
made = api.generate_assignment("lesson")
assert made["success"], made
released = root / "release" / "lesson" / home.name
scores = {"released": released.read_text()}
for student, sheet in (("answered", home), ("blank", released)):
    folder = root / "submitted" / student / "lesson"
    folder.mkdir(parents=True)
    shutil.copy(sheet, folder)
    graded = api.autograde("lesson", student)
    assert graded["success"], graded
    submission = api.get_submission("lesson", student)
    scores[student] = [submission["score"], submission["max_score"]]
(root / "scores.json").write_text(json.dumps(scores))
"""


def notebook(*cells: Any) -> Any:
    made = [c if not isinstance(c, str) else nbformat.v4.new_code_cell(c.strip()) for c in cells]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=made, metadata=kernel)


def printed(executed: Any) -> str:
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    return "".join(output.text for output in outputs if output.get("name") == "stdout")


def run(*words: str | Path, where: Path) -> None:
    """A program of this environment; nbgrader calls another by its name."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=where,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("runner", ["nbconvert", "papermill"])
def test_nothing_waits_for_a_browser(runner: str, tmp_path: Path) -> None:
    source, result = tmp_path / "lesson.ipynb", tmp_path / "result.ipynb"
    speed = "speed = 3000" if runner == "nbconvert" else "# papermill says it"
    nbformat.write(notebook(PARAMETERS, speed, START, "job_set", COUNT, LATE), source)
    if runner == "nbconvert":
        words = ["nbconvert", "--execute", "--to", "notebook", "--output", "result", source]
        run("-m", "jupyter", *words, where=tmp_path)
    else:
        run("-m", "papermill", source, result, "-p", "speed", "3000", where=tmp_path)
    executed = nbformat.read(result, as_version=4)
    text = printed(executed)
    assert "50 shots" in text
    assert "after 0.5 s 2 of 2 jobs had not ended: 0 (" in text
    kinds = [set(o.data) for cell in executed.cells for o in cell.get("outputs", []) if "data" in o]
    assert {"text/html", "text/plain"} in kinds


def test_a_wait_without_end_is_ended_by_the_graders_time_out(tmp_path: Path) -> None:
    forever = notebook(PARAMETERS, START, "job_set.results()", "print('reached')")
    where = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(
        forever,
        timeout_func=lambda cell: 1 if cell.source == "job_set.results()" else LIMIT,
        interrupt_on_timeout=True,
        allow_errors=True,
        resources=where,
    )
    began = time.monotonic()
    try:
        client.execute()
    except CellTimeoutError:
        pytest.fail("the kernel could not be interrupted")
    assert time.monotonic() - began < LIMIT
    assert "reached" in printed(forever)


def test_homework_is_marked_by_nbgrader(tmp_path: Path) -> None:
    run("-c", GRADER, tmp_path, HERE / "08_homework.ipynb", where=tmp_path)
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["answered"] == [10, 10]
    assert scores["blank"] == [0, 10]
    assert "YOUR CODE HERE" in scores["released"]
    assert "SOLUTION" not in scores["released"]
    assert "job_set.retry()\\n" not in scores["released"]


SAVING = """
from qiskit import QuantumCircuit
from qiskit.providers.basic_provider import BasicSimulator
from qjm_widgets import JobManager
from qjm_widgets.state import progress

progress._SILENT = progress._REDRAW = 0.0  # the test does not wait for the time
coin = QuantumCircuit(1, 1)
coin.measure(0, 0)
print("before")
job_set = JobManager(":memory:").run([coin] * 6, BasicSimulator(), max_circuits_per_job=2)
print("after")
"""


def test_a_cell_shows_how_far_run_is_with_saving(tmp_path: Path) -> None:
    shown = notebook(SAVING)
    NotebookClient(shown, timeout=LIMIT, resources={"metadata": {"path": str(tmp_path)}}).execute()
    before, line, after = shown.cells[-1].outputs
    assert (before.text, after.text) == ("before\n", "after\n")
    assert line.data["text/plain"].startswith("saved 6 circuits · ")
