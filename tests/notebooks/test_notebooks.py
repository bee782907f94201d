"""The notebooks run from top to bottom in a fresh kernel and without a network."""

import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

HERE = Path(__file__).parents[2] / "notebooks"
NAMES = ("01_quickstart", "04_from_ibmqjobmanager")
LIMIT = 240
"""Seconds for a whole notebook."""

OFFLINE = """
import socket

def _refuse(self, address):
    local = self.family not in (socket.AF_INET, socket.AF_INET6)
    if not local and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise OSError(f"a notebook wants to talk to {address}")
    return _connect(self, address)

_connect, socket.socket.connect = socket.socket.connect, _refuse
"""


@pytest.fixture(scope="module", params=NAMES)
def executed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A notebook with its outputs."""
    home = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(HERE / f"{request.param}.ipynb", as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(OFFLINE))
    client = NotebookClient(
        notebook, timeout=LIMIT, kernel_name="python3", resources={"metadata": {"path": str(home)}}
    )
    environment = {**os.environ, "QJM_STORE": str(home / "store.sqlite")}
    client.execute(env=environment)
    return request.param, notebook


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def answer(notebook: Any, source: str) -> str:
    """What the first cell that holds ``source`` gave, as text."""
    cell = next(cell for cell in notebook.cells if source in cell.source)
    (output,) = cell.outputs
    return str(output.data["text/plain"])


def test_nothing_is_told_on_stderr(executed: Any) -> None:
    _, notebook = executed
    assert [o.text for o in outputs(notebook) if o.get("name") == "stderr"] == []


def test_the_set_shows_the_panel_and_its_saved_twin(executed: Any) -> None:
    _, notebook = executed
    kinds = [set(output.data) for output in outputs(notebook) if "data" in output]
    assert {"application/vnd.jupyter.widget-view+json"} in kinds
    assert {"text/html", "text/plain"} in kinds


def test_circuit_5_has_1024_shots(executed: Any) -> None:
    _, notebook = executed
    shots = re.findall(r": (\d+)", answer(notebook, "results.get_counts(5)"))
    assert sum(map(int, shots)) == 1024
