"""Texts from elsewhere send no control sequence to a terminal; the store keeps the original."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from qjm_widgets import JobManager, JobSet, default_manager
from qjm_widgets._printable import printable
from qjm_widgets.cli import main as cli
from qjm_widgets.core.records import Status
from qjm_widgets.errors import NotAvailableError, ProviderError, QJMError, WaitTimeoutError, explain
from qjm_widgets.ibmq import IBMQJobManager
from qjm_widgets.state.progress import ProgressLine
from tests.fakes import LIMIT, ScriptedBackend, marked, reach

EVIL = (
    "\x1b[31mred\x1b]0;title\x07 \x9b2J \x08\x7f \u202eesrever\u2066 \u200f\u061c \u2028 \ufeff\rback"
    "\r\n\tnext \N{GREEK SMALL LETTER PSI}\N{NO-BREAK SPACE}\N{SNOWMAN}"
)
SHOWN = (
    r"\x1b[31mred\x1b]0;title\x07 \x9b2J \x08\x7f \u202eesrever\u2066 \u200f\u061c \u2028 \ufeff\x0dback"
    "\n\tnext \N{GREEK SMALL LETTER PSI}\N{NO-BREAK SPACE}\N{SNOWMAN}"
)


def harmless(text: str) -> bool:
    """No control but newline and tab, nothing that turns the direction, no half characters."""
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return not any(
        (unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in "\n\t")
        or unicodedata.bidirectional(c) in bidi
        or c in "\u200e\u200f\u061c\ufeff"
        for c in text
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def failed(store: Path) -> Iterator[JobSet]:
    """A set with a job that failed and one that was refused, odd in all its words; a third is queued."""
    backend = ScriptedBackend(
        name="b\x1b[32m", fail={0: EVIL}, refuse={1: RuntimeError(EVIL)}, hold=True
    )
    circuits = [marked(value) for value in range(3)]
    with JobManager(store) as manager:
        job_set = manager.run(
            circuits, backend, max_circuits_per_job=1, name="n\x1b[31m\u202e", tags=["t\x07"]
        )
        reach(job_set, lambda: job_set._state.numbers()[Status.ERROR] == 2)
        assert job_set.wait(LIMIT, until="submitted")
        yield job_set
        job_set.cancel()
        job_set.wait(LIMIT)


def test_escapes_are_shown() -> None:
    assert printable(EVIL) == SHOWN
    assert harmless(SHOWN)
    assert printable("half \ud800, tag \U000e0041") == r"half \ud800, tag \U000e0041"
    assert printable(SHOWN) == SHOWN
    every = "".join(map(chr, range(0x2100)))
    assert harmless(printable(every))
    assert printable("é ψ 漢 👩‍🔬 \xa0\n\t") == "é ψ 漢 👩‍🔬 \xa0\n\t"


@pytest.mark.parametrize("kind", [QJMError, ProviderError, WaitTimeoutError, NotAvailableError])
def test_errors_are_printable_and_keep_their_text(kind: Callable[[str], QJMError]) -> None:
    error = kind(EVIL)
    assert str(error) == f"{error}" == SHOWN
    assert harmless(repr(error))
    assert error.args == (EVIL,)
    assert explain(error) == f"{type(error).__name__}: {EVIL.strip()}"


def test_texts_of_a_set_are_printable_and_the_store_keeps_the_original(failed: JobSet) -> None:
    messages = failed.error_messages()
    assert messages is not None
    assert messages.count(SHOWN) == 2
    assert EVIL in str(failed._state.jobs[0].error)
    _, jobs = failed._state.store.load_set(failed.job_set_id())
    assert EVIL in str(jobs[0].error)
    job = failed.managed_jobs()[0]
    assert SHOWN in str(job.error_message())
    failed._state.set_trouble(f"the store {EVIL}")
    texts = [
        messages,
        str(job.error_message()),
        failed.report(),
        repr(failed),
        repr(job),
        repr(job.history()),
        repr(failed._state.record),
        failed.to_dataframe().to_string(),
    ]
    with pytest.raises(NotAvailableError) as raised:
        failed.results(partial=True).get_counts(0)
    texts += [str(raised.value), repr(raised.value)]
    assert SHOWN in texts[2] or "\\x1b" in texts[3]
    for text in texts:
        assert harmless(text), text


def test_a_progress_line_is_printable(failed: JobSet) -> None:
    failed._state.set_trouble(f"the store {EVIL}")
    stream = io.StringIO()
    with ProgressLine(failed._state, True, stream) as line:
        line._due = 0.0
        line.refresh()
    assert "n�[31m" in stream.getvalue()
    assert harmless(stream.getvalue())


def test_the_command_line_prints_no_command(
    failed: JobSet, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--store", str(store)]
    for command in (
        ["list"],
        ["show", failed.job_set_id()],
        ["list", "--json"],
        ["show", failed.job_set_id(), "--json"],
        ["show", "\x1b[31m"],
        ["retry", failed.job_set_id()],
    ):
        cli([*command, *where])
    said = capsys.readouterr()
    assert "driven by" in said.out
    assert harmless(said.out)
    assert harmless(said.err)


def test_the_retired_names_print_no_command() -> None:
    jobs = IBMQJobManager()
    with closing(default_manager()):
        backend = ScriptedBackend(fail={0: EVIL}, refuse={1: RuntimeError(EVIL)})
        circuits = [marked(value) for value in range(2)]
        job_set = jobs.run(circuits, backend, name="n\x1b", max_experiments_per_job=1)
        texts = [job_set.error_messages(), job_set.report(), jobs.report()]
        texts += [job.error_message() for job in job_set.managed_jobs()]
        assert str(texts[0]).count("\\x1b[31mred") == 2
        for text in texts:
            assert harmless(str(text)), text
