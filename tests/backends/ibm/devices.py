"""The devices of the loopback server, and its jobs, which run on Aer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.backends.ibm.executor_program import run_executor
from tests.backends.ibm.server_types import error

BACKENDS = {"ibm_fez": "fez", "ibmq_manila": "manila", "fake_fractional": "fractional"}


def run_on_aer(params: Any, program: str = "sampler") -> str:
    """Run the params of a job of a program; return the text of its result."""
    if program == "executor":
        return run_executor(params)
    from qiskit_aer.primitives import EstimatorV2, SamplerV2
    from qiskit_ibm_runtime.json import RuntimeDecoder, RuntimeEncoder

    decoded = json.loads(json.dumps(params), cls=RuntimeDecoder)
    if program == "estimator":
        estimated = EstimatorV2(options={"run_options": {"seed_simulator": 7}}).run(
            [tuple(pub) for pub in decoded["pubs"]]
        )
        return json.dumps(estimated.result(), cls=RuntimeEncoder)
    shots = decoded.get("options", {}).get("default_shots") or 4096
    result = SamplerV2(seed=7).run([tuple(pub) for pub in decoded["pubs"]], shots=shots).result()
    return json.dumps(result, cls=RuntimeEncoder)


def device(name: str) -> dict[str, Any]:
    qubits = device_file(name, "configuration")["n_qubits"]
    return {
        "name": name,
        "status": {"name": "online"},
        "is_simulator": False,
        "qubits": qubits,
        "queue_length": 3,
    }


_FILES: dict[tuple[str, str], dict[str, Any]] = {}


def device_file(name: str, kind: str) -> dict[str, Any]:
    """Return a file of the fake provider about a device."""
    import qiskit_ibm_runtime

    if (name, kind) not in _FILES:
        short = BACKENDS[name]
        folder = Path(qiskit_ibm_runtime.__file__).parent / "fake_provider" / "backends" / short
        prefix = {"configuration": "conf", "properties": "props"}.get(kind)
        if prefix is None:
            raise error(404, 1291, f"a backend has no {kind}")
        _FILES[name, kind] = json.loads((folder / f"{prefix}_{short}.json").read_text())
    return _FILES[name, kind]
