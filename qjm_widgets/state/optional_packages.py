"""Import packages that only tables and arrays need."""

from __future__ import annotations

import importlib
from typing import Any


def import_optional(name: str, use: str) -> Any:
    """Import a package that is not always installed.

    Args:
        name: the name of the package and of its module.
        use: the method that needs it, for the message.

    Raises:
        ImportError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"{use} needs {name}: pip install {name}", name=name) from error
