"""A notebook in Chromium: received bytes and times of paints."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, WebSocket, sync_playwright

from tests.browser.harness import NotebookPage, write_notebook
from tests.browser.harness_server import BROWSER_ARGUMENTS, JupyterServer, find_browser

REPOSITORY = Path(__file__).parents[1]
SECONDS = 60
# Without it Playwright checks at each frame, which makes the page draw all the time.
POLL_MILLISECONDS = 50
PREPARE = f"""
import sys
sys.path.insert(0, {str(REPOSITORY)!r})
import time
from benchmarks.panel_scene import *
"""

# Calls back after the next frame and the tasks queued before its end: the pixels are drawn.
_PAINTED = """globalThis.qjmPainted ??= (then) => requestAnimationFrame(() => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => then(Date.now());
  port2.postMessage(null);
});"""

_WATCH_FIRST = (
    "([name, number, place]) => {"
    + _PAINTED
    + """
  const bench = globalThis.qjmBench = { shown: null };
  const found = document.getElementsByClassName(name);
  const observer = new MutationObserver(() => {
    if (found.length < number) return;
    observer.disconnect();
    qjmPainted((at) => { bench.shown = at; });
  });
  observer.observe(document.body, { childList: true, subtree: true });
}"""
)

_WATCH_STAMPS = (
    "(selector) => {"
    + _PAINTED
    + """
  const late = globalThis.qjmLate = [];
  let last = null;
  new MutationObserver(() => {
    const stamp = /stamp (\\d+)/.exec(document.querySelector(selector)?.textContent ?? '')?.[1];
    if (stamp === undefined || stamp === last) return;
    last = stamp;
    qjmPainted((at) => late.push(at - Number(stamp)));
  }).observe(document.body, { childList: true, characterData: true, subtree: true });
}"""
)

_WATCH_TASKS = """() => {
  const tasks = globalThis.qjmTasks = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) tasks.push(entry.duration);
  }).observe({ type: 'longtask' });
}"""


class Page:
    """A notebook whose cells show widgets."""

    def __init__(self, notebook: NotebookPage) -> None:
        self.notebook = notebook
        self.page = notebook.page
        self.received = 0
        self.page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._count)

    def _count(self, frame: str | bytes) -> None:
        self.received += len(frame if isinstance(frame, bytes) else frame.encode())

    def show(self, cell: int, name: str, number: int, drawn: str = "() => true") -> tuple[float, float]:
        """Run a cell that sets ``began``, until ``number`` elements of a class are painted.

        Args:
            cell: the number of the cell.
            name: the class.
            number: how many elements of the class the whole page has then.
            drawn: a condition in JavaScript that holds before the bytes are counted.

        Returns:
            Seconds from the begin of the cell to the paint, and the kB received until ``drawn`` held.
        """
        self.notebook.cell(cell)
        before = self.received
        self.page.evaluate(_WATCH_FIRST, [name, number, cell])
        self.notebook.run_cell(cell)
        for condition in ("() => qjmBench.shown !== null", drawn):
            self.page.wait_for_function(condition, timeout=SECONDS * 1000, polling=POLL_MILLISECONDS)
        self.notebook.wait_for_run(SECONDS)
        received = self.received - before
        began: float = self.notebook.kernel_eval("began")
        return self.page.evaluate("() => qjmBench.shown") / 1000 - began, received / 1000

    def updates(self, start: str, selector: str, number: int) -> list[float]:
        """Return ``number`` times (milliseconds) from a change in the kernel to its paint.

        Args:
            start: an expression for the kernel that starts the changes; its value has ``stop``.
            selector: the element with the stamps.
            number: how many changes are measured; the first five are left out.
        """
        self.page.evaluate(_WATCH_STAMPS, selector)
        self.notebook.kernel_eval(f"globals().update(changes={start})")
        self.page.wait_for_function(
            "(number) => qjmLate.length >= number",
            arg=number,
            timeout=SECONDS * 1000,
            polling=POLL_MILLISECONDS,
        )
        delays: list[float] = self.page.evaluate("() => qjmLate")
        return delays[5:]  # the page is still busy during the first ones

    def stop(self) -> None:
        self.notebook.kernel_eval("changes.stop()")

    def longest_task_of_scrolling(self, selector: str) -> float:
        """Return the milliseconds of the longest task above 50 while scrolling; 0 for none."""
        place = self.page.locator(selector).bounding_box()
        assert place is not None
        self.page.mouse.move(place["x"] + 40, place["y"] + 40)
        self.page.evaluate(_WATCH_TASKS)
        for _ in range(60):
            self.page.mouse.wheel(0, 700)
        for _ in range(60):
            self.page.mouse.wheel(0, -350)
        # A task is reported after it has ended.
        self.page.evaluate("() => new Promise((then) => setTimeout(then, 300))")
        return max(self.page.evaluate("() => qjmTasks"), default=0.0)


class Lab:
    """JupyterLab and a browser, for several notebooks."""

    def __init__(self, server: JupyterServer, browser: Browser) -> None:
        self._server = server
        self._browser = browser
        self._notebooks = 0

    @contextmanager
    def page(self, cells: Sequence[str]) -> Iterator[Page]:
        """Open a new, prepared notebook in a new browser context."""
        self._notebooks += 1
        path = f"bench-{self._notebooks}.ipynb"
        write_notebook(self._server.root / path, [PREPARE, *cells])
        context = self._browser.new_context(viewport={"width": 1300, "height": 1000})
        notebook = NotebookPage(context.new_page(), self._server, path)
        page = Page(notebook)
        try:
            notebook.open()
            notebook.run_cell(0)
            notebook.wait_for_run()
            notebook.kernel_eval("widget_rows.__name__")  # raises if the cell failed
            yield page
        finally:
            self._server.shut_down_kernels()
            context.close()


@contextmanager
def open_lab() -> Iterator[Lab]:
    """Start JupyterLab and a browser."""
    with (
        tempfile.TemporaryDirectory() as home,
        JupyterServer("lab", Path(home)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=find_browser(playwright), args=BROWSER_ARGUMENTS
        )
        yield Lab(server, browser)
        browser.close()
