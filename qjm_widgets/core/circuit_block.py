"""Circuits as the store keeps them: encoded blocks."""

from __future__ import annotations

from typing import NamedTuple

from qjm_widgets.core.records import Span


class CircuitBlock(NamedTuple):
    """Consecutive circuits of a set, encoded.

    Attributes:
        span: their places in the set.
        encoding: the encoding of ``data``.
        data: the circuits.
        notes: JSON of what the encoding does not carry, such as metadata and parameter values.
        untranspiled: whether the set's pass manager is still to transpile them.
    """

    span: Span
    encoding: str
    data: bytes
    notes: str
    untranspiled: bool = False
