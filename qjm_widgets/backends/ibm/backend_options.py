"""The options of the runtime's sampler for run options that libraries give to ``Backend.run``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qjm_widgets.errors import InputError

#: For a run option, the group of the sampler's options that has an option of the same name.
_GROUPS = {
    "init_qubits": "execution",
    "rep_delay": "execution",
    "seed_simulator": "simulator",
    "noise_model": "simulator",
}
#: Options that need nothing: a sampler always keeps each shot, and returns it by itself.
_ALWAYS = ("memory", "meas_return")
_CLASSIFIED = 2


def sampler_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sampler's options for run options; those that are None are left out.

    Raises:
        InputError: the measurement level is not 2: counts could not be made of the results.
    """
    found: dict[str, Any] = {}
    for name, value in given.items():
        if value is None or name in _ALWAYS:
            continue
        if name == "meas_level":
            if value != _CLASSIFIED:
                raise InputError(
                    f"meas_level={value!r} gives no counts, and a backend of IBM Quantum is run by a "
                    "sampler here: use manager.sampler(backend) with options.execution.meas_type"
                )
        elif name in _GROUPS:
            group = _GROUPS[name]
            found[group] = {**found.get(group, {}), name: value}
        else:
            found[name] = {**value, **found[name]} if name in found else value
    return found
