"""The placeholder of a value that could not be kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from qjm_widgets.errors import NotAvailableError


class Lost:
    """Takes the place of a value that cannot be kept; whoever uses it gets a ``NotAvailableError``.

    Args:
        kind: the type that it had, or what it was.
        reason: why it is not there, as it follows the kind.
    """

    def __init__(self, kind: str, reason: str = "which could not be stored") -> None:
        self.kind = kind
        self.reason = reason

    def __repr__(self) -> str:
        return f"<{self.kind}, {self.reason}>"

    def fail(self, *arguments: Any, **options: Any) -> NoReturn:
        """Say what was there and why it is not.

        Raises:
            NotAvailableError: always.
        """
        raise NotAvailableError(f"this value was {self.kind}, {self.reason}")

    def __getattr__(self, name: str) -> Any:
        # Of names like __array_interface__ libraries only ask whether they are there.
        if name.startswith("__"):
            raise AttributeError(name)
        return self.fail()

    __array__ = __iter__ = __len__ = __getitem__ = __contains__ = __call__ = fail
    __bool__ = __int__ = __float__ = __complex__ = __index__ = __round__ = fail
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __matmul__ = __rmatmul__ = fail
    __truediv__ = __rtruediv__ = __pow__ = __neg__ = __abs__ = __lt__ = __le__ = __gt__ = __ge__ = fail


def holds_lost(tree: Any) -> bool:
    """Whether a value in a tree could not be kept."""
    if isinstance(tree, Mapping):
        return any(holds_lost(value) or holds_lost(key) for key, value in tree.items())
    if isinstance(tree, (list, tuple)):
        return any(map(holds_lost, tree))
    return isinstance(tree, Lost)
