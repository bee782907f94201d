"""Output of the user's code stays in its cell, beside a live panel."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat
from playwright.sync_api import expect

from tests.browser.cells import GATED, SMALL_CIRCUITS
from tests.browser.conftest import OpenNotebook
from tests.browser.harness_server import JupyterServer

# A thread that says one thing of each kind whenever the pipe is opened; its cell ends half way.
THREAD = """
import contextlib, io, logging, sys, threading
import ipywidgets
from IPython.display import HTML, display
from tqdm import tqdm
from tqdm.notebook import tqdm as notebook_tqdm

logging.basicConfig(stream=sys.stderr, force=True)
out = ipywidgets.Output()
half = threading.Event()
display(out)

def speak():
    for turn in range(6):
        open({pipe!r}).read()
        print(f"printed {{turn}}")
        logging.warning("logged %d", turn)
        display(HTML(f"<b>shown {{turn}}</b>"))
        display(ipywidgets.Label(f"label {{turn}}"))
        with out:
            print(f"in the widget {{turn}}")
        if turn == 2:
            half.set()

threading.Thread(target=speak, daemon=True).start()
print("speaking")
_ = half.wait(60)
"""
CAPTURES = """%%capture held
print("captured")
display(job_set)
open({pipe!r}).read()
display("mine")
"""
OTHERS = """
with out:
    print("into the widget")
    display(HTML("<i>and this</i>"))
with contextlib.redirect_stdout(io.StringIO()) as text:
    print("redirected")
for _ in tqdm(range(3), desc="plain"):
    pass
for _ in notebook_tqdm(range(3), desc="as a widget"):
    pass
print([text.getvalue(), held.stdout, held.stderr, len(held.outputs)])
"""


def test_all_output_arrives_in_its_own_cell(
    lab: JupyterServer, open_notebook: OpenNotebook, tmp_path: Path
) -> None:
    turns, captures = tmp_path / "turns", tmp_path / "captures"
    for pipe in (turns, captures):
        os.mkfifo(pipe)
    cells = [THREAD.format(pipe=str(turns)), CAPTURES.format(pipe=str(captures)), OTHERS]
    notebook = open_notebook(lab, [SMALL_CIRCUITS, GATED, *cells])
    before = len(lab.log.read_text("utf-8"))
    for index in range(2):
        notebook.run_cell(index)
        notebook.wait_for_run()
    notebook.run_cell(2)
    notebook.wait_for_text("speaking", within=notebook.cell(2))
    panel = notebook.panel().first
    kernel = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    subshells = notebook.page.evaluate(f"() => {kernel}.supportsSubshells")

    def cancel(job: int) -> None:
        """A click that the kernel answers, while a cell runs too."""
        row = panel.get_by_role("row", name=re.compile(rf"^Job {job},"))
        row.get_by_role("button", name=f"Cancel job {job}").click()
        expect(row).to_contain_text("Cancelled")

    for turn in range(6):
        if subshells or turn > 2:  # after the third its cell has ended
            cancel(9 - turn)
        turns.open("w").close()
        notebook.wait_for_text(f"in the widget {turn}", within=notebook.cell(2))
        if turn == 2:
            notebook.wait_for_run()

    notebook.run_cell(3)
    if subshells:
        cancel(3)
    captures.open("w").close()
    notebook.wait_for_run()
    notebook.run_cell(4)
    notebook.wait_for_run()

    said = _texts(notebook.save().cells[2])
    for turn in range(6):
        for text in (f"printed {turn}", f"logged {turn}", f"shown {turn}"):
            assert said.count(text) == 1, f"{text} in {said}"
        expect(notebook.cell(2).get_by_text(f"label {turn}", exact=True)).to_have_count(1)

    others = notebook.cell(4)
    expect(notebook.cell(2)).to_contain_text("into the widget")
    expect(notebook.cell(2)).to_contain_text("and this")
    for text in ("plain: 100%", "as a widget: 100%", "['redirected\\n', 'captured\\n', '', 3]"):
        expect(others).to_contain_text(text)
    expect(notebook.cell(3).locator(".jp-OutputArea-output")).to_have_count(0)
    notebook.screenshot("outputs")
    assert "Traceback" not in lab.log.read_text("utf-8")[before:]


def _texts(cell: nbformat.NotebookNode) -> str:
    """What a saved cell's outputs say."""
    texts = [
        output.get("text") or str(output.get("data", {}).get("text/html")) for output in cell.outputs
    ]
    return "".join(texts)
