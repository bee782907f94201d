"""All results as a CSV file, as a panel sends them to its page."""

from __future__ import annotations

import gzip
import io
import itertools
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas
import pytest

from qjm_widgets.core.lost import Lost
from qjm_widgets.core.records import JobRecord, Span, Status
from qjm_widgets.job_set import JobSet
from qjm_widgets.results import JobSetResults
from qjm_widgets.state import results_csv
from qjm_widgets.widgets import results_file, wire
from qjm_widgets.widgets.panel import Panel
from tests.fakes import until
from tests.results.result_sets import done, estimated, ran, sampled, stored, values_of

COUNTS = [ran("c0", {"0x3": 6, "0x0": 2}), ran("c1", {"0x1": 1.25, "0x2": -0.25})]


class Page:
    """A page that asks for the file, and keeps what it gets."""

    def __init__(self, results: JobSetResults, monkeypatch: pytest.MonkeyPatch) -> None:
        self.panel = Panel(JobSet(results._state, None, None))  # type: ignore[arg-type]
        self.answers: list[dict[str, Any]] = []
        self.pieces: list[bytes] = []
        monkeypatch.setattr(self.panel, "send", self._take)

    def save(self) -> str:
        """Return the CSV, or the reason why there is none."""
        content = {"v": wire.VERSION, "kind": "command", "do": "save_results", "id": "it", "rows": None}
        self.panel._receive(None, content, [])
        until(lambda: self.answers)
        self.panel.close()
        if not self.answers[0]["ok"]:
            assert not self.pieces
            return str(self.answers[0]["text"])
        return gzip.decompress(b"".join(self.pieces)).decode("utf-8")

    def _take(self, content: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        assert content["v"] == wire.VERSION
        if content["kind"] == "file":
            assert content["id"] == "it"
            assert not self.answers
            self.pieces += buffers
        elif content["kind"] == "ack":
            self.answers.append(content)


@pytest.fixture
def save(monkeypatch: pytest.MonkeyPatch) -> Callable[[JobSetResults], str]:
    return lambda results: Page(results, monkeypatch).save()


def points() -> dict[str, Any]:
    shots = np.tile([0, 1], (3, 2, 1))
    values = [values_of((3, 2), theta=np.arange(6).reshape(3, 2) / 7, phi=np.ones((3, 2))), None]
    return {"outcomes": [[sampled("c0", shots, 1), sampled("c1", [0], 1)]], "values": values}


METADATA = [
    {"depth": 3, "basis": "X", "on": True, "some": None, "each": [1, 2], "count": 2.5, 7: "seven"},
    {"depth": None, "basis": 'a,\n"b"', "on": None, "some": 4, "each": {"a": 1}, "count": float("nan")},
]
CASES: dict[str, dict[str, Any]] = {
    "counts": {"outcomes": [COUNTS]},
    "metadata": {"outcomes": [COUNTS], "metadata": METADATA},
    "points": points(),
    "estimator": {
        "outcomes": [[estimated("c0", [0.1, float("nan"), -1 / 3], [0.5, 0.5, float("nan")])]],
        "values": [values_of((3,), theta=[0.0, 1e-17, 2.5])],
        "estimates": True,
    },
    "lost": {"outcomes": [COUNTS], "metadata": [{"k": Lost("x", "not stored")}, {"k": 1}]},
    "half": {
        "outcomes": [[sampled("c0", np.zeros((2, 4)), 1)], None],
        "jobs": [
            done(0, Span(0, 1), points=Span(0, 2)),
            JobRecord(1, Span(0, 1), points=Span(2, 4), status=Status.ERROR),
        ],
        "values": [values_of((4,), theta=[0.0, 1.0, 2.0, 3.0])],
    },
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("at_once", [2_000, 1])
def test_it_is_what_pandas_writes(
    case: str, at_once: int, save: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results_csv, "_ROWS", at_once)
    with stored(**CASES[case]) as results:
        text = save(results)
        expected = results.to_dataframe().to_csv(index=False, lineterminator="\n")
    assert text == expected
    assert len(text.splitlines()) > 1


def test_it_needs_no_pandas(save: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with stored([COUNTS]) as results:
        assert save(results).startswith(
            "circuit,name,point,outcome,count,probability\n0,c0,0,00,2.0,0.25\n"
        )


def test_nothing_runs_in_a_spreadsheet(save: Any) -> None:
    texts = {"=cmd": '=HYPERLINK("x")', "plus": "+1", "other": ("=1",), "run": "-2+3"}
    with stored([[ran("c0", {"0x0": 1})]], metadata=[texts]) as results:
        table = pandas.read_csv(io.StringIO(save(results)))
    assert (
        table.iloc[0].to_dict().items()
        >= {
            "'=cmd": '\'=HYPERLINK("x")',
            "plus": 1,
            "other": "('=1',)",
            "run": "'-2+3",
        }.items()
    )


def test_it_comes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results_file, "_PIECE", 100)
    random = np.random.default_rng(1)
    with stored([[sampled("c0", random.integers(0, 256, (20, 50)), 8)]]) as results:
        page = Page(results, monkeypatch)
        text = page.save()
        assert len(text.splitlines()) == len(results.to_dataframe()) + 1
    assert {len(piece) for piece in page.pieces[:-1]} == {100}
    assert len(page.pieces) > 10


@pytest.mark.parametrize(
    ("status", "said"),
    [(Status.QUEUED, "nothing to save yet: no circuit"), (Status.ERROR, "nothing to save: no circuit")],
)
def test_without_results_it_says_so(status: Status, said: str, save: Any) -> None:
    with stored([None], [JobRecord(0, Span(0, 1), status=status)]) as results:
        results._state.set_owner("another kernel")
        assert said in save(results)


def test_a_file_too_large_for_a_page_names_the_way(save: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results_file, "_MOST_BYTES", 100)
    with stored([COUNTS]) as results:
        text = save(results)
    assert "4 rows" in text
    assert "`job_set.results(partial=True).to_dataframe().to_csv(path)`" in text


def test_whatever_fails_is_answered(save: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("damaged")

    monkeypatch.setattr(results_file, "read_table", fail)
    with stored([COUNTS]) as results:
        assert save(results) == "ValueError: damaged"


def test_other_threads_run_while_it_is_made() -> None:
    """Each block is short, since csv holds the interpreter's lock."""
    random = np.random.default_rng(1)
    with stored([[sampled("c0", random.integers(0, 2, (10_000, 4)), 1)]]) as results:
        table = results_file.read_table(results._parts())
        blocks = itertools.islice(results_csv.csv_blocks(table), 3)
        assert [block.count("\n") for block in blocks] == [1, 2_000, 2_000]
