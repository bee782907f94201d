"""Make the primitives of the runtime with options, and check their circuits."""

from __future__ import annotations

import abc
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qjm_widgets.backends.estimator import pubs_of, refuse_projectors, refuse_zero_precision
from qjm_widgets.backends.sampler_input import check_samplable
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.submission import Submission
from qjm_widgets.errors import CircuitError, InputError

#: The only run option that is not an option of the primitive: whether, or in which batch, jobs run.
BATCH = "batch"
_DEFAULT_SHOTS = 4096


class RuntimePrimitive(abc.ABC):
    """One of the runtime's primitives.

    Attributes:
        name: as errors name it.
        kind: the kind of its adapter on a device, as stored.
        program: the program at IBM Quantum that its jobs run.
        estimates: whether it is an estimator.
    """

    name: str
    kind: str
    program: str
    estimates: bool
    #: The module of its class and the class's name there. The runtime's top-level names will move from
    #: one class to another.
    _home: tuple[str, str]

    def made(self, thing: Any) -> bool:
        """Return whether an object is such a primitive, without importing the module of its class."""
        module = sys.modules.get(self._home[0])
        return module is not None and isinstance(thing, getattr(module, self._home[1], ()))

    @abc.abstractmethod
    def create(self, mode: Any, options: Mapping[str, Any]) -> Any:
        """Create the primitive for a backend, a batch or a session."""

    @abc.abstractmethod
    def local_options(self, tree: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of all its options with which it is created for local mode."""

    @abc.abstractmethod
    def option_names(self) -> frozenset[str]:
        """Return the names of the options of the primitive, and ``batch``."""

    @abc.abstractmethod
    def _merge(self, own: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options as ``merged_options``; raise TypeError or ValueError for invalid ones."""

    @abc.abstractmethod
    def _pub(self, circuit_input: CircuitInput, shots: int | None) -> Any:
        """Return the PUB of a circuit.

        Args:
            circuit_input: the circuit.
            shots: the shots of all circuits of its job; None if each has its own.
        """

    @abc.abstractmethod
    def _check(self, index: int, circuit_input: CircuitInput) -> Any:
        """Refuse a circuit that the primitive cannot run at all, and return its PUB."""

    def merged_options(self, own: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the adapter's options for the primitive, overridden by the run options.

        Args:
            own: the adapter's options: an object of the primitive's options, a dict or None.
            given: the run options.

        Raises:
            InputError: an option is unknown, has a value that the runtime refuses, or is ``job_tags``.
        """
        requested = {name: value for name, value in given.items() if name != BATCH}
        try:
            tree = self._merge(own, requested)
        except (TypeError, ValueError) as error:
            raise InputError(f"the runtime's {self.name} refuses these options: {error}") from error
        if (tree.get("environment") or {}).get("job_tags"):
            raise InputError("job_tags are given to run as tags=")
        return tree

    def run_input(self, submission: Submission) -> Any:
        """Return what a job submits: its PUBs."""
        return [
            self._pub(self._sendable(circuit_input), submission.shots)
            for circuit_input in submission.inputs
        ]

    def _sendable(self, circuit_input: CircuitInput) -> CircuitInput:
        """Return a circuit without what cannot be sent and the store has; by default the circuit."""
        return circuit_input

    def default_shots(self, options: Any) -> int | None:
        """Return the shots of circuits without shots of their own; None for an estimator."""
        return None

    def default_precision(self, options: Any) -> float | None:
        """Return the precision of PUBs without one of their own; None for a sampler."""
        return None

    def check(
        self,
        inputs: Sequence[CircuitInput],
        backend: Any,
        tree: Mapping[str, Any],
        start: int = 0,
    ) -> None:
        """Refuse circuits that the device would refuse, as the primitive or its ISA does not allow them.

        Args:
            inputs: the circuits.
            backend: the device.
            tree: the options of the primitive, merged with the run options.
            start: the index of the first circuit.

        Raises:
            CircuitError: a circuit is refused; the message names it and, if it helps, how to transpile
                it.
        """
        from qiskit_ibm_runtime.utils.validations import validate_isa_circuits, validate_rzz_pubs

        target = getattr(backend, "target", None)
        check_pub = self._pub_check(tree, backend)
        for index, circuit_input in enumerate(inputs, start):
            circuit = circuit_input.circuit
            pub = self._check(index, circuit_input)
            check_pub(index, pub)
            try:
                self._validate(pub)
                if target is not None:
                    validate_isa_circuits([circuit], target)
                if pub.parameter_values.num_parameters == circuit.num_parameters:  # else drawn later
                    validate_rzz_pubs([pub])
                if callable(getattr(backend, "check_faulty", None)):
                    backend.check_faulty(circuit)
            except Exception as error:
                # Replace the runtime's long advice by a line that the user can copy.
                reason = str(error).strip("'").split(" Circuits that do not match")[0]
                raise CircuitError(
                    f"circuit {index} ({circuit.name}) does not fit {backend.name}: {reason}\n"
                    "Transpile it for this backend first: "
                    "generate_preset_pass_manager(optimization_level=1, backend=backend).run(circuits), "
                    "or give such a pass manager to run as pass_manager="
                ) from error

    @abc.abstractmethod
    def _validate(self, pub: Any) -> None:
        """Let the runtime validate a PUB."""

    def _pub_check(self, tree: Mapping[str, Any], backend: Any) -> Callable[[int, Any], None]:
        """Return a function that refuses a PUB which the runtime could not prepare with these options.

        It takes the PUB's index and the PUB, and raises a CircuitError. By default it refuses nothing.
        """
        return lambda index, pub: None


class SamplerRules(RuntimePrimitive):
    """What holds for all samplers of the runtime."""

    name = "sampler"
    estimates = False

    def _pub(self, circuit_input: CircuitInput, shots: int | None) -> Any:
        return circuit_input.circuit, circuit_input.values, shots or circuit_input.shots

    def default_shots(self, options: Any) -> int | None:
        """Return the shots of circuits without shots of their own."""
        shots = self.merged_options(options, {}).get("default_shots")
        return shots if isinstance(shots, int) and shots else _DEFAULT_SHOTS

    def _check(self, index: int, circuit_input: CircuitInput) -> Any:
        from qiskit.primitives.containers.sampler_pub import SamplerPub

        check_samplable(index, circuit_input)
        return SamplerPub(circuit_input.circuit, circuit_input.values, shots=circuit_input.shots)

    def _validate(self, pub: Any) -> None:
        from qiskit_ibm_runtime.utils.validations import validate_classical_registers

        validate_classical_registers([pub])


class EstimatorRules(RuntimePrimitive):
    """What holds for all estimators of the runtime."""

    name = "estimator"
    estimates = True

    def _pub(self, circuit_input: CircuitInput, shots: int | None) -> Any:
        return pubs_of([circuit_input])[0]

    def default_precision(self, options: Any) -> float | None:
        """Return the precision of PUBs without one of their own."""
        tree = self.merged_options(options, {})
        shots, precision = tree.get("default_shots"), tree.get("default_precision")
        if isinstance(shots, int) and shots:  # overrides the precision, as the runtime says
            return precision_of_shots(shots)
        return precision if isinstance(precision, float) else precision_of_shots(_DEFAULT_SHOTS)

    def _check(self, index: int, circuit_input: CircuitInput) -> Any:
        refuse_zero_precision(index, circuit_input, self.name)
        refuse_projectors(index, circuit_input, f"the runtime's {self.name}")
        return self._pub(circuit_input, None)

    def _validate(self, pub: Any) -> None:
        from qiskit_ibm_runtime.utils.validations import validate_estimator_pubs

        validate_estimator_pubs([pub])


def precision_of_shots(shots: int) -> float:
    """Return the precision for which an estimator of the runtime takes just so many shots."""
    precision = 1 / math.sqrt(shots)
    while math.ceil(1 / precision**2) > shots:  # by the rounding of the square
        precision = math.nextafter(precision, math.inf)
    return precision


class _ServerPrimitive(RuntimePrimitive):
    """A primitive whose PUBs and options IBM Quantum's own program reads.

    Attributes:
        used_locally: the options that local mode uses. For each job it would warn about others.
    """

    used_locally: tuple[str, ...]

    @abc.abstractmethod
    def _classes(self) -> tuple[Any, Any, Any]:
        """Return the base class of Qiskit, the runtime's primitive, and its class of options."""

    def create(self, mode: Any, options: Mapping[str, Any]) -> Any:
        """Create the primitive without the deprecation warning that its class gives.

        Warnings can be disabled only for the whole process, not for the thread that submits.
        """
        from qiskit_ibm_runtime.base_primitive import BasePrimitiveV2

        base, primitive_class, _ = self._classes()
        primitive = primitive_class.__new__(primitive_class)
        base.__init__(primitive)
        BasePrimitiveV2.__init__(primitive, mode=mode, options=dict(options))
        return primitive

    def local_options(self, tree: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of all its options that local mode uses."""
        return {name: tree[name] for name in self.used_locally if tree.get(name)}

    def option_names(self) -> frozenset[str]:
        """Return the names of the options of the primitive, and ``batch``."""
        names = self._classes()[2].__dataclass_fields__
        return frozenset(name for name in names if not name.startswith("_")) | {BATCH}

    def _merge(self, own: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        from qiskit_ibm_runtime.options.utils import merge_options_v2

        options_class = self._classes()[2]
        tree: dict[str, Any] = merge_options_v2(own if own is not None else options_class(), given)
        options_class(**tree)
        return tree


class _Sampler(SamplerRules, _ServerPrimitive):
    kind = "ibm"
    program = "sampler"
    used_locally = ("default_shots", "simulator")
    _home = ("qiskit_ibm_runtime.sampler", "SamplerV2")

    def _classes(self) -> tuple[Any, Any, Any]:
        from qiskit.primitives import BaseSamplerV2
        from qiskit_ibm_runtime.options import SamplerOptions
        from qiskit_ibm_runtime.sampler import SamplerV2

        return BaseSamplerV2, SamplerV2, SamplerOptions


class _Estimator(EstimatorRules, _ServerPrimitive):
    kind = "ibm_estimator"
    program = "estimator"
    used_locally = ("simulator",)
    _home = ("qiskit_ibm_runtime.estimator", "EstimatorV2")

    def _classes(self) -> tuple[Any, Any, Any]:
        from qiskit.primitives import BaseEstimatorV2
        from qiskit_ibm_runtime.estimator import EstimatorV2
        from qiskit_ibm_runtime.options import EstimatorOptions

        return BaseEstimatorV2, EstimatorV2, EstimatorOptions


#: The runtime's ``SamplerV2``.
SAMPLER: RuntimePrimitive = _Sampler()
#: The runtime's ``EstimatorV2``.
ESTIMATOR: RuntimePrimitive = _Estimator()
