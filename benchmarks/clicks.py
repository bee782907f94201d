"""A click in Chromium while a cell runs: the time until the kernel's acknowledgement."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from benchmarks.timing import Row, Spread, Target
from tests.browser.cells import GATED, SMALL_CIRCUITS
from tests.browser.harness import NotebookPage, write_notebook
from tests.browser.harness_server import BROWSER_ARGUMENTS, JupyterServer, find_browser

NAME = "clicks"
_TARGET = Target("value", most=250.0)
_SECONDS = 60

# A thread reads the named pipe while cells block. When the pipe is closed, all jobs are computed.
_GATE_OPENER = """
def open_the_gate():
    open({pipe!r}).read()
    backend.gate.release(100)

threading.Thread(target=open_the_gate, daemon=True).start()
"""

# Clicks a button; gives the milliseconds from the click to the kernel's answer on the page.
_CLICK_SCRIPT = """(word) => new Promise((resolve, reject) => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const buttons = [...document.querySelectorAll('.qjm-panel button')];
  const button = buttons.find((each) => each.textContent === word);
  const onMessage = (_, { msg, direction }) => {
    if (direction !== 'recv' || msg.content?.data?.content?.kind !== 'ack') return;
    kernel.anyMessage.disconnect(onMessage);
    resolve(performance.now() - began);
  };
  setTimeout(() => reject(new Error('nothing was acknowledged')), 60000);
  kernel.anyMessage.connect(onMessage);
  const began = performance.now();
  button.click();
})"""


def run(*, short: bool) -> list[Row]:
    clicks = 6 if short else 30
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        JupyterServer("lab", Path(folder) / "lab") as server,
    ):
        own, gate = Path(folder) / "own", Path(folder) / "gate"
        os.mkfifo(own)
        os.mkfifo(gate)
        blocks = f"open({str(own)!r}).read()"
        waits = f"job_set.results(timeout={_SECONDS})"
        write_notebook(
            server.root / "clicks.ipynb",
            [SMALL_CIRCUITS, GATED, _GATE_OPENER.format(pipe=str(gate)), blocks, waits],
        )
        browser = playwright.chromium.launch(
            executable_path=find_browser(playwright), args=BROWSER_ARGUMENTS
        )
        notebook = NotebookPage(browser.new_page(), server, "clicks.ipynb")
        notebook.open()
        notebook.run_all()
        expect(notebook.panel().first).to_contain_text("0 of 10 done", timeout=1_000 * _SECONDS)
        blocked = _times(notebook, clicks)
        own.open("w").close()
        expect(notebook.cell(3).locator(".jp-InputPrompt")).not_to_contain_text("*")
        waited = _times(notebook, clicks)
        still_running = not notebook.page.evaluate("() => globalThis.qjmTestRun.ended")
        gate.open("w").close()
        notebook.wait_for_run()
        browser.close()
    assert still_running, "the cell ended before the clicks did"
    return [
        Row(NAME, "while the user's own code blocks", "ms", Spread.of(blocked), target=_TARGET),
        Row(NAME, "while a cell waits in results()", "ms", Spread.of(waited), target=_TARGET),
    ]


def _times(notebook: NotebookPage, clicks: int) -> list[float]:
    """Click Pause and Unpause in turn, each when its button is enabled; return milliseconds."""
    times = []
    for click in range(clicks + 2):
        word = "Unpause" if click % 2 else "Pause"
        button = notebook.panel().first.get_by_role("button", name=word, exact=True)
        expect(button).to_be_enabled()
        times.append(float(notebook.page.evaluate(_CLICK_SCRIPT, word)))
    return times[2:]
