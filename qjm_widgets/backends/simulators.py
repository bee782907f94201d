"""What is known of Qiskit's own simulators: they live in this process, and they can be asked.

A circuit that a simulator would refuse is found before anything is stored: an instruction that the
target lacks is tried, alone and with one shot, on the simulator itself, so nothing is refused that it
would take.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qjm_widgets._compat import backend_name
from qjm_widgets.backends.provider_simulators import other_simulator
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.seeds import SeedRule
from qjm_widgets.errors import CircuitError

_CLASSROOM = "qjm_widgets.classroom"
_LOCAL_PACKAGES = (
    "qiskit.providers.basic_provider",
    "qiskit.providers.basicaer",
    "qiskit.providers.fake_provider",
    "qiskit.primitives",
    "qiskit_aer",
    "qiskit_ibm_runtime.fake_provider",
    _CLASSROOM,
)
_PROBE_QUBITS = 20
_ALWAYS = frozenset({"barrier", "measure", "break_loop", "continue_loop"})
_CONTROL_FLOW = frozenset({"if_else", "for_loop", "while_loop", "switch_case", "box"})


def is_local(thing: Any) -> bool:
    """Whether a backend or sampler is one of Qiskit's that compute in this process, or a subclass."""
    return any(is_from(thing, package) for package in _LOCAL_PACKAGES)


def computes_here(thing: Any) -> bool:
    """Whether what a backend or sampler computes ends with this process."""
    return is_local(thing) or other_simulator(thing) is not None


def is_from(thing: Any, package: str) -> bool:
    """Whether its class, or one that it inherits from, is defined in a package, abstract bases aside."""
    return any(
        (kind.__module__ == package or kind.__module__.startswith(package + "."))
        and not kind.__module__.startswith("qiskit.primitives.base")
        for kind in type(thing).__mro__
    )


def has_queue(backend: Any) -> bool:
    """Whether a local backend has a queue that its user wants to see, as the classroom's have."""
    return is_from(backend, _CLASSROOM)


def computing(backend: Any) -> Any | None:
    """The simulator that computes: the backend, or the one behind its queue; None for a recording."""
    return getattr(backend, "simulator", None) if has_queue(backend) else backend


def is_device(backend: Any) -> bool:
    """Whether a simulator imitates a device, so that circuits have to fit it."""
    return is_from(backend, "qiskit_ibm_runtime.fake_provider")


def runs_inside_submit(backend: Any) -> bool:
    """Whether ``run`` itself computes, so that the job is done when it is submitted."""
    other = other_simulator(backend)
    if other is not None:
        return other.inside_submit
    return is_from(backend, "qiskit.providers.basic_provider") or (
        is_from(backend, "qiskit.providers.fake_provider") and not _has_aer()
    )


def _has_aer() -> bool:
    try:
        import qiskit_aer  # noqa: F401
    except ImportError:
        return False
    return True


def seed_rule(backend: Any) -> SeedRule:
    """What a run of a backend makes of its seed."""
    aer = is_from(backend, "qiskit_aer")
    fake = is_from(backend, "qiskit.providers.fake_provider") or is_device(backend)
    if aer or (fake and _has_aer()):
        return SeedRule.AER
    if fake or is_from(backend, "qiskit.providers.basic_provider"):
        return SeedRule.STREAM
    other = other_simulator(backend)
    return SeedRule.UNKNOWN if other is None else other.seed_rule


def more_options(backend: Any) -> frozenset[str]:
    """Run options that a backend heeds beside those that it declares: Aer's settings are more."""
    if seed_rule(backend) is not SeedRule.AER:
        return frozenset()
    from qiskit_aer.backends.controller_wrappers import AerConfig

    return frozenset(name for name in dir(AerConfig()) if not name.startswith("_"))


def most_qubits(backend: Any) -> int | None:
    """How wide a circuit may be; None where the method decides (Aer without a device)."""
    if is_from(backend, "qiskit_aer") and getattr(backend, "coupling_map", None) is None:
        return None
    if is_from(backend, "qiskit.providers.basic_provider"):
        if getattr(getattr(backend, "options", None), "use_clifford_optimization", False):
            return getattr(backend, "MAX_QUBITS_CLIFFORD", None)
        # MAX_QUBITS_MEMORY is Qiskit 0.46's name.
        for name in ("MAX_QUBITS_STATEVECTOR", "MAX_QUBITS_MEMORY"):
            if hasattr(backend, name):
                return int(getattr(backend, name))
        return _declared(backend)
    return _declared(backend)


def _declared(backend: Any) -> int | None:
    width = getattr(backend, "num_qubits", None)
    if width is None:
        width = configured(backend, "n_qubits")
    return width if isinstance(width, int) else None


def configured(backend: Any, name: str) -> Any:
    """What a backend's configuration says of something: a method's answer, an object or a dict.

    None where it says nothing, or cannot say it now.
    """
    try:
        found = getattr(backend, "configuration", None)
        found = found() if callable(found) else found
        return found.get(name) if isinstance(found, Mapping) else getattr(found, name, None)
    except Exception:  # a server that is asked for it may not answer
        return None


def refuse_unknown_instructions(backend: Any, works: Sequence[CircuitInput]) -> None:
    """Find the first instruction that a local simulator would refuse.

    Raises:
        CircuitError: names the circuit and the instruction.
    """
    known = _operation_names(backend)
    if known is None:
        return
    tried: set[str] = set()
    for index, work in enumerate(works):
        strange = _names(work.circuit) - known - tried
        if not strange:
            continue
        for holder, instruction in _instructions(work.circuit):
            name = instruction.operation.name
            if name in strange and (reason := _refusal(backend, holder, instruction)):
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


def _names(circuit: Any) -> set[str]:
    """The names of all instructions, those inside control flow too."""
    names = set(circuit.count_ops())
    if names & _CONTROL_FLOW:
        names |= {instruction.operation.name for _, instruction in _instructions(circuit)}
    return names


def _instructions(circuit: Any) -> Iterator[tuple[Any, Any]]:
    """All instructions, each with the circuit or block that holds it."""
    for instruction in circuit.data:
        yield circuit, instruction
        for block in getattr(instruction.operation, "blocks", None) or ():
            yield from _instructions(block)


def _refusal(backend: Any, circuit: Any, instruction: Any) -> str | None:
    """Why the backend refuses this instruction, asked with it alone; None if it does not."""
    operation = instruction.operation
    if operation.num_qubits > _PROBE_QUBITS:
        return None
    try:
        backend.run(_alone(circuit, instruction), shots=1).result()
    except Exception as error:  # what a simulator raises for an unknown gate is its own affair
        text = str(error).strip("'")
        named = operation.name in text or type(operation).__name__ in text
        return text if named else None
    return None


def _alone(circuit: Any, instruction: Any) -> Any:
    """A circuit of one instruction."""
    from qiskit import QuantumCircuit

    operation = instruction.operation
    if operation.name == "while_loop":
        probe = QuantumCircuit(1, 1)
        with probe.while_loop((0, True)):  # never entered: alone, the user's might never end
            pass
    elif operation.name == "store" or any(
        getattr(operation, part, None) for part in ("blocks", "condition")
    ):
        probe = circuit.copy_empty_like()
        probe.append(instruction)
    else:
        probe = QuantumCircuit(operation.num_qubits, operation.num_clbits)
        probe.append(operation, range(operation.num_qubits), range(operation.num_clbits))
    return probe


_RECIPES = (
    "qiskit.providers.basic_provider:BasicSimulator",
    "qiskit_aer:AerSimulator",
    "qiskit.primitives:StatevectorSampler",
)


def takes_no_points(sampler: Any) -> bool:
    """Whether a sampler runs PUBs without points: Qiskit's own does, Aer's ends the process."""
    names = {f"{kind.__module__.split('.')[0]}.{kind.__name__}" for kind in type(sampler).__mro__}
    return "qiskit.StatevectorSampler" in names


def recipe(thing: Any) -> str | None:
    """How to make this simulator again (``module:Class``), where it is one with nothing set."""
    for text in _RECIPES:
        kind = type(thing)
        if (
            kind.__name__ == text.split(":")[1]
            and is_local(thing)
            and kind.__module__.startswith("qiskit")
        ):
            return text if _is_plain(thing, kind) else None
    return None


def _is_plain(thing: Any, kind: type) -> bool:
    try:
        other = kind()
    except Exception:
        return False
    names = ("options", "name", "seed", "default_shots", "noise_model")
    return all(repr(getattr(thing, name, None)) == repr(getattr(other, name, None)) for name in names)


def rebuild(text: str) -> Any:
    """Make a simulator by its recipe.

    Raises:
        ImportError: it is not installed here.
        ValueError: no recipe of ours.
    """
    if text not in _RECIPES:
        raise ValueError(f"unknown recipe {text!r}")
    module, name = text.split(":")
    return getattr(importlib.import_module(module), name)()
