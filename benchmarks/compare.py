"""``python -m benchmarks.compare BEFORE AFTER``: hold two reports side by side.

Each is a file that ``python -m benchmarks`` wrote. A ratio below 1 means that the second is better.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.table import aligned, number_text

HEADINGS = ("benchmark", "case", "before", "after", "after / before", "ratio to the peer", "met")
_MET = {None: "", True: "yes", False: "no"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("before", type=Path, metavar="BEFORE")
    parser.add_argument("after", type=Path, metavar="AFTER")
    arguments = parser.parse_args()
    reports = [json.loads(path.read_text()) for path in (arguments.before, arguments.after)]
    for path, report in zip((arguments.before, arguments.after), reports, strict=True):
        print(f"{path}: {report['taken_at']}{', short' if report['short'] else ''}; {_machine(report)}")
    before, after = ({_key(row): row for row in report["rows"]} for report in reports)
    keys = dict.fromkeys([*before, *after])
    print()
    print(aligned(HEADINGS, [(*key[:2], *_cells(before.get(key), after.get(key))) for key in keys]))


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what names a row: one case may be compared with several peers."""
    return row["benchmark"], row["case"], row["peer"]


def _machine(report: Mapping[str, Any]) -> str:
    machine = report["machine"]
    loads = [row["load"] for row in report["rows"] if "load" in row]
    load = f", load {min(loads):.1f} to {max(loads):.1f}" if loads else ""
    return f"{machine['cores']} cores, {machine['python']}{load}"


def _cells(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[str, ...]:
    values = [None if row is None else row["value"][0] for row in (before, after)]
    change = "" if None in values or not values[0] else number_text(values[1] / values[0])
    texts = [
        "" if row is None else f"{number_text(row['value'][0])} {row['unit']}".rstrip()
        for row in (before, after)
    ]
    return (*texts, change, _pair(before, after, _ratio), _pair(before, after, _met))


def _pair(before: Any, after: Any, text: Any) -> str:
    """Return two texts with an arrow between them, or one if both are equal."""
    parts = ["" if row is None else text(row) for row in (before, after)]
    return parts[0] if parts[0] == parts[1] else " → ".join(part or "–" for part in parts)


def _ratio(row: Mapping[str, Any]) -> str:
    return "" if row["ratio"] is None else number_text(row["ratio"][0])


def _met(row: Mapping[str, Any]) -> str:
    return _MET[row["met"]]


if __name__ == "__main__":
    main()
