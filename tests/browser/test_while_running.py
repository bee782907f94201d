"""Clicks that are answered while a cell runs, in each front end; run on older ipykernels too."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.cells import GATED, SMALL_CIRCUITS
from tests.browser.conftest import OpenNotebook
from tests.browser.harness import artifacts_directory, write_notebook
from tests.browser.harness_server import JupyterServer

# Named pipes that the test opens: the kernel reads them while its cells block.
OPENS = """
def open_the_gate():
    open({pipe!r}).read()
    backend.gate.release(100)

threading.Thread(target=open_the_gate, daemon=True).start()
"""
WAIT = "job_set.results(timeout=60)"


def _pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def _row(panel: Locator, job: int) -> Locator:
    return panel.get_by_role("row", name=re.compile(rf"^Job {job},"))


def _click_cancel(panel: Locator, job: int) -> None:
    _row(panel, job).get_by_role("button", name=f"Cancel job {job}").click()


def _expect_cancelled(panel: Locator, job: int) -> None:
    expect(_row(panel, job)).to_contain_text("Cancelled")


@pytest.mark.parametrize("front_end", ["lab", "notebook7"])
def test_cancel_while_the_users_own_code_blocks_and_while_a_cell_waits(
    front_end: str, request: pytest.FixtureRequest, open_notebook: OpenNotebook, tmp_path: Path
) -> None:
    gate, own = _pipe(tmp_path / "gate"), _pipe(tmp_path / "own")
    cells = [SMALL_CIRCUITS, GATED, OPENS.format(pipe=str(gate)), f"open({str(own)!r}).read()", WAIT]
    notebook = open_notebook(request.getfixturevalue(front_end), cells)
    kernel = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    subshells = notebook.page.evaluate(f"() => {kernel}.supportsSubshells")
    notebook.run_all()
    panel = notebook.panel().first
    notebook.wait_for_text(re.compile("^0 of 10 done"), within=panel)

    if subshells:  # else the panel says that it is not connected, until the cell ends
        _click_cancel(panel, 9)
        _expect_cancelled(panel, 9)
    own.open("w").close()

    _click_cancel(panel, 8)
    _expect_cancelled(panel, 8)
    assert notebook.page.evaluate("() => globalThis.qjmTestRun.ended") is False
    gate.open("w").close()
    notebook.wait_for_run()
    notebook.wait_for_text("8 of 10 done" if subshells else "9 of 10 done", within=panel)


def test_voila_shows_the_panel_and_cancels_while_a_callback_waits(
    browser: Browser, voila: JupyterServer, tmp_path: Path
) -> None:
    gate = _pipe(tmp_path / "gate")
    button = f"""
import ipywidgets
label = ipywidgets.Label("nothing yet")
def get(_):
    label.value = "waiting"
    {WAIT}
    label.value = "over"
button = ipywidgets.Button(description="Get results")
button.on_click(get)
ipywidgets.HBox([button, label])
"""
    write_notebook(
        voila.root / "app.ipynb", [SMALL_CIRCUITS, GATED, OPENS.format(pipe=str(gate)), button]
    )
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(voila.notebook_url("app.ipynb"))
    panel = page.locator(".qjm-panel")
    expect(panel).to_be_visible(timeout=60_000)
    expect(page.locator(".qjm-static")).to_be_hidden()
    page.get_by_role("button", name="Get results").click()
    expect(page.get_by_text("waiting", exact=True)).to_be_visible()

    _click_cancel(panel, 9)
    _expect_cancelled(panel, 9)
    expect(page.get_by_text("waiting", exact=True)).to_be_visible()
    gate.open("w").close()
    expect(page.get_by_text("over", exact=True)).to_be_visible()
    expect(panel).to_contain_text("9 of 10 done")
    page.screenshot(path=artifacts_directory() / "voila.png")
    page.close()
