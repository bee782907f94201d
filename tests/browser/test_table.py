"""The table of jobs in JupyterLab: found, chosen, drawn, and for everybody."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.axe import serious
from tests.browser.cells import GATED, SMALL_CIRCUITS, open_gate
from tests.browser.conftest import OpenNotebook
from tests.browser.harness import NotebookPage
from tests.browser.harness_server import JupyterServer, Theme

# Jobs 2 and 4 fail, jobs 0, 1, 3 are done, job 5 computes and 6 to 9 wait behind it.
FAILING = GATED.replace("backend = Gated()", "backend = Gated()\nbackend.refuse = refuse")
REFUSE = """
refuse = {f"bell {n}": "The backend was recalibrated while the job waited." for n in (8, 16)}
"""


def _row(panel: Locator, job: int) -> Locator:
    return panel.get_by_role("row", name=re.compile(rf"^Job {job},"))


def _jobs(panel: Locator) -> Locator:
    return panel.locator("[data-row]")


def _start(notebook: NotebookPage) -> Locator:
    notebook.run_all()
    notebook.wait_for_run()
    panel = notebook.panel().first
    notebook.kernel_eval(open_gate(5))
    notebook.wait_for_text(re.compile("^3 of 10 done"), within=panel)
    expect(_row(panel, 4)).to_contain_text("recalibrated")
    return panel


def _box(panel: Locator, job: int) -> Locator:
    return panel.get_by_role("checkbox", name=f"Select job {job}", exact=True)


def test_jobs_are_found_sorted_and_several_are_acted_on_at_once(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, REFUSE, FAILING], width=1300)
    panel = _start(notebook)

    search = panel.get_by_role("searchbox")
    search.fill("RECALIB")
    expect(_jobs(panel)).to_have_count(2)
    search.fill("17")
    expect(_jobs(panel)).to_have_count(1)
    expect(_row(panel, 4)).to_be_visible()
    search.press("Escape")
    expect(_jobs(panel)).to_have_count(10)

    panel.get_by_role("button", name="Job", exact=True).click()
    expect(_jobs(panel).first).to_have_attribute("data-row", "9")
    panel.get_by_role("button", name="Job", exact=True).click()

    _box(panel, 7).click()
    _box(panel, 9).click(modifiers=["Shift"])
    expect(panel.get_by_text("3 selected")).to_be_visible()
    notebook.screenshot("table-selected", of=panel)
    panel.get_by_role("button", name="Cancel 3", exact=True).click()
    for job in (7, 8, 9):
        expect(_row(panel, job)).to_contain_text("Cancelled")

    panel.get_by_role("button", name=re.compile("^Error: 2 jobs")).click()
    expect(_jobs(panel)).to_have_count(2)
    _row(panel, 2).focus()
    notebook.page.keyboard.press("Control+a")
    notebook.kernel_eval("refuse.clear()")
    panel.get_by_role("button", name="Retry 2", exact=True).click()
    expect(panel.get_by_text("No job matches.")).to_be_visible()
    panel.get_by_role("button", name="Show all jobs").click()
    notebook.kernel_eval(open_gate(4))
    notebook.wait_for_text(re.compile("^7 of 10 done"), within=panel)
    statuses = notebook.kernel_eval("[s.name for s in job_set.statuses()]")
    assert statuses == ["DONE"] * 7 + ["CANCELLED"] * 3


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_drawer_draws_circuits_and_nothing_keeps_anybody_out(
    theme: Theme, lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, REFUSE, FAILING], theme=theme, width=1300)
    panel = _start(notebook)
    panel.get_by_role("button", name="Open job 2").click()
    drawer = panel.get_by_role("region", name="Details of job 2")
    drawer.get_by_role("button", name="Draw 4 circuits").click()
    drawn = drawer.get_by_role("region", name=re.compile("^Drawing of circuit"))
    expect(drawn).to_have_count(3)
    expect(drawn.first).to_contain_text("┤ H ├")
    drawer.get_by_role("button", name="Draw more (1 left)").click()
    expect(drawn).to_have_count(4)
    expect(drawer).to_contain_text("Circuit 11 bell 11 · 2 qubits · 5 instructions")
    assert serious(panel) == []
    notebook.screenshot(f"drawer-{theme.lower()}", of=panel)

    _box(panel, 6).click()
    panel.get_by_text("Counts as a table").click()
    panel.get_by_role("button", name="Cancel all").click()
    expect(panel.get_by_role("group", name="Confirm")).to_be_visible()
    assert serious(panel) == []
    notebook.kernel_eval("job_set.cancel()")
    notebook.kernel_eval(open_gate(1))


ONE_EACH = """
job_set = manager.run(circuits, BasicSimulator(), shots=10, max_circuits_per_job=1)
job_set.results()
job_set
"""


def test_a_table_stays_where_it_was_scrolled_though_a_row_has_the_focus(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, [SMALL_CIRCUITS, ONE_EACH], width=1300)
    notebook.run_all()
    notebook.wait_for_run()
    panel = notebook.panel().first
    notebook.wait_for_text("40 of 40 done", within=panel)
    panel.scroll_into_view_if_needed()
    _row(panel, 1).focus()
    scroller = panel.locator(".qjm-scroller")
    scroller.hover()
    for steps in range(1, 9):
        notebook.page.mouse.wheel(0, 100)
        # The rows beside those in sight are there: it rests.
        last = min(39, (100 * steps + 360) // 30 + 6)
        expect(_row(panel, last)).to_be_attached()
        assert scroller.evaluate("(element) => element.scrollTop") == 100 * steps
    notebook.page.mouse.wheel(0, -800)
    expect(_row(panel, 18)).to_be_attached()
    assert scroller.evaluate("(element) => element.scrollTop") == 0
    expect(_row(panel, 1)).to_be_focused()
