"""Outcomes as bytes for the store, and back: all packed counts of a job stand in two arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qjm_widgets.core import codec
from qjm_widgets.core.counts import Integers, Layout, Packed, integers
from qjm_widgets.core.folding import fold, unfold
from qjm_widgets.core.outcomes import CircuitOutcome, ExperimentOutcome, JobOutcome, PubOutcome


def encode_outcome(outcome: JobOutcome) -> bytes:
    """Write what a job gave."""
    return b"".join(encode_outcome_in_pieces(outcome))


def encode_outcome_in_pieces(outcome: JobOutcome) -> list[bytes | memoryview]:
    """The same in pieces, one after another; large arrays are not copied."""
    packs = _Packs()
    kinds: dict[type, list[int]] = {}
    for place, circuit in enumerate(outcome.circuits):
        kinds.setdefault(type(circuit), []).append(place)
    folded = [
        {"places": places, "trees": fold([_tree(outcome.circuits[place], packs) for place in places])}
        for places in kinds.values()
    ]
    tree = {"folded": folded, "info": outcome.info, **packs.tree()}
    return codec.encode_in_pieces(tree)


def decode_outcome(data: bytes | bytearray | memoryview) -> JobOutcome:
    """Read what ``encode_outcome`` wrote.

    Raises:
        ValueError: the bytes are damaged.
    """
    tree = codec.decode(data)
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
    """As they were written before they were folded: with the numbers of what they share."""
    shared = tree["shared"]
    trees: list[Any] = []
    for each in tree["circuits"]:
        whole = {**shared[each["alike"]], **each} if each is not None and "alike" in each else each
        if whole is not None and whole["kind"] == "experiment":
            header = dict(shared[whole["header"]])
            if "name" in header:
                header["name"] = whole["header_name"]
            whole = {**whole, "header": header, "fields": shared[whole["fields"]]}
        trees.append(whole)
    return trees


class _Packs:
    """The outcomes and counts of all circuits of a job, one after another; wide ones as text."""

    def __init__(self) -> None:
        self.outcomes: list[Integers] = []
        self.counts: list[Integers] = []
        self.at = 0

    def put(self, packed: Packed | None) -> Any:
        if packed is None:
            return None
        if packed.outcomes.dtype == object:
            return [[format(o, "x") for o in packed.outcomes.tolist()], packed.counts.tolist()]
        self.outcomes.append(packed.outcomes)
        self.counts.append(packed.counts)
        start, self.at = self.at, self.at + len(packed.outcomes)
        return start, self.at

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
            return Packed(layout, values, np.array(stop, dtype=np.int64))
        return Packed(layout, self.outcomes[0][start:stop], self.counts[0][start:stop])


def _narrow(array: Integers) -> Integers:
    """The same whole numbers in the smallest unsigned type that holds them."""
    most = int(array.max()) if array.size else 0
    return array.astype(np.min_scalar_type(most))


def _tree(circuit: CircuitOutcome | None, packs: _Packs) -> dict[str, Any] | None:
    if circuit is None:
        return None
    if isinstance(circuit, PubOutcome):
        registers = [[name, array, bits] for name, (array, bits) in circuit.registers.items()]
        return {
            "kind": "pub",
            "name": circuit.name,
            "shape": circuit.shape,
            "registers": registers,
            "data": circuit.data,
            "metadata": circuit.metadata,
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
        "layout": [circuit.layout.sizes, circuit.layout.width],
        "counts": packs.put(circuit.counts),
        "memory": memory,
        "data": circuit.data,
        "fields": circuit.fields,
    }


def _circuit(tree: Mapping[str, Any], packs: _Packs) -> CircuitOutcome:
    if tree["kind"] == "pub":
        return PubOutcome(
            name=tree["name"],
            shape=tuple(tree["shape"]),
            registers={name: (array, bits) for name, array, bits in tree["registers"]},
            data=tree["data"],
            metadata=tree["metadata"],
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
    )
