"""The placeholder of a lost value: one that could not be stored or merged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from qjm_widgets.errors import NotAvailableError


class Lost:
    """The placeholder of a lost value; using it raises ``NotAvailableError``.

    Args:
        kind: the type or a description of the value.
        reason: why the value is lost; in texts, this clause follows the kind.
    """

    def __init__(self, kind: str, reason: str = "which could not be stored") -> None:
        self.kind = kind
        self.reason = reason

    def __repr__(self) -> str:
        return f"<{self.kind}, {self.reason}>"

    def fail(self, *arguments: Any, **options: Any) -> NoReturn:
        """Raise the error for a lost value.

        Raises:
            NotAvailableError: always.
        """
        raise NotAvailableError(f"this value was {self.kind}, {self.reason}")

    def __getattr__(self, name: str) -> Any:
        # Libraries check whether attributes such as __array_interface__ exist; the answer is no.
        if name.startswith("__"):
            raise AttributeError(name)
        return self.fail()

    __array__ = __iter__ = __len__ = __getitem__ = __contains__ = __call__ = fail
    __bool__ = __int__ = __float__ = __complex__ = __index__ = __round__ = fail
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __matmul__ = __rmatmul__ = fail
    __truediv__ = __rtruediv__ = __pow__ = __neg__ = __abs__ = __lt__ = __le__ = __gt__ = __ge__ = fail


def holds_lost(tree: Any) -> bool:
    """Return whether a tree has a lost value, or a lost key."""
    if isinstance(tree, Mapping):
        return any(holds_lost(value) or holds_lost(key) for key, value in tree.items())
    if isinstance(tree, (list, tuple)):
        return any(map(holds_lost, tree))
    return isinstance(tree, Lost)
