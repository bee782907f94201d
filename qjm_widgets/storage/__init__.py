"""The store of job sets in SQLite, which implements the protocol ``JobStore``."""

from qjm_widgets.storage.sqlite import SQLiteStore

__all__ = ["SQLiteStore"]
