"""What ``run`` takes as a backend."""

from __future__ import annotations

from typing import Any

import pytest

from qjm_widgets.backends import resolve
from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.errors import BackendError


class Minimal(BackendAdapter):
    name, kind, account = "minimal", "minimal", "test"

    def submit(self, submission: Any) -> Any:
        return 0

    def job_id(self, handle: Any) -> str | None:
        return None

    def observe(self, handles: Any, report: Any) -> None:
        """Nothing is known."""

    def retrieve(self, job_id: str, names: Any) -> Any:
        return 0

    def cancel(self, handle: Any) -> bool:
        return False


class Underived:
    def submit(self, submission: Any) -> Any:
        return 0

    def observe(self, handles: Any, report: Any) -> None:
        """Nothing is known."""


def test_an_adapter_of_the_users_own_is_taken_as_it_is() -> None:
    adapter = Minimal()
    assert resolve(adapter) is adapter


def test_an_adapter_that_derives_from_nothing_is_refused_with_the_base_class_named() -> None:
    with pytest.raises(BackendError, match=r"Underived .* derive it from qjm_widgets\.core\.\w+\.Back"):
        resolve(Underived())
