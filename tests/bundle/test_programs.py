"""Quantum programs in bundles: their outline is checked."""

from __future__ import annotations

from typing import Any

import pytest

from qjm_widgets.bundle.program_notes import check_program_notes
from qjm_widgets.bundle.strict_json import RefusalError

ITEM = {"item_type": "circuit"}
GOOD: dict[str, Any] = {
    "schema_version": "v2.0",
    "quantum_program": {"items": [ITEM, {"item_type": "samplex"}]},
}


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        {"schema_version": "v2.0"},
        {**GOOD, "quantum_program": []},
        {**GOOD, "quantum_program": {"items": {}}},
        {**GOOD, "quantum_program": {"items": [ITEM]}},
        {**GOOD, "quantum_program": {"items": [ITEM, None]}},
        {**GOOD, "quantum_program": {"items": [ITEM, {"item_type": "other"}]}},
        {**GOOD, "schema_version": 2},
    ],
)
def test_a_damaged_program_is_refused(bad: Any) -> None:
    check_program_notes({"program": GOOD}, 2, "circuits")
    with pytest.raises(RefusalError, match="program of"):
        check_program_notes({"program": bad}, 2, "circuits")
