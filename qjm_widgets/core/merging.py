"""Merge the shot pieces of one circuit into the outcome that a run of all shots would give.

Counts are added, and memory is joined. A value that a simulator saved is merged by its subtype, which
Aer gives for each label (``result_subtypes``): averages are weighted by shots, sums are added, and lists
are joined. A value that belongs to a single shot is kept if it is equal in all pieces; else it is
``Lost``, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qjm_widgets.core.averages import UnmergeableError, are_equal, average, join, quasi, total
from qjm_widgets.core.counts import Integers, Packed, together
from qjm_widgets.core.lost import Lost
from qjm_widgets.core.metadata_merging import merge_metadata
from qjm_widgets.core.outcomes import CircuitOutcome, ExperimentOutcome, PubOutcome
from qjm_widgets.errors import NotAvailableError, explain

#: Names of values that belong to all shots. By chance, such a value may have one entry per shot.
_STATES = frozenset({"statevector", "unitary", "density_matrix", "probabilities", "superop"})
_ADVICE = "save it with pershot=True, or run all shots in one job"


def merge(pieces: Sequence[CircuitOutcome], shots: Sequence[int | None] = ()) -> CircuitOutcome:
    """Merge the shot pieces of one circuit.

    Args:
        pieces: the outcomes of the pieces, in the order of the shots.
        shots: the number of shots of each piece; used if not all outcomes have theirs.

    Raises:
        NotAvailableError: the outcomes are not pieces of one circuit.
    """
    if len(pieces) == 1:
        return pieces[0]
    weights = _weights(pieces, shots)
    pubs = [piece for piece in pieces if isinstance(piece, PubOutcome)]
    runs = [piece for piece in pieces if isinstance(piece, ExperimentOutcome)]
    try:
        return _merge_pubs(pubs, weights) if pubs and not runs else _merge_runs(runs, weights)
    except (KeyError, TypeError, ValueError) as error:
        raise NotAvailableError(
            f"the {len(pieces)} pieces of the shots of {pieces[0].name} do not fit each other "
            f"({explain(error)})"
        ) from error


def _weights(pieces: Sequence[CircuitOutcome], shots: Sequence[int | None]) -> list[int]:
    """Return the shots of each piece as its weight; equal weights if not all shots are known."""
    known = [piece.shots for piece in pieces]
    if not all(number > 0 for number in known):
        known = [number or 0 for number in shots]
    return known if len(known) == len(pieces) and all(known) else [1] * len(pieces)


# -- Backend.run -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Run:
    """The pieces of a circuit, with the facts that are needed to merge their values.

    Attributes:
        pieces: the outcomes of the pieces.
        weights: the weight of each piece.
        subtypes: the subtype of each value that Aer saved, by its label.
        sampled: whether the simulator computed the state once and drew all shots from it.
    """

    pieces: Sequence[ExperimentOutcome]
    weights: Sequence[int]
    subtypes: Mapping[str, str]
    sampled: bool

    @classmethod
    def of(cls, pieces: Sequence[ExperimentOutcome], weights: Sequence[int]) -> _Run:
        notes = [_mapping(piece.fields.get("metadata")) for piece in pieces]
        subtypes: dict[str, str] = {}
        for note in notes:
            subtypes |= _mapping(note.get("result_subtypes"))
        return cls(
            pieces, weights, subtypes, all(note.get("measure_sampling") is True for note in notes)
        )


def _merge_runs(runs: Sequence[ExperimentOutcome], weights: Sequence[int]) -> ExperimentOutcome:
    first = runs[0]
    failed = next((run for run in runs if not run.success), None)
    pieces = _Run.of(runs, weights)
    return replace(
        first,
        shots=sum(run.shots for run in runs),
        success=failed is None,
        status=first.status if failed is None else failed.status,
        counts=_merge_counts([run.counts for run in runs if run.counts is not None], weights),
        memory=_merge_memory([run.memory for run in runs if run.memory is not None], len(runs)),
        data=_merge_each(
            [run.data for run in runs], lambda key, values: _merge_data(pieces, key, values)
        ),
        fields=merge_metadata([run.fields for run in runs]),
    )


def _merge_counts(packs: Sequence[Packed], weights: Sequence[int]) -> Packed | None:
    if not packs:
        return None
    if len(packs) == len(weights) and all(quasi(pack.counts.tolist()) for pack in packs):
        all_shots = sum(weights)
        packs = [
            pack._replace(counts=pack.counts * (weight / all_shots))
            for pack, weight in zip(packs, weights, strict=True)
        ]
    return together(packs)


def _merge_memory(memories: Sequence[Integers], pieces: int) -> Integers | None:
    if len(memories) < pieces:
        return None
    if len({memory.dtype for memory in memories}) > 1:
        memories = [memory.astype(object) for memory in memories]
    return np.concatenate(memories)


def _merge_each(trees: Sequence[Mapping[str, Any]], merge_values: Any) -> dict[str, Any]:
    """Merge the values of each key; a value that cannot be merged is ``Lost``."""
    merged: dict[str, Any] = {}
    for key in dict.fromkeys(key for tree in trees for key in tree):
        values = [tree[key] for tree in trees if key in tree]
        lost = next((value for value in values if isinstance(value, Lost)), None)
        if lost is not None:
            merged[key] = lost
            continue
        try:
            if len(values) < len(trees):
                raise UnmergeableError(f"which only {len(values)} of them have")
            merged[key] = merge_values(key, values)
        except Exception as error:  # a value of a third party may raise anything
            reason = str(error) if isinstance(error, UnmergeableError) else "which cannot be merged"
            merged[key] = Lost(f"a value from {len(trees)} pieces of the shots", f"{reason}: {_ADVICE}")
    return merged


def _merge_data(run: _Run, key: str, values: Sequence[Any]) -> Any:
    if key == "counts":
        return average(values, run.weights) if all(quasi(v.values()) for v in values) else total(values)
    if key == "memory":
        return _merge_points(run, values)
    subtype = run.subtypes.get(key)
    if subtype is None:
        return _merge_unknown(run, key, values)
    if subtype.startswith("c_"):
        return _merge_conditional(run, subtype, values)
    return _merge_saved(run, subtype, values, run.weights)


def _merge_saved(run: _Run, subtype: str, values: Sequence[Any], weights: Sequence[int]) -> Any:
    """Merge values that Aer saved; their subtype says how."""
    if subtype == "average":
        return average(values, weights)
    if subtype in ("list", "accum") and not run.sampled:
        return join(values) if subtype == "list" else total(values)
    return _same(values)  # each value belongs to one shot, or to all shots at once


def _same(values: Sequence[Any]) -> Any:
    if all(are_equal(values[0], value) for value in values[1:]):
        return values[0]
    raise UnmergeableError("which differ, as each belongs to one shot")


def _merge_conditional(run: _Run, subtype: str, values: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge dicts of values by the content of the classical memory.

    A piece has only the contents that occurred in its shots.
    """
    weights = _conditional_weights(run, values) if subtype == "c_average" else None
    merged = {}
    for key in dict.fromkeys(key for value in values for key in value):
        there = [place for place, value in enumerate(values) if key in value]
        found = [values[place][key] for place in there]
        shots = [] if weights is None else [weights[place][key] for place in there]
        merged[key] = _merge_saved(run, subtype.removeprefix("c_"), found, shots)
    return merged


def _conditional_weights(run: _Run, values: Sequence[Mapping[str, Any]]) -> list[Mapping[str, int]]:
    """Return, for each piece, the shots by the content of the memory when the values were saved."""
    keys = {key for value in values for key in value}
    if len(keys) == 1:
        return [dict.fromkeys(keys, weight) for weight in run.weights]
    found: list[Mapping[str, int]] = []
    for piece, value in zip(run.pieces, values, strict=True):
        counts = piece.counts
        pairs = (
            [] if counts is None else zip(counts.outcomes.tolist(), counts.counts.tolist(), strict=True)
        )
        shots = {hex(outcome): count for outcome, count in pairs}
        if shots.keys() != value.keys():
            raise UnmergeableError("and the counts do not say to how many shots each belongs")
        found.append(shots)
    return found


def _merge_points(run: _Run, values: Sequence[Any]) -> Any:
    """Merge memory that is not packed: of level 0 or 1 (per shot or averaged), or not bits."""
    returned = {
        str(getattr(piece.fields.get("meas_return"), "value", piece.fields.get("meas_return")))
        for piece in run.pieces
    }
    if returned == {"avg"}:
        return average(values, run.weights)
    if returned == {"single"} or _are_shots(run, values):
        return join(values)
    return average(values, run.weights)


def _are_shots(run: _Run, values: Sequence[Any]) -> bool:
    """Return whether each value has one entry per shot."""
    return all(
        isinstance(value, (list, tuple, np.ndarray)) and np.shape(value)[:1] == (weight,)
        if isinstance(value, np.ndarray)
        else isinstance(value, (list, tuple)) and len(value) == weight
        for value, weight in zip(values, run.weights, strict=True)
    )


def _merge_unknown(run: _Run, key: str, values: Sequence[Any]) -> Any:
    """Merge values of a backend that does not name their subtype."""
    if _are_shots(run, values) and not (key in _STATES and all(are_equal(values[0], v) for v in values)):
        return join(values)
    if all(isinstance(value, Mapping) for value in values) and _are_counts(run, values):
        return total(values)
    if all(are_equal(values[0], value) for value in values[1:]):
        return values[0]
    return average(values, run.weights, real=True)


def _are_counts(run: _Run, values: Sequence[Mapping[Any, Any]]) -> bool:
    """Return whether the values of each dict are integers that sum to the shots of its piece."""
    return all(
        all(type(number) is int for number in value.values()) and sum(value.values()) == weight
        for value, weight in zip(values, run.weights, strict=True)
    )


# -- samplers ----------------------------------------------------------------------------------------


def _merge_pubs(pubs: Sequence[PubOutcome], weights: Sequence[int]) -> PubOutcome:
    first = pubs[0]
    axis = len(first.shape)
    registers = {
        name: (np.concatenate([pub.registers[name][0] for pub in pubs], axis=-2), bits)
        for name, (_, bits) in first.registers.items()
    }

    def merge_arrays(key: str, values: Sequence[Any]) -> Any:
        arrays = [np.asarray(value) for value in values]
        shots = all(
            array.ndim > axis and (array.shape[axis] == weight or array.ndim > axis + 1)
            for array, weight in zip(arrays, weights, strict=True)
        )
        return np.concatenate(arrays, axis=axis) if shots else average(arrays, weights)

    data = _merge_each([pub.data for pub in pubs], merge_arrays)
    for key, value in data.items():
        if isinstance(value, Lost):  # a DataBin takes arrays only
            data[key] = np.full(first.shape, None, dtype=object)
            data[key].fill(value)
    return replace(
        first,
        registers=registers,
        data=data,
        metadata=merge_metadata([pub.metadata for pub in pubs]),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
