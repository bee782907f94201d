"""Quantum computing for a class, without hardware, queue or network.

``ClassroomBackend`` is a real Qiskit backend around any simulator, with a queue, run times, limits and
failures. ``ReplayBackend`` runs a set that was recorded on real hardware again. Neither has a thread:
the state of a job follows from the seed, the jobs that were sent, and the clock.
"""

from __future__ import annotations

from qjm_widgets.classroom.backend import ClassroomBackend
from qjm_widgets.classroom.clock import LessonClock
from qjm_widgets.classroom.conditions import PRESETS, Conditions
from qjm_widgets.classroom.replay import ReplayBackend

__all__ = ["PRESETS", "ClassroomBackend", "Conditions", "LessonClock", "ReplayBackend"]


def __dir__() -> list[str]:
    """List the public names, those that Tab completes; not the internal modules."""
    return __all__
