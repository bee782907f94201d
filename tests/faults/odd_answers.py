"""Odd answers of a backend, by name: for each the call that gives it and what the call does."""

from __future__ import annotations

import datetime
import decimal
import fractions
import types
from collections.abc import Callable
from typing import Any

import numpy as np
from qiskit.providers import JobStatus
from qiskit.result import Result

from tests.fakes import ScriptedJob

#: Jobs of a set, and the row of its first odd one.
JOBS = 5
ODD = 2


class HostileError(Exception):
    """An exception that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class UnreadableError(Exception):
    """An exception that raises when any attribute is read."""

    def __getattribute__(self, name: str) -> Any:
        raise Exit(name)


class Exit(BaseException):
    """An exception that ends a process if it is not caught."""


class Classless:
    """An object that raises when its class is read."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("no class")


class Hostile:
    """An object that raises at every use."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")

    def __str__(self) -> str:
        raise Exit

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not to be compared")

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise RuntimeError("neither true nor false")


def raising(error: Callable[[], BaseException]) -> Callable[[ScriptedJob], Any]:
    def call(job: ScriptedJob) -> Any:
        raise error()

    return call


def once(error: Callable[[], BaseException], then: str) -> Callable[[ScriptedJob], Any]:
    """Raise the first time; then answer as it should be."""
    seen: set[int] = set()

    def call(job: ScriptedJob) -> Any:
        if id(job) not in seen:
            seen.add(id(job))
            raise error()
        return getattr(ScriptedJob, then)(job)

    return call


def recursive(kind: type) -> Any:
    found: Any = {} if kind is dict else []
    if kind is dict:
        found["again"] = found
    else:
        found.append(found)
    return found


def deep(levels: int) -> Any:
    found: Any = 0
    for _ in range(levels):
        found = [found]
    return found


NUMBERS: list[Any] = [
    2**64 - 1, 2**63, -(2**63) - 1, -1, 0, 10**400, float("nan"), float("inf"), -float("inf"), 1e308,
    -0.0, True, "7", "first", "", b"7", np.int64(3), np.uint64(2**64 - 1), np.float64("nan"),
    np.array([1, 2]), np.array(4), decimal.Decimal("sNaN"), decimal.Decimal(3), fractions.Fraction(7, 2),
    3j, [], {}, object(), Hostile(), "\0", "\ud800", (1, 2), datetime.datetime.max, range(3), None,
    Classless(),
]  # fmt: skip

TEXTS: list[Any] = [
    "x" * 5_000_000, "\0", "\ud800 lone", "\x1b[31mred", "\u202eright", "", None, 5, b"bytes", object(),
    Hostile(), ["a"], "é" * 300_000, "<script>alert(1)</script>",
]  # fmt: skip

MOMENTS: list[Any] = [
    datetime.datetime.min, datetime.datetime.max, datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC),
    datetime.datetime(1, 1, 1, tzinfo=datetime.UTC), "yesterday", 5, float("nan"), None, Hostile(),
    datetime.date(2026, 1, 1), datetime.datetime(2200, 1, 1),
]  # fmt: skip


def header(change: Callable[[dict[str, Any]], None]) -> Callable[[ScriptedJob], Result]:
    def result(job: ScriptedJob) -> Result:
        found = ScriptedJob.result(job)
        known = found.results[0].header
        change(known if isinstance(known, dict) else vars(known))
        return found

    return result


def changed(change: Callable[[Any], None]) -> Callable[[ScriptedJob], Result]:
    def result(job: ScriptedJob) -> Result:
        found = ScriptedJob.result(job)
        change(found)
        return found

    return result


def with_counts(counts: Any) -> Callable[[ScriptedJob], Result]:
    return changed(lambda found: setattr(found.results[0].data, "counts", counts))


def answers() -> dict[str, dict[str, Callable[[ScriptedJob], Any]]]:
    """Return the methods of odd jobs, by the name of the oddity."""
    odd: dict[str, dict[str, Callable[[ScriptedJob], Any]]] = {}

    def give(name: str, value: Any, **others: Callable[[ScriptedJob], Any]) -> None:
        for number, each in enumerate(value):
            odd[f"{name} {number} ({type(each).__name__})"] = {
                name: lambda job, each=each: each,
                **others,
            }

    errors: list[Callable[[], BaseException]] = [
        HostileError, UnreadableError, Exit, KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError,
        RecursionError, lambda: ValueError("shots must be below " + "9" * 5_000),
        lambda: StopIteration(Hostile()), lambda: ValueError(Hostile()), lambda: OSError(28, "No space"),
        lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), lambda: RuntimeError("x" * 5_000_000),
        lambda: Exception("\ud800\0"), lambda: ExceptionGroup("two", [ValueError(), TypeError()]),
    ]  # fmt: skip
    statuses = ["DONE", "done", "Completed", "job is queued", "", "NO SUCH STATUS", 3, None, object(),
                Hostile(), ["DONE"], "x" * 1_000_000, types.SimpleNamespace(name="DONE"),
                types.SimpleNamespace(name=None), np.str_("RUNNING"), True]  # fmt: skip
    give("status", statuses)
    for number, error in enumerate(errors):
        odd[f"status raises {number}"] = {"status": raising(error)}
        odd[f"status raises once {number}"] = {"status": once(error, "status")}
        odd[f"result raises {number}"] = {"result": raising(error)}
        odd[f"result raises once {number}"] = {"result": once(error, "result")}
    failed = {"status": lambda job: JobStatus.ERROR, "result": raising(lambda: RuntimeError("failed"))}
    give("error_message", TEXTS, **failed)
    queued = {"status": lambda job: JobStatus.QUEUED}
    give("queue_position", NUMBERS, **queued)
    give("usage", NUMBERS)
    give("job_id", [*TEXTS, "job-1", "x" * 10_000, 10**5000, np.int64(4)])
    for number, moment in enumerate(MOMENTS):
        steps = {"RUNNING": moment, "COMPLETED": moment}
        odd[f"time_per_step {number}"] = {"time_per_step": lambda job, steps=steps: steps}
    give("time_per_step", [None, [], "now", Hostile(), {"RUNNING": {}}])
    results = [None, 5, "text", [], {}, object(), Hostile(), iter(()), recursive(list), recursive(dict),
               (n for n in range(3)), types.SimpleNamespace(results=None), b"\0" * 10]  # fmt: skip
    give("result", results)
    trees = [recursive(dict), recursive(list), deep(100_000), Hostile(), object(), {1: {2: 3}},
             {"a": {1, 2}}, np.array([object()]), float("nan"), 2**200, b"\0", "\ud800", lambda: 0,
             {Hostile: Hostile()},
             datetime.datetime.max, (n for n in range(3)), {"x": "y" * 2_000_000}]  # fmt: skip
    for number, tree in enumerate(trees):
        odd[f"metadata {number}"] = {"result": header(lambda h, tree=tree: h.update(metadata=tree))}
        odd[f"header {number}"] = {"result": header(lambda h, tree=tree: h.update(more=tree))}
        odd[f"info {number}"] = {
            "result": changed(lambda found, tree=tree: setattr(found, "header", {"a": tree}))
        }
        odd[f"data {number}"] = {
            "result": changed(lambda found, tree=tree: setattr(found.results[0].data, "more", tree))
        }
        odd[f"date {number}"] = {
            "result": changed(lambda found, tree=tree: setattr(found, "date", tree))
        }
        odd[f"time taken {number}"] = {
            "result": changed(
                lambda found, tree=tree: found.results[0]._metadata.update(time_taken=tree)
            )
        }
    slots = [-1, 10**9, "5", None, 2.5, Hostile(), float("nan"), np.int64(3), True]
    for number, slot in enumerate(slots):
        odd[f"memory slots {number}"] = {"result": header(lambda h, s=slot: h.update(memory_slots=s))}
        odd[f"registers {number}"] = {"result": header(lambda h, s=slot: h.update(creg_sizes=s))}
        odd[f"name {number}"] = {"result": header(lambda h, s=slot: h.update(name=s))}
    counts = [None, {}, [], {"0x0": -5}, {"0x0": 2**64}, {"0x0": 0.5}, {"0x0": float("nan")},
              {"0xffffff": 9}, {"0x0": "5"}, {"0x0": None}, {0: 5}, {"00": 5}, {"0 1": 5}, {"": 5},
              {"0xzz": 5}, {None: 1},
              {"0x0": np.int64(3)}, {np.str_("0x1"): 2}, {"0x" + "f" * 5000: 1}, {"-0x1": 1}, Hostile(),
              {"0x0": object()}, {("0x0",): 1}, {1.5: 2}, {b"0x0": 3}]  # fmt: skip
    for number, each in enumerate(counts):
        odd[f"counts {number}"] = {"result": with_counts(each)}
        odd[f"memory {number}"] = {
            "result": changed(lambda found, each=each: setattr(found.results[0].data, "memory", each))
        }
    for number, shots in enumerate(NUMBERS):
        odd[f"shots {number}"] = {
            "result": changed(lambda found, shots=shots: setattr(found.results[0], "shots", shots))
        }
        odd[f"success {number}"] = {
            "result": changed(lambda found, shots=shots: setattr(found.results[0], "success", shots))
        }
    return odd


ANSWERS = answers()
