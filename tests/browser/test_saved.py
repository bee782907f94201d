"""What is left in a saved notebook, and the manager's list."""

from __future__ import annotations

import re
import subprocess
import sys

from playwright.sync_api import expect

from tests.browser.cells import GATED, SMALL_CIRCUITS, open_gate
from tests.browser.conftest import OpenNotebook
from tests.browser.harness_server import JupyterServer

RUN = "job_set = manager.run(circuits, BasicSimulator(), name='saved set', shots=100)\njob_set"


def test_a_saved_notebook_shows_the_finished_state_without_a_kernel(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, GATED])
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
    static = notebook.cell(1).locator(".qjm-static")
    expect(static).to_be_visible()
    expect(static).to_contain_text("10 of 10 done")
    notebook.screenshot("saved-without-kernel")


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


def test_the_manager_lists_its_sets_and_retrieve_opens_a_panel(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, RUN.splitlines()[0], "job_set.wait(60)"])
    notebook.run_all()
    notebook.wait_for_run()
    set_id = notebook.kernel_eval("job_set.job_set_id()")

    later = open_notebook(lab, ["from qjm_widgets import JobManager\nmanager = JobManager()\nmanager"])
    later.run_all()
    later.wait_for_run()
    entry = later.page.locator(".qjm-set").filter(has_text="saved set").first
    entry.get_by_role("button", name=re.compile("^Retrieve")).click()
    panel = later.panel().first
    later.wait_for_text("1 of 1 done", within=panel)
    later.screenshot("manager")
    assert later.kernel_eval(f"manager.retrieve_job_set({set_id!r}).counts(3)") == notebook.kernel_eval(
        "job_set.counts(3)"
    )
