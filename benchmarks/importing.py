"""Importing the package in a new interpreter: the time, and the packages that it loads."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.timing import Row, Spread, Stopwatch, Target, comparison, measure_rounds

NAME = "import"
HEAVY = ("qiskit", "anywidget", "ipywidgets", "plotly", "numpy", "pandas")


def run(*, short: bool) -> list[Row]:
    def python(code: str, stopwatch: Stopwatch) -> None:
        with stopwatch.timed():
            subprocess.run([sys.executable, "-c", code], check=True)

    rounds = measure_rounds(
        {
            "import qjm_widgets": lambda stopwatch: python("import qjm_widgets", stopwatch),
            "import qiskit": lambda stopwatch: python("import qiskit", stopwatch),
            "nothing": lambda stopwatch: python("pass", stopwatch),
        },
        3 if short else 15,
    )
    loaded = _loaded()
    case = "heavy packages that it loads" + (f": {', '.join(loaded)}" if loaded else "")
    return [
        comparison(NAME, "a new interpreter", rounds, "import qjm_widgets", "nothing", unit="ms"),
        comparison(NAME, "a new interpreter", rounds, "import qjm_widgets", "import qiskit", unit="ms"),
        Row(NAME, case, "", Spread.of([float(len(loaded))]), target=Target("value", most=0.0)),
    ]


def _loaded() -> list[str]:
    code = f"import sys, qjm_widgets; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.split()
