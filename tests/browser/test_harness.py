"""The harness itself, on a notebook that needs nothing of ours."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenNotebook
from tests.browser.harness_server import JupyterServer, Theme, find_browser

SLIDER = ["import ipywidgets\nslider = ipywidgets.IntSlider(7, description='shots')\nslider", "6 * 7"]

# What a page in this theme paints behind a cell, read from JupyterLab's own style sheets.
IS_LIGHT = """() => {
  const colour = getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor;
  return colour.match(/\\d+/g).slice(0, 3).every((channel) => Number(channel) > 127);
}"""


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_lab_shows_a_widget_in_the_theme_that_was_asked_for(
    theme: Theme, lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, SLIDER, theme=theme)
    notebook.run_all()
    notebook.wait_for_run()

    slider = notebook.cell(0).get_by_role("slider")
    expect(slider).to_be_visible()
    notebook.wait_for_text("42", within=notebook.cell(1))
    assert notebook.page.evaluate(IS_LIGHT) == (theme == "Light")
    assert notebook.screenshot(f"harness-{theme.lower()}").stat().st_size > 10_000

    slider.press("ArrowRight")
    notebook.wait_for_text("8", within=notebook.cell(0))
    assert notebook.kernel_eval("{'value': slider.value}") == {"value": 8}


def test_asking_the_kernel_leaves_the_notebook_as_it_was(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, ["value = 'o\\'clock \\u00b5' * 1000", "value[:3]"])
    notebook.run_cell(0)
    notebook.wait_for_run()
    assert notebook.kernel_eval("value") == "o'clock \u00b5" * 1000
    notebook.run_cell(1)
    notebook.wait_for_run()

    saved = notebook.save()
    assert [cell.execution_count for cell in saved.cells] == [1, 2]
    assert saved.cells[1].outputs[0].data["text/plain"] == '"o\'c"'
    with pytest.raises(RuntimeError, match=re.escape("nothing raised NameError")):
        notebook.kernel_eval("nothing")


def test_the_kernel_outlives_a_reload_and_is_empty_after_a_restart(
    lab: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(lab, ["value = 1"])
    notebook.run_all()
    notebook.wait_for_run()
    notebook.reload()
    assert notebook.kernel_eval("value") == 1
    notebook.restart_kernel()
    assert notebook.kernel_eval("'value' in globals()") is False


def test_cells_run_while_the_test_continues(lab: JupyterServer, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(lab, ["print('begun')\nanswer = input('go on?')", "print(answer)"])
    notebook.run_all()
    notebook.wait_for_text("begun")
    question = notebook.cell(0).get_by_placeholder(re.compile(""))
    question.fill("yes, go on")
    question.press("Enter")
    notebook.wait_for_run()
    notebook.wait_for_text(re.compile("^yes, go on"), within=notebook.cell(1))


def test_notebook_7_shows_a_widget(notebook7: JupyterServer, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(notebook7, SLIDER)
    notebook.run_all()
    notebook.wait_for_run()
    expect(notebook.cell(0).get_by_role("slider")).to_be_visible()
    assert notebook.kernel_eval("slider.value") == 7


def test_the_kernel_has_the_python_of_the_tests_and_a_store_and_home_of_its_own(
    notebook7: JupyterServer, open_notebook: OpenNotebook
) -> None:
    notebook = open_notebook(notebook7, ["import os, sys"])
    notebook.run_all()
    notebook.wait_for_run()
    assert notebook.kernel_eval("sys.executable") == sys.executable
    assert notebook.kernel_eval("os.environ['QJM_STORE']") == str(notebook7.store)
    assert notebook.kernel_eval("os.path.expanduser('~')") == str(notebook7.home)


class _NoBrowser:
    """Stands in for Playwright on a machine without any browser."""

    class chromium:  # noqa: N801 - Playwright's own name
        executable_path = "/nowhere/chromium"


def test_a_missing_browser_is_an_error_in_ci(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tests.browser.harness_server._MACOS_BROWSERS", ())
    monkeypatch.delenv("QJM_BROWSER", raising=False)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("CI must fetch no browser"))
    with pytest.raises(FileNotFoundError, match="QJM_BROWSER"):
        find_browser(_NoBrowser())  # type: ignore[arg-type]


def test_the_browser_that_is_named_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = tmp_path / "my-browser"
    named.touch()
    monkeypatch.setenv("QJM_BROWSER", str(named))
    assert find_browser(_NoBrowser()) == str(named)  # type: ignore[arg-type]
    named.unlink()
    with pytest.raises(FileNotFoundError, match="my-browser"):
        find_browser(_NoBrowser())  # type: ignore[arg-type]
