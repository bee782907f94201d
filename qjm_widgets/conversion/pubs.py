"""PUBs and ``PrimitiveResult``: read into compact outcomes, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qjm_widgets.core.outcomes import JobOutcome, PubOutcome
from qjm_widgets.core.ports import Work


def read_primitive_result(result: Any, works: Sequence[Work], job_id: str | None) -> JobOutcome:
    """Pack a ``PrimitiveResult``; PUBs that it lacks at its end become None."""
    found = list(result)[: len(works)]
    circuits: list[PubOutcome | None] = [
        _read(pub, work) for pub, work in zip(found, works, strict=False)
    ]
    circuits += [None] * (len(works) - len(circuits))
    metadata = getattr(result, "metadata", None) or {}
    return JobOutcome(circuits, {"job_id": job_id, "metadata": dict(metadata)})


def _read(pub: Any, work: Work) -> PubOutcome:
    from qiskit.primitives import BitArray

    registers: dict[str, tuple[Any, int]] = {}
    others: dict[str, Any] = {}
    for name, value in pub.data.items():
        if isinstance(value, BitArray):
            registers[name] = (value.array, value.num_bits)
        else:
            others[name] = np.asarray(value)
    return PubOutcome(
        name=work.circuit.name,
        shape=tuple(pub.data.shape),
        registers=registers,
        data=others,
        metadata=dict(getattr(pub, "metadata", None) or {}),
    )


def write_pub_result(outcome: PubOutcome) -> Any:
    """The outcome as Qiskit's ``SamplerPubResult`` again."""
    from qiskit.primitives import BitArray, DataBin, SamplerPubResult

    fields: Mapping[str, Any] = {
        name: BitArray(np.asarray(array), bits) for name, (array, bits) in outcome.registers.items()
    }
    data = DataBin(**fields, **outcome.data, shape=outcome.shape)
    return SamplerPubResult(data, metadata=dict(outcome.metadata))
