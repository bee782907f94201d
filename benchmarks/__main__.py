"""``python -m benchmarks``: measure, print each row when it is measured, then a table; write JSON."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import importlib.metadata
import json
import os
import platform
import sys
import traceback
from pathlib import Path

from benchmarks import (
    aer_jobs,
    aggregation,
    clicks,
    counts_by_index,
    executor_jobs,
    generator,
    growth,
    ibm_jobs,
    ibm_requests,
    importing,
    instant_jobs,
    panel_shown,
    retired,
    sweep,
    vqe_loop,
)
from benchmarks.table import as_line, as_table
from benchmarks.timing import Row

BENCHMARKS = {
    module.NAME: module
    for module in (
        importing,
        aggregation,
        counts_by_index,
        instant_jobs,
        vqe_loop,
        aer_jobs,
        executor_jobs,
        growth,
        generator,
        sweep,
        panel_shown,
        clicks,
        ibm_requests,
        ibm_jobs,
        retired,
    )
}
PACKAGES = ("qjm_widgets", "qiskit", "qiskit-aer", "qiskit-ibm-runtime", "numpy")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"any of {', '.join(BENCHMARKS)} (default: all but {retired.NAME})",
    )
    parser.add_argument("--short", action="store_true", help="few rounds, for a rough result")
    parser.add_argument("--json", type=Path, default=Path(".artifacts/bench.json"), metavar="FILE")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}: {', '.join(BENCHMARKS)}")

    default = [name for name, module in BENCHMARKS.items() if not getattr(module, "ON_REQUEST", False)]
    report = Report(arguments.json, short=arguments.short)
    for name in arguments.names or default:
        print(f"measuring {name} …", flush=True)
        try:
            for row in BENCHMARKS[name].run(short=arguments.short):
                print(f"  {as_line(row)}", flush=True)
                report.add(row)
        except Exception:
            traceback.print_exc()
            report.fail(name)
    print()
    print(as_table(report.rows))
    if report.failed:
        sys.exit(f"failed: {', '.join(report.failed)}")


class Report:
    """The measured rows; the file has them after each row, whatever happens later."""

    def __init__(self, file: Path, *, short: bool) -> None:
        self._file = file
        self._facts = {
            "taken_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "machine": _machine(),
            "short": short,
        }
        self.rows: list[Row] = []
        self.failed: list[str] = []
        self._loads: list[float] = []

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self._loads.append(os.getloadavg()[0])
        self._write()

    def fail(self, name: str) -> None:
        self.failed.append(name)
        self._write()

    def _write(self) -> None:
        rows = [
            dataclasses.asdict(row) | {"met": row.met, "load": load}
            for row, load in zip(self.rows, self._loads, strict=True)
        ]
        content = self._facts | {"failed": self.failed, "rows": rows}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(content, indent=1, default=list))


def _machine() -> dict[str, object]:
    return {
        "cores": os.cpu_count(),
        "system": platform.system(),
        "processor": platform.machine(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
