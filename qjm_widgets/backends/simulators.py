"""What is known of Qiskit's own simulators: they live in this process, and they can be asked.

A circuit that a simulator would refuse is found before anything is stored: an instruction that the
target lacks is tried, alone and with one shot, on the simulator itself, so nothing is refused that it
would take.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qjm_widgets._compat import backend_name
from qjm_widgets.core.errors import CircuitError
from qjm_widgets.core.ports import Work

_LOCAL_PACKAGES = (
    "qiskit.providers.basic_provider",
    "qiskit.providers.basicaer",
    "qiskit.providers.fake_provider",
    "qiskit.primitives",
    "qiskit_aer",
    "qiskit_ibm_runtime.fake_provider",
)
_PROBE_QUBITS = 10
_ALWAYS = frozenset({"barrier", "measure"})


def is_local(thing: Any) -> bool:
    """Whether a backend or sampler is one of Qiskit's that compute in this process."""
    return any(
        _inside(kind.__module__, package)
        for kind in type(thing).__mro__
        for package in _LOCAL_PACKAGES
        if kind.__name__ not in ("BaseSamplerV2",)
        and not kind.__module__.startswith("qiskit.primitives.base")
    )


def _inside(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def runs_inside_submit(backend: Any) -> bool:
    """Whether ``run`` itself computes, so that the job is done when it is submitted."""
    module = type(backend).__module__
    return _inside(module, "qiskit.providers.basic_provider") or (
        _inside(module, "qiskit.providers.fake_provider") and not _has_aer()
    )


def _has_aer() -> bool:
    try:
        import qiskit_aer  # noqa: F401
    except ImportError:
        return False
    return True


def most_qubits(backend: Any) -> int | None:
    """How wide a circuit may be; None where the method decides (Aer without a device)."""
    module = type(backend).__module__
    if _inside(module, "qiskit_aer") and getattr(backend, "coupling_map", None) is None:
        return None
    if _inside(module, "qiskit.providers.basic_provider"):
        if getattr(getattr(backend, "options", None), "use_clifford_optimization", False):
            return getattr(backend, "MAX_QUBITS_CLIFFORD", None)
        return getattr(backend, "MAX_QUBITS_STATEVECTOR", None) or _declared(backend)
    return _declared(backend)


def _declared(backend: Any) -> int | None:
    width = getattr(backend, "num_qubits", None)
    if width is None and callable(getattr(backend, "configuration", None)):
        width = getattr(backend.configuration(), "n_qubits", None)
    return width if isinstance(width, int) else None


def refuse_unknown_instructions(backend: Any, works: Sequence[Work]) -> None:
    """Find the first instruction that a local simulator would refuse.

    Raises:
        CircuitError: names the circuit and the instruction.
    """
    known = _operation_names(backend)
    if known is None:
        return
    tried: set[str] = set()
    for index, work in enumerate(works):
        strange = set(work.circuit.count_ops()) - known - tried
        if not strange:
            continue
        for instruction in work.circuit.data:
            name = instruction.operation.name
            if name in strange and (reason := _refusal(backend, work.circuit, instruction)):
                raise CircuitError(
                    f"circuit {index} ({work.circuit.name}) uses {name!r}, which "
                    f"{backend_name(backend)} refuses ({reason}): transpile it first, "
                    f"transpile(circuits, backend), or give run a pass_manager"
                )
        tried |= strange


def _operation_names(backend: Any) -> set[str] | None:
    target = getattr(backend, "target", None)
    names = getattr(target, "operation_names", None)
    if names is None and callable(getattr(backend, "configuration", None)):
        configuration = backend.configuration()
        names = [*configuration.basis_gates, *getattr(configuration, "custom_instructions", [])]
    return set(names) | _ALWAYS if names is not None else None


def _refusal(backend: Any, circuit: Any, instruction: Any) -> str | None:
    """Why the backend refuses this instruction, asked with it alone; None if it does not."""
    from qiskit import QuantumCircuit

    operation = instruction.operation
    if operation.num_qubits > _PROBE_QUBITS:
        return None
    if getattr(operation, "blocks", None) or getattr(operation, "condition", None):
        probe = circuit.copy_empty_like()
        probe.append(instruction)
    else:
        probe = QuantumCircuit(operation.num_qubits, operation.num_clbits)
        probe.append(operation, range(operation.num_qubits), range(operation.num_clbits))
    try:
        backend.run(probe, shots=1).result()
    except Exception as error:  # what a simulator raises for an unknown gate is its own affair
        text = str(error).strip("'")
        return text if operation.name in text else None
    return None
