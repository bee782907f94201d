"""Circuits as the store keeps them: encoded blocks."""

from __future__ import annotations

from typing import NamedTuple

from qjm_widgets.core.records import Span


class CircuitBlock(NamedTuple):
    """Consecutive circuits of a set, written.

    ``data`` is the circuits in ``encoding``; ``notes`` is JSON: what the encoding does not carry
    (metadata, parameter values). ``untranspiled``: the set's pass manager has still to transpile them.
    """

    span: Span
    encoding: str
    data: bytes
    notes: str
    untranspiled: bool = False
