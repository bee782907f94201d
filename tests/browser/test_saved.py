"""What is left in a saved notebook, and in one that nobody looked at while it ran."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.cells import GATED, SMALL_CIRCUITS, open_gate
from tests.browser.conftest import OpenNotebook
from tests.browser.harness import artifacts_directory, write_notebook
from tests.browser.harness_server import JupyterServer

RUN = "job_set = manager.run(circuits, BasicSimulator(), name='saved set', shots=100)\njob_set"


def test_a_saved_notebook_shows_the_finished_state_without_a_kernel(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, GATED, "job_set.panel()"])
    notebook.run_all()
    notebook.wait_for_run()
    static = notebook.cell(1).locator(".qjm-static")
    expect(static).to_be_attached()
    expect(static).to_be_hidden()
    notebook.kernel_eval(open_gate(10))
    expect(static).to_contain_text("10 of 10 done")

    saved = notebook.save()
    widget, text = saved.cells[1].outputs
    assert list(widget.data) == ["application/vnd.jupyter.widget-view+json"]
    assert "10 of 10 done" in text.data["text/html"]
    assert "10 of 10 done" in text.data["text/plain"]
    assert "Counts of 10 of 10 jobs · 4,000 shots" in text.data["text/html"]

    notebook.restart_kernel()
    notebook.reload()
    for index in (1, 2):
        static = notebook.cell(index).locator(".qjm-static")
        expect(static).to_be_visible()
        expect(static).to_contain_text("10 of 10 done")
        # JupyterLab says of the widget's own output that there is no model.
        lost = notebook.cell(index).locator(".jp-OutputArea-child").first
        expect(lost).to_have_text("Error displaying widget: model not found", timeout=30_000)
        expect(lost).to_be_hidden()
        expect(static.locator(".qjm-static-jobs td").nth(2)).to_have_css("text-align", "left")
    notebook.screenshot("saved-without-kernel")


def test_a_notebook_saved_while_a_set_runs_shows_its_progress_and_the_time(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    often = "import qjm_widgets.widgets.display\nqjm_widgets.widgets.display._SetOutput._pause = 0.0"
    notebook = open_notebook(lab, [SMALL_CIRCUITS, often, GATED])
    notebook.run_all()
    notebook.wait_for_run()
    notebook.kernel_eval(open_gate(3))
    static = notebook.cell(2).locator(".qjm-static")
    expect(static).to_contain_text("3 of 10 done")
    expect(static).to_contain_text(", as of 20")
    text = notebook.save().cells[2].outputs[1].data["text/plain"]
    assert "3 of 10 done" in text
    assert "as of 20" in text


def test_an_html_export_shows_the_finished_state(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, RUN, "job_set.wait(60)"])
    notebook.run_all()
    notebook.wait_for_run()
    expect(notebook.cell(1).locator(".qjm-static")).to_contain_text("1 of 1 done")
    notebook.save()
    path = lab.root / notebook.path
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output", "export.html", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    page = notebook.page
    page.goto((lab.root / "export.html").as_uri())
    expect(page.locator(".qjm-static")).to_be_visible()
    expect(page.locator(".qjm-static")).to_contain_text("saved set")
    expect(page.locator(".qjm-static")).to_contain_text("1 of 1 done")
    notebook.screenshot("html-export")


def test_a_notebook_that_runs_without_a_browser_shows_its_last_state(
    browser: Browser, tmp_path: Path
) -> None:
    write_notebook(tmp_path / "night.ipynb", [SMALL_CIRCUITS, RUN, "job_set.wait(60)"])
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "html", "night.ipynb"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    page = browser.new_page()
    page.goto((tmp_path / "night.html").as_uri())
    static = page.locator(".qjm-static")
    expect(static).to_be_visible()
    expect(static).to_contain_text("saved set")
    expect(static).to_contain_text("1 of 1 done")
    expect(static).to_contain_text("Counts of 1 of 1 job · 4,000 shots")
    page.screenshot(path=artifacts_directory() / "executed-without-a-browser.png")
    page.close()
