"""Merge the metadata of several shot pieces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

#: Names of metadata whose values are added: numbers of shots, and seconds.
_ADDED = re.compile(
    r"(num_|total_)?shots|time_taken.*|.*_time_taken|sample_measure_time|duration|.*seconds"
)
_SEEDS = re.compile(r"seed(_.*)?")


def merge_metadata(trees: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge the metadata of several shot pieces.

    Shots and seconds are added, and different seeds become a list. Of other values, the first is kept.
    """
    merged: dict[str, Any] = {}
    for key in dict.fromkeys(key for tree in trees for key in tree):
        values = [tree[key] for tree in trees if key in tree]
        name = key if isinstance(key, str) else ""
        if len(values) > 1 and all(isinstance(value, dict) for value in values):
            merged[key] = merge_metadata(values)
        elif _ADDED.fullmatch(name) and _are_numbers(values):
            merged[key] = sum(values)
        elif _SEEDS.fullmatch(name) and _are_numbers(values) and len(set(values)) > 1:
            merged[key] = values
        else:
            merged[key] = values[0]
    return merged


def _are_numbers(values: Iterable[Any]) -> bool:
    return all(isinstance(value, (int, float, np.number)) and value is not True for value in values)
