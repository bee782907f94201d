"""The lifetime of the jobs of a backend."""

from __future__ import annotations

import enum


class JobLifetime(enum.Enum):
    """The lifetime of a backend's jobs, compared with that of the kernel that submitted them."""

    #: The jobs run in the kernel or in its workers, and end with the kernel.
    KERNEL = "kernel"
    #: The backend keeps the jobs, and they outlive the kernel.
    BACKEND = "backend"
    #: The adapter cannot know.
    UNKNOWN = "unknown"

    @property
    def survives_kernel(self) -> bool | None:
        """The value as a record stores it: True, False, or None for unknown."""
        return _STORED[self]


_STORED = {JobLifetime.KERNEL: False, JobLifetime.BACKEND: True, JobLifetime.UNKNOWN: None}
