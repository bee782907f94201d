"""The manager's own panel, as a person meets it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.axe import serious
from tests.browser.conftest import OpenNotebook
from tests.browser.harness import NotebookPage
from tests.browser.harness_server import JupyterServer, Theme

# A store as it is after some months: most sets are written straight into it.
MANY = """
import time, uuid
from qiskit import QuantumCircuit
from qiskit.providers.basic_provider import BasicSimulator
from qjm_widgets import JobManager
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status

manager = JobManager("many.sqlite")
manager._store._connection.execute("PRAGMA synchronous = OFF")  # a thousand transactions
def write(name, days, statuses, tags=(), backend="ibm_fez"):
    record = JobSetRecord(uuid.uuid4().hex, name, backend, "backend_run", 100 * len(statuses),
                          time.time() - 86_400 * days, shots=(1024, 1024), tags=tags)
    jobs = [JobRecord(i, Span(100 * i, 100 * i + 100), status=s) for i, s in enumerate(statuses)]
    manager._store.create_set(record, jobs)
    manager._store.release(record.set_id)

for i in range(1200):
    write(f"sweep {i}", 20 + i / 4, [Status.DONE] * 10)
write("qaoa on a ring", 3, [Status.DONE] * 4 + [Status.ERROR] * 2, ("thesis", "week 12"))
write("stopped in the middle", 1, [Status.DONE] * 3 + [Status.NOT_SENT] * 2, ("thesis",))

circuit = QuantumCircuit(2, name="bell")
circuit.h(0)
circuit.cx(0, 1)
circuit.measure_all()
bell = manager.run(circuit, BasicSimulator(), name="bell", shots=100, seed_simulator=7, tags=["demo"])
bell.wait(60)
"""


def _open(open_notebook: OpenNotebook, lab: JupyterServer, theme: Theme, width: int) -> NotebookPage:
    (lab.root / "many.sqlite").unlink(missing_ok=True)
    notebook = open_notebook(lab, [MANY, "manager"], theme=theme, width=width, height=1000)
    notebook.run_all()
    notebook.wait_for_run()
    notebook.cell(1)
    notebook.wait_for_text(re.compile("^1,203 sets"), within=_history(notebook))
    return notebook


def _history(notebook: NotebookPage) -> Locator:
    return notebook.page.locator(".qjm-history")


def _row(notebook: NotebookPage, name: str) -> Locator:
    return _history(notebook).get_by_role("listitem").filter(has_text=name).first


def test_sets_are_found_opened_renamed_exported_and_deleted(
    lab: JupyterServer, open_notebook: OpenNotebook, tmp_path: Path
) -> None:
    notebook = _open(open_notebook, lab, "Light", 1280)
    history = _history(notebook)
    assert history.get_by_role("listitem").count() < 40
    notebook.screenshot("history-light", of=history)

    history.get_by_label("Search job sets").fill("sweep 777")
    expect(history.get_by_text("1 of 1,203 sets")).to_be_visible()
    expect(_row(notebook, "sweep 777")).to_contain_text("10 of 10 done")
    history.get_by_role("button", name="Show all").click()
    history.get_by_label("Status", exact=True).select_option("interrupted")
    expect(history.get_by_text("1 of 1,203 sets")).to_be_visible()
    expect(_row(notebook, "stopped in the middle")).to_contain_text("3 of 5 done")
    history.get_by_role("button", name="Show all").click()

    history.get_by_role("button", name="Open bell").click()
    panel = notebook.panel().first
    notebook.wait_for_text("1 of 1 done", within=panel)
    history.get_by_role("button", name="bell", exact=True).click()
    drawer = history.get_by_label("Details of bell")
    drawer.get_by_label("Name").fill("bell, the good one")
    drawer.get_by_role("button", name="Rename").click()
    renamed = "bell, the good one"
    expect(_row(notebook, renamed)).to_be_visible()
    expect(panel).to_contain_text(renamed)
    notebook.screenshot("history-drawer", of=history)
    assert serious(history) == []

    drawer = history.get_by_label(f"Details of {renamed}")
    with notebook.page.expect_download() as download:
        drawer.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "bell-the-good-one.qjm"
    download.value.save_as(tmp_path / "bell.qjm")
    drawer.get_by_label("Export to").fill(str(tmp_path / "exported.qjm"))
    drawer.get_by_role("button", name="Export").click()
    expect(drawer).to_contain_text("Written to")
    assert (tmp_path / "exported.qjm").read_bytes() == (tmp_path / "bell.qjm").read_bytes()

    drawer.get_by_role("button", name="Delete…").click()
    drawer.get_by_role("button", name="Delete", exact=True).click()
    notebook.wait_for_text(re.compile("^1,202 sets"), within=history)
    expect(notebook.panel()).to_have_count(0)
    notebook.kernel_eval(f"manager.load({str(tmp_path / 'bell.qjm')!r}).counts() == {{}}")
    notebook.wait_for_text(re.compile("^1,203 sets"), within=history)


def test_old_sets_are_pruned(lab: JupyterServer, open_notebook: OpenNotebook) -> None:
    notebook = _open(open_notebook, lab, "Dark", 1280)
    history = _history(notebook)
    history.get_by_role("button", name="Prune…").click()
    history.get_by_label(re.compile("Delete sets older")).fill("30")
    expect(history.get_by_text("Matches 1,160 sets.")).to_be_visible()
    history.get_by_role("button", name="qaoa on a ring", exact=True).click()
    notebook.screenshot("history-dark", of=history)
    assert serious(history) == []
    notebook.page.set_viewport_size({"width": 800, "height": 1000})
    expect(history.locator(".qjm-sets-narrow")).to_be_visible()
    notebook.screenshot("history-narrow")
    history.get_by_role("button", name="Delete 1,160 sets").click()
    notebook.wait_for_text("1,160 sets deleted", within=history, seconds=60)
    notebook.wait_for_text(re.compile("^43 sets"), within=history)
