"""The store of job sets: the port ``JobStore`` on SQLite."""

from qjm_widgets.storage.sqlite import SQLiteStore

__all__ = ["SQLiteStore"]
