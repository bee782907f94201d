"""Circuits as the store keeps them: encoded blocks."""

from __future__ import annotations

from typing import NamedTuple

from qjm_widgets.core.records import Span


class CircuitBlock(NamedTuple):
    """Consecutive circuits of a set in encoded form.

    Attributes:
        span: the circuits' indices in the set.
        encoding: the name of the encoding of ``data`` and ``notes``.
        data: the encoded circuits.
        notes: JSON with the parts that ``data`` does not carry, such as metadata and parameter values.
        untranspiled: whether the set's pass manager must still transpile the circuits.
    """

    span: Span
    encoding: str
    data: bytes
    notes: str
    untranspiled: bool = False
