"""Stores, managers, and an example of a bundle."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qjm_widgets import JobManager
from qjm_widgets.storage import SQLiteStore
from tests.bundle.makers import (
    Files,
    example,
    example_files,
    packed,
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return example_files(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def intact(files: Files) -> bytes:
    return packed(files)


@pytest.fixture
def example_store() -> Iterator[SQLiteStore]:
    store = SQLiteStore(":memory:")
    example(store)
    yield store
    store.close()


@pytest.fixture
def store() -> Iterator[SQLiteStore]:
    store = SQLiteStore(":memory:")
    yield store
    store.close()


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return tmp_path / "set.qjm"


@pytest.fixture
def managers(tmp_path: Path) -> Iterator[Callable[[str], JobManager]]:
    """Managers by name, each on a store of its own."""
    made: dict[str, JobManager] = {}

    def manager(name: str) -> JobManager:
        if name not in made:
            made[name] = JobManager(tmp_path / f"{name}.store")
        return made[name]

    yield manager
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # some tests leave jobs unsent on purpose
        for each in made.values():
            each.close()
