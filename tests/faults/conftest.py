"""What the faults did in figures, at the end of the run."""

from __future__ import annotations

from collections import Counter

import pytest

FIGURES: pytest.StashKey[Counter[str]] = pytest.StashKey()


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> Counter[str]:
    """Figures by name, summed over the tests."""
    return request.config.stash.setdefault(FIGURES, Counter())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash.get(FIGURES, None)
    if found:
        terminalreporter.section("faults")
        for name, number in found.items():
            terminalreporter.line(f"{name}: {number:,}")
