"""A notebook in Chromium whose bytes are counted and whose paints are timed."""

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
# Milliseconds. Playwright would else look at each frame, and so keep the page drawing all the time.
LOOK = 50
PREPARE = f"""
import sys
sys.path.insert(0, {str(REPOSITORY)!r})
import time
from benchmarks.panel_scene import *
"""

# After the next frame and what was queued behind it: the pixels are there.
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
    """A notebook whose cells show things."""

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
        """Run a cell that sets ``began``, until so many elements of a class are painted.

        Args:
            cell: which.
            name: the class.
            number: how many there are of them in the whole page.
            drawn: what else the page says before the bytes are counted.

        Returns:
            Seconds from when the cell began to the paint, and how many kB came until it was drawn.
        """
        self.notebook.cell(cell)
        before = self.received
        self.page.evaluate(_WATCH_FIRST, [name, number, cell])
        self.notebook.run_cell(cell)
        for condition in ("() => qjmBench.shown !== null", drawn):
            self.page.wait_for_function(condition, timeout=SECONDS * 1000, polling=LOOK)
        self.notebook.wait_for_run(SECONDS)
        received = self.received - before
        began: float = self.notebook.kernel_eval("began")
        return self.page.evaluate("() => qjmBench.shown") / 1000 - began, received / 1000

    def updates(self, start: str, selector: str, number: int) -> list[float]:
        """Milliseconds from a change in the kernel to its paint, so many times.

        Args:
            start: an expression for the kernel that starts the changes and gives what stops them.
            selector: where the stamps are seen.
        """
        self.page.evaluate(_WATCH_STAMPS, selector)
        self.notebook.kernel_eval(f"globals().update(changes={start})")
        self.page.wait_for_function(
            "(number) => qjmLate.length >= number", arg=number, timeout=SECONDS * 1000, polling=LOOK
        )
        late: list[float] = self.page.evaluate("() => qjmLate")
        return late[5:]  # the first ones find a page that is still busy with showing it

    def stop(self) -> None:
        self.notebook.kernel_eval("changes.stop()")

    def longest_task_of_scrolling(self, selector: str) -> float:
        """Milliseconds of the longest task above 50 while the wheel turns; 0 for none."""
        place = self.page.locator(selector).bounding_box()
        assert place is not None
        self.page.mouse.move(place["x"] + 40, place["y"] + 40)
        self.page.evaluate(_WATCH_TASKS)
        for _ in range(60):
            self.page.mouse.wheel(0, 700)
        for _ in range(60):
            self.page.mouse.wheel(0, -350)
        # A task is told after it has ended.
        self.page.evaluate("() => new Promise((then) => setTimeout(then, 300))")
        return max(self.page.evaluate("() => qjmTasks"), default=0.0)


class Stage:
    """JupyterLab and a browser, for several notebooks."""

    def __init__(self, server: JupyterServer, browser: Browser) -> None:
        self._server = server
        self._browser = browser
        self._notebooks = 0

    @contextmanager
    def page(self, cells: Sequence[str]) -> Iterator[Page]:
        """A new notebook, prepared, in a browser that has nothing of the last one."""
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
            notebook.kernel_eval("rows_of_widgets.__name__")  # raises where the cell did
            yield page
        finally:
            self._server.shut_down_kernels()
            context.close()


@contextmanager
def stage() -> Iterator[Stage]:
    """Start both."""
    with (
        tempfile.TemporaryDirectory() as home,
        JupyterServer("lab", Path(home)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=find_browser(playwright), args=BROWSER_ARGUMENTS
        )
        yield Stage(server, browser)
        browser.close()
