"""Merge the metadata of several shot pieces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

#: Names of metadata whose values are added: numbers of shots, and seconds.
_SECONDS = re.compile(r"time_taken.*|.*_time_taken|sample_measure_time|duration|.*seconds")
_ADDED = re.compile(rf"(num_|total_)?shots|{_SECONDS.pattern}")
_SEEDS = re.compile(r"seed(_.*)?")


def merge_metadata(trees: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge the metadata of several shot pieces.

    Shots and seconds are added, and different seeds become a list. Of other values, the first is kept.
    """
    return _merge(trees, _ADDED)


def merge_metadata_of_points(trees: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge the metadata of ranges of a PUB's points: as of several runs, but shots are not added."""
    return _merge(trees, _SECONDS)


def _merge(trees: Sequence[Mapping[str, Any]], added: re.Pattern[str]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for key in dict.fromkeys(key for tree in trees for key in tree):
        values = [tree[key] for tree in trees if key in tree]
        name = key if isinstance(key, str) else ""
        if len(values) > 1 and all(isinstance(value, dict) for value in values):
            merged[key] = _merge(values, added)
        elif added.fullmatch(name) and _are_numbers(values):
            merged[key] = sum(values)
        elif _SEEDS.fullmatch(name) and _are_numbers(values) and len(set(values)) > 1:
            merged[key] = values
        else:
            merged[key] = values[0]
    return merged


def _are_numbers(values: Iterable[Any]) -> bool:
    return all(isinstance(value, (int, float, np.number)) and value is not True for value in values)
