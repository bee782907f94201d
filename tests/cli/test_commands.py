"""``qjm`` beside a kernel on one store: its output and exit codes."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qjm_widgets import JobManager, JobSet
from qjm_widgets.classroom import ClassroomBackend
from qjm_widgets.cli import main
from tests.classroom.lessons import coins, lesson
from tests.fakes import LIMIT, ScriptedBackend, reach

LAB = """
from qiskit.providers.basic_provider import BasicSimulator
from qjm_widgets.classroom import ClassroomBackend

def slow():
    return ClassroomBackend(speed=1000)

ready = ClassroomBackend(speed=1000)

class Broken:
    def __init__(self):
        raise RuntimeError("no key")
"""


@pytest.fixture
def kernel() -> Iterator[JobManager]:
    """The manager of a notebook's kernel; the commands are another process to the store."""
    with JobManager() as manager:
        yield manager


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module with backends, in the directory where the commands run."""
    (tmp_path / "lab_of_this_test.py").write_text(LAB)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def left_behind(store_path: Path) -> str:
    """The id of a set on a ClassroomBackend that a dead kernel left: one job sent, two not."""
    manager = JobManager(store_path)
    job_set = manager.run(
        coins(3), lesson(pending_limit=1), shots=10, max_circuits_per_job=1, name="left"
    )
    reach(job_set, lambda: job_set._state.waiting is not None)
    with pytest.warns(UserWarning, match="2 jobs not sent yet"):
        manager.close()
    return job_set.job_set_id()


def finished(kernel: JobManager, name: str = "coins", **words: Any) -> JobSet:
    backend = ClassroomBackend(speed=1000, **words)
    job_set = kernel.run(coins(3), backend, shots=100, max_circuits_per_job=1, name=name)
    assert job_set.wait(LIMIT)
    return job_set


def say(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(words)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def say_json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    code, out, _ = say(capsys, *words, "--json")
    assert code == 0
    return json.loads(out)


def test_an_empty_store_lists_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert say(capsys, "list") == (0, "No job sets in the store.\n", "")
    assert say_json(capsys, "list") == []


def test_the_list_is_newest_first(kernel: JobManager, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = finished(kernel, "first"), finished(kernel, "second")
    code, out, _ = say(capsys, "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [
        two.job_set_id()[:8],
        one.job_set_id()[:8],
    ]
    assert "3 of 3 done" in out
    (only,) = say_json(capsys, "list", "--name", "first")
    assert only["id"] == one.job_set_id()
    assert only["jobs"] == {"done": 3}
    assert [each["name"] for each in say_json(capsys, "list", "--limit", "1")] == ["second"]


def test_a_group_is_one_line_that_opens(kernel: JobManager, capsys: pytest.CaptureFixture[str]) -> None:
    group = "VQE\x1b on H2"
    for name, of in (("before", None), *[(None, group)] * 3, ("after", "alone")):
        kernel.run(coins(1), ScriptedBackend(), shots=10, name=name, group=of).wait(LIMIT)
    code, out, _ = say(capsys, "list")
    lines = out.splitlines()
    assert (code, len(lines)) == (0, 3)
    assert lines[1].startswith("3 sets ")
    assert "VQE� on H2" in lines[1]
    assert lines[1].endswith("3 of 3 done")
    assert len(say(capsys, "list", "--limit", "2")[1].splitlines()) == 2
    assert "before" not in say(capsys, "list", "--limit", "2")[1]

    opened = say(capsys, "list", "--group", group)[1].splitlines()
    assert [re.search(r"H2 (\d)", line)[1] for line in opened] == ["3", "2", "1"]  # type: ignore[index]
    assert len(say(capsys, "list", "--group", group, "--limit", "2")[1].splitlines()) == 2
    assert len(say(capsys, "list", "--all")[1].splitlines()) == 5
    trees = say_json(capsys, "list")
    assert [tree["group"] for tree in trees] == ["alone", *[group] * 3, None]
    assert len(say_json(capsys, "list", "--group", "alone")) == 1
    assert say(capsys, "list", "--group", "none")[1] == "No job sets in the store.\n"
    code, _, error = say(capsys, "show", group)
    assert code == 3
    assert "is a group of 3 sets: `qjm list --group` lists them" in error


def test_a_narrow_terminal_shows_name_and_summary(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with JobManager() as manager:
        set_id = finished(manager, "nothing but coins").job_set_id()[:8]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for columns, line in (
        ("80", rf"{set_id}  [\d-]+ [\d:]+  nothing but coins  classroom  3 of 3 done\n"),
        ("60", rf"{set_id}  [\d-]+ [\d:]+  nothing but coins  3 of 3 done\n"),
        ("40", rf"{set_id}  nothing but coins  3 of 3 done\n"),
        ("30", rf"{set_id}  nothing b…  3 of 3 done\n"),
    ):
        monkeypatch.setenv("COLUMNS", columns)
        assert main(["list"]) == 0
        assert re.fullmatch(line, capsys.readouterr().out)


def test_a_set_is_shown_by_id_beginning_or_name(
    kernel: JobManager, capsys: pytest.CaptureFixture[str]
) -> None:
    job_set = finished(kernel, fail={1: "it got too warm"})
    for text in (job_set.job_set_id(), job_set.job_set_id()[:6].upper(), "coins"):
        code, out, _ = say(capsys, "show", text)
        assert code == 0
        assert "2 of 3 done, 1 error" in out
        assert "it got too warm" in out
    tree = say_json(capsys, "show", "coins", "--counts")
    assert [job["status"] for job in tree["job_list"]] == ["done", "error", "done"]
    assert tree["counts"] == job_set.counts()
    assert tree["job_list"][1]["error"] == "it got too warm"
    assert "█" in say(capsys, "show", "coins", "--counts")[1]


def test_unknown_and_ambiguous_names(kernel: JobManager, capsys: pytest.CaptureFixture[str]) -> None:
    finished(kernel, "twin")
    finished(kernel, "twin")
    code, out, err = say(capsys, "show", "nothing")
    assert (code, out) == (3, "")
    assert "no job set 'nothing'" in err
    code, _, err = say(capsys, "show", "twin", "--json")
    assert code == 3
    tree = json.loads(err)
    assert tree["error"] == "AmbiguousNameError"
    assert "2 job sets match" in tree["message"]


def test_a_set_of_another_kernel_is_refused(
    kernel: JobManager, capsys: pytest.CaptureFixture[str]
) -> None:
    job_set = kernel.run(coins(1), lesson(), shots=10, name="mine")
    assert job_set.wait(LIMIT, until="submitted")
    for command in ("cancel", "resume"):
        code, _, err = say(capsys, command, "mine")
        assert code == 4
        assert "another manager of this kernel drives this job set" in err
    assert "driven by" in say(capsys, "list")[1]
    assert not job_set.managed_jobs()[0].state.final


def test_watching_ends_with_the_set(kernel: JobManager, capsys: pytest.CaptureFixture[str]) -> None:
    backend = ClassroomBackend(speed=100, start_seconds=30.0)
    job_set = kernel.run(coins(3), backend, shots=10, max_circuits_per_job=1, name="live")
    code, out, _ = say(capsys, "watch", "live", "--timeout", "30")
    assert code == 0
    assert out.splitlines()[-1] == "3 of 3 done"
    assert job_set.wait(0)
    assert say(capsys, "watch", "live")[0] == 0


def test_without_rich_a_terminal_gets_lines(
    kernel: JobManager, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(kernel)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(["watch", "coins"]) == 0
    assert capsys.readouterr().out == "3 of 3 done\n"


def test_watching_ends_at_the_timeout(kernel: JobManager, capsys: pytest.CaptureFixture[str]) -> None:
    kernel.run(coins(1), lesson(), shots=10, name="slow")
    code, _, err = say(capsys, "watch", "slow", "--timeout", "0.2", "--json")
    assert code == 7
    assert "The jobs continue" in json.loads(err)["message"]


def test_a_set_without_an_owner_needs_a_backend(
    left_behind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = say(capsys, "watch", left_behind)
    assert (code, err) == (5, "qjm: nobody drives this job set: run qjm resume\n")
    for command in ("resume", "cancel"):
        code, _, err = say(capsys, command, left_behind)
        assert code == 5
        assert err.endswith("is not known here: give --backend module:factory\n")
    assert "interrupted" in say(capsys, "list")[1]


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize("factory", ["slow", "ready"])
def test_resume_drives_the_set_to_its_end(
    left_behind: str, factory: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("resume", left_behind, "--backend", f"lab_of_this_test:{factory}", "--timeout", "30")
    code, out, _ = say(capsys, *words)
    assert code == 0
    assert out.splitlines()[-1] == "3 of 3 done"
    assert say(capsys, *words)[0] == 0
    assert sum(say_json(capsys, "show", "left", "--counts")["counts"].values()) == 30


@pytest.mark.usefixtures("lab")
def test_cancel_sends_nothing(left_behind: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--backend", "lab_of_this_test:slow")
    assert say(capsys, "cancel", left_behind, "1", *words)[:2] == (0, "1 job cancelled\n")
    tree = say_json(capsys, "show", left_behind)
    assert tree["jobs"] == {"not_sent": 2, "cancelled": 1}
    assert json.loads(say(capsys, "cancel", left_behind, "--json", *words)[1]) == {
        "cancelled": 2,
        "asked_for": 2,
    }
    assert say(capsys, "cancel", left_behind, *words)[1].startswith("nothing to cancel")
    assert say(capsys, "resume", left_behind, *words)[0] == 1


@pytest.mark.usefixtures("lab")
def test_retry_sends_jobs_with_errors(capsys: pytest.CaptureFixture[str]) -> None:
    with JobManager() as manager:
        finished(manager, "warm", fail={0: "too warm", 2: "too cold"})
    assert say(capsys, "watch", "warm")[0] == 1
    code, out, _ = say(capsys, "retry", "warm", "0", "--backend", "lab_of_this_test:slow")
    assert code == 1
    assert out.splitlines()[0] == "sending 1 job again"
    assert out.splitlines()[-1] == "2 of 3 done, 1 error"
    assert say(capsys, "retry", "warm", "--backend", "lab_of_this_test:slow")[0] == 0
    assert say(capsys, "retry", "warm")[1].startswith("nothing to retry")
    assert say(capsys, "retry", "warm", "--held")[1].startswith("nothing to retry")


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--backend", "lab_of_this_test"), "--backend is MODULE:FACTORY"),
        (("--backend", "lab_of_this_test:missing"), "makes no backend"),
        (("--backend", "no_such_lab:x"), "ModuleNotFoundError"),
        (("--backend", "lab_of_this_test:Broken"), "RuntimeError: no key"),
        (("--backend", "lab_of_this_test:BasicSimulator"), "this job set was made for classroom"),
        (("--backend", "lab_of_this_test:slow", "--option", "memory"), "--option is NAME=VALUE"),
        (("--backend", "lab_of_this_test:slow", "--option", "memory=yes"), "--option is NAME=VALUE"),
    ],
)
def test_wrong_values_are_reported(
    left_behind: str, words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = say(capsys, "resume", left_behind, *words)
    assert code == 2
    assert message in err


def test_wrong_usage_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    for words, message in (
        ([], "the following arguments are required: COMMAND"),
        (["sing"], "invalid choice: 'sing'"),
        (["show"], "the following arguments are required: SET"),
        (["list", "--limit", "0"], "an integer of at least 1, not '0'"),
        (["list", "--limit", "x"], "an integer of at least 1, not 'x'"),
        (["watch", "x", "--timeout", "-1"], "a number of seconds, not '-1'"),
        (["watch", "x", "--timeout", "soon"], "a number of seconds, not 'soon'"),
        (["cancel", "x", "first"], "the number of a job in `qjm show`, not 'first'"),
    ):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2
        err = capsys.readouterr().err
        assert "usage: qjm" in err
        assert message in err


def test_unknown_jobs_are_refused(kernel: JobManager, capsys: pytest.CaptureFixture[str]) -> None:
    finished(kernel)
    code, _, err = say(capsys, "cancel", "coins", "7")
    assert (code, err) == (2, "qjm: no job 7: the set has jobs 0 to 2\n")


def test_a_set_travels_as_a_file(
    kernel: JobManager, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job_set = finished(kernel)
    bundle, other = str(tmp_path / "coins.qjm"), str(tmp_path / "other")
    assert say(capsys, "export", "coins", bundle)[0] == 0
    assert say_json(capsys, "load", bundle, "--store", other)["id"] == job_set.job_set_id()
    tree = say_json(capsys, "show", "coins", "--counts", "--store", other)
    assert tree["counts"] == job_set.counts()
    code, _, err = say(capsys, "load", str(tmp_path / "nothing"))
    assert code == 6
    assert "there is no bundle" in err
    code, _, err = say(capsys, "list", "--store", str(tmp_path / "mistyped"))
    assert code == 6
    assert "there is no store" in err
    assert not (tmp_path / "mistyped").exists()


def test_foreign_text_does_not_control_the_terminal(
    kernel: JobManager, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b[31mred\x07 [bold]x[/bold]\nsecond"
    backend = ScriptedBackend(fail={0: evil}, name=evil)
    job_set = kernel.run(coins(1), backend, name=evil, tags=[evil])
    assert job_set.wait(LIMIT)
    for words in (["list"], ["show", job_set.job_set_id()], ["watch", job_set.job_set_id()]):
        for more in ([], ["--json"]):
            _, out, _ = say(capsys, *words, *more)
            assert "\x1b" not in out
            assert "\x07" not in out
