"""What every test stands on: no test touches the store of the person who runs it."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _no_user_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the fixtures that live longer than one test away from the user's data too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QJM_STORE", str(tmp_path_factory.mktemp("qjm") / "store"))
        yield


@pytest.fixture(autouse=True)
def store_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for a store, which a `JobManager()` without arguments uses in this test."""
    path = tmp_path / "qjm-store"
    monkeypatch.setenv("QJM_STORE", str(path))
    return path
