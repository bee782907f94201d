"""Texts of ``qjm``."""

import pytest

from qjm_widgets.cli.formatting import counts_text


@pytest.mark.parametrize(
    ("counts", "bars"),
    [
        ({"0": 3, "1": 1}, [30, 10]),
        ({"0": 0}, [0]),
        ({"0": 5, "1": -3}, [30, 0]),
        ({"0": -2, "1": -3}, [0, 0]),
    ],
)
def test_counts_have_bars_unless_they_are_zero_or_negative(
    counts: dict[str, int], bars: list[int]
) -> None:
    assert [line.count("█") for line in counts_text(counts).splitlines()] == bars
