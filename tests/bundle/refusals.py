"""Load bundles that are refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from qjm_widgets.errors import BundleError
from qjm_widgets.storage import SQLiteStore
from tests.bundle.makers import (
    MANIFEST,
    Files,
    dump,
    load,
    packed,
)

quick = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def refused(store: SQLiteStore, data: bytes, directory: Path) -> str:
    """Return why these bytes are refused; fail if they are not, or if the store was changed."""
    before = dump(store)
    with pytest.raises(BundleError) as caught:
        load(store, data, directory)
    assert dump(store) == before
    assert str(directory / "loaded.qjm") in str(caught.value)
    return str(caught.value)


def manifest(files: Files, change: Callable[[Any], object]) -> bytes:
    """Return the example with a changed manifest."""
    tree = json.loads(files[MANIFEST])
    change(tree)
    return packed(files | {MANIFEST: json.dumps(tree).encode()})
