"""The primitives that prepare PUBs in this process and run them by IBM Quantum's program ``executor``.

They are ``qiskit_ibm_runtime.executor_sampler.Sampler`` and ``executor_estimator.Estimator``. Their
options are models of pydantic.
"""

from __future__ import annotations

import abc
import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from qjm_widgets.backends.ibm.primitives import (
    BATCH,
    EstimatorRules,
    RuntimePrimitive,
    SamplerRules,
)
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.errors import CircuitError, explain

#: The program of both; its jobs also name the primitive, whose results are to be made of the program's.
PROGRAM = "executor"


class ExecutorPrimitive(RuntimePrimitive):
    """A primitive whose jobs run the program ``executor``, and whose options are a model of pydantic."""

    program = PROGRAM

    def _class(self) -> Any:
        module, name = self._home
        return getattr(importlib.import_module(module), name)

    @abc.abstractmethod
    def _options_class(self) -> Any:
        """Return the class of its options."""

    def create(self, mode: Any, options: Mapping[str, Any]) -> Any:
        """Create the primitive for a backend, a batch or a session."""
        return self._class()(mode=mode, options=dict(options))

    def local_options(self, tree: Mapping[str, Any]) -> dict[str, Any]:
        """Return all its options: they shape the program, which local mode runs as a device would."""
        return dict(tree)

    def option_names(self) -> frozenset[str]:
        """Return the names of the options of the primitive, and ``batch``."""
        return frozenset(self._options_class().model_fields) | {BATCH}

    def _sendable(self, circuit_input: CircuitInput) -> CircuitInput:
        """Return a circuit without the values of its metadata that JSON cannot hold.

        One value that cannot be sent would stop the whole job.
        """
        metadata = circuit_input.circuit.metadata
        if not metadata:
            return circuit_input
        sendable = {}
        for name, value in metadata.items():
            try:
                sendable[str(name)] = json.loads(json.dumps(value, allow_nan=False, default=_listed))
            except (TypeError, ValueError):
                continue
        circuit = circuit_input.circuit.copy()
        circuit.metadata = sendable
        return replace(circuit_input, circuit=circuit)

    def _merge(self, own: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        options_class = self._options_class()
        options = options_class() if own is None else own
        if not isinstance(options, options_class):
            options = options_class(**options)
        merged = options_class(**_overridden(_tree(options), given))
        return _tree(merged)


class PreparingPrimitive(ExecutorPrimitive):
    """A primitive that makes a ``QuantumProgram`` of its PUBs and of its options."""

    def _pub_check(self, tree: Mapping[str, Any], backend: Any) -> Callable[[int, Any], None]:
        # No public function validates PUBs without preparing them, which takes long.
        module = importlib.import_module(f"{self._home[0]}.prepare")
        validate = getattr(module, "_validate", None)
        if validate is None:
            return super()._pub_check(tree, backend)
        primitive = self._class().__new__(self._class())  # its options need no mode
        primitive.options = dict(tree)
        options = primitive.finalize_options()

        def check(index: int, pub: Any) -> None:
            try:
                validate([pub], options, backend)
            except ValueError as error:
                raise CircuitError(
                    f"circuit {index} ({pub.circuit.name}) cannot be prepared with these options of "
                    f"the runtime's {self.name}: {explain(error)}"
                ) from error

        return check


def _tree(options: Any) -> dict[str, Any]:
    """Return the options that differ from their defaults, as nested dicts."""
    tree: dict[str, Any] = options.model_dump(exclude_defaults=True)
    return tree


def _overridden(tree: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested options with those that the user gave in their place."""
    merged = dict(tree)
    for name, value in given.items():
        if hasattr(value, "model_dump"):
            value = _tree(value)
        known = merged.get(name)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        merged[name] = _overridden(known or {}, value) if both else value
    return merged


def _listed(value: Any) -> Any:
    """Convert a number or an array of NumPy to Python, as JSON needs it."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")


class _ExecutorSampler(SamplerRules, PreparingPrimitive):
    kind = "ibm_executor_sampler"
    _home = ("qiskit_ibm_runtime.executor_sampler", "Sampler")

    def _options_class(self) -> Any:
        from qiskit_ibm_runtime.options_models import SamplerOptions

        return SamplerOptions


class _ExecutorEstimator(EstimatorRules, PreparingPrimitive):
    kind = "ibm_executor_estimator"
    _home = ("qiskit_ibm_runtime.executor_estimator", "Estimator")

    def _options_class(self) -> Any:
        from qiskit_ibm_runtime.options_models import EstimatorOptions

        return EstimatorOptions


#: ``qiskit_ibm_runtime.executor_sampler.Sampler``.
EXECUTOR_SAMPLER: RuntimePrimitive = _ExecutorSampler()
#: ``qiskit_ibm_runtime.executor_estimator.Estimator``.
EXECUTOR_ESTIMATOR: RuntimePrimitive = _ExecutorEstimator()
