"""The panel with many jobs in JupyterLab, compared with a row of widgets a job and FigureWidget."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from playwright.sync_api import TimeoutError as PlaywrightTimeout

from benchmarks.panel_page import PREPARE, Lab, open_lab
from benchmarks.timing import Row, Spread, Target
from tests.browser.harness import write_notebook

NAME = "panel"
JOBS = 10_000
WIDGET_JOBS = 300
UPDATES = 60
SET = f"job_set = job_set({JOBS})"
SHOW = "began = time.time()\njob_set"
SHOW_AGAIN = "other = type(job_set)(job_set._state, None, None)\nbegan = time.time()\nother"
# Plotly has drawn the counts.
_DRAWN = "() => document.querySelectorAll('.qjm-panel .js-plotly-plot .bars').length >= {}"

Figures = dict[str, list[float]]


def run(*, short: bool) -> list[Row]:
    ours: Figures = defaultdict(list)
    widgets: Figures = defaultdict(list)
    figures: Figures = defaultdict(list)
    lost = 0
    with open_lab() as lab:
        for turn in range(2 if short else 4):
            for measure, collected in (
                (_measure_panel, ours),
                (_measure_widgets, widgets),
                (_measure_figure, figures),
            ):
                try:
                    found = measure(lab)
                except PlaywrightTimeout:
                    # The widgets send 5,000 messages at once, and sometimes their rows never appear.
                    if measure is not _measure_widgets:
                        raise
                    lost += 1
                    continue
                for name, number in found.items():
                    if turn > 0:  # the first turn fills the disk's caches
                        collected[name].append(number)
    ours["saved"].append(_saved_bytes())
    return _rows(ours, widgets, figures, lost)


def _measure_panel(lab: Lab) -> dict[str, float]:
    with lab.page([SET, SHOW, SHOW_AGAIN]) as page:
        page.notebook.run_cell(1)
        page.notebook.wait_for_run()
        shown, first = page.show(2, "qjm-row", 12, _DRAWN.format(1))
        delays = page.updates(
            "change_jobs(job_set)", '.qjm-panel [data-row="0"] .qjm-cell-note', UPDATES
        )
        task = page.longest_task_of_scrolling(".qjm-scroller")
        page.stop()
        _, following = page.show(3, "qjm-row", 24, _DRAWN.format(2))
    return {
        "shown": shown,
        "first": first,
        "next": following,
        "p50": statistics.median(delays),
        "p95": _p95(delays),
        "task": task,
    }


def _measure_widgets(lab: Lab) -> dict[str, float]:
    cell = f"began = time.time()\nbox = widget_rows({WIDGET_JOBS})\nbox"
    with lab.page([cell]) as page:
        shown, received = page.show(1, "widget-html", 4 * WIDGET_JOBS)
        delays = page.updates("change_widgets(box)", ".widget-vbox > .widget-hbox", UPDATES)
        page.stop()
    return {"shown": shown, "first": received, "p50": statistics.median(delays), "p95": _p95(delays)}


def _measure_figure(lab: Lab) -> dict[str, float]:
    cell = "began = time.time()\nfigure()"
    with lab.page([cell, cell]) as page:
        shown, received = page.show(1, "point", 1024)
        _, following = page.show(2, "point", 2048)
    return {"shown": shown, "first": received, "next": following}


def _p95(numbers: list[float]) -> float:
    return statistics.quantiles(numbers, n=20)[-1]


def _saved_bytes() -> float:
    """Return the kB of a notebook of three panels, run without a browser and saved with widget state."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "three.ipynb"
        write_notebook(path, [PREPARE, SET, SHOW, SHOW_AGAIN, SHOW_AGAIN])
        command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--inplace", "--execute"]
        subprocess.run([*command, str(path)], check=True, capture_output=True)
        return path.stat().st_size / 1000


def _rows(ours: Figures, widgets: Figures, figures: Figures, lost: int) -> list[Row]:
    many = f"{JOBS:,} jobs"
    rows_peer = f"{WIDGET_JOBS} rows of ipywidgets" + (f" ({lost} times never shown)" if lost else "")

    def row(
        case: str, unit: str, name: str, most: float, peer: str = "", others: Figures | None = None
    ) -> Row:
        theirs = None if others is None else Spread.of(others[name])
        target = Target("value", most=most)
        return Row(NAME, f"{many}: {case}", unit, Spread.of(ours[name]), peer, theirs, target=target)

    return [
        row("first paint", "s", "shown", 0.5, rows_peer, widgets),
        row("first paint", "s", "shown", 0.5, "FigureWidget", figures),
        row("kernel to paint at 10 Hz, p95", "ms", "p95", 25, rows_peer, widgets),
        row("kernel to paint at 10 Hz, p50", "ms", "p50", 25, rows_peer, widgets),
        row("longest task while scrolling", "ms", "task", 50),
        row("first panel on the socket", "kB", "first", 520, rows_peer, widgets),
        row("first panel on the socket", "kB", "first", 520, "FigureWidget", figures),
        row("each next panel", "kB", "next", 120, "FigureWidget", figures),
        row("saved notebook of three panels", "kB", "saved", 400),
    ]
