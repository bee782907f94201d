"""Backends for lessons, which need no hardware and no network.

``ClassroomBackend`` is a Qiskit backend around any simulator, with a queue, run times, limits and
failures. ``ReplayBackend`` runs a recorded job set again. Neither has a thread: the state of a job is
computed from the seed, the submitted jobs, and the clock.
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
