"""What the user's code prints and shows beside a panel arrives, as an output of its own cell.

Run with the installed ipykernel, and by ``make test-kernels`` with others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kernels.pages import PANEL, Page

# A thread of the user's: it says each thing once for each time that the pipe is opened and closed.
SPEAKS = """
import logging, sys, threading
import ipywidgets
from IPython.display import display

out = ipywidgets.Output()
logging.basicConfig(stream=sys.stderr, force=True)

def speak():
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

speaker = threading.Thread(target=speak, daemon=True)
speaker.start()
print("speaking")
"""
KINDS = ["printed", "logged", "shown", "put into a widget"]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One kernel for the module: each test makes its own panel."""
    with Page(tmp_path_factory.mktemp("kernel") / "store") as page:
        yield page


class Front:
    """A panel, and the page's side of it: messages of its view go to a subshell where there is one."""

    def __init__(self, page: Page, pipe: Path) -> None:
        self.page = page
        self.subshell = page.subshell() if page.has_subshells() else None
        self._gate = pipe
        os.mkfifo(pipe)
        page.run(PANEL.format(pipe=str(pipe)))
        self.comm_id = str(page.ask("panel.comm.comm_id"))

    def open_gate(self) -> None:
        """Let the jobs compute; once."""
        if self._gate.exists():
            _open(self._gate)
            self._gate.unlink()

    def hello(self, subshell: str | None) -> None:
        """Ask for the panel's state, and wait until the kernel has answered."""
        self.say(self.comm_id, {"kind": "hello", "v": 1, "view": "a"}, subshell)
        assert any(self._is_full(message) for message in self.page.heard)

    def say(self, comm_id: str, content: dict[str, Any], subshell: str | None) -> None:
        """Send a widget's message, and wait until the kernel has handled it."""
        self.page.until_idle(self.page.send(comm_id, content, subshell))

    def _is_full(self, message: dict[str, Any]) -> bool:
        data = message["content"].get("data", {})
        content = data.get("content", {}) if isinstance(data, dict) else {}
        return message["content"].get("comm_id") == self.comm_id and content.get("full") is True


@pytest.fixture
def front(page: Page, tmp_path: Path) -> Iterator[Front]:
    front = Front(page, tmp_path / "gate")
    yield front
    front.open_gate()
    page.run("assert job_set.wait(60)")


def _open(pipe: Path) -> None:
    pipe.open("w").close()


def _parents_of(page: Page, text: str) -> set[str]:
    """Of which cells (or other messages) something was an output."""
    return {
        message["parent_header"].get("msg_id", "")
        for message in page.heard
        if message["msg_type"] in ("stream", "display_data")
        and text in (message["content"].get("text") or message["content"]["data"]["text/plain"])
    }


def test_what_the_users_threads_say_is_their_cells(page: Page, front: Front, tmp_path: Path) -> None:
    pipe, own = tmp_path / "speaker", tmp_path / "own"
    os.mkfifo(pipe)
    os.mkfifo(own)
    # A widget of the user's own: its messages may come on a subshell as well.
    other = str(page.ask("__import__('ipywidgets').IntSlider().comm.comm_id"))
    page.heard.clear()
    cell = page.begin(SPEAKS.format(turns=8, pipe=str(pipe)) + f"open({str(own)!r}).read()")
    page.until_printed("speaking")

    def turn(number: int, subshell: str | None) -> None:
        front.hello(subshell)
        if page.ended(cell):  # from 7.4 on they come on the main shell
            front.say(other, {}, subshell)
        _open(pipe)
        page.until(lambda m: m["content"].get("data", {}).get("text/plain") == f"turn {number} is over")

    ways = [front.subshell] * 4 if front.subshell else []  # while the cell runs
    for number, subshell in enumerate(ways):
        turn(number, subshell)
    _open(own)
    page.until_idle(cell)
    for number in range(len(ways), 8):
        turn(number, None if number % 2 else front.subshell)

    for number in range(8):
        for kind in KINDS:
            assert _parents_of(page, f"{kind} {number}") == {cell}, f"{kind} {number}"
    # A front end puts into an Output widget what comes as an output of the message that it names.
    named = {
        message["content"]["data"].get("state", {}).get("msg_id")
        for message in page.heard
        if message["msg_type"] == "comm_msg"
    }
    assert named - {None} == {"", cell}


@pytest.mark.parametrize(
    "way", ["%%capture held\n{}", "with capture_output() as held:\n {}"], ids=["magic", "with"]
)
def test_what_is_captured_is_the_cells_alone(page: Page, front: Front, tmp_path: Path, way: str) -> None:
    pipe = tmp_path / "own"
    os.mkfifo(pipe)
    page.run("from IPython.utils.capture import capture_output")
    before = page.log()
    body = f"print('captured'); display(job_set); open({str(pipe)!r}).read(); display('mine')"
    cell = page.begin(way.format(body))
    if front.subshell:
        front.hello(front.subshell)
    front.open_gate()
    page.until(lambda m: m["msg_type"] == "comm_msg" and "3 of 3 done" in str(m["content"]))
    _open(pipe)
    page.until_idle(cell)
    assert page.printed(cell) == ""
    assert page.ask("[held.stdout, held.stderr]") == ["captured\n", ""]
    shown = page.ask("[list(output.data) for output in held.outputs]")
    assert shown == [
        ["application/vnd.jupyter.widget-view+json"],
        ["text/html", "text/plain"],
        ["text/plain"],
    ]
    assert "Traceback" not in page.log()[len(before) :]
