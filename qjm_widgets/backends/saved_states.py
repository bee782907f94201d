"""Find out whether the saved states of circuits can be merged over pieces of the shots.

Aer's save instructions have a ``_subtype``: a list over the shots, an average, a sum, or the state of a
single shot. The state of a single shot is the same in all pieces only if nothing before it is random.
An average that is conditional on the memory can be weighted only if the counts give the frequency of
each value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from qjm_widgets._compat import backend_name
from qjm_widgets.backends.simulators import is_from
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.errors import CircuitError

#: Instructions that contain a random choice, even without noise.
_CHANNELS = frozenset({"kraus", "superop", "quantum_channel", "channel"})
#: Methods that compute all outcomes of noise at once.
_MIXED = frozenset({"density_matrix", "superop"})
_RESETS = frozenset({"reset", "initialize"})
_LOOPS = frozenset({"for_loop", "while_loop"})
#: Save instructions of the whole circuit: the same for all shots.
_OF_CIRCUITS = frozenset({"save_unitary", "save_superop"})
_ADVICE = (
    "Give it pershot=True, or let one job have all shots (a larger max_shots_per_job, or fewer shots)"
)


def refuse_cuts(
    backend: Any, inputs: Sequence[CircuitInput], start: int, options: Mapping[str, Any]
) -> None:
    """Refuse to cut the shots of circuits with saved values that cannot be merged.

    Args:
        backend: where they run.
        inputs: the circuits whose shots are cut.
        start: the index of the first of them in the set.
        options: run options.

    Raises:
        CircuitError: some values cannot be merged; the message names the circuit, the instruction and a
            remedy.
    """
    for index, circuit_input in enumerate(inputs, start):
        if not _saves(backend, circuit_input.circuit):
            continue
        found = _Walk(_noise_of(backend, options), _method_of(backend, options)).of(
            backend, circuit_input.circuit
        )
        if found is not None:
            raise CircuitError(
                f"circuit {index} ({circuit_input.circuit.name}) has {found.instruction} "
                f"(label {found.label!r}) {found.why}, and its shots would be cut into "
                f"several jobs, whose values cannot be merged. {_ADVICE}"
            )


class _Unmergeable(NamedTuple):
    """An instruction with values that cannot be merged, and the reason."""

    instruction: str
    label: str
    why: str


def _saves(backend: Any, circuit: Any) -> bool:
    data = getattr(circuit, "data", ())
    return _saves_at_end(backend) or any(
        hasattr(operation, "_subtype") for operation in _operations(data)
    )


def _operations(data: Any) -> Iterator[Any]:
    for instruction in data:
        operation = getattr(instruction, "operation", None)
        yield operation
        for block in getattr(operation, "blocks", None) or ():
            yield from _operations(block.data)


def _saves_at_end(backend: Any) -> bool:
    """Return whether the simulator always saves the final state, as Aer's oldest ones do."""
    return any(kind.__name__ == "StatevectorSimulator" for kind in type(backend).__mro__)


def _option(backend: Any, options: Mapping[str, Any], name: str) -> Any:
    found = options.get(name)
    return getattr(getattr(backend, "options", None), name, None) if found is None else found


def _method_of(backend: Any, options: Mapping[str, Any]) -> str | None:
    found = _option(backend, options, "method")
    return found if isinstance(found, str) else None


def _noise_of(backend: Any, options: Mapping[str, Any]) -> Callable[[Any], bool]:
    """Return a function that returns whether an operation is noisy."""
    if not is_from(backend, "qiskit_aer"):
        return lambda operation: True  # a device, or a simulator of one
    model = _option(backend, options, "noise_model")
    if model is None:
        return lambda operation: False
    if getattr(model, "_custom_noise_passes", None):  # relaxation while qubits wait
        return lambda operation: True
    # A readout error does not change the state.
    names = set(getattr(model, "noise_instructions", ())) - {"measure"}
    return lambda operation: operation.name in names or getattr(operation, "label", None) in names


class _Walk:
    """A walk through a circuit in the order in which its shots run it.

    Args:
        noisy: returns whether an operation is noisy.
        method: the simulation method, if one is given.
    """

    def __init__(self, noisy: Callable[[Any], bool], method: str | None) -> None:
        self._noisy = noisy
        self._mixed = method in _MIXED
        self._touched: set[Any] = set()  # qubits that may not be in the state 0
        self._written: set[Any] = set()  # classical bits that may not be 0
        self._measured: str | None = None  # a random instruction with its result in the memory
        self._hidden: str | None = None  # a random instruction with no result in the memory
        self._weighted: _Unmergeable | None = None  # an average that needs the present memory
        self._found: _Unmergeable | None = None

    def of(self, backend: Any, circuit: Any) -> _Unmergeable | None:
        """Return the first instruction with values that cannot be merged, or None."""
        self._walk(circuit, {bit: bit for bit in (*circuit.qubits, *circuit.clbits)})
        if self._found is None and _saves_at_end(backend):
            self._save_single(backend_name(backend), "statevector", self._hidden or self._measured)
        return self._found

    def _walk(self, circuit: Any, names: Mapping[Any, Any]) -> None:
        """Walk through a circuit or block; ``names`` maps its bits to those of the whole circuit."""
        for instruction in circuit.data:
            operation = instruction.operation
            qubits = [names[bit] for bit in instruction.qubits]
            clbits = [names[bit] for bit in instruction.clbits]
            blocks = getattr(operation, "blocks", None) or ()
            for block in (*blocks, *blocks) if operation.name in _LOOPS else blocks:
                inner = dict(zip((*block.qubits, *block.clbits), (*qubits, *clbits), strict=True))
                self._walk(block, inner)
            if not blocks:
                self._visit(operation, qubits, clbits)

    def _visit(self, operation: Any, qubits: Sequence[Any], clbits: Sequence[Any]) -> None:
        name = operation.name
        subtype = getattr(operation, "_subtype", None)
        if subtype is not None:
            self._save(operation, subtype)
            return
        if name.startswith("set_"):  # the earlier state is replaced
            self._hidden = self._measured = None
            self._touched |= set(qubits)
        if getattr(operation, "_directive", False):  # a barrier
            return
        touched = not self._touched.isdisjoint(qubits)
        if name == "measure":
            self._measure(touched, clbits)
        elif not self._mixed and (
            (name in _RESETS and touched) or name in _CHANNELS or self._noisy(operation)
        ):
            self._hidden = name if name in _RESETS or name in _CHANNELS else f"noise ({name})"
        if name not in ("reset", "measure") or self._noisy(operation):
            self._touched |= set(qubits)
        if name != "measure" and clbits:
            self._write(clbits)

    def _measure(self, touched: bool, clbits: Sequence[Any]) -> None:
        if touched:
            self._measured = "measure"
            if not self._written.isdisjoint(clbits):
                self._hidden = "measure"  # the earlier content of the memory is lost
        self._write(clbits)

    def _write(self, clbits: Sequence[Any]) -> None:
        self._written |= set(clbits)
        if self._found is None:
            self._found = self._weighted

    def _save(self, operation: Any, subtype: str) -> None:
        label = getattr(operation, "_label", operation.name)
        if operation.name in _OF_CIRCUITS:
            return
        if subtype == "single":
            self._save_single(operation.name, label, self._hidden or self._measured)
        elif subtype == "c_single":
            self._save_single(operation.name, label, self._hidden)
        elif subtype == "c_average" and self._written and self._weighted is None:
            self._weighted = _Unmergeable(
                operation.name,
                label,
                "with conditional=True, before the memory is written again, so that nothing says how "
                "many shots each value has",
            )

    def _save_single(self, instruction: str, label: str, random: str | None) -> None:
        if random is not None and self._found is None:
            self._found = _Unmergeable(instruction, label, f"of a single shot, after {random}")
