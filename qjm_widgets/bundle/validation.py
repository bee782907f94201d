"""Checks of the circuits and outcomes of a bundle, so that reading them later is safe."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from qjm_widgets.bundle.estimator_notes import check_estimator_notes
from qjm_widgets.bundle.program_notes import check_program_notes
from qjm_widgets.bundle.strict_json import DEPTH, RefusalError, parse
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.counts import Integers
from qjm_widgets.core.outcomes import CircuitOutcome, ExperimentOutcome, PubOutcome
from qjm_widgets.core.record_fields import MAX_INTEGER
from qjm_widgets.core.records import Span
from qjm_widgets.serialization import qpy
from qjm_widgets.serialization.circuits import FIELDS, NAMES_ONLY, PROGRAM, PUBS, TYPED
from qjm_widgets.serialization.instruction_forms import check_forms
from qjm_widgets.serialization.metadata import UnsafeError, check_tree
from qjm_widgets.serialization.outcomes import decode_outcome
from qjm_widgets.serialization.tree import TreeError

_QPY_HEAD = struct.Struct("!6sBBBBQ")
_TEXT_BYTES = 256 * 1024 * 1024
#: Limit of the bits of one outcome; each outcome becomes a bit string of this length.
_WIDTH = 1 << 20
#: Limit of the shots of a register without bits. They take no bytes in the bundle, but memory when they
#: are counted.
_EMPTY_SHOTS = 10_000_000
_KEYS = frozenset({"shots", "success", "data", "status", "header"})


def is_safe_to_read(block: CircuitBlock) -> bool:
    """Return whether reading the circuits of a block cannot run code.

    Args:
        block: a block that passed ``check_block``.
    """
    if block.encoding == NAMES_ONLY:
        return True
    if not qpy.is_safe(block.data):
        return False
    if block.encoding in TYPED:
        try:
            _check_trees(json.loads(block.notes))
        except UnsafeError:
            return False
    return True


def check_block(block: CircuitBlock, where: str) -> None:
    """Check the notes of a block and the head of its QPY; the circuits themselves are not read.

    Raises:
        RefusalError: the notes or the head are invalid, or do not fit the span.
    """
    number = len(block.span)
    # Metadata may have NaN and infinities, which strict JSON does not allow. The text stays as it is.
    notes = parse(block.notes.encode("utf-8"), f"{where}.json", strict=False)
    fields = FIELDS[block.encoding]
    if not isinstance(notes, dict) or set(notes) != set(fields):
        raise RefusalError(f"{where}.json does not have the fields {', '.join(fields)}")
    for name in fields[:4]:
        if not isinstance(notes[name], list) or len(notes[name]) != number:
            raise RefusalError(f"{where}.json does not have {number} {name}")
    if not all(isinstance(name, str) for name in notes["names"]):
        raise RefusalError(f"{where}.json has a name that is no text")
    if block.encoding == NAMES_ONLY:
        return
    if not all(values is None or isinstance(values, dict) for values in notes["metadata"]):
        raise RefusalError(f"{where}.json has metadata that is no object")
    if not all(_are_values(values) for values in notes["values"]):
        raise RefusalError(f"{where}.json has parameter values that are none")
    if not all(shots is None or _is_size(shots) for shots in notes["shots"]):
        raise RefusalError(f"{where}.json has shots that are no number")
    if block.encoding == PUBS:
        check_estimator_notes(notes, number, where)
    if block.encoding == PROGRAM:
        check_program_notes(notes, number, where)
    if block.encoding in TYPED:
        try:
            number -= _check_forms(notes, number)
        except TreeError as error:
            raise RefusalError(f"{where}.json has {error}") from error
    head = block.data[: _QPY_HEAD.size]
    if len(head) < _QPY_HEAD.size or not head.startswith(b"QISKIT"):
        raise RefusalError(f"{where}.qpy is not QPY")
    if _QPY_HEAD.unpack(head)[-1] != number:
        raise RefusalError(f"{where}.qpy does not have {number} circuits")


def _check_forms(notes: Mapping[str, Any], number: int) -> int:
    """Check the fields that only newer notes have; return the number of circuits that the QPY lacks."""
    for name, inner in (("forms", dict), ("unstored", str)):
        places = notes[name]
        if not isinstance(places, dict) or not all(
            place.isdecimal() and place.isascii() and int(place[:9]) < number and isinstance(each, inner)
            for place, each in places.items()
        ):
            raise TreeError(f"{name} of circuits that are none")
    for forms in notes["forms"].values():
        check_forms(forms)
    with suppress(UnsafeError):  # an unsafe block is accepted, but its circuits will not be read
        _check_trees(notes)
    return len(notes["unstored"])


def _check_trees(notes: Mapping[str, Any]) -> None:
    check_tree(list(notes["metadata"]))
    check_tree(list(notes["forms"].values()))


def check_outcome(data: bytes, span: Span, where: str) -> None:
    """Check that the outcome of a job can be decoded and is consistent.

    Raises:
        RefusalError: it is not the outcome of a job with that span.
    """
    _check_text(data, where)
    try:
        outcome = decode_outcome(data)
        if len(outcome.circuits) != len(span):
            raise RefusalError(f"has {len(outcome.circuits)} circuits for a span of {len(span)}")
        _check_names(outcome.info, "info")
        for circuit in outcome.circuits:
            if circuit is not None:
                _check_circuit(circuit)
    except RefusalError as error:
        raise RefusalError(f"{where} {error}") from error
    except Exception as error:  # a manipulated tree can raise anything
        raise RefusalError(f"{where} is no result of a job: {error}") from error


def _check_text(data: bytes, where: str) -> None:
    """Check length, number of values and depth of an outcome's text before it is decoded."""
    if len(data) < 16:
        raise RefusalError(f"{where} is cut short")
    (length,) = struct.unpack_from("<I", data, 8)
    if length > _TEXT_BYTES:
        raise RefusalError(f"{where} holds more than {_TEXT_BYTES:,} bytes of text")
    parse(data[16 : 16 + length], where, strict=False)


def _check_circuit(circuit: CircuitOutcome) -> None:
    if not isinstance(circuit.name, str) or not isinstance(circuit.status, str):
        raise RefusalError("has a name or a status that is no text")
    if not isinstance(circuit.success, bool):
        raise RefusalError("does not say whether a circuit succeeded")
    _check_names(circuit.data, "data")
    if isinstance(circuit, PubOutcome):
        _check_pub(circuit)
    else:
        _check_experiment(circuit)


def _check_pub(pub: PubOutcome) -> None:
    if not isinstance(pub.metadata, Mapping):
        raise RefusalError("has metadata that is no object")
    if not all(_is_size(side) for side in pub.shape):
        raise RefusalError("has an invalid shape")
    shots = set()
    for name, (array, bits) in pub.registers.items():
        fits = isinstance(array, np.ndarray) and array.dtype == np.uint8
        if not isinstance(name, str) or not fits or not _is_size(bits) or bits > _WIDTH:
            raise RefusalError("has an invalid register")
        if array.ndim != len(pub.shape) + 2 or array.shape[:-2] != pub.shape:
            raise RefusalError(f"has a register {name[:50]!r} that does not fit the shape")
        empty = bits == 0 and math.prod(array.shape[:-1]) > _EMPTY_SHOTS
        if empty or array.shape[-1] != (bits + 7) // 8:
            raise RefusalError(f"has a register {name[:50]!r} of a wrong size")
        shots.add(array.shape[-2])
    if len(shots) > 1:
        raise RefusalError("has registers of different shots")


def _check_experiment(run: ExperimentOutcome) -> None:
    _check_names(run.header, "header")
    _check_names(run.fields, "fields")
    if _KEYS & set(run.fields):
        raise RefusalError("has fields that are none")
    if not _is_size(run.shots):
        raise RefusalError("has shots that are no number")
    sizes, width = run.layout
    if not all(_is_size(size) for size in sizes) or sum(sizes) > _WIDTH:
        raise RefusalError("has registers of a wrong size")
    if width is not None and not (_is_size(width) and width <= _WIDTH):
        raise RefusalError("has a wrong number of bits")
    if run.counts is not None:
        outcomes, counts = run.counts.outcomes, run.counts.counts
        if outcomes.shape != counts.shape or not _are_numbers(counts.tolist()):
            raise RefusalError("has counts that are none")
        _check_bits(outcomes, width)
    if run.memory is not None:
        _check_bits(run.memory, width)
    if not isinstance(run.odd, Mapping) or not all(isinstance(why, str) for why in run.odd.values()):
        raise RefusalError("does not say what is odd")
    readable = {"counts", "memory"} & (run.data.keys() - run.odd.keys())
    texts = run.data.get("counts", {}) if "counts" in readable else {}
    if not isinstance(texts, Mapping) or not _are_numbers(texts.values()):
        raise RefusalError("has counts that are none")
    if not readable and run.counts is None and run.memory is None:
        return
    # Qiskit pads bit strings to the width in the header, so a large width would need much memory.
    widths = [run.header.get("memory_slots"), *(pair[1] for pair in run.header.get("creg_sizes") or ())]
    if any(isinstance(bits, (int, float, np.number)) and not bits <= _WIDTH for bits in widths):
        raise RefusalError("has a header with a wrong number of bits")


def _are_numbers(counts: Iterable[Any]) -> bool:
    return all(type(count) in (int, float) for count in counts)


def _check_bits(outcomes: Integers, width: int | None) -> None:
    """Check that no outcome has more bits than the width.

    A dense sum of counts would need an array as long as the largest outcome.
    """
    if outcomes.ndim != 1:
        raise RefusalError("has outcomes in a wrong shape")
    if outcomes.size:
        least, most = int(outcomes.min()), int(outcomes.max())
        if least < 0 or most.bit_length() > (_WIDTH if width is None else width):
            raise RefusalError("has outcomes with more bits than it says")


def _check_names(tree: Any, what: str) -> None:
    if not isinstance(tree, Mapping) or not all(isinstance(key, str) for key in tree):
        raise RefusalError(f"has {what} that is no object with names")


def _are_values(tree: Any) -> bool:
    """Return whether a tree has the form of a written ``BindingsArray``, or is None."""
    if tree is None:
        return True
    if not isinstance(tree, dict) or set(tree) != {"shape", "data"}:
        return False
    shape, data = tree["shape"], tree["data"]
    return (
        isinstance(shape, list)
        and len(shape) < DEPTH
        and all(_is_size(side) for side in shape)
        and isinstance(data, list)
        and all(isinstance(pair, list) and len(pair) == 2 and _are_texts(pair[0]) for pair in data)
    )


def _are_texts(tree: Any) -> bool:
    return isinstance(tree, list) and all(isinstance(text, str) for text in tree)


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value < MAX_INTEGER
