"""Drives a notebook in JupyterLab or Notebook 7 as a person would, and waits for what a person sees.

The page is asked through JupyterLab's own application object (`jupyterapp`), because a click on a
button of the toolbar that comes too early is lost without a sign.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from tests.browser.harness_server import JupyterServer

OPEN_SECONDS = 90
RUN_SECONDS = 120
REPLY_SECONDS = 30

_READY = """async () => {
  const app = globalThis.jupyterapp;
  await app.restored;
  const panel = app.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
}"""

_IDLE = """() => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session?.kernel;
  return kernel?.status === 'idle' && kernel.connectionStatus === 'connected';
}"""

# The command is not awaited: a test looks at the page while the cells run.
_START = """([command, index]) => {
  if (index !== null) jupyterapp.shell.currentWidget.content.activeCellIndex = index;
  const run = globalThis.qjmTestRun = { ended: false, error: null };
  jupyterapp.commands.execute(command)
    .catch((error) => { run.error = String(error); })
    .finally(() => { run.ended = true; });
}"""

_EVALUATE = """async (expression) => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const request = { code: '', silent: true, store_history: false,
                    user_expressions: { value: expression } };
  const reply = await kernel.requestExecute(request, true).done;
  return reply.content.user_expressions.value;
}"""


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, path)


def artifacts_directory() -> Path:
    """Where screenshots go: `QJM_ARTIFACTS`, or `.artifacts` in the checkout."""
    default = Path(__file__).resolve().parents[2] / ".artifacts"
    directory = Path(os.environ.get("QJM_ARTIFACTS") or default) / "screenshots"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


class NotebookPage:
    """One notebook, open in a page of the browser.

    `page` is Playwright's own, for everything that has no method here. `console` holds what the page
    wrote to the console as a warning or an error.
    """

    def __init__(self, page: Page, server: JupyterServer, path: str) -> None:
        self.page = page
        self.server = server
        self.path = path
        self.console: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.console.append(f"uncaught: {error}"))

    def open(self) -> None:
        """Load the page and wait until its kernel answers."""
        self.page.goto(self.server.notebook_url(self.path))
        self._wait_for("() => globalThis.jupyterapp?.shell.currentWidget?.context", OPEN_SECONDS)
        self._evaluate(_READY, None, OPEN_SECONDS)
        self._wait_for(_IDLE, OPEN_SECONDS)

    def reload(self) -> None:
        """Reload the page, as after a closed tab. The kernel continues."""
        self.open()

    def run_all(self) -> None:
        """Start running all cells; `wait_for_run` waits for their end."""
        self.page.evaluate(_START, ["notebook:run-all-cells", None])

    def run_cell(self, index: int) -> None:
        """Start running one cell, counted from 0; `wait_for_run` waits for its end."""
        self.page.evaluate(_START, ["notebook:run-cell", index])

    def wait_for_run(self, seconds: float = RUN_SECONDS) -> None:
        """Wait until the cells that were started last have ended, and the kernel is idle."""
        self._wait_for("() => globalThis.qjmTestRun.ended", seconds)
        error = self.page.evaluate("() => globalThis.qjmTestRun.error")
        assert error is None, f"the page could not run the cells: {error}"
        self._wait_for(_IDLE, seconds)

    def restart_kernel(self) -> None:
        """Restart the kernel without the dialog that asks for it."""
        script = "() => jupyterapp.shell.currentWidget.sessionContext.restartKernel()"
        self._evaluate(script, None, OPEN_SECONDS)
        self._wait_for(_IDLE, OPEN_SECONDS)

    def cell(self, index: int) -> Locator:
        """A cell, counted from 0, scrolled to: Lab takes cells far from the view out of the page."""
        self._evaluate(
            "(i) => jupyterapp.shell.currentWidget.content.scrollToItem(i)", index, REPLY_SECONDS
        )
        return self.page.locator(f'.jp-Cell[data-windowed-list-index="{index}"]')

    def panel(self) -> Locator:
        """The live panels in the page, in their order."""
        return self.page.locator(".qjm-panel")

    def wait_for_text(
        self,
        text: str | re.Pattern[str],
        within: Locator | None = None,
        seconds: float = REPLY_SECONDS,
    ) -> Locator:
        """Wait until `text` is to be seen, in the page or within an element, and return where."""
        place = (within or self.page.locator("body")).get_by_text(text).first
        expect(place).to_be_visible(timeout=seconds * 1000)
        return place

    def kernel_eval(self, expression: str, seconds: float = REPLY_SECONDS) -> Any:
        """The value of a Python expression in the kernel, by way of JSON; no cell and count changes.

        It waits its turn behind a running cell.
        """
        source = f"__import__('json').dumps({expression})"
        reply = self._evaluate(_EVALUATE, source, seconds)
        if reply["status"] != "ok":
            raise RuntimeError(f"{expression} raised {reply['ename']}: {reply['evalue']}")
        return json.loads(ast.literal_eval(reply["data"]["text/plain"]))

    def save(self) -> nbformat.NotebookNode:
        """Save the notebook as a person does, and read the file."""
        self._evaluate("() => jupyterapp.commands.execute('docmanager:save')", None, REPLY_SECONDS)
        return nbformat.read(self.server.root / self.path, as_version=4)

    def screenshot(self, name: str, of: Locator | None = None) -> Path:
        """Keep a picture of the page, or of one element, among the test artifacts."""
        path = artifacts_directory() / f"{name}.png"
        (of or self.page).screenshot(path=path)
        return path

    def _wait_for(self, condition: str, seconds: float) -> None:
        self.page.wait_for_function(condition, timeout=seconds * 1000)

    def _evaluate(self, script: str, argument: Any, seconds: float) -> Any:
        """Evaluate a script that returns a promise, which may never be kept, within a limit."""
        limited = f"""([argument, milliseconds]) => Promise.race([
          ({script})(argument),
          new Promise((_, fail) => setTimeout(
            () => fail(new Error(`no answer from the page in ${{milliseconds}} ms`)), milliseconds)),
        ])"""
        return self.page.evaluate(limited, [argument, seconds * 1000])

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("warning", "error"):
            self.console.append(f"{message.type}: {message.text}")
