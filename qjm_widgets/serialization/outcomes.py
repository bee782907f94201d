"""Encode outcomes for the store, and decode them; two arrays hold the packed counts of a whole job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qjm_widgets.core.counts import Integers, Layout, Numbers, Packed, integers, numbers
from qjm_widgets.core.lost_values import OWN_METADATA
from qjm_widgets.core.outcomes import (
    CircuitOutcome,
    ExperimentOutcome,
    ItemOutcome,
    JobOutcome,
    PubOutcome,
)
from qjm_widgets.serialization import result_tree
from qjm_widgets.serialization.columns import fold, unfold


def encode_outcome(outcome: JobOutcome, lost: list[str] | None = None, start: int = 0) -> bytes:
    """Encode an outcome as ``encode_outcome_in_pieces`` does, in one piece."""
    return b"".join(encode_outcome_in_pieces(outcome, lost, start))


def encode_outcome_in_pieces(
    outcome: JobOutcome, lost: list[str] | None = None, start: int = 0
) -> list[bytes | memoryview]:
    """Encode an outcome in consecutive pieces; large arrays are not copied.

    Args:
        outcome: the outcome.
        lost: a list; for each lost value, a text with its place and type is added to it.
        start: the index in the set of the job's first circuit, for these texts.
    """
    packs = _Packs()
    kinds: dict[type, list[int]] = {}
    for place, circuit in enumerate(outcome.circuits):
        kinds.setdefault(type(circuit), []).append(place)
    folded = [
        {"places": places, "trees": fold([_tree(outcome.circuits[place], packs) for place in places])}
        for places in kinds.values()
    ]
    tree = {"folded": folded, "info": outcome.info, **packs.tree()}
    unknown: list[str] = []
    data = result_tree.encode_in_pieces(tree, unknown)
    if unknown and lost is not None:
        lost += _places_of_lost(outcome, start)
    return data


def _places_of_lost(outcome: JobOutcome, start: int) -> list[str]:
    found = [f"{key!r} ({kind}) of the result" for key, kind in _lost_in(outcome.info)]
    for index, circuit in enumerate(outcome.circuits, start):
        if circuit is None:
            continue
        beside = circuit.metadata if isinstance(circuit, PubOutcome) else circuit.header
        # The circuit's own metadata is not lost, because it is stored with the circuit.
        beside = {key: value for key, value in beside.items() if key not in OWN_METADATA}
        fields = {} if isinstance(circuit, PubOutcome) else circuit.fields
        for part in (circuit.data, fields, beside):
            found += [f"{key!r} ({kind}) of circuit {index}" for key, kind in _lost_in(part)]
    return found


def _lost_in(tree: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each key whose value has a lost value, and the type of that value."""
    found = []
    for key, value in tree.items():
        kinds: list[str] = []
        result_tree.encode(value, kinds)
        if kinds:
            found.append((key, kinds[0]))
    return found


def decode_outcome(data: bytes | bytearray | memoryview) -> JobOutcome:
    """Return the outcome that ``encode_outcome`` encoded.

    Raises:
        ValueError: the bytes are damaged.
    """
    tree = result_tree.decode(data)
    packs = _Packs.of(tree)
    trees = _folded_trees(tree) if "folded" in tree else _shared_trees(tree)
    return JobOutcome([None if each is None else _circuit(each, packs) for each in trees], tree["info"])


def _folded_trees(tree: Mapping[str, Any]) -> list[Any]:
    trees: list[Any] = [None] * sum(len(part["places"]) for part in tree["folded"])
    for part in tree["folded"]:
        places = part["places"]
        for place, each in zip(places, unfold(part["trees"], len(places)), strict=True):
            trees[place] = each
    return trees


def _shared_trees(tree: Mapping[str, Any]) -> list[Any]:
    """Return the trees of the circuits from the older format, in which they refer to shared parts."""
    shared = tree["shared"]
    trees: list[Any] = []
    for each in tree["circuits"]:
        full = {**shared[each["alike"]], **each} if each is not None and "alike" in each else each
        if full is not None and full["kind"] == "experiment":
            header = dict(shared[full["header"]])
            if "name" in header:
                header["name"] = full["header_name"]
            full = {**full, "header": header, "fields": shared[full["fields"]]}
        trees.append(full)
    return trees


class _Packs:
    """The outcomes and counts of all circuits of a job, each in one array, circuit after circuit.

    Counts that these arrays cannot hold are kept in the tree of their circuit, with outcomes as text.
    """

    def __init__(self) -> None:
        self.outcomes: list[Integers] = []
        self.counts: list[Numbers] = []
        self.at = 0

    def put(self, packed: Packed | None) -> Any:
        if packed is None:
            return None
        if packed.outcomes.dtype == object or packed.counts.dtype != np.int64:
            return [[format(o, "x") for o in packed.outcomes.tolist()], packed.counts.tolist()]
        self.outcomes.append(packed.outcomes)
        self.counts.append(packed.counts)
        start, self.at = self.at, self.at + len(packed.outcomes)
        return [start, self.at]

    def tree(self) -> dict[str, Any]:
        if not self.outcomes:
            return {"outcomes": None, "counts": None}
        return {
            "outcomes": _narrow(np.concatenate(self.outcomes)),
            "counts": _narrow(np.concatenate(self.counts)),
        }

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> _Packs:
        packs = cls()
        if tree["outcomes"] is not None:
            packs.outcomes = [tree["outcomes"].astype(np.uint64)]
            packs.counts = [tree["counts"].astype(np.int64)]
        return packs

    def get(self, where: Any, layout: Layout) -> Packed | None:
        if where is None:
            return None
        start, stop = where
        if isinstance(start, list):
            values = integers([int(text, 16) for text in start], layout.width)
            return Packed(layout, values, numbers(stop))
        return Packed(layout, self.outcomes[0][start:stop], self.counts[0][start:stop])


def _narrow(array: Integers) -> Integers:
    """Return the same integers in the smallest type that holds them."""
    if not array.size:
        return array.astype(np.uint8)
    least, most = int(array.min()), int(array.max())
    if least >= 0:
        return array.astype(np.min_scalar_type(most))
    kinds: tuple[Any, ...] = (np.int8, np.int16, np.int32)
    fits = (kind for kind in kinds if np.iinfo(kind).min <= least and most <= np.iinfo(kind).max)
    return array.astype(next(fits, np.int64))


def _tree(circuit: CircuitOutcome | None, packs: _Packs) -> dict[str, Any] | None:
    if circuit is None:
        return None
    if isinstance(circuit, PubOutcome):
        registers = [[name, array, bits] for name, (array, bits) in circuit.registers.items()]
        return {
            "kind": "item" if isinstance(circuit, ItemOutcome) else "pub",
            "name": circuit.name,
            "shape": list(circuit.shape),
            "registers": registers,
            "data": circuit.data,
            "metadata": circuit.metadata,
            "success": circuit.success,
            "status": circuit.status,
        }
    memory: Any = circuit.memory
    if memory is not None:
        wide = memory.dtype == object
        memory = [format(value, "x") for value in memory.tolist()] if wide else _narrow(memory)
    return {
        "kind": "experiment",
        "name": circuit.name,
        "shots": circuit.shots,
        "success": circuit.success,
        "status": circuit.status,
        "header": circuit.header,
        "layout": [list(circuit.layout.sizes), circuit.layout.width],
        "counts": packs.put(circuit.counts),
        "memory": memory,
        "data": circuit.data,
        "fields": circuit.fields,
        "odd": circuit.odd,
    }


def _circuit(tree: Mapping[str, Any], packs: _Packs) -> CircuitOutcome:
    if tree["kind"] in ("pub", "item"):
        outcome_class = ItemOutcome if tree["kind"] == "item" else PubOutcome
        return outcome_class(
            name=tree["name"],
            shape=tuple(tree["shape"]),
            registers={name: (array, bits) for name, array, bits in tree["registers"]},
            data=tree["data"],
            metadata=tree["metadata"],
            success=tree.get("success", True),
            status=tree.get("status", "DONE"),
        )
    sizes, width = tree["layout"]
    layout = Layout(tuple(sizes), width)
    memory = tree["memory"]
    if isinstance(memory, list):
        memory = integers([int(text, 16) for text in memory], width)
    elif memory is not None:
        memory = memory.astype(np.uint64)
    return ExperimentOutcome(
        name=tree["name"],
        shots=tree["shots"],
        success=tree["success"],
        status=tree["status"],
        header=tree["header"],
        layout=layout,
        counts=packs.get(tree["counts"], layout),
        memory=memory,
        data=tree["data"],
        fields=tree["fields"],
        odd=tree.get("odd", {}),
    )
