"""Records to store, and Python processes that use a store."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from qjm_widgets.core.records import JobRecord, JobSetRecord, Span


def a_set(number: int = 0, **fields: Any) -> JobSetRecord:
    """A job set with the id of that number; later numbers are newer."""
    known: dict[str, Any] = {
        "name": f"set {number}",
        "backend": "fake",
        "adapter": "backend_run",
        "circuits": 10,
        "created_at": 1000.0 + number,
    }
    return JobSetRecord(set_id=f"{number:032x}", **(known | fields))


def a_job(row: int = 0, **fields: Any) -> JobRecord:
    """A job of one circuit, that of its row."""
    known: dict[str, Any] = {"span": Span(row, row + 1), "since": 1.5}
    return JobRecord(row=row, **(known | fields))


def python(code: str, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start a Python process with the import path of this one; its pipes are text."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(Path.cwd()), *sys.path])),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(code: str, *arguments: str | Path) -> str:
    """Return what such a process prints; its exit code has to be 0."""
    process = python(code, *arguments)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.strip()
