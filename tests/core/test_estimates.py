"""Expectation values as text."""

from typing import Any

import numpy as np
import pytest

from qjm_widgets.core.estimates import estimate_text, estimates_text


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.53412, 0.0512, "0.534 ± 0.051"),
        (-1.2345678, 0.0, "-1.23457"),
        (-1.2345678, None, "-1.23457"),
        (0.1, float("nan"), "0.1"),
        (float("nan"), 0.1, "nan"),
        (1234.5678, 12.3, "1235 ± 12"),
        (0.5, 1.5e-9, "0.5000000000 ± 0.0000000015"),
        (0.25, 0.5, "0.25 ± 0.50"),
        (3.0, 2.0, "3.0 ± 2.0"),
    ],
)
def test_a_value_has_the_decimals_of_its_error(value: float, error: Any, text: str) -> None:
    assert estimate_text(value, error) == text


def test_the_first_of_many() -> None:
    evs = np.arange(6).reshape(2, 3) / 10
    assert estimates_text(evs, np.full((2, 3), 0.05), 2) == "0.000 ± 0.050, 0.100 ± 0.050, … (6 in all)"
    assert estimates_text(evs[0], None, 3) == "0, 0.1, 0.2"
    assert estimates_text(np.array(0.5), np.array(0.0), 3) == "0.5"
