"""A loop of many small sets, as a person watches it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.axe import serious
from tests.browser.conftest import OpenNotebook
from tests.browser.harness import NotebookPage
from tests.browser.harness_server import JupyterServer

SETUP = """
import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import StatevectorEstimator
from qjm_widgets import JobManager

theta = Parameter("theta")
ansatz = QuantumCircuit(1, name="ansatz")
ansatz.ry(theta, 0)

class Stopping(StatevectorEstimator):
    def run(self, pubs, *, precision=None):
        if float(np.ravel(pubs[0].parameter_values.as_array())[0]) > 100:
            raise RuntimeError("<b>no light</b>: calibrate the laser first")
        return super().run(pubs, precision=precision)

manager = JobManager("loop.sqlite")
estimator = Stopping()
def step(x):
    return manager.run([(ansatz, "Z", [x])], estimator)

group = manager.group("VQE on H2")
"""
LOOP = """
import pathlib, time
with group as loop:
    display(loop)
    for k in range(40):
        step(np.pi * (1 - np.exp(-k / 8))).wait(30)
    step(1000).wait(30)
    for _ in range(600):  # until the test has looked
        if pathlib.Path("go").exists():
            break
        time.sleep(0.1)
    for k in range(40, 60):
        step(np.pi * (1 - np.exp(-k / 8))).wait(30)
"""


def _group(notebook: NotebookPage) -> Locator:
    return notebook.page.locator(".qjm-group")


def test_a_loop_is_watched_while_it_runs(lab: JupyterServer, open_notebook: OpenNotebook) -> None:
    (lab.root / "loop.sqlite").unlink(missing_ok=True)
    (lab.root / "go").unlink(missing_ok=True)
    notebook = open_notebook(lab, [SETUP, LOOP, "manager"], width=1280, height=1000)
    notebook.run_cell(0)
    notebook.wait_for_run()
    notebook.run_cell(1)
    group = _group(notebook)
    expect(group).to_contain_text("40 of 41 done, 1 error", timeout=60_000)
    expect(group).to_contain_text("running for")
    expect(group).to_contain_text("Newest expectation value")
    expect(group).to_contain_text("RuntimeError: <b>no light</b>: calibrate the laser first")
    trend = group.get_by_role("slider")
    expect(trend).to_have_attribute("aria-valuetext", "set 41: failed")
    notebook.screenshot("group-middle", of=group)

    trend.focus()
    notebook.page.keyboard.press("Home")
    expect(group.get_by_label("The chosen set")).to_contain_text("VQE on H2 1 · set 1 · 1 of 1 done · 1")
    notebook.page.keyboard.press("Enter")  # the cell still runs
    expect(notebook.panel()).to_contain_text("VQE on H2 1")
    notebook.screenshot("group-opened", of=notebook.cell(1))
    group.get_by_role("button", name="Open VQE on H2 41").click()
    expect(notebook.panel()).to_contain_text("VQE on H2 41")
    group.get_by_role("button", name="Close VQE on H2 41").click()
    expect(notebook.panel()).to_have_count(0)
    assert serious(group) == []

    (lab.root / "go").touch()
    notebook.wait_for_run()
    expect(group).to_contain_text("60 of 61 done, 1 error")
    expect(group).to_contain_text(re.compile(r"took \d+"))
    notebook.screenshot("group-end", of=group)

    notebook.run_cell(2)
    notebook.wait_for_run()
    history = notebook.cell(2).locator(".qjm-history")
    line = history.get_by_role("listitem").filter(has_text="60 of 61 done, 1 error")
    expect(line).to_contain_text("Stopping · 61 sets · 61 circuits")
    expect(history.get_by_role("listitem")).to_have_count(1)
    history.get_by_role("button", name="VQE on H2", exact=True).click()
    expect(history.get_by_role("listitem").nth(1)).to_contain_text("VQE on H2 61")
    notebook.screenshot("group-in-history", of=history)
    history.get_by_label("Status", exact=True).select_option("failed")
    expect(history.get_by_role("listitem")).to_have_count(1)
    expect(history.get_by_role("listitem")).to_contain_text("VQE on H2 41")
    history.get_by_role("button", name="Show all").click()
    history.get_by_role("button", name="Open VQE on H2", exact=True).click()
    expect(notebook.cell(2).locator(".qjm-group")).to_contain_text("60 of 61 done")
    assert serious(history) == []


def test_a_saved_loop_is_shown_without_a_kernel(lab: JupyterServer, open_notebook: OpenNotebook) -> None:
    (lab.root / "loop.sqlite").unlink(missing_ok=True)
    (lab.root / "go").touch()
    notebook = open_notebook(lab, [SETUP, LOOP], theme="Dark", width=1000, height=1000)
    notebook.run_all()
    notebook.wait_for_run()
    expect(_group(notebook)).to_contain_text("60 of 61 done, 1 error")
    notebook.page.evaluate("() => jupyterapp.shell.collapseLeft()")
    notebook.page.set_viewport_size({"width": 500, "height": 1000})
    expect(_group(notebook).locator(".qjm-group-chart")).to_be_visible()
    notebook.screenshot("group-narrow-dark", of=_group(notebook))
    [static] = [
        output["data"]
        for output in notebook.save().cells[1].outputs
        if "text/html" in output.get("data", {})
    ]
    assert "60 of 61 done, 1 error" in static["text/html"]
    assert "&lt;b&gt;no light" in static["text/html"]
    assert "expectation value: -0.999" in static["text/plain"]
