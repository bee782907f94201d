"""Totals of tests, summed over all processes and printed at the end of the run."""

from collections import Counter

import pytest

_MARK = "total "


class RunTotals:
    """A plugin that sums the totals in the reports of all tests."""

    def __init__(self) -> None:
        self._sums: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            for name, value in report.user_properties:
                if name.startswith(_MARK) and isinstance(value, int):
                    self._sums[name.removeprefix(_MARK)] += value

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._sums:
            terminalreporter.section("totals")
            for name, number in self._sums.items():
                terminalreporter.line(f"{name}: {number:,}")


def attach_totals(item: pytest.Item, totals: Counter[str]) -> None:
    """Attach the totals of a test to its report."""
    item.user_properties += [(f"{_MARK}{name}", number) for name, number in totals.items()]
