"""What a set is called if its user gave no name."""

from typing import Any

import pytest

from qjm_widgets.manager.set_names import group_name, name_of_circuits, next_number


@pytest.mark.parametrize(
    ("names", "metadata", "expected"),
    [
        (["circuit-12", "circuit-13"], [{"experiment_type": "T1", "xval": 1e-6}] * 2, "T1"),
        (["a", "b"], [{"experiment_type": "T1"}, {"experiment_type": "T2Ramsey"}], "T1, T2Ramsey"),
        (["a"] * 5, [{"experiment_type": f"E{number}"} for number in range(5)], "E0, E1, E2, …"),
        (["ghz", "ghz"], [{}, None], "ghz"),
        (["ghz_3", "ghz_4", "ghz_5"], [None] * 3, "ghz_3 and 2 others"),
        (["ghz_3", "ghz_4"], [None] * 3, "ghz_3 and 1 other"),
        (["ansatz-7", "ansatz-8", "ansatz-9-1"], [{}] * 3, "ansatz"),
        (["run-7"], [{}], "run-7"),
        (["circuit-12", "circuit-12-4", "circuit"], [{}] * 3, ""),
        (["circuit-1", "bell"], [{}] * 2, "bell"),
        (["", " "], [{"experiment_type": " "}, {"experiment_type": 7}], ""),
        (["two\nlines"], [{}], "two"),
        (["x" * 500], [{}], "x" * 59 + "…"),
        (["-3"], [{}], ""),
        ([], [], ""),
    ],
)
def test_circuits_say_where_they_come_from(names: list[str], metadata: Any, expected: str) -> None:
    assert name_of_circuits(names, metadata) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], 1),
        (["VQE 1", "VQE 2"], 3),
        (["VQE 9", "renamed", "VQE 10", "VQE x", "VQE ²", "other 40"], 11),
    ],
)
def test_the_numbers_of_a_group_go_on(names: list[str], expected: int) -> None:
    assert next_number("VQE", names) == expected
    assert group_name("VQE", expected) == f"VQE {expected}"
