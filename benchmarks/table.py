"""The rows as a Markdown table that is readable on a terminal too."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.timing import Row, Spread, Target

HEADINGS = ("benchmark", "case", "ours", "peer", "ratio (quartiles)", "processor", "target", "met")


def as_table(rows: Sequence[Row]) -> str:
    """Return a Markdown table with aligned columns."""
    return aligned(HEADINGS, [_cells(row) for row in rows])


def aligned(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table of texts with aligned columns."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in (headings, rule, *rows)
    )


def as_line(row: Row) -> str:
    """Return a row as one line of text."""
    name, case, ours, peer, ratio, processor, target, met = _cells(row)
    parts = [f"{name}: {case}: {ours}", peer, ratio and f"ratio {ratio}"]
    parts.append(processor and f"processor {processor}")
    parts.append(target and f"{target}: {'met' if met == 'yes' else 'not met'}")
    return "; ".join(filter(None, parts))


def _cells(row: Row) -> tuple[str, ...]:
    peer = (
        "" if row.peer_value is None else f"{row.peer}: {number_text(row.peer_value.median)} {row.unit}"
    )
    return (
        row.benchmark,
        row.case,
        f"{number_text(row.value.median)} {row.unit}".rstrip()
        if row.ratio
        else _spread(row.value, row.unit),
        peer,
        "" if row.ratio is None else _spread(row.ratio),
        "" if row.cpu_ratio is None else number_text(row.cpu_ratio.median),
        "" if row.target is None else _target(row.target, row.unit),
        {None: "", True: "yes", False: "no"}[row.met],
    )


def _spread(spread: Spread, unit: str = "") -> str:
    text = f"{number_text(spread.median)} {unit}".rstrip()
    if spread.lower == spread.upper:
        return text
    return f"{text} ({number_text(spread.lower)} to {number_text(spread.upper)})"


def _target(target: Target, unit: str) -> str:
    unit = unit if target.of == "value" else ""
    text = f"at most {target.most:g} {unit}".rstrip()
    return text if target.aim is None else f"{text}, aim {target.aim:g}"


def number_text(number: float) -> str:
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
