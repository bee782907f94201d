"""What the faults did in figures, at the end of the run."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.run_totals import hand_in


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """Figures by name; those of all tests are summed."""
    counted: Counter[str] = Counter()
    yield counted
    hand_in(request.node, counted)
