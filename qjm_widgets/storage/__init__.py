"""Where job sets are kept: the port ``JobStore`` over SQLite."""

from qjm_widgets.storage.sqlite import SQLiteStore

__all__ = ["SQLiteStore"]
