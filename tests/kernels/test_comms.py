"""Messages of a page while a cell runs are served: on a subshell, or in our own waits without one.

Run with the installed ipykernel, and by ``make test-kernels`` with others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipykernel
import pytest

from tests.kernels.pages import PANEL, Page

WAITS = {
    "results": "job_set.results(timeout=60)",
    "wait": "job_set.wait(60)",
    "as_completed": "list(job_set.as_completed(60))",
    "await": "await job_set",
    "async for": "[job async for job in job_set]",
    "gather": "import asyncio; await asyncio.gather(anext(aiter(job_set)), anext(aiter(job_set)))",
}


class Panel:
    """A panel of three jobs, which wait until the gate is opened."""

    def __init__(self, page: Page, pipe: Path) -> None:
        self.page = page
        self._pipe = pipe
        os.mkfifo(pipe)
        page.run(PANEL.format(pipe=str(pipe)))
        self.comm_id = str(page.evaluate("panel.comm.comm_id"))

    def open_gate(self) -> None:
        self._pipe.open("w").close()

    def click(self, action: str, subshell: str | None = None) -> None:
        self.page.command(self.comm_id, action, action, subshell)

    def answer(self, action: str) -> dict[str, Any]:
        return self.page.read_until_ack(action)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One kernel for the module: each test makes its own panel."""
    with Page(tmp_path_factory.mktemp("kernel") / "store") as page:
        yield page


@pytest.fixture
def panel(page: Page, tmp_path: Path) -> Panel:
    return Panel(page, tmp_path / "gate")


def test_the_kernel_is_the_requested_one(page: Page) -> None:
    wanted = os.environ.get("QJM_KERNEL")
    found = page.evaluate("__import__('ipykernel').__file__")
    assert Path(found).is_relative_to(wanted or Path(ipykernel.__file__).parent)


@pytest.mark.parametrize("wait", WAITS)
def test_a_click_is_answered_while_a_cell_waits(page: Page, panel: Panel, wait: str) -> None:
    cell = page.begin(f"print('waiting')\n{WAITS[wait]}\nprint('over')")
    page.read_until_printed("waiting")
    panel.click("cancel")
    assert panel.answer("cancel")["text"] == "cancelling 3 jobs"
    assert "over" not in page.printed(cell)
    panel.open_gate()
    page.read_until_idle(cell)
    assert "over" in page.printed(cell)
    statuses = page.evaluate("[job.state.value for job in job_set.managed_jobs()]")
    assert statuses[1:] == ["cancelled", "cancelled"]


def test_other_messages_keep_their_order(page: Page, panel: Panel) -> None:
    cells = [page.begin("print('waiting')\njob_set.wait(60)\norder = [1]")]
    cells.append(page.begin("order.append(2)"))
    page.read_until_printed("waiting")
    cells.append(page.begin("order.append(3)"))
    panel.click("pause")
    assert panel.answer("pause")["ok"]
    cells.append(page.begin("order.append(4)"))
    panel.click("unpause")
    assert panel.answer("unpause")["ok"]
    panel.open_gate()
    for cell in cells:
        page.read_until_idle(cell)
    assert page.evaluate("order") == [1, 2, 3, 4]


def test_an_interrupt_ends_the_wait_and_the_cells_after_it(page: Page, panel: Panel) -> None:
    waiting = page.begin("print('waiting')\njob_set.wait(60)")
    later = page.begin("late = True")
    page.read_until_printed("waiting")
    panel.click("pause")
    assert panel.answer("pause")["ok"]
    page.interrupt()
    page.read_until_idle(waiting)
    page.read_until_idle(later)
    assert page.evaluate("'late' in dir()") is False
    # The jobs were not interrupted.
    panel.open_gate()
    page.run("job_set.unpause(); assert job_set.wait(60)")
    assert page.evaluate("[job.state.value for job in job_set.managed_jobs()]") == ["done"] * 3


def test_a_subshell_serves_messages_during_the_users_own_code(
    page: Page, panel: Panel, tmp_path: Path
) -> None:
    pipe = tmp_path / "own"
    os.mkfifo(pipe)
    subshell = page.subshell() if page.has_subshells() else None
    cell = page.begin(f"print('busy')\nopen({str(pipe)!r}).read()")
    page.read_until_printed("busy")
    panel.click("cancel", subshell)
    if subshell is not None:
        assert panel.answer("cancel")["ok"]
        assert not page.ended(cell)
    pipe.open("w").close()
    if subshell is None:
        assert panel.answer("cancel")["ok"]
        assert page.ended(cell)
    else:
        page.read_until_idle(cell)
    panel.open_gate()
    page.run("assert job_set.wait(60)")


def test_the_awaited_change_is_sent_before_the_cell_ends(page: Page, panel: Panel) -> None:
    page.send(panel.comm_id, {"kind": "hello", "v": 1, "view": "a"})
    cell = page.begin("print('waiting')\njob_set.wait(60)")
    page.read_until_printed("waiting")
    panel.open_gate()
    page.read_until_idle(cell)
    heads = [
        message["content"]["data"]["content"]["head"]
        for message in page.messages
        if message["content"].get("comm_id") == panel.comm_id
        and message["content"].get("data", {}).get("content", {}).get("kind") == "update"
    ]
    assert heads[-1]["lead"] == "3 of 3 done"
