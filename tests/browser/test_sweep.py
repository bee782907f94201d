"""A sweep in JupyterLab: it is shown first, and grows while its jobs finish."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.axe import serious
from tests.browser.cells import GATED, SMALL_CIRCUITS, open_gate
from tests.browser.conftest import OpenNotebook
from tests.browser.harness_server import JupyterServer

RABI = """
import math

for index, each in enumerate(circuits):
    angle = 2 * math.pi * index / 39
    each.data.clear()
    each.rx(angle, 0)
    each.rx(angle / 2, 1)
    each.measure([0, 1], [0, 1])
    each.metadata = {"theta": angle}
"""


def test_a_sweep_grows_while_jobs_finish(lab: JupyterServer, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, RABI, GATED])
    notebook.run_all()
    panel = notebook.cell(2).locator(".qjm-panel")
    notebook.wait_for_text(re.compile("^0 of 10 done"), within=panel, seconds=60)
    expect(panel.get_by_role("tab", name="Sweep")).to_have_attribute("aria-selected", "true")
    notebook.wait_for_text("0 of 40 circuits", within=panel)
    notebook.kernel_eval(open_gate(5))
    notebook.wait_for_text(re.compile(r"^P\(bit = 1\) over theta · 20 of 40 circuits"), within=panel)
    shown = panel.get_by_role("img", name=re.compile(r"^Sweep\. P\(bit = 1\) over theta"))
    expect(shown.locator(".qjm-svg-dots")).to_have_count(2)
    expect(shown.locator(".qjm-svg-gap")).to_have_count(1)
    expect(shown).to_contain_text("no results yet")
    notebook.screenshot("sweep-half", of=panel)
    assert serious(panel) == []

    notebook.kernel_eval(open_gate(5))
    notebook.wait_for_text(re.compile("40 of 40 circuits"), within=panel)
    expect(shown.locator(".qjm-svg-gap")).to_have_count(0)
    panel.get_by_label("Quantity").select_option("bit 0")
    notebook.wait_for_text(re.compile(r"^P\(bit 0 = 1\) over theta"), within=panel)
    table = panel.locator(".qjm-sweep .qjm-as-table")
    table.get_by_text("Values as a table").click()
    expect(table.locator("tbody tr")).to_have_count(40)
    shares = [float(text) for text in table.locator("tbody td:nth-child(2)").all_text_contents()]
    assert shares == notebook.kernel_eval("list(job_set.figure(y=0).data[0].y)")
    notebook.screenshot("sweep-done", of=panel)
    panel.get_by_label("Options", exact=True).first.click()
    with notebook.page.expect_download() as saving:
        panel.get_by_role("button", name="All results as CSV").click()
    assert saving.value.suggested_filename == "gated-results.csv"
    text = saving.value.path().read_text("utf-8")
    assert text == notebook.kernel_eval("job_set.results().to_dataframe().to_csv(index=False)")
    assert text.startswith(
        "circuit,name,point,outcome,count,probability,theta\n0,bell 0,0,00,100,1.0,0.0\n"
    )
    with notebook.page.expect_download() as saving:
        panel.get_by_role("button", name="Save as SVG").first.click()
    drawing = saving.value.path().read_text("utf-8")
    assert "bit 0 = 1" in drawing
    assert "stroke-opacity:0.5" in drawing.replace(" ", ""), "lines between points are pale"
    panel.get_by_role("tab", name="Counts").click()
    notebook.wait_for_text(re.compile(r"^10 of 10 jobs · 4,000 shots"), within=panel)
