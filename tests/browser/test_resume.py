"""A kernel dies in the middle of a set: what a person sees, and what a click does."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.cells import GATED, SMALL_CIRCUITS
from tests.browser.conftest import OpenNotebook
from tests.browser.harness_server import JupyterServer

# The pass manager lets nothing go before the set is paused; the cell ends with all circuits transpiled.
PAUSED = """
import threading
begin = threading.Event()

class Wait:
    def run(self, circuit):
        begin.wait(60)
        return circuit

held_back = manager.run(circuits, BasicSimulator(), name="held back", shots=100,
                        pass_manager=Wait(), max_circuits_per_job=4)
held_back.pause()
begin.set()
while manager._store.untranspiled(held_back.job_set_id()):
    pass
held_back
"""
_SET_THEME = """(theme) => jupyterapp.commands.execute(
  'apputils:change-theme', { theme: `JupyterLab ${theme}` })"""
MANAGER = "from qjm_widgets import JobManager\nmanager = JobManager()\nmanager"


def test_an_interrupted_set_is_resumed_by_a_click(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, PAUSED])
    notebook.run_all()
    notebook.wait_for_run()
    panel = notebook.panel().first
    notebook.wait_for_text(re.compile("0 of 10 submitted"), within=panel)
    expect(panel.get_by_role("button", name="Unpause")).to_be_enabled()
    notebook.screenshot("paused", of=panel)
    notebook.restart_kernel()

    later = open_notebook(lab, [MANAGER])
    later.run_all()
    later.wait_for_run()
    entry = later.page.locator(".qjm-set").filter(has_text="held back").first
    expect(entry).to_contain_text("interrupted")
    expect(later.page.locator(".qjm-static")).to_be_hidden()
    later.screenshot("interrupted")
    entry.get_by_role("button", name=re.compile("^Resume")).click()
    later.wait_for_text("10 of 10 done", within=later.panel().first)
    later.screenshot("resumed")


def test_a_set_of_an_unknown_backend_says_what_to_run(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, GATED])
    notebook.run_all()
    notebook.wait_for_run()
    notebook.wait_for_text(re.compile("1 running"), within=notebook.panel().first)
    notebook.restart_kernel()
    lost = notebook.panel().first
    notebook.wait_for_text("not connected to a kernel", within=lost)
    expect(lost.get_by_role("button", name="Cancel all")).to_be_disabled()
    # It says which cell to run, and Refresh that it asks in vain.
    code = lost.get_by_role("button", name=re.compile("^Copy code")).inner_text().strip()
    lost.get_by_role("button", name="Refresh").click()
    expect(lost.get_by_role("button", name="Refreshing…")).to_be_visible()
    expect(lost.get_by_role("button", name="Refresh")).to_be_visible()
    for theme in ("Light", "Dark"):
        notebook.page.evaluate(_SET_THEME, theme)
        notebook.screenshot(f"lost-kernel-{theme}", of=lost)
    manager = "__import__('qjm_widgets').JobManager()"
    assert notebook.kernel_eval(f"(lambda manager: {code}.name())({manager})") == "gated"

    later = open_notebook(lab, [MANAGER])
    later.run_all()
    later.wait_for_run()
    entry = later.page.locator(".qjm-set").filter(has_text="gated").first
    entry.get_by_role("button", name=re.compile("^Open")).click()
    panel = later.panel().first
    panel.get_by_role("button", name="Resume").click()
    later.wait_for_text(re.compile(r"resume\(backend\)"), within=panel)
    later.screenshot("resume-refused", of=panel)
