"""The groups of a set's circuits: by name, by a value of their metadata, by register."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.formatting import first_line
from qjm_widgets.core.records import Status
from qjm_widgets.plotting.selection import Selection, label, registers
from qjm_widgets.state.job_set_state import JobSetState

_MOST_GROUPS = 200
_MOST_KEYS = 50
_TEXT = 200
NO_GROUPS: dict[str, Any] = {"names": {"groups": [], "of": 0}, "metadata": [], "registers": []}


def circuits_of(state: JobSetState, selection: Selection) -> npt.NDArray[np.int64] | None:
    """Return the indices of the selected circuits, ascending; None for all of them."""
    if selection.circuit is None and selection.name is None and not selection.metadata:
        return None
    chosen = range(state.record.circuits) if selection.circuit is None else [selection.circuit]
    if selection.name is not None:
        names = state.circuits.names()
        chosen = [circuit for circuit in chosen if names[circuit] == selection.name]
    if selection.metadata:
        metadata = state.circuits.metadata()
        wanted = set(selection.metadata)
        # Keys are compared as text, which the selection has: a key may be a number or a tuple.
        chosen = [
            circuit
            for circuit in chosen
            if wanted <= {(str(key), label(value)) for key, value in metadata[circuit].items()}
        ]
    return np.array(chosen, dtype=np.int64)


def groups(state: JobSetState) -> dict[str, Any]:
    """Return the groups by name and by metadata with their numbers of circuits, and the registers.

    There are at most 200 groups by name, and 200 for each of at most 50 keys of the metadata.
    """
    values: dict[str, Counter[str]] = {}
    for known in state.circuits.metadata():
        for key, value in known.items():
            values.setdefault(str(key), Counter())[label(value)] += 1
    listed = [(key, _listed(found)) for key, found in values.items()]
    # A key without a group that can be shown is left out.
    metadata = [{"key": first_line(key, _TEXT), **found} for key, found in listed if found["groups"]]
    return {
        "names": _listed(Counter(state.circuits.names())),
        "metadata": metadata[:_MOST_KEYS],
        "registers": sorted(_registers(state)),
    }


def _listed(found: Counter[str]) -> dict[str, Any]:
    # A text that display would change is left out: the page would send the changed text, which selects
    # nothing.
    shown = [(text, n) for text, n in found.items() if text and first_line(text, _TEXT) == text]
    return {"groups": [[text, n] for text, n in shown[:_MOST_GROUPS]], "of": len(found)}


def _registers(state: JobSetState) -> set[str]:
    """Return the classical registers in the results of finished jobs."""
    found: set[str] = set()
    for job in list(state.jobs):
        outcome = state.outcomes.get(job.row) if job.status is Status.DONE else None
        for circuit in outcome.circuits if outcome is not None else ():
            if circuit is not None:
                found.update(registers(circuit))
    return {name for name in found if first_line(name, _TEXT) == name}
