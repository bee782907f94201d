"""A backend that gives any odd answer in the middle of good ones hurts one job, and no other.

Odd answers come from jobs in the middle of a set; a second set on the same manager ends right beside it.
``QJM_SOAK=N`` tries N mixtures of them instead of a few.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
import os
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit.primitives import (
    BasePrimitiveJob,
    BaseSamplerV2,
    BitArray,
    DataBin,
    PrimitiveResult,
    SamplerPubResult,
)
from qiskit.providers import JobStatus
from qiskit.result import Result

from qjm_widgets import JobManager, JobSet
from tests.fakes import LIMIT, ScriptedBackend, ScriptedJob, reach
from tests.faults.scenes import done, start, words

pytestmark = pytest.mark.filterwarnings("ignore:.*could not be stored:UserWarning")

EXAMPLES = int(os.environ.get("QJM_SOAK") or 12)
ODD = 2
JOBS = 5
WITH_TIME = ("cancelled", "done", "error", "held", "queued", "running")


class HostileError(Exception):
    """An exception that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class UnreadableError(Exception):
    """An exception that raises when anything of it is asked for."""

    def __getattribute__(self, name: str) -> Any:
        raise Exit(name)


class Exit(BaseException):
    """What ends a process where it is not caught."""


class Classless:
    """An object that raises when its class is asked for."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("no class")


class Hostile:
    """An object that raises whatever is asked of it."""

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
    """By a name, what the odd job's methods do instead."""
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


class OddBackend(ScriptedBackend):
    """Its third job answers oddly."""

    def __init__(self, *answers: dict[str, Callable[[ScriptedJob], Any]]) -> None:
        super().__init__(name="odd")
        self.answers = answers

    def run(self, *arguments: Any, **options: Any) -> ScriptedJob:
        job = super().run(*arguments, **options)
        place = len(self.sent) - 1 - ODD
        if 0 <= place < len(self.answers):
            job.__class__ = type("OddJob", (ScriptedJob,), dict(self.answers[place]))
        return job


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[JobManager]:
    manager = JobManager(tmp_path / "store")
    yield manager
    manager._shut_down()


def tried(manager: JobManager, *names: str) -> JobSet:
    """A set with odd jobs in the middle, and one beside it that is good: all that is good ends right."""
    backend = OddBackend(*(ANSWERS[name] for name in names))
    odd = start(manager, backend, JOBS + len(names) - 1)
    beside = start(manager, ScriptedBackend(name="good"), 3)
    done(beside, 3)
    good = [value for value in range(JOBS + len(names) - 1) if not 0 <= value - ODD < len(names)]
    with odd._state.changed:
        assert odd._state.changed.wait_for(
            lambda: all(words(odd)[value] == "done" for value in good), LIMIT
        ), odd.report()
    results = odd.results(partial=True)
    for value in good:
        assert results.get_counts(value) == {format(value, "010b"): 10}
    assert set(words(odd)) <= set(WITH_TIME)
    assert odd._state.trouble is None, odd._state.trouble
    assert odd.cancel() >= 0
    assert repr(odd)
    assert odd.report()
    return odd


@pytest.mark.parametrize("part", range(8))
def test_an_odd_answer_hurts_its_own_job_alone(part: int, manager: JobManager, tmp_path: Path) -> None:
    odd = tried(manager, *sorted(ANSWERS)[part::8])
    manager._engine.execute(lambda: None)
    with JobManager(tmp_path / "store") as other:  # what is shown is what is stored
        again = other.retrieve_job_set(odd.job_set_id())
        assert [job.error for job in again._state.jobs] == [job.error for job in odd._state.jobs]
        assert [job.job_id for job in again._state.jobs] == [job.job_id for job in odd._state.jobs]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="QJM_SOAK" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(mixed=st.lists(st.lists(st.sampled_from(sorted(ANSWERS)), min_size=1, max_size=3), max_size=6))
def test_any_mixture_of_odd_answers_hurts_its_own_jobs_alone(mixed: list[list[str]]) -> None:
    """Several odd answers of one job, too."""
    together = {
        " and ".join(names): {k: v for n in names for k, v in ANSWERS[n].items()} for names in mixed
    }
    manager = JobManager(":memory:")
    try:
        ANSWERS.update(together)
        tried(manager, *together)
    finally:
        for name in together.keys() - BEFORE:
            del ANSWERS[name]
        manager._shut_down()


BEFORE = frozenset(ANSWERS)


@pytest.mark.parametrize(
    "error",
    [UnreadableError, HostileError, lambda: ValueError("shots must be below " + "9" * 5_000)],
)
def test_an_odd_refusal_hurts_its_own_job_alone(
    error: Callable[[], Exception], manager: JobManager
) -> None:
    odd = start(manager, ScriptedBackend(refuse={ODD: error()}, name="odd"), JOBS)
    done(start(manager, ScriptedBackend(name="good"), 3), 3)
    assert odd.wait(LIMIT), odd.report()
    found = words(odd)
    assert found.pop(ODD) in ("done", "error", "held")
    assert found == ["done"] * (JOBS - 1)


@pytest.mark.parametrize("error", [UnreadableError, HostileError, SystemExit])
def test_an_odd_answer_to_cancel_hurts_its_own_job_alone(
    error: Callable[[], BaseException], manager: JobManager
) -> None:
    backend = ScriptedBackend(hold=True, name="odd")
    odd = start(manager, backend, 3)
    reach(odd, lambda: words(odd) == ["queued"] * 3)
    backend.sent[1].cancel = lambda: raising(error)(backend.sent[1])  # type: ignore[method-assign]
    odd.cancel()
    reach(odd, lambda: words(odd) == ["cancelled", "queued", "cancelled"])
    done(start(manager, ScriptedBackend(name="good"), 3), 3)


@pytest.mark.parametrize(
    ("odd", "note"),
    [
        (2**64 - 1, "queue position 18446744073709551615"),
        (float("nan"), "queue position nan"),
        ("first", "queue position 'first'"),
    ],
)
def test_what_is_left_out_is_named_in_the_row(odd: Any, note: str, manager: JobManager) -> None:
    ANSWERS["this"] = {"status": lambda job: JobStatus.QUEUED, "queue_position": lambda job: odd}
    try:
        job_set = tried(manager, "this")
    finally:
        del ANSWERS["this"]
    assert note in (job_set._state.jobs[ODD].note or "")
    assert job_set._state.jobs[ODD].queue_position is None


def test_a_long_error_is_cut_with_a_mark(manager: JobManager) -> None:
    ANSWERS["this"] = {
        "status": lambda job: JobStatus.ERROR,
        "error_message": lambda job: "x" * 5_000_000,
        "result": raising(lambda: RuntimeError("failed")),
    }
    try:
        error = tried(manager, "this")._state.jobs[ODD].error
    finally:
        del ANSWERS["this"]
    assert error is not None
    assert error.startswith("xxx")
    assert error.endswith("(cut: 5,000,000 characters)")
    assert len(error) < 200_000


# -- samplers ----------------------------------------------------------------------------------------


def good_pub(value: int) -> Any:
    array = np.full((10, 2), 0, dtype=np.uint8)
    array[:, 0], array[:, 1] = value >> 8, value & 255
    return SamplerPubResult(DataBin(c=BitArray(array, 10)))


def pub(**fields: Any) -> Any:
    return types.SimpleNamespace(data=types.SimpleNamespace(**fields), metadata={})


PUBS: dict[str, Any] = {
    "none": None,
    "text": "text",
    "nothing": [],
    "too many": [good_pub(1), good_pub(2)],
    "no bits": PrimitiveResult([SamplerPubResult(DataBin())]),
    "no shots": PrimitiveResult([SamplerPubResult(DataBin(c=BitArray(np.empty((0, 2), np.uint8), 10)))]),
    "other shape": PrimitiveResult(
        [SamplerPubResult(DataBin(c=BitArray(np.zeros((3, 4, 10, 2), np.uint8), 10), shape=(3, 4)))]
    ),
    "no points": PrimitiveResult(
        [SamplerPubResult(DataBin(c=BitArray(np.zeros((0, 10, 2), np.uint8), 10), shape=(0,)))]
    ),
    "objects": PrimitiveResult([SamplerPubResult(DataBin(x=np.array([object()])))]),
    "own metadata": PrimitiveResult([good_pub(1)], metadata=recursive(dict)),
    "hostile metadata": PrimitiveResult([good_pub(1)], metadata={"a": Hostile()}),
    "a generator": (good_pub(1) for _ in range(1)),
    "no data": [types.SimpleNamespace(data=None)],
    "hostile": [Hostile()],
    "hostile itself": Hostile(),
    "strange data": [pub(items=lambda: [("c", 5)], shape="x")],
    "shape without end": [pub(items=lambda: [("c", 5)], shape=10**30)],
    "masked": PrimitiveResult([SamplerPubResult(DataBin(e=np.ma.masked_array([1.0], [True])))]),
    "dates": PrimitiveResult([SamplerPubResult(DataBin(e=np.array(["2026-01-01"], dtype="M8[D]")))]),
    "texts": PrimitiveResult([SamplerPubResult(DataBin(e=np.array(["a", "\ud800"])))]),
    "records": PrimitiveResult(
        [SamplerPubResult(DataBin(e=np.zeros(2, dtype=[("a", "f4"), ("b", "O")])))]
    ),
}


class OddSampler(BaseSamplerV2):
    """Its third job gives an odd result."""

    def __init__(self, odd: Any) -> None:
        self.odd = odd
        self.sent = 0

    def run(self, pubs: Any, *, shots: Any = None) -> Any:
        (circuit, *_), number = next(iter(pubs)), self.sent
        self.sent += 1
        good = PrimitiveResult([good_pub(circuit.metadata["value"])])
        return SampledJob(f"sampled-{number}", self.odd if number == ODD else good)


class SampledJob(BasePrimitiveJob[Any, JobStatus]):
    """A remote job that is done."""

    def __init__(self, job_id: str, found: Any) -> None:
        super().__init__(job_id)
        self.found = found

    def result(self) -> Any:
        return self.found

    def status(self) -> JobStatus:
        return JobStatus.DONE

    def done(self) -> bool:
        return True

    def running(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def in_final_state(self) -> bool:
        return True

    def cancel(self) -> bool:
        return False


@pytest.mark.parametrize("odd", PUBS)
def test_an_odd_result_of_a_sampler_hurts_its_own_job_alone(odd: str, manager: JobManager) -> None:
    job_set = start(manager, OddSampler(PUBS[odd]), JOBS)
    done(start(manager, ScriptedBackend(name="good"), 3), 3)
    assert job_set.wait(LIMIT), job_set.report()
    assert job_set._state.trouble is None
    results = job_set.results(partial=True)
    for value in set(range(JOBS)) - {ODD}:
        assert words(job_set)[value] == "done"
        assert results.get_counts(value) == {format(value, "010b"): 10}
        assert job_set.results(refresh=True, partial=True).get_counts(value) == results.get_counts(value)
