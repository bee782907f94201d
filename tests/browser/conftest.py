"""Fixtures of the tests in a real browser: servers, the browser, and an opened notebook."""

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.harness import NotebookPage, write_notebook
from tests.browser.harness_server import (
    BROWSER_ARGUMENTS,
    JupyterServer,
    Theme,
    find_browser,
)

OpenNotebook = Callable[..., NotebookPage]

_FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


# For a module and not for the session: while Playwright runs, its event loop is the thread's own,
# and tests that bring a loop of their own would meet it.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium or Chrome, headless, with a fresh profile."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=find_browser(playwright), args=BROWSER_ARGUMENTS
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A running JupyterLab."""
    with JupyterServer("lab", tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="module")
def notebook7(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A running Jupyter Notebook 7."""
    with JupyterServer("notebook", tmp_path_factory.mktemp("notebook")) as server:
        yield server


@pytest.fixture(scope="module")
def voila(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A running Voila."""
    with JupyterServer("voila", tmp_path_factory.mktemp("voila")) as server:
        yield server


@pytest.fixture
def open_notebook(request: pytest.FixtureRequest, browser: Browser) -> Iterator[OpenNotebook]:
    """Opens a notebook, from a file or from the sources of its cells, in a context of its own.

    After the test its kernel is ended. If the test failed, a screenshot and the messages of the page's
    console are kept among the artifacts.
    """
    with ExitStack() as clean_up:

        def open_(
            server: JupyterServer,
            notebook: Path | Sequence[str],
            theme: Theme = "Light",
            width: int = 1280,
            height: int = 1000,
        ) -> NotebookPage:
            test_name = re.sub(r"\W+", "-", request.node.name).strip("-")
            path = f"{test_name}.ipynb"
            if isinstance(notebook, Path):
                shutil.copyfile(notebook, server.root / path)
            else:
                write_notebook(server.root / path, notebook)
            server.set_theme(theme)
            clean_up.callback(server.shut_down_kernels)
            context = browser.new_context(viewport={"width": width, "height": height})
            clean_up.callback(context.close)
            opened = NotebookPage(context.new_page(), server, path)

            def keep_evidence() -> None:
                if request.node.stash.get(_FAILED, False):
                    picture = opened.screenshot(f"failed-{test_name}")
                    picture.with_suffix(".txt").write_text("\n".join(opened.console), "utf-8")

            clean_up.callback(keep_evidence)
            opened.open()
            return opened

        yield open_
