"""Totals of the faults, printed at the end of the run."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.run_totals import attach_totals


@pytest.fixture
def totals(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """Totals of this test by name; those of all tests are summed."""
    counted: Counter[str] = Counter()
    yield counted
    attach_totals(request.node, counted)
