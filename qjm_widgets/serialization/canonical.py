"""Canonical texts of circuits, backends and options: equal ones have equal texts in every process.

QPY is not canonical: it has the identity of each parameter, names with running numbers, and tables in
no order. These texts have the names of parameters instead, and the definitions of instructions instead
of running numbers.
"""

from __future__ import annotations

import enum
import functools
import hashlib
import importlib.metadata
import re
import types
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np

from qjm_widgets._compat import backend_name
from qjm_widgets.serialization.allowed_classes import package_of, standard_classes

#: The running numbers of a name: "circuit-160", "ansatz-12", "circuit-160-4", "ccircuit-160_o0".
_RUNNING = re.compile(r"(-\d+)+(?=$|_o\d+$)")
#: A parameter that Qiskit makes for a loop.
_LOOP = re.compile(r"_loop_i_\d+$")
#: Attributes of an instruction that are read by themselves, or that change nothing.
_READ = frozenset({"_name", "_num_qubits", "_num_clbits", "_params", "_label", "_definition"})
#: Gates of Qiskit's library whose parameters say all. Their definitions would be long to compute.
_BY_PARAMETERS = frozenset({"DiagonalGate", "HamiltonianGate", "PermutationGate", "UnitaryGate"})
#: Identities without a meaning, in the dictionaries of Aer's noise models.
_IDENTITIES = frozenset({"id", "_id"})


class UncomparableError(ValueError):
    """A value has no canonical text, so that nobody can say whether it equals another one."""


def digest(texts: Iterable[str]) -> str:
    """Return the SHA-256 of texts, as 64 hexadecimal digits."""
    sums = hashlib.sha256()
    for text in texts:
        sums.update(f"{len(text)}:".encode())
        sums.update(text.encode("utf-8", "surrogatepass"))
    return sums.hexdigest()


def canonical_text(value: Any) -> str:
    """Return the canonical text of a circuit, a backend, a primitive, an option or a plain value.

    Raises:
        UncomparableError: the value or an inner one has no canonical text.
    """
    return _Writer().text(value)


def unnumbered(name: str) -> str:
    """Return a circuit's name without the running number of Qiskit: "circuit" of "circuit-160"."""
    return _RUNNING.sub("", name)


class _Writer:
    """Writes one value. Values inside themselves have no text."""

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._loops: dict[str, str] = {}

    def text(self, value: Any) -> str:
        """Return the text of a value."""
        if value is None or isinstance(value, bool | str | bytes):
            return repr(value)
        if isinstance(value, int | float | complex | np.number | np.bool_):
            return _number(value)
        if isinstance(value, enum.Enum):
            return f"{_kind(value)}.{value.name}"
        if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
            return _named(value)
        if id(value) in self._open:
            raise UncomparableError(f"a {type(value).__name__} holds itself")
        self._open.add(id(value))
        try:
            return self._compound(value)
        except RecursionError:
            raise UncomparableError(f"a {type(value).__name__} is nested too deeply") from None
        finally:
            self._open.discard(id(value))

    def _compound(self, value: Any) -> str:
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, Mapping):
            pairs = (f"{self.text(key)}:{self.text(inner)}" for key, inner in value.items())
            return f"{{{','.join(sorted(pairs))}}}"
        if isinstance(value, Set):
            return f"<{','.join(sorted(self.text(inner) for inner in value))}>"
        if isinstance(value, Sequence):
            kind = "" if isinstance(value, list | tuple) else _kind(value)
            return f"{kind}[{','.join(self.text(inner) for inner in value)}]"
        return self._of_qiskit(value) or self._state(value)

    def _array(self, value: np.ndarray[Any, Any]) -> str:
        if value.dtype.hasobject:
            return self.text(value.tolist())
        data = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"array({value.dtype.str},{value.shape},{data})"

    def _of_qiskit(self, value: Any) -> str | None:
        """Return the text of one of Qiskit's own objects; None for any other object."""
        from qiskit import QuantumCircuit
        from qiskit.circuit import Bit, Instruction, ParameterExpression, Register
        from qiskit.providers import Backend
        from qiskit.transpiler import Target

        if isinstance(value, QuantumCircuit):
            return self._circuit(value)
        if isinstance(value, ParameterExpression):
            return self._expression(value)
        if isinstance(value, Instruction):
            return self._operation(value)
        if isinstance(value, Register):
            return f"{_kind(value)}({value.name!r},{value.size})"
        if isinstance(value, Bit):
            raise UncomparableError("a bit outside of its circuit")
        if isinstance(value, Backend):
            return self._backend(value)
        if isinstance(value, Target):
            return self._target(value)
        return None

    def _expression(self, expression: Any) -> str:
        """Return the names of an expression's parameters, and its values at two places."""
        from qiskit.circuit import Parameter

        if isinstance(expression, Parameter):
            return f"parameter({self._name(expression)!r})"
        names = {parameter: self._name(parameter) for parameter in expression.parameters}
        values = []
        for place in ("first", "second"):
            bound = expression.bind({each: _angle(name + place) for each, name in names.items()})
            values.append(repr(complex(bound)))
        return f"expression({sorted(names.values())},{values})"

    def _name(self, parameter: Any) -> str:
        """Return a parameter's name; the parameters of loops are numbered in the order of the loops."""
        name = str(parameter.name)
        if not _LOOP.match(name):
            return name
        return self._loops.setdefault(name, f"loop {len(self._loops)}")

    # -- circuits --------------------------------------------------------------------------------------

    def _circuit(self, circuit: Any) -> str:
        if getattr(circuit, "calibrations", None):
            raise UncomparableError("pulse calibrations")
        bits = {bit: f"q{at}" for at, bit in enumerate(circuit.qubits)}
        bits |= {bit: f"c{at}" for at, bit in enumerate(circuit.clbits)}
        inner = _InCircuit(bits, self)
        registers = [
            f"{register.name!r}:{','.join(bits[bit] for bit in register)}"
            for register in (*circuit.qregs, *circuit.cregs)
        ]
        parts = [str(circuit.num_qubits), str(circuit.num_clbits), *registers]
        parts.append(inner.text(circuit.global_phase))
        for scope in ("input", "captured", "declared"):
            variables: Iterable[Any] = getattr(circuit, f"iter_{scope}_vars", tuple)()
            parts.append(scope + ",".join(inner.text(variable) for variable in variables))
        for instruction in circuit.data:
            wires = ",".join(bits[bit] for bit in (*instruction.qubits, *instruction.clbits))
            parts.append(f"{inner.text(instruction.operation)}@{wires}")
        return f"circuit({';'.join(parts)})"

    def _operation(self, operation: Any) -> str:
        kind = getattr(operation, "base_class", type(operation))
        known = package_of(kind) == "qiskit"
        standard = known and kind.__name__ in standard_classes()
        parts = [_named(kind), operation.name if standard else unnumbered(operation.name)]
        parts += [str(operation.num_qubits), str(operation.num_clbits)]
        parts += [self.text(list(operation.params)), repr(operation.label)]
        for name in ("ctrl_state", "condition", "target", "duration", "unit", "modifiers"):
            parts.append(self.text(getattr(operation, name, None)))
        if hasattr(operation, "cases_specifier"):
            parts.append(self.text([list(labels) for labels, _ in operation.cases_specifier()]))
        whole = known and kind.__name__ in _BY_PARAMETERS
        if standard or whole or hasattr(operation, "blocks"):
            return f"({','.join(parts)})"
        return f"({','.join(parts)},{self._meaning(operation)})"

    def _meaning(self, operation: Any) -> str:
        """Return the text of what an instruction of another class does: its definition, or its state."""
        if operation.definition is not None:
            return self.text(operation.definition)
        state = {name: held for name, held in vars(operation).items() if name not in _READ}
        return self.text(state)

    # -- backends --------------------------------------------------------------------------------------

    def _backend(self, backend: Any) -> str:
        """Return the text of what a backend declares; of all its state if its class is a user's own."""
        if package_of(type(backend)) not in _installed_packages():
            return self._state(backend)
        parts = [_kind(backend), backend_name(backend), self.text(dict(backend.options))]
        parts.append(self.text(getattr(backend, "target", None)))
        return f"backend({','.join(parts)})"

    def _target(self, target: Any) -> str:
        parts = [str(target.num_qubits), str(target.dt)]
        for name in sorted(target.operation_names):
            for qargs, properties in (target[name] or {None: None}).items():
                error, duration = (getattr(properties, each, None) for each in ("error", "duration"))
                parts.append(f"{name}{qargs}:{error!r},{duration!r}")
        return f"target({';'.join(sorted(parts))})"

    # -- any object ------------------------------------------------------------------------------------

    def _state(self, value: Any) -> str:
        """Return the class of an object and what pickling would keep of it."""
        to_dict = getattr(value, "to_dict", None)
        if package_of(type(value)) == "qiskit_aer" and callable(to_dict):
            tree = _without_identities(to_dict())
            # The errors of a noise model are in no order.
            errors = {self.text(error) for error in tree.pop("errors", ())}
            return f"{_kind(value)}{self.text(errors)}{self.text(tree)}"
        try:
            reduced = value.__reduce_ex__(4)
        except Exception as error:
            raise UncomparableError(f"a {type(value).__name__}: {error}") from error
        if isinstance(reduced, str):
            return _named(value)
        make, arguments, state, *items = (*reduced[:5], None, None, None)[:5]
        parts = [self.text(arguments), self.text(state)]
        parts += [self.text(None if each is None else list(each)) for each in items]
        return f"{_kind(value)}({_named(make)},{','.join(parts)})"


class _InCircuit(_Writer):
    """Writes the values inside a circuit, which may name its bits.

    Args:
        bits: the text of each bit of the circuit.
        outer: the writer of the circuit.
    """

    def __init__(self, bits: Mapping[Any, str], outer: _Writer) -> None:
        self._bits = bits
        self._open, self._loops = outer._open, outer._loops

    def _of_qiskit(self, value: Any) -> str | None:
        from qiskit.circuit import Bit
        from qiskit.circuit.classical import expr

        if isinstance(value, Bit) and value in self._bits:
            return self._bits[value]
        if isinstance(value, expr.Var) and getattr(value, "name", None) is not None:
            return f"var({value.name!r},{value.type!r})"  # its other attribute is an identity
        return super()._of_qiskit(value)


@functools.cache
def _installed_packages() -> frozenset[str]:
    """Return the top packages that are installed, without this one: its backends have conditions."""
    return frozenset(importlib.metadata.packages_distributions()) - {"qjm_widgets"}


def _angle(text: str) -> float:
    """Return a number between 0 and 1 that depends on nothing but a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48


def _number(value: Any) -> str:
    """Return a number's text; 1, 1.0 and NumPy's 1 are equal."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, complex) and not plain.imag:
        plain = plain.real
    if isinstance(plain, float) and plain.is_integer():
        plain = int(plain)
    return hex(plain) if isinstance(plain, int) else repr(plain)


def _kind(value: Any) -> str:
    return _named(type(value))


def _named(thing: Any) -> str:
    """Return the module and the name of a class or function.

    Raises:
        UncomparableError: it is made inside a function, or is a lambda, so that its name says nothing.
    """
    name = getattr(thing, "__qualname__", None)
    if name is None or "<" in name:
        raise UncomparableError(f"{thing!r} is not known by its name")
    return f"{getattr(thing, '__module__', None)}.{name}"


def _without_identities(value: Any) -> Any:
    """Return nested dictionaries and lists without the identities that Aer gives."""
    if isinstance(value, Mapping):
        return {
            key: _without_identities(inner) for key, inner in value.items() if key not in _IDENTITIES
        }
    if isinstance(value, list | tuple):
        return [_without_identities(inner) for inner in value]
    return value
