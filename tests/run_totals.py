"""Figures of tests, summed and printed at the end of the run, whichever process they came from."""

from collections import Counter

import pytest

_MARK = "figure "


class Figures:
    """Sums what the reports of all tests carry."""

    def __init__(self) -> None:
        self._sums: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            for name, value in report.user_properties:
                if name.startswith(_MARK) and isinstance(value, int):
                    self._sums[name.removeprefix(_MARK)] += value

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._sums:
            terminalreporter.section("figures")
            for name, number in self._sums.items():
                terminalreporter.line(f"{name}: {number:,}")


def hand_in(item: pytest.Item, figures: Counter[str]) -> None:
    """Send the figures of a test along with its report."""
    item.user_properties += [(f"{_MARK}{name}", number) for name, number in figures.items()]
