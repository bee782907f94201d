"""Convert Qiskit's ``PrimitiveResult`` to outcomes, and outcomes to PUB results."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qjm_widgets.core.outcomes import JobOutcome, PubOutcome
from qjm_widgets.errors import explain


def read_primitive_result(result: Any, names: Sequence[str], job_id: str | None) -> JobOutcome:
    """Return the outcome of a job from its ``PrimitiveResult``.

    PUBs that are missing at the end of the result become None. A PUB with an invalid result becomes a
    failed one, and does not affect the others.

    Raises:
        ValueError: the result has more PUBs than the job.
    """
    found = list(result)
    if len(found) > len(names):
        raise ValueError(f"it has {len(found)} PUBs, the job {len(names)}")
    circuits: list[PubOutcome | None] = [
        _read(pub, name) for pub, name in zip(found, names, strict=False)
    ]
    circuits += [None] * (len(names) - len(circuits))
    metadata = getattr(result, "metadata", None) or {}
    return JobOutcome(circuits, {"job_id": job_id, "metadata": dict(metadata)})


def _read(pub: Any, name: str) -> PubOutcome:
    try:
        return _read_whole(pub, name)
    except Exception as error:  # an invalid part must not affect the others
        return PubOutcome(
            name, (), {}, success=False, status=f"its result cannot be read: {explain(error)}"
        )


def _read_whole(pub: Any, name: str) -> PubOutcome:
    from qiskit.primitives import BitArray

    registers: dict[str, tuple[Any, int]] = {}
    others: dict[str, Any] = {}
    for field, value in pub.data.items():
        if isinstance(value, BitArray):
            registers[field] = (value.array, value.num_bits)
        else:
            others[field] = np.asarray(value)
    shape = tuple(map(operator.index, pub.data.shape))
    shots = {array.shape[:-1] for array, _ in registers.values()}
    if len(shots) > 1 or any(array_shape[:-1] != shape for array_shape in shots):
        raise ValueError("its registers have different shapes or shots")
    return PubOutcome(
        name=name,
        shape=shape,
        registers=registers,
        data=others,
        metadata=dict(getattr(pub, "metadata", None) or {}),
    )


def write_pub_result(outcome: PubOutcome) -> Any:
    """Return the outcome as Qiskit's ``SamplerPubResult``, or an estimator's ``PubResult``."""
    from qiskit.primitives import BitArray, DataBin, PubResult, SamplerPubResult

    fields: Mapping[str, Any] = {
        name: BitArray(np.asarray(array), bits) for name, (array, bits) in outcome.registers.items()
    }
    data = DataBin(**fields, **outcome.data, shape=outcome.shape)
    kind = PubResult if outcome.estimates else SamplerPubResult
    return kind(data, metadata=dict(outcome.metadata))
