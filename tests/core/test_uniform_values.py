"""Columns of one type, as files need them."""

import datetime
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pytest

from qjm_widgets.core.typed_columns import typed_column
from qjm_widgets.core.uniform_values import are_uniform

DAY, MOMENT = datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 1)
UNIFORM: dict[str, list[Any]] = {
    "nothing": [None, None],
    "texts": ["a", np.str_("b"), None],
    "lists": [[1, 2.5], [], None, (3,), np.arange(2)],
    "lists of lists": [[[1], [2]], [[3, None]]],
    "dicts": [{"a": 1, "b": [1]}, {"a": 2}],
    "lists of dicts": [[{"a": 1}], [{"b": "x"}]],
    "dates": [DAY, None],
    "moments": [MOMENT, MOMENT],
}
MIXED: dict[str, list[Any]] = {
    "a text and a number": ["a", 1],
    "a truth value and a number": [True, 2],
    "a large integer": [1 << 63],
    "an integer that float64 lacks": [(1 << 53) + 1, 0.5],
    "a list and a number": [[1], 1],
    "a list and a dict": [[1, 2], {}],
    "empty dicts": [{}, {}],
    "keys that are no texts": [{1: 2}],
    "values of a key": [{"a": 1}, {"a": "x"}],
    "items of two types": [[1], ["a"]],
    "a matrix": [np.eye(2)],
    "a date and a moment": [DAY, MOMENT],
    "complex numbers": [1j],
    "objects": [Fraction(1, 2)],
    "paths": [PurePosixPath("a")],
}


@pytest.mark.parametrize("values", UNIFORM.values(), ids=UNIFORM)
def test_values_of_one_type_are_kept(values: list[Any]) -> None:
    assert are_uniform(values)
    kept = typed_column(values).values
    assert all(found is value for found, value in zip(kept, values, strict=True))


@pytest.mark.parametrize("values", MIXED.values(), ids=MIXED)
def test_others_are_texts(values: list[Any]) -> None:
    assert not are_uniform(values)
    column = typed_column([*values, None])
    assert column.values.tolist() == [*map(str, values), None]


def test_lone_surrogates_are_escaped() -> None:
    assert typed_column(["\ud800", "ä"]).values.tolist() == ["\\ud800", "ä"]
