"""An odd result affects only its circuit: every second circuit of a job has one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit.result import Result
from qiskit.result.models import ExperimentResult, ExperimentResultData

from qjm_widgets import JobManager, JobSet
from qjm_widgets._compat import experiment_header
from qjm_widgets.errors import NotAvailableError
from qjm_widgets.plotting.groups import groups
from qjm_widgets.widgets.static_html import html_of
from tests.fakes import LIMIT, ScriptedBackend, ScriptedJob, marked

HEADER = {"memory_slots": 3, "creg_sizes": [["c", 3]]}


class Data(ExperimentResultData):  # type: ignore[misc]
    """Says of itself what it was given, whatever that is."""

    def __init__(self, given: Any) -> None:
        super().__init__()
        self.given = given

    def to_dict(self) -> Any:
        return self.given


class Raises(ExperimentResultData):  # type: ignore[misc]
    def to_dict(self) -> Any:
        raise RuntimeError("no data today")


def answer(data: Any, header: Any = HEADER, **fields: Any) -> Any:
    """A circuit's part of a result."""
    fields = {"shots": 10, "success": True, "status": "DONE"} | fields
    return ExperimentResult(data=Data(data) if isinstance(data, dict) else data, header=header, **fields)


def with_header(**header: Any) -> Any:
    return answer({"counts": {"0x1": 10}}, {**HEADER, **header})


def counted(*pairs: tuple[Any, Any], **header: Any) -> Any:
    return answer({"counts": dict(pairs)}, {**HEADER, **header})


ODD: dict[str, tuple[Any, dict[str, Any] | str]] = {
    "a key wider than the header": (counted(("0xff", 10)), "'0xff' has more than 3 bits"),
    "a key of 70 bits": (counted((hex(2**70), 10)), "has more than 3 bits"),
    "memory_slots below 0": (with_header(memory_slots=-3), "memory_slots -3"),
    "memory_slots of 10**9": (with_header(memory_slots=10**9), "memory_slots 1000000000"),
    "memory_slots of 2**80": (with_header(memory_slots=2**80), "memory_slots"),
    "memory_slots as text": (with_header(memory_slots="3"), "memory_slots '3'"),
    "memory_slots not a number": (with_header(memory_slots=math.nan), "memory_slots nan"),
    "memory_slots of numpy": (with_header(memory_slots=np.int64(3)), {"001": 10}),
    "no memory_slots": (with_header(memory_slots=None), {"1": 10}),
    "a register of 10**9": (with_header(creg_sizes=[["c", 10**9]]), "creg_sizes"),
    "a register below 0": (with_header(creg_sizes=[["c", -2], ["d", 5]]), "creg_sizes"),
    "registers that are none": (with_header(creg_sizes="abc"), "creg_sizes 'abc'"),
    "registers without sizes": (with_header(creg_sizes=[["c"]]), "creg_sizes"),
    "registers that are a number": (with_header(creg_sizes=7), "creg_sizes 7"),
    "registers that lack a bit": (
        counted(("0x0", 3), ("0x1", 1), ("0x2", 6), creg_sizes=[["a", 1], ["b", 1]]),
        {"0 0": 4, "0 1": 6},
    ),
    "texts of numpy": (counted((np.str_("0x1"), 10)), {"001": 10}),
    "numbers of numpy": (counted((np.int64(1), 4), (np.int64(7), 6)), {"001": 4, "111": 6}),
    "numbers": (counted((1, 4), (5, 6)), {"001": 4, "101": 6}),
    "numbers that are too wide": (counted((1, 4), (500, 6)), "'0x1f4' has more than 3 bits"),
    "numbers below 0": (counted((-1, 4), (5, 6)), "-1 is no outcome"),
    "binary": (counted(("0b101", 10)), {"101": 10}),
    "bits": (counted(("101", 4), ("001", 6)), {"101": 4, "001": 6}),
    "bits with spaces": (counted(("1 01", 4), ("0 01", 6)), {"101": 4, "001": 6}),
    "bits with underscores": (counted(("1_01", 4), ("0_01", 6)), {"101": 4, "001": 6}),
    "bits of two widths": (counted(("1", 4), ("010", 6)), {"001": 4, "010": 6}),
    "too many bits": (counted(("10101", 10)), "has more than 3 bits"),
    "decimal": (counted(("5", 4), ("7", 6)), {"5": 4, "7": 6}),
    "upper case": (
        counted(("0X5", 4), ("0xA", 6), memory_slots=4, creg_sizes=[]),
        {"0101": 4, "1010": 6},
    ),
    "one outcome twice": (counted(("0x05", 4), ("0x5", 6)), {"101": 10}),
    "no number after 0x": (counted(("0xzz", 10)), "'0xzz' is no outcome"),
    "None as a key": (counted((None, 10)), "None is no outcome"),
    "a tuple as a key": (counted(((1, 2), 10)), "(1, 2) is no outcome"),
    "bytes as a key": (counted((b"0x1", 10)), "b'0x1' is no outcome"),
    "hexadecimal beside bits": (counted(("0x1", 5), ("11", 5)), "several kinds"),
    "hexadecimal beside numbers": (counted(("0x1", 5), (1, 5)), "several kinds"),
    "a list": (answer({"counts": [1, 2]}), "a list, not outcomes"),
    "None": (answer({"counts": None}), "a NoneType, not outcomes"),
    "a text": (answer({"counts": "0x1"}), "a str, not outcomes"),
    "no outcomes": (answer({"counts": {}}), {}),
    "no counts": (answer({}), "has no counts"),
    "text for a number": (counted(("0x1", "many")), "'many' is no number"),
    "None for a number": (counted(("0x1", None)), "None is no number"),
    "nan for a number": (counted(("0x1", math.nan)), "nan is no number"),
    "infinity for a number": (counted(("0x1", math.inf)), "inf is no number"),
    "a list for a number": (counted(("0x1", [1])), "[1] is no number"),
    "a number of numpy": (counted(("0x1", np.int64(10))), {"001": 10}),
    "no data": (answer(None), "has no counts"),
    "data that is a number": (answer(5), "its result cannot be read"),
    "data that raises": (answer(Raises()), "its result cannot be read: RuntimeError: no data today"),
    "a header that is a text": (answer({"counts": {"0x1": 10}}, "abc"), {"1": 10}),
    "a header that is a list": (answer({"counts": {"0x1": 10}}, [1, 2]), {"1": 10}),
    "no header": (answer({"counts": {"0x1": 10}}, None), {"1": 10}),
    "failed with data": (
        answer({"counts": {"0x1": 10}}, success=False, status="bad qubit"),
        "bad qubit",
    ),
    "failed without a word": (answer({}, success=False, status=None), "without a reason"),
    "success of None": (answer({"counts": {"0x1": 10}}, success=None), "without a reason"),
    "shots of None": (answer({"counts": {"0x1": 10}}, shots=None), {"001": 10}),
    "shots below 0": (answer({"counts": {"0x1": 10}}, shots=-4), {"001": 10}),
    "a None in the memory": (answer({"counts": {"0x1": 10}, "memory": ["0x1", None]}), {"001": 10}),
    "a wide memory": (answer({"counts": {"0x1": 10}, "memory": ["0x1", "0xff"]}), {"001": 10}),
    "a memory that is none": (answer({"counts": {"0x1": 10}, "memory": {"a": 1}}), {"001": 10}),
    "a memory that is odd, and no counts": (answer({"memory": ["0x1", 3]}), "has no counts"),
    "something else": (object(), "its result cannot be read"),
    "nothing": (None, "its result cannot be read"),
}
NUMBER = 2 * len(ODD) + 1
MEMORY = {name: at for at, name in enumerate(ODD) if "memory" in name and "slots" not in name}


class OddJob(ScriptedJob):
    def result(self) -> Result:
        result = super().result()
        for at, (odd, _) in enumerate(ODD.values()):
            result.results[2 * at + 1] = odd
        return result


class OddBackend(ScriptedBackend):
    def run(self, *arguments: Any, **options: Any) -> ScriptedJob:
        job = super().run(*arguments, **options)
        job.__class__ = OddJob
        return job


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobManager]:
    with JobManager(tmp_path_factory.mktemp("odd") / "store.db") as manager:
        yield manager


@pytest.fixture(scope="module")
def odd_set(manager: JobManager) -> JobSet:
    circuits = [marked(at % 8, 3, f"circuit {at}") for at in range(NUMBER)]
    job_set = manager.run(circuits, OddBackend(), shots=10, max_circuits_per_job=NUMBER)
    assert job_set.wait(LIMIT)
    return job_set


def failing() -> list[int]:
    """Return the circuits that are named as failed; Qiskit has no counts of the others either."""
    silent = {"no counts", "no data"}
    return [
        2 * at + 1
        for at, (name, (_, found)) in enumerate(ODD.items())
        if isinstance(found, str) and name not in silent
    ]


def expected_sum() -> dict[str, int]:
    total: dict[str, int] = {}
    for at in range(0, NUMBER, 2):
        key = format(at % 8, "03b")
        total[key] = total.get(key, 0) + 10
    for _, found in ODD.values():
        for key, count in found.items() if isinstance(found, dict) else ():
            total[key] = total.get(key, 0) + count
    return total


@pytest.mark.parametrize("refresh", [False, True], ids=["at once", "from the store"])
@pytest.mark.parametrize("name", ODD)
def test_each_odd_answer_gives_counts_or_says_what_is_odd(
    odd_set: JobSet, name: str, refresh: bool
) -> None:
    circuit = 2 * list(ODD).index(name) + 1
    results = odd_set.results(refresh=refresh)
    for good in (circuit - 1, circuit + 1):
        assert dict(results.get_counts(good)) == {format(good % 8, "03b"): 10}
    expected = ODD[name][1]
    if isinstance(expected, dict):
        assert dict(results.get_counts(circuit)) == expected
        assert odd_set.counts(circuit) == expected
    else:
        with pytest.raises(NotAvailableError) as caught:
            results.get_counts(circuit)
        assert f"circuit {circuit} (" in str(caught.value)
        assert expected in str(caught.value)
        assert odd_set.counts(circuit) == {}


@pytest.mark.parametrize("name", MEMORY)
def test_an_odd_memory_says_so(odd_set: JobSet, name: str) -> None:
    with pytest.raises(NotAvailableError, match="its memory cannot be read"):
        odd_set.results().get_memory(2 * MEMORY[name] + 1)


def test_the_set_has_all_other_counts_and_names_the_odd_ones(odd_set: JobSet) -> None:
    results = odd_set.results()
    assert results.failed() == failing()
    assert odd_set.counts() == expected_sum()
    lines = str(odd_set.error_messages()).splitlines()
    assert [f"circuit {circuit} (" in line for circuit, line in zip(failing(), lines, strict=True)]
    assert f"{len(failing())} of {NUMBER} circuits failed (1, 3, 5, …)" in odd_set.report()
    assert "with failed circuits)" in html_of(odd_set._state)
    assert "circuits (1, 3, 5, …), which failed" in str(odd_set.figure(kind="counts").layout.title.text)
    assert sum(odd_set.figure(most=4096, kind="counts").data[0].y) == sum(expected_sum().values())
    assert sum(odd_set.figure(register="c").data[0].y) > 0
    snapshot = odd_set.panel().snapshot  # type: ignore[attr-defined]
    assert snapshot["histograms"][0]["shots"] == sum(expected_sum().values())
    assert groups(odd_set._state)["registers"] == ["a", "b", "c"]
    combined = results.combine_results()
    assert len(combined.results) == NUMBER
    for good in range(0, NUMBER, 2):
        assert combined.get_counts(good) == results.get_counts(good)


def test_unreadable_counts_are_kept_as_given(odd_set: JobSet) -> None:
    for name in ("a key wider than the header", "memory_slots of 10**9", "None as a key", "a list"):
        circuit = 2 * list(ODD).index(name) + 1
        came = ODD[name][0].data.to_dict()["counts"]
        assert odd_set.results(refresh=True).data(circuit)["counts"] == came


def test_failed_circuits_are_kept_in_a_bundle(
    manager: JobManager, odd_set: JobSet, tmp_path: Path
) -> None:
    manager.export(odd_set, tmp_path / "odd.qjm")
    with JobManager(":memory:") as other:
        loaded = other.load(tmp_path / "odd.qjm")
        assert loaded.counts() == expected_sum()
        assert loaded.results().failed() == failing()


def test_a_header_of_an_older_qiskit_is_read_too() -> None:
    header = experiment_header({"name": "c", **HEADER})

    class Backend(ScriptedBackend):
        def run(self, *arguments: Any, **options: Any) -> ScriptedJob:
            job = super().run(*arguments, **options)
            whole = job.result()
            whole.results[0] = answer({"counts": {"0x5": 10}}, header)
            job.result = lambda: whole  # type: ignore[method-assign]
            return job

    with JobManager(":memory:") as manager:
        job_set = manager.run([marked(1, 3)], Backend(), shots=10)
        assert job_set.wait(LIMIT)
        assert job_set.counts() == {"101": 10}
