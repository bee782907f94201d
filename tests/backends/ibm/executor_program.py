"""The program ``executor`` of the loopback server: it runs a quantum program on Aer."""

from __future__ import annotations

import datetime
import json
from typing import Any

SEED = 7


def run_executor(params: Any) -> str:
    """Run the params of a job of the program ``executor``; return the text of its result.

    Params and result are read and written by the runtime's own converters and models.
    """
    from ibm_quantum_schemas.common import CompressedTensorModel
    from ibm_quantum_schemas.executor.version_2_0 import models
    from qiskit_aer import AerSimulator
    from qiskit_ibm_runtime.fake_provider.executor.run_quantum_program import run_quantum_program
    from qiskit_ibm_runtime.options_models.simulator import SimulatorOptions
    from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS

    converter = QUANTUM_PROGRAM_PARAMS_CONVERTERS[params["schema_version"]]
    model = converter.model.model_validate_json(json.dumps(params))
    program, _ = converter.decoder(model)
    for item in program.items:
        if hasattr(item, "samplex"):
            item.samplex.finalize()
    found = run_quantum_program(AerSimulator(), program, SimulatorOptions(seed_simulator=SEED))
    items = [
        models.QuantumProgramResultItemModel(
            results={
                name: CompressedTensorModel.from_numpy(_measured(array, program.meas_level))
                for name, array in item.items()
            },
            metadata=_metadata(params["options"]),
        )
        for item in found
    ]
    result = models.QuantumProgramResultModel(
        data=items,
        metadata=models.MetadataModel(chunk_timing=[_chunk(program)]),
        passthrough_data=model.quantum_program.passthrough_data,
        semantic_role=model.quantum_program.semantic_role,
    )
    return str(result.model_dump_json())


def _measured(bits: Any, level: str) -> Any:
    """Return bits at a measurement level: 1 is the point 1+2j in arbitrary units."""
    if level == "classified":
        return bits
    points = bits * (1 + 2j)
    return points.mean(axis=-2) if level == "avg_kerneled" else points


def _metadata(options: Any) -> Any:
    """Return the metadata of an item that the options ask for."""
    from ibm_quantum_schemas.executor.version_2_0 import models

    timing = models.SchedulerTimingModel(timing="main,barrier,Qubit 0,7,0,barrier", circuit_duration=9)
    stretch = models.StretchValueModel(name="s", value=8, remainder=1, expanded_values=[(0, 4), (4, 4)])
    return models.ItemMetadataModel(
        scheduler_timing=timing if options["scheduler_timing"] else None,
        stretch_values=[stretch] if options["stretch_values"] else None,
    )


def _chunk(program: Any) -> Any:
    """Return the time in which all items ran, as the service reports it."""
    from ibm_quantum_schemas.executor.version_2_0 import models

    start = datetime.datetime(2026, 3, 1)
    parts = [
        models.ChunkPart(
            idx_item=index,
            size=item.size(),
            permutation=list(range(len(item.shape))),
            element_range=(0, item.size(), 1),
        )
        for index, item in enumerate(program.items)
    ]
    return models.ChunkSpan(start=start, stop=start + datetime.timedelta(seconds=2), parts=parts)
