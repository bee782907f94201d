"""Make the runtime's ``SamplerV2`` and ``EstimatorV2`` with options, and check their circuits."""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping, Sequence
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
    """One of the runtime's two primitives.

    Attributes:
        name: as errors name it.
        used_locally: the options that local mode uses. For each job it would warn about others.
    """

    name: str
    used_locally: tuple[str, ...]

    @abc.abstractmethod
    def _classes(self) -> tuple[Any, Any, Any]:
        """Return the base class of Qiskit, the runtime's primitive, and its class of options."""

    @abc.abstractmethod
    def pubs(self, submission: Submission) -> list[Any]:
        """Return the PUBs that a job submits."""

    @abc.abstractmethod
    def _check(self, index: int, circuit_input: CircuitInput) -> Any:
        """Refuse a circuit that the primitive cannot run at all, and return its PUB."""

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

    def option_names(self) -> frozenset[str]:
        """Return the names of the options of the primitive, and ``batch``."""
        names = self._classes()[2].__dataclass_fields__
        return frozenset(name for name in names if not name.startswith("_")) | {BATCH}

    def merged_options(self, own: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the adapter's options for the primitive, overridden by the run options.

        Args:
            own: the adapter's options: an object of the primitive's options, a dict or None.
            given: the run options.

        Raises:
            InputError: an option is unknown, has a value that the runtime refuses, or is ``job_tags``.
        """
        from qiskit_ibm_runtime.options.utils import merge_options_v2

        options_class = self._classes()[2]
        requested = {name: value for name, value in given.items() if name != BATCH}
        try:
            tree: dict[str, Any] = merge_options_v2(
                own if own is not None else options_class(), requested
            )
            options_class(**tree)
        except (TypeError, ValueError) as error:
            raise InputError(f"the runtime's {self.name} refuses these options: {error}") from error
        if (tree.get("environment") or {}).get("job_tags"):
            raise InputError("job_tags are given to run as tags=")
        return tree

    def default_shots(self, options: Any) -> int | None:
        """Return the shots of circuits without shots of their own; None for an estimator."""
        return None

    def default_precision(self, options: Any) -> float | None:
        """Return the precision of PUBs without one of their own; None for a sampler."""
        return None

    def check(self, inputs: Sequence[CircuitInput], backend: Any) -> None:
        """Refuse circuits that the device would refuse, as the primitive or its ISA does not allow them.

        Raises:
            CircuitError: a circuit is refused; the message names it and, if it helps, how to transpile
                it.
        """
        from qiskit_ibm_runtime.utils.validations import validate_isa_circuits, validate_rzz_pubs

        target = getattr(backend, "target", None)
        for index, circuit_input in enumerate(inputs):
            circuit = circuit_input.circuit
            pub = self._check(index, circuit_input)
            try:
                self._validate(pub)
                if target is not None:
                    validate_isa_circuits([circuit], target)
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


class _Sampler(RuntimePrimitive):
    name = "sampler"
    used_locally = ("default_shots", "simulator")

    def _classes(self) -> tuple[Any, Any, Any]:
        from qiskit.primitives import BaseSamplerV2
        from qiskit_ibm_runtime import SamplerV2
        from qiskit_ibm_runtime.options import SamplerOptions

        return BaseSamplerV2, SamplerV2, SamplerOptions

    def pubs(self, submission: Submission) -> list[Any]:
        return [
            (circuit_input.circuit, circuit_input.values, submission.shots or circuit_input.shots)
            for circuit_input in submission.inputs
        ]

    def default_shots(self, options: Any) -> int | None:
        shots = self.merged_options(options, {}).get("default_shots")
        return shots if isinstance(shots, int) and shots else _DEFAULT_SHOTS

    def _check(self, index: int, circuit_input: CircuitInput) -> Any:
        from qiskit.primitives.containers.sampler_pub import SamplerPub

        check_samplable(index, circuit_input)
        return SamplerPub(circuit_input.circuit, circuit_input.values, shots=circuit_input.shots)

    def _validate(self, pub: Any) -> None:
        from qiskit_ibm_runtime.utils.validations import validate_classical_registers

        validate_classical_registers([pub])


class _Estimator(RuntimePrimitive):
    name = "estimator"
    used_locally = ("simulator",)

    def _classes(self) -> tuple[Any, Any, Any]:
        from qiskit.primitives import BaseEstimatorV2
        from qiskit_ibm_runtime import EstimatorV2
        from qiskit_ibm_runtime.options import EstimatorOptions

        return BaseEstimatorV2, EstimatorV2, EstimatorOptions

    def pubs(self, submission: Submission) -> list[Any]:
        return pubs_of(submission.inputs)

    def default_precision(self, options: Any) -> float | None:
        tree = self.merged_options(options, {})
        shots, precision = tree.get("default_shots"), tree.get("default_precision")
        if isinstance(shots, int) and shots:  # overrides the precision, as the runtime says
            return 1 / math.sqrt(shots)
        return precision if isinstance(precision, float) else 1 / math.sqrt(_DEFAULT_SHOTS)

    def _check(self, index: int, circuit_input: CircuitInput) -> Any:
        refuse_zero_precision(index, circuit_input, self.name)
        refuse_projectors(index, circuit_input, f"the runtime's {self.name}")
        return pubs_of([circuit_input])[0]

    def _validate(self, pub: Any) -> None:
        from qiskit_ibm_runtime.utils.validations import validate_estimator_pubs

        validate_estimator_pubs([pub])


#: The runtime's ``SamplerV2``.
SAMPLER: RuntimePrimitive = _Sampler()
#: The runtime's ``EstimatorV2``.
ESTIMATOR: RuntimePrimitive = _Estimator()
