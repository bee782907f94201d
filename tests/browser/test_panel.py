"""The live panel in JupyterLab and Notebook 7, as a person meets it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.cells import GATED, SMALL_CIRCUITS, open_gate
from tests.browser.conftest import OpenNotebook
from tests.browser.harness import NotebookPage
from tests.browser.harness_server import JupyterServer, Theme

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "01_quickstart.ipynb"

# Whether Plotly holds just these counts by bit string.
_PLOTTED = """([panel, counts]) => {
  const bars = panel.querySelector('.js-plotly-plot')?.data?.[0];
  const keys = Object.keys(counts);
  return bars !== undefined && bars.customdata.length === keys.length
    && keys.every((key) => bars.y[bars.customdata.indexOf(key)] === counts[key]);
}"""


def _row(panel: Locator, job: int) -> Locator:
    return panel.get_by_role("row", name=re.compile(rf"^Job {job},"))


def _wait_for_plot(notebook: NotebookPage, panel: Locator, counts: dict[str, int]) -> None:
    notebook.page.wait_for_function(_PLOTTED, arg=[panel.element_handle(), counts])


def _start_gated(notebook: NotebookPage) -> Locator:
    notebook.run_all()
    notebook.wait_for_run()
    panel = notebook.panel().first
    notebook.wait_for_text(re.compile("^0 of 10 done"), within=panel)
    return panel


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_quickstart_fills_a_panel_with_a_thousand_circuits(
    theme: Theme, lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, QUICKSTART, theme=theme, width=1300, height=1000)
    notebook.run_all()
    cell = notebook.cell(6)
    panel = cell.locator(".qjm-panel")
    expect(panel).to_be_visible(timeout=60_000)
    notebook.screenshot(f"quickstart-start-{theme.lower()}")
    notebook.wait_for_text(re.compile("^[1-9] of 10 done"), within=panel, seconds=60)
    notebook.screenshot(f"quickstart-middle-{theme.lower()}")
    notebook.wait_for_text("10 of 10 done", within=panel, seconds=60)
    notebook.wait_for_run()
    panel.scroll_into_view_if_needed()
    _wait_for_plot(notebook, panel, notebook.kernel_eval("job_set.counts(0)"))
    panel.get_by_label("Circuits", exact=True).select_option("all")
    counts: dict[str, int] = notebook.kernel_eval("job_set.counts()")
    assert sum(counts.values()) == 1000 * 1024
    _wait_for_plot(notebook, panel, counts)
    notebook.screenshot(f"quickstart-end-{theme.lower()}")


def test_a_click_cancels_one_job_and_the_others_continue(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, GATED])
    panel = _start_gated(notebook)
    _row(panel, 9).get_by_role("button", name="Cancel job 9").click()
    expect(_row(panel, 9)).to_contain_text("Cancelled")
    notebook.kernel_eval(open_gate(9))
    notebook.wait_for_text("9 of 10 done", within=panel)
    assert notebook.kernel_eval("[s.name for s in job_set.statuses()]") == ["DONE"] * 9 + ["CANCELLED"]


def test_a_click_cancels_while_a_cell_waits_for_results(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    waiting = "job_set.results(timeout=60).success"
    notebook = open_notebook(lab, [SMALL_CIRCUITS, GATED, waiting])
    notebook.run_all()
    panel = notebook.cell(1).locator(".qjm-panel")
    notebook.wait_for_text(re.compile("^0 of 10 done"), within=panel)
    for job in range(1, 10):
        _row(panel, job).get_by_role("button", name=f"Cancel job {job}").click()
        expect(_row(panel, job)).to_contain_text("Cancelled")
    assert notebook.page.evaluate("() => globalThis.qjmTestRun.ended") is False


def test_cancel_all_asks_first(lab: JupyterServer, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, GATED])
    panel = _start_gated(notebook)
    panel.get_by_role("button", name="Cancel all").click()
    confirm = panel.get_by_role("group", name="Confirm")
    expect(confirm).to_be_visible()
    confirm.get_by_role("button").first.click()
    notebook.wait_for_text(re.compile("9 cancelled"), within=panel)
    notebook.kernel_eval(open_gate(1))
    notebook.wait_for_text(re.compile("^1 of 10 done"), within=panel)
    assert notebook.kernel_eval("job_set.wait(timeout=10)") is True


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_errors_open_and_a_click_sends_again_what_failed(
    theme: Theme, lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, GATED], theme=theme, height=1000)
    panel = _start_gated(notebook)
    notebook.kernel_eval("backend.spoil.add('bell 17')")
    text = "The backend was recalibrated while the job waited.\\nNothing was charged."
    notebook.kernel_eval(f"backend.refuse.update({{'bell 8': '{text}'}})")
    notebook.kernel_eval(open_gate(5))
    expect(_row(panel, 2)).to_contain_text("Error")
    _row(panel, 2).click()
    drawer = panel.get_by_label("Details of job 2")
    expect(drawer).to_contain_text("Nothing was charged.")
    notebook.screenshot(f"error-{theme.lower()}", of=panel)
    notebook.kernel_eval("backend.refuse.clear()")
    notebook.kernel_eval(open_gate(5))
    line = re.compile(r"^9 of 10 done \(1 with failed circuits\), 1 error")
    notebook.wait_for_text(line, within=panel)
    _row(panel, 2).click()
    expect(_row(panel, 4)).to_contain_text("1 of 4 circuits failed (17): ERROR: a qubit was lost")
    _row(panel, 4).click()
    expect(panel.get_by_label("Details of job 4")).to_contain_text("circuit 17 (bell 17)")
    notebook.screenshot(f"failed-circuit-{theme.lower()}", of=panel)
    notebook.kernel_eval("backend.spoil.clear()")
    panel.get_by_role("button", name="Retry failed").click()
    notebook.kernel_eval(open_gate(2))
    notebook.wait_for_text("11 of 11 done", within=panel)
    expect(_row(panel, 5)).to_contain_text("17")
    assert sum(notebook.kernel_eval("job_set.counts()").values()) == 40 * 100
    notebook.screenshot(f"failed-circuit-again-{theme.lower()}", of=panel)
    history = notebook.kernel_eval("[c.status.value for c in job_set.managed_jobs()[2].history()]")
    assert history == ["sending", "running", "error", "not_sent", "sending", "running", "done"]


def test_one_circuit_is_chosen_for_the_histogram(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, GATED])
    panel = _start_gated(notebook)
    notebook.kernel_eval(open_gate(10))
    notebook.wait_for_text("10 of 10 done", within=panel)
    panel.get_by_label("Circuits", exact=True).select_option(index=1)
    panel.get_by_label(re.compile("^Circuit, 0 to 39")).fill("17")
    notebook.wait_for_text(re.compile(r"1 of 1 job · 100 shots"), within=panel)
    _wait_for_plot(notebook, panel, notebook.kernel_eval("job_set.counts(17)"))


def test_it_folds_to_one_column_where_it_is_narrow(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, GATED], width=700, height=1000)
    panel = _start_gated(notebook)
    notebook.kernel_eval(open_gate(10))
    notebook.wait_for_text("10 of 10 done", within=panel)
    expect(panel.locator(".js-plotly-plot")).to_be_visible(timeout=30_000)
    table = panel.get_by_role("grid").bounding_box()
    counts = panel.get_by_label("Counts", exact=True).bounding_box()
    assert table is not None
    assert counts is not None
    assert counts["y"] >= table["y"] + table["height"]
    notebook.screenshot("narrow", of=panel)


def test_two_views_and_a_reload_stay_right(lab: JupyterServer, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, GATED, "job_set"])
    _start_gated(notebook)
    expect(notebook.panel()).to_have_count(2)
    notebook.kernel_eval(open_gate(3))
    for view in notebook.panel().all():
        notebook.wait_for_text(re.compile("^3 of 10 done"), within=view)
    notebook.save()
    notebook.reload()
    notebook.kernel_eval(open_gate(7))
    for index in (1, 2):
        notebook.wait_for_text("10 of 10 done", within=notebook.cell(index).locator(".qjm-panel"))


def test_ten_thousand_jobs_show_their_last_row_and_few_elements(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    cells = [
        SMALL_CIRCUITS,
        "circuits = [circuits[0]] * 10_000\n"
        + GATED.replace("max_circuits_per_job=4", "max_circuits_per_job=1"),
    ]
    notebook = open_notebook(lab, cells)
    notebook.run_all()
    notebook.wait_for_run()
    panel = notebook.panel().first
    notebook.wait_for_text(re.compile("^0 of 10,000 done"), within=panel)
    assert panel.get_by_role("row").count() < 80
    _row(panel, 0).focus()
    notebook.page.keyboard.press("End")
    expect(_row(panel, 9999)).to_be_visible()
    expect(_row(panel, 9999)).to_contain_text("Not sent")
    notebook.kernel_eval("job_set.cancel()")
    notebook.kernel_eval(open_gate(1))


def test_notebook_7_shows_the_panel(notebook7: JupyterServer, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(notebook7, [SMALL_CIRCUITS, GATED])
    panel = _start_gated(notebook)
    notebook.kernel_eval(open_gate(10))
    notebook.wait_for_text("10 of 10 done", within=panel)
    _wait_for_plot(notebook, panel, notebook.kernel_eval("job_set.counts()"))
    notebook.screenshot("notebook-7")


SILENT = """
from qiskit.providers import JobStatus
from qiskit.providers.basic_provider import BasicSimulator

class Remote:
    name = "remote"
    options = None
    answers = False
    def run(self, circuits, **options):
        return RemoteJob(self, BasicSimulator().run(circuits, **options))

class RemoteJob:
    def __init__(self, backend, job):
        self.backend, self.inner = backend, job
    def job_id(self):
        return "far-1"
    def status(self):
        if not self.backend.answers:
            raise ConnectionError("503: out of service")
        return JobStatus.DONE
    def result(self):
        return self.inner.result()

backend = Remote()
job_set = manager.run(circuits[:1], backend, name="silent", shots=100)
job_set
"""


def test_after_failed_polls_it_says_when_it_asks_next_and_asks_on_a_click(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, SILENT])
    notebook.run_all()
    notebook.wait_for_run()
    panel = notebook.panel().first
    line = panel.locator(".qjm-stale")
    expect(line).to_contain_text("503: out of service", timeout=30_000)
    # The times between two polls double: wait until they are long enough to read.
    expect(line).to_contain_text(re.compile(r"asks again in ([5-9]|\d\d) s"), timeout=30_000)
    before = line.text_content()
    notebook.screenshot("ask-now", of=panel)
    expect(line).not_to_have_text(str(before))  # it counts down
    notebook.kernel_eval("setattr(backend, 'answers', True)")
    panel.get_by_role("button", name="Ask now").click()
    notebook.wait_for_text("1 of 1 done", within=panel)
    expect(line).to_have_count(0)
