"""Prints and displays of the user's code beside a panel arrive as outputs of their own cell.

Run with the installed ipykernel, and by ``make test-kernels`` with others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kernels.pages import PANEL, Page

# A thread of the user: it writes each kind of output once each time that the pipe is opened and closed.
WRITER = """
import logging, sys, threading
import ipywidgets
from IPython.display import display

out = ipywidgets.Output()
logging.basicConfig(stream=sys.stderr, force=True)

def write():
    for turn in range({turns}):
        open({pipe!r}).read()
        print(f"printed {{turn}}")
        logging.warning("logged %d", turn)
        display({{"text/plain": f"shown {{turn}}"}}, raw=True)
        with out:
            print(f"put into a widget {{turn}}")
        sys.stdout.flush()
        sys.stderr.flush()
        display({{"text/plain": f"turn {{turn}} is over"}}, raw=True)

writer = threading.Thread(target=write, daemon=True)
writer.start()
print("started")
"""
KINDS = ["printed", "logged", "shown", "put into a widget"]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One kernel for the module: each test makes its own panel."""
    with Page(tmp_path_factory.mktemp("kernel") / "store") as page:
        yield page


class Frontend:
    """A panel and its front end; messages of its view go to a subshell if there is one."""

    def __init__(self, page: Page, pipe: Path) -> None:
        self.page = page
        self.subshell = page.subshell() if page.has_subshells() else None
        self._gate = pipe
        os.mkfifo(pipe)
        page.run(PANEL.format(pipe=str(pipe)))
        self.comm_id = str(page.evaluate("panel.comm.comm_id"))

    def open_gate(self) -> None:
        """Let the jobs compute, once."""
        if self._gate.exists():
            _open(self._gate)
            self._gate.unlink()

    def open_view(self, subshell: str | None) -> None:
        """Request the panel's state, and wait for the kernel's answer."""
        self.send(self.comm_id, {"kind": "hello", "v": 1, "view": "a"}, subshell)
        assert any(self._is_full(message) for message in self.page.messages)

    def send(self, comm_id: str, content: dict[str, Any], subshell: str | None) -> None:
        """Send a widget's message, and wait until the kernel has handled it."""
        self.page.read_until_idle(self.page.send(comm_id, content, subshell))

    def _is_full(self, message: dict[str, Any]) -> bool:
        data = message["content"].get("data", {})
        content = data.get("content", {}) if isinstance(data, dict) else {}
        return message["content"].get("comm_id") == self.comm_id and content.get("full") is True


@pytest.fixture
def frontend(page: Page, tmp_path: Path) -> Iterator[Frontend]:
    frontend = Frontend(page, tmp_path / "gate")
    yield frontend
    frontend.open_gate()
    page.run("assert job_set.wait(60)")


def _open(pipe: Path) -> None:
    pipe.open("w").close()


def _parents_of(page: Page, text: str) -> set[str]:
    """Return the ids of the cells (or other messages) whose output has a text."""
    return {
        message["parent_header"].get("msg_id", "")
        for message in page.messages
        if message["msg_type"] in ("stream", "display_data")
        and text in (message["content"].get("text") or message["content"]["data"]["text/plain"])
    }


def test_outputs_of_the_users_threads_belong_to_their_cells(
    page: Page, frontend: Frontend, tmp_path: Path
) -> None:
    pipe, own = tmp_path / "writer", tmp_path / "own"
    os.mkfifo(pipe)
    os.mkfifo(own)
    # A widget of the user: its messages may use a subshell, too.
    other = str(page.evaluate("__import__('ipywidgets').IntSlider().comm.comm_id"))
    page.messages.clear()
    cell = page.begin(WRITER.format(turns=8, pipe=str(pipe)) + f"open({str(own)!r}).read()")
    page.read_until_printed("started")

    def turn(number: int, subshell: str | None) -> None:
        frontend.open_view(subshell)
        if page.ended(cell):  # from 7.4 on they use the main shell
            frontend.send(other, {}, subshell)
        _open(pipe)
        page.read_until(
            lambda m: m["content"].get("data", {}).get("text/plain") == f"turn {number} is over"
        )

    ways = [frontend.subshell] * 4 if frontend.subshell else []  # while the cell runs
    for number, subshell in enumerate(ways):
        turn(number, subshell)
    _open(own)
    page.read_until_idle(cell)
    for number in range(len(ways), 8):
        turn(number, None if number % 2 else frontend.subshell)

    for number in range(8):
        for kind in KINDS:
            assert _parents_of(page, f"{kind} {number}") == {cell}, f"{kind} {number}"
    # An Output widget shows the outputs of the message with its id.
    named = {
        message["content"]["data"].get("state", {}).get("msg_id")
        for message in page.messages
        if message["msg_type"] == "comm_msg"
    }
    assert named - {None} == {"", cell}


@pytest.mark.parametrize(
    "way", ["%%capture held\n{}", "with capture_output() as held:\n {}"], ids=["magic", "with"]
)
def test_captures_have_only_the_outputs_of_their_cell(
    page: Page, frontend: Frontend, tmp_path: Path, way: str
) -> None:
    pipe = tmp_path / "own"
    os.mkfifo(pipe)
    page.run("from IPython.utils.capture import capture_output")
    before = page.log()
    body = f"print('captured'); display(job_set); open({str(pipe)!r}).read(); display('mine')"
    cell = page.begin(way.format(body))
    if frontend.subshell:
        frontend.open_view(frontend.subshell)
    frontend.open_gate()
    page.read_until(lambda m: m["msg_type"] == "comm_msg" and "3 of 3 done" in str(m["content"]))
    _open(pipe)
    page.read_until_idle(cell)
    assert page.printed(cell) == ""
    assert page.evaluate("[held.stdout, held.stderr]") == ["captured\n", ""]
    shown = page.evaluate("[list(output.data) for output in held.outputs]")
    assert shown == [
        ["application/vnd.jupyter.widget-view+json"],
        ["text/html", "text/plain"],
        ["text/plain"],
    ]
    assert "Traceback" not in page.log()[len(before) :]
