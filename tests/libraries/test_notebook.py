"""The notebook of libraries runs from top to bottom, and shows what its reader should see."""

import os
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "10_libraries.ipynb"
LIMIT = 240


def test_the_notebook_of_libraries(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    where = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(notebook, kernel_name="python3", resources=where, timeout=LIMIT)
    # The environment of the libraries has this package only by the folder in which the tests run.
    ours = {"PYTHONPATH": str(ROOT), "QJM_STORE": str(tmp_path / "store.sqlite")}
    client.execute(env={**os.environ, **ours, "PYTHONWARNINGS": "ignore"})
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    text = "".join(output.text for output in outputs if output.get("name") == "stdout")
    assert re.search(r"0\.0001\S* s from 3 jobs", text)
    assert re.search(r"error per gate: 0\.00\S+", text)
    found = re.search(r"(-[\d.]+) after (\d+) sets, exactly -1\.86", text)
    assert found is not None
    assert float(found[1]) < -1.5
    assert int(found[2]) > 10
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 2
