"""The rows as a Markdown table that is readable on a terminal too."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.timing import Row, Spread, Target

HEADINGS = ("benchmark", "case", "ours", "peer", "ratio (quartiles)", "processor", "target", "met")


def as_table(rows: Sequence[Row]) -> str:
    """Return a Markdown table with aligned columns."""
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    rule = tuple("-" * width for width in widths)
    lines = [cells[0], rule, *cells[1:]]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    peer = "" if row.peer_value is None else f"{row.peer}: {_number(row.peer_value.median)} {row.unit}"
    return (
        row.benchmark,
        row.case,
        f"{_number(row.value.median)} {row.unit}".rstrip()
        if row.ratio
        else _spread(row.value, row.unit),
        peer,
        "" if row.ratio is None else _spread(row.ratio),
        "" if row.cpu_ratio is None else _number(row.cpu_ratio.median),
        "" if row.target is None else _target(row.target, row.unit),
        {None: "", True: "yes", False: "no"}[row.met],
    )


def _spread(spread: Spread, unit: str = "") -> str:
    text = f"{_number(spread.median)} {unit}".rstrip()
    if spread.lower == spread.upper:
        return text
    return f"{text} ({_number(spread.lower)} to {_number(spread.upper)})"


def _target(target: Target, unit: str) -> str:
    unit = unit if target.of == "value" else ""
    text = f"at most {target.most:g} {unit}".rstrip()
    return text if target.aim is None else f"{text}, aim {target.aim:g}"


def _number(number: float) -> str:
    """Format with three significant digits."""
    if number == 0 or abs(number) >= 100:
        return f"{number:,.0f}"
    return (
        f"{number:.1f}"
        if abs(number) >= 10
        else f"{number:.2f}"
        if abs(number) >= 1
        else f"{number:.3f}"
    )
