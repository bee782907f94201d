"""Check the quantum program of a block of circuits in a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qjm_widgets.bundle.strict_json import RefusalError


def check_program_notes(notes: Mapping[str, Any], number: int, where: str) -> None:
    """Check the outline of the program that the runtime wrote.

    The runtime's own models check the rest when the program is read. This runs no code: the runtime that
    has programs needs a Qiskit (2.3) that reads every version of QPY safely.

    Args:
        notes: the notes.
        number: circuits of the block.
        where: name of the block, for errors.

    Raises:
        RefusalError: it is not a program with an item for each circuit.
    """
    tree = notes["program"]
    program = tree.get("quantum_program") if isinstance(tree, dict) else None
    items = program.get("items") if isinstance(program, dict) else None
    if not isinstance(items, list) or len(items) != number or not all(map(_is_item, items)):
        raise RefusalError(f"{where}.json does not have a program of {number} items")
    if not isinstance(tree.get("schema_version"), str):
        raise RefusalError(f"{where}.json has a program of no version")


def _is_item(item: Any) -> bool:
    return isinstance(item, dict) and item.get("item_type") in ("circuit", "samplex")
