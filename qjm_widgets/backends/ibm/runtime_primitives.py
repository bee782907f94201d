"""All primitives of the runtime: which one an object is, and which one's jobs run a program."""

from __future__ import annotations

from typing import Any

from qjm_widgets.backends.ibm.executor_primitives import EXECUTOR_ESTIMATOR, EXECUTOR_SAMPLER
from qjm_widgets.backends.ibm.primitives import ESTIMATOR, SAMPLER, RuntimePrimitive
from qjm_widgets.backends.ibm.program_executor import EXECUTOR

#: All primitives of the runtime.
PRIMITIVES = (SAMPLER, ESTIMATOR, EXECUTOR_SAMPLER, EXECUTOR_ESTIMATOR, EXECUTOR)


def primitive_of(thing: Any) -> RuntimePrimitive | None:
    """Return which primitive of the runtime an object is; None for another object."""
    return next((primitive for primitive in PRIMITIVES if primitive.made(thing)), None)


def primitive_of_program(program: str, *, estimates: bool) -> RuntimePrimitive | None:
    """Return the sampler or estimator whose jobs run a program; None if no primitive's do.

    Args:
        program: the program's id at IBM Quantum.
        estimates: whether the jobs are an estimator's, which the program ``executor`` leaves open.
    """
    for primitive in PRIMITIVES:
        if (primitive.program, primitive.estimates) == (program, estimates):
            return primitive
    return None
