"""Refuse unknown run options, and suggest the name that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from qjm_widgets.errors import InputError


class KnownOptions(NamedTuple):
    """The names of run options that a backend knows; with ``others``, it may accept any other name."""

    names: frozenset[str]
    others: bool


#: Options that users pass to any backend of Qiskit; a backend ignores those that it does not use.
COMMON = frozenset(
    {
        *("shots", "memory", "meas_level", "meas_return", "seed_simulator", "init_qubits", "rep_delay"),
        *("rep_time", "use_measure_esp", "qubit_lo_freq", "meas_lo_freq", "schedule_los"),
    }
)
#: Keyword arguments of ``JobManager.run``, except the circuits and the backend.
RUN_ARGUMENTS = (
    *("name", "group", "shots", "precision", "max_circuits_per_job", "max_shots_per_job"),
    *("max_points_per_job", "max_payload_bytes", "tags"),
    *("pass_manager", "executor", "rerun_on_resume", "max_qpu_seconds", "reuse"),
    *("size", "continue_set"),
)
#: Keyword arguments of ``JobSet.resume``.
RESUME_ARGUMENTS = ("backend", "executor", "pass_manager", "paused")
#: For names in other or older interfaces of Qiskit, the name that is probably meant. The last two are
#: names of this package that users may give to the retired interface.
_SYNONYMS = {
    "max_experiments_per_job": "max_circuits_per_job",
    "max_experiments": "max_circuits_per_job",
    "max_circuits": "max_circuits_per_job",
    "max_pubs_per_job": "max_circuits_per_job",
    "max_shots": "max_shots_per_job",
    **dict.fromkeys(("max_points", "max_parameter_sets_per_job"), "max_points_per_job"),
    "max_credits": "max_qpu_seconds",
    "max_execution_time": "max_qpu_seconds",
    "job_name": "name",
    "job_tags": "tags",
    "seed": "seed_simulator",
    "noise": "noise_model",
    **dict.fromkeys(
        ("default_shots", "num_shots", "n_shots", "number_of_shots", "repetitions"), "shots"
    ),
    "max_circuits_per_job": "max_experiments_per_job",
    "tags": "job_tags",
}
_TRANSPILING = ("optimization_level", "seed_transpiler", "initial_layout", "basis_gates", "coupling_map")
_HINTS = {
    **dict.fromkeys(_TRANSPILING, "run transpiles with a pass_manager=, which has this option"),
    **dict.fromkeys(
        ("seed", "seed_simulator"), "give the seed to the sampler or estimator when you make it"
    ),
    "memory": "a sampler keeps every shot, results().get_memory(circuit) gives them",
}
_MANY = 10


def check_option_names(
    given: Iterable[str], known: KnownOptions, arguments: Collection[str], backend: str
) -> None:
    """Refuse run options that neither the call nor the backend knows.

    If the backend may accept any name, only a name is refused for which another was probably meant.

    Args:
        given: names of run options.
        known: names that the backend knows.
        arguments: names of the arguments of the call itself.
        backend: the backend's name.

    Raises:
        InputError: an option is unknown; the error names it, and the name that was probably meant.
    """
    for name in given:
        if name in known.names or (known.others and name in COMMON):
            continue
        meant = _meant(name, [*arguments, *sorted(known.names)], COMMON if known.others else ())
        if meant is not None:
            advice = f"did you mean {meant}=?"
        elif known.others:
            continue
        elif name in _HINTS:
            advice = _HINTS[name]
        elif not known.names:
            advice = f"{backend} takes none"
        elif len(known.names) <= _MANY:
            advice = f"{backend} knows {', '.join(sorted(known.names))}"
        else:
            advice = f"neither this call nor {backend} knows it"
        raise InputError(f"there is no run option {name!r}: {advice}")


def _meant(name: str, candidates: Sequence[str], common: Collection[str]) -> str | None:
    """Return the name that was probably meant; None if no name is similar."""
    other = _SYNONYMS.get(name)
    if other in candidates:
        return other
    if name in _HINTS:
        return None
    near = difflib.get_close_matches(name.lower(), [*candidates, *sorted(common)], n=1, cutoff=0.75)
    return near[0] if near else None
