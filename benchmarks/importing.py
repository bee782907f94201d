"""Importing the package in a new interpreter: how long, and what comes with it."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.timing import Row, Spread, Target, Watch, compared, take_turns

NAME = "import"
HEAVY = ("qiskit", "anywidget", "ipywidgets", "plotly", "numpy", "pandas")


def run(*, short: bool) -> list[Row]:
    def python(code: str, watch: Watch) -> None:
        with watch.timed():
            subprocess.run([sys.executable, "-c", code], check=True)

    rounds = take_turns(
        {
            "import qjm_widgets": lambda watch: python("import qjm_widgets", watch),
            "import qiskit": lambda watch: python("import qiskit", watch),
            "nothing": lambda watch: python("pass", watch),
        },
        3 if short else 15,
    )
    loaded = _loaded()
    case = "heavy packages that it loads" + (f": {', '.join(loaded)}" if loaded else "")
    return [
        compared(NAME, "a new interpreter", rounds, "import qjm_widgets", "nothing", unit="ms"),
        compared(NAME, "a new interpreter", rounds, "import qjm_widgets", "import qiskit", unit="ms"),
        Row(NAME, case, "", Spread.of([float(len(loaded))]), target=Target("value", most=0.0)),
    ]


def _loaded() -> list[str]:
    code = f"import sys, qjm_widgets; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.split()
