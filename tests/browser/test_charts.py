"""The panel's histogram and timeline in JupyterLab, as a person meets them."""

from __future__ import annotations

import re
from pathlib import Path

import pandas
from playwright.sync_api import Locator, expect

from tests.browser.axe import serious
from tests.browser.cells import GATED, SMALL_CIRCUITS, open_gate
from tests.browser.conftest import OpenNotebook
from tests.browser.harness import NotebookPage, artifacts_directory
from tests.browser.harness_server import JupyterServer

DEPTHS = """
for index, each in enumerate(circuits):
    each.metadata = {"depth": index % 3}
"""
BELL = '{"00": 0.5, "11": 0.5}'

SAMPLED = """
import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.primitives import StatevectorSampler
from qjm_widgets import JobManager

qubits, low, high = QuantumRegister(3), ClassicalRegister(1, "low"), ClassicalRegister(2, "high")
turned = QuantumCircuit(qubits, low, high)
turned.rx(Parameter("a"), 0)
turned.measure(qubits, [*low, *high])
job_set = JobManager().run([(turned, np.linspace(0, np.pi, 4)), (turned, np.zeros(3))],
                           StatevectorSampler(seed=5), name="sampled", shots=200,
                           max_circuits_per_job=1)
job_set.panel(expected={0: [0.5, 0.5] + [0] * 6, 1: {"00 0": 1}})
"""


def _in_table(panel: Locator, counts: dict[str, int]) -> None:
    """The table beside the plot has just these counts."""
    rows = panel.locator(".qjm-as-table tbody tr")
    expect(rows).to_have_count(len(counts))
    found = {
        row.locator("th").text_content(): row.locator("td").first.text_content() for row in rows.all()
    }
    assert found == {key: f"{n:,}" for key, n in counts.items()}


def _saved(notebook: NotebookPage, panel: Locator, kind: str) -> Path:
    with notebook.page.expect_download() as download:
        panel.get_by_role("button", name=f"Save as {kind}").click()
    assert download.value.suggested_filename == f"gated-counts.{kind.lower()}"
    return Path(download.value.path())


def test_groups_bits_what_was_expected_and_files(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    run = GATED.replace("\njob_set\n", f"\njob_set.panel(expected={BELL})\n")
    notebook = open_notebook(lab, [SMALL_CIRCUITS, DEPTHS, run])
    notebook.run_all()
    panel = notebook.cell(2).locator(".qjm-panel")
    notebook.wait_for_text(re.compile("^0 of 10 done"), within=panel, seconds=60)
    notebook.kernel_eval(open_gate(10))
    notebook.wait_for_text("10 of 10 done", within=panel)
    notebook.wait_for_run()
    title = notebook.kernel_eval(f"job_set.figure(expected={BELL}).layout.title.text")
    fidelity, distance = re.findall(r"\d\.\d{3}", title)
    notebook.wait_for_text(f"Hellinger fidelity {fidelity}", within=panel)
    notebook.wait_for_text(f"Total variation distance {distance}", within=panel)
    expect(panel.locator(".js-plotly-plot")).to_be_visible(timeout=30_000)
    notebook.screenshot("charts-expected", of=panel)

    panel.get_by_label("Circuits", exact=True).select_option("group")
    panel.get_by_label("Group circuits by").select_option(label="By depth")
    panel.get_by_label("Group", exact=True).select_option("1")
    one = notebook.kernel_eval(
        "dict(zip(*(lambda b: (b.x, map(int, b.y)))(job_set.figure(metadata={'depth': 1}).data[0])))"
    )
    notebook.wait_for_text(f"{sum(one.values()):,} shots", within=panel)
    panel.get_by_role("button", name="Options").click()
    panel.get_by_label(re.compile("^Bits")).fill("0")
    panel.get_by_text("Counts as a table").click()
    expect(panel.locator(".qjm-as-table tbody tr")).to_have_count(2)
    _in_table(panel, {"0": one["00"], "1": one["11"]})
    panel.get_by_label("Counts or probability").select_option("probability")
    notebook.screenshot("charts-group", of=panel)
    assert serious(panel) == []

    table = pandas.read_csv(_saved(notebook, panel, "CSV"))
    assert list(table) == ["outcome", "shots", "share", "low", "high", "expected"]
    assert table["outcome"].tolist() == ["0b0", "0b1"]
    assert table["shots"].tolist() == [one["00"], one["11"]]
    assert table["expected"].tolist() == [0.5, 0.5]
    image = _saved(notebook, panel, "PNG").read_bytes()
    assert image.startswith(b"\x89PNG")
    (artifacts_directory() / "charts-saved.png").write_bytes(image)
    picture = _saved(notebook, panel, "SVG").read_text("utf-8")
    assert picture.startswith("<svg")
    assert "fill:" in picture
    assert ">gated<" in picture
    assert ">Counts of circuits with depth 1, bits 0, 10 of 10 jobs · " in picture


def test_a_sampler_with_registers_and_points_and_its_timeline(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SAMPLED], theme="Dark", width=760)
    notebook.run_all()
    panel = notebook.cell(0).locator(".qjm-panel")
    notebook.wait_for_text("2 of 2 done", within=panel, seconds=60)
    notebook.wait_for_text(re.compile(r"^2 of 2 jobs · 1,400 shots"), within=panel)
    expect(panel.locator(".qjm-likeness")).to_contain_text("Hellinger fidelity 1.000")
    panel.get_by_role("button", name="Options").click()
    panel.get_by_label("Classical register").select_option("low")
    panel.get_by_text("Counts as a table").click()
    expect(panel.locator(".qjm-as-table tbody tr")).to_have_count(2)
    figure = "job_set.figure(register='low').data[0]"
    counts = notebook.kernel_eval(f"dict(zip({figure}.x, map(int, {figure}.y)))")
    assert sum(counts.values()) == 1400
    _in_table(panel, counts)

    panel.get_by_role("tab", name="Timeline").click()
    shown = panel.get_by_role("img", name=re.compile("^Timeline. 2 jobs · longest wait"))
    expect(shown).to_be_visible(timeout=30_000)
    # A job so quick need not be seen running.
    waited = "(plot) => plot.data[0].text.map((text) => text.split(':')[0])"
    assert shown.evaluate(waited) == ["Job 0", "Job 1"]
    notebook.screenshot("charts-timeline-dark", of=panel)
    assert serious(panel) == []


def test_a_panel_that_teaches_explains_what_is_focused(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, GATED])
    notebook.run_all()
    panel = notebook.cell(1).locator(".qjm-panel")
    notebook.wait_for_text(re.compile("^0 of 10 done"), within=panel, seconds=60)
    life = panel.get_by_label("Lifecycle of a job")
    expect(life).to_have_count(0)
    notebook.kernel_eval("__import__('qjm_widgets.widgets.settings').widgets.settings.set_default(True)")
    expect(life).to_contain_text("Lifecycle of job 0")
    expect(life.locator('[aria-current="step"]')).to_have_text("Running")
    notebook.kernel_eval(open_gate(4))
    notebook.wait_for_text(re.compile("^4 of 10 done"), within=panel)
    panel.get_by_role("row", name=re.compile("^Job 2,")).focus()
    expect(life.locator('[aria-current="step"]')).to_have_text("Done")
    tip = panel.get_by_role("tooltip")
    expect(tip).to_have_text("Done: the results of this job were received and stored.")
    panel.get_by_role("img", name=re.compile("^Counts of all circuits")).hover()
    expect(tip).to_contain_text("Each bar is an outcome")
    notebook.screenshot("charts-teaching", of=panel)
    assert serious(panel) == []
    notebook.page.keyboard.press("Escape")
    notebook.kernel_eval(
        "__import__('qjm_widgets.widgets.settings').widgets.settings.set_default(False)"
    )
    expect(life).to_have_count(0)
    notebook.kernel_eval("job_set.cancel()")
    notebook.kernel_eval(open_gate(1))
