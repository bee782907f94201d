"""The outcomes of bound points as those of one PUB."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qjm_widgets.core.bound_points import group_points, points_by_name
from qjm_widgets.core.counts import Layout, Packed, integers
from qjm_widgets.core.outcomes import ExperimentOutcome, JobOutcome, PubOutcome


def experiment(
    counts: dict[int, Any], sizes: list[int], memory: list[int] | None = None, **fields: Any
) -> ExperimentOutcome:
    width = sum(sizes)
    header = {
        "name": "scan",
        "memory_slots": width,
        "creg_sizes": [[f"r{place}", size] for place, size in enumerate(sizes)],
        "metadata": {"k": 1},
    }
    numbers = list(counts.values())
    packed = Packed(Layout(tuple(sizes), width), integers(list(counts), width), np.array(numbers))
    found = None if memory is None else integers(memory, width)
    return ExperimentOutcome(
        "scan", int(sum(numbers)), True, "DONE", header, packed.layout, packed, found, **fields
    )


def grouped(shape: tuple[int, ...], points: list[ExperimentOutcome | None]) -> Any:
    (circuit,) = group_points(JobOutcome(points), ["scan"], [shape]).circuits
    return circuit


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    points=st.integers(1, 4),
    data=st.data(),
)
def test_registers_hold_the_shots_of_each_point(sizes: list[int], points: int, data: Any) -> None:
    width = sum(sizes)
    shots = data.draw(
        st.lists(
            st.lists(st.integers(0, 2**width - 1), min_size=3, max_size=3),
            min_size=points,
            max_size=points,
        )
    )
    pub = grouped((points,), [experiment(dict(Counter(each)), sizes) for each in shots])
    assert list(pub.registers) == [f"r{place}" for place in range(len(sizes))]
    for point, each in enumerate(shots):
        alone = {name: (array[point], bits) for name, (array, bits) in pub.registers.items()}
        packed = PubOutcome("scan", (), alone).packed()
        assert packed is not None
        found = dict(zip(packed.outcomes.tolist(), packed.counts.tolist(), strict=True))
        assert found == Counter(each)


def test_a_memory_keeps_its_order() -> None:
    pub = grouped((2,), [experiment({0: 1, 3: 2}, [2], [3, 0, 3]), experiment({1: 3}, [2], [1, 1, 1])])
    assert pub.joined().tolist() == [[3, 0, 3], [1, 1, 1]]


def test_circuits_without_points_stay_as_they_are() -> None:
    alone, first, second = (experiment({value: 5}, [2]) for value in (0, 1, 2))
    outcome = group_points(
        JobOutcome([alone, first, second, alone], {"date": "today"}),
        ["a", "scan", "b"],
        [None, (2,), ()],
    )
    assert outcome.circuits[0] is alone
    assert outcome.circuits[2] is alone
    assert outcome.circuits[1].shape == (2,)
    assert outcome.info == {"date": "today"}
    assert grouped((2,), []) is None


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (None, r"point 1, 0: it is missing"),
        (experiment({0: 4}, [2]), "different registers or numbers of shots"),
        (experiment({0: 5}, [3]), "different registers or numbers of shots"),
        (experiment({0: 4.5, 1: 0.5}, [2]), "no whole numbers of shots"),
        (experiment({0: 6, 1: -1}, [2]), "no whole numbers of shots"),
    ],
)
def test_a_point_that_is_odd_fails_its_circuit(odd: ExperimentOutcome | None, why: str) -> None:
    good = experiment({0: 5}, [2])
    pub = grouped((2, 2), [good, good, odd, good])
    assert not pub.success
    assert pub.shape == (2, 2)
    assert why.removeprefix("r") in pub.failure


def test_values_become_arrays() -> None:
    points = [
        experiment({0: 5}, [1], data={"zz": 0.5 * place, "state": np.ones(2), "odd": [0] * place})
        for place in range(2)
    ]
    data = grouped((2,), points).data
    assert data["zz"].tolist() == [0.0, 0.5]
    assert data["state"].shape == (2, 2)
    assert data["odd"].tolist() == [[], [0]]


@pytest.mark.parametrize(
    ("found", "names", "shapes"),
    [
        (["a", "a", "b", "c", "c", "c"], ["a", "b", "c"], [(2,), None, (3,)]),
        (["a", "b"], ["a", "b"], None),
        (["a", "a", "a", "a"], ["a", "a"], None),
        (["a", "a", "x"], ["a", "b"], None),
        ([None, None], ["a"], None),
    ],
)
def test_points_are_found_by_their_names(found: Any, names: list[str], shapes: Any) -> None:
    assert points_by_name(found, names) == shapes
