"""An item of a quantum program of IBM Quantum's, beside its circuit and its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: The kinds of the adapters whose circuits are the items of a quantum program.
PROGRAM_ADAPTERS = frozenset({"ibm_executor", "ibm_local_executor"})


@dataclass(frozen=True, slots=True)
class ProgramItem:
    """What an item of a quantum program has beside its circuit and its circuit arguments.

    Attributes:
        program: the runtime's ``QuantumProgram`` without its items: shots, measurement level, semantic
            role and passthrough data, which each job of the program gets.
        item: the runtime's ``CircuitItem`` or ``SamplexItem``, with an empty circuit and without circuit
            arguments; it has the samplex, the samplex arguments, the shape and the chunk size.
    """

    program: Any
    item: Any

    @property
    def samplex(self) -> Any:
        """The samplex that draws the circuit's parameters; None for an item with circuit arguments."""
        return getattr(self.item, "samplex", None)

    @property
    def whole(self) -> bool:
        """Whether one job must hold all its points and shots.

        A samplex draws other parameters in each job. Of results that are not classified, the axes of
        the points and of the shots are not known.
        """
        return self.samplex is not None or self.program.meas_level != "classified"
