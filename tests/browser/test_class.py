"""A lesson in JupyterLab: the queue in the panel, a failed job, and the magic that lists the sets."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenNotebook
from tests.browser.harness_server import JupyterServer

LESSON = """
from qiskit import QuantumCircuit
from qjm_widgets import JobManager
from qjm_widgets.classroom import ClassroomBackend

coin = QuantumCircuit(1, 1, name="coin")
coin.h(0)
coin.measure(0, 0)
backend = ClassroomBackend(speed=0, queue=(3, 3), others_seconds=(10, 10), start_seconds=10.0,
                           fail={1: "the chip got too warm"})
job_set = JobManager().run([coin] * 4, backend, name="a lesson", shots=50, max_circuits_per_job=1)
job_set
"""
MAGIC = "%load_ext qjm_widgets\n%qjm"


def test_a_lesson_is_seen_as_it_goes(lab: JupyterServer, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(lab, [LESSON, MAGIC], width=1300, height=1000)
    notebook.run_all()
    notebook.wait_for_run()
    panel = notebook.panel().first

    notebook.wait_for_text(re.compile("^0 of 4 done"), within=panel)
    expect(panel.get_by_role("columnheader", name=re.compile("queue", re.I))).to_be_visible()
    for job in range(4):
        row = panel.get_by_role("row", name=re.compile(rf"^Job {job},"))
        expect(row.get_by_text(f"{job + 3}", exact=True)).to_be_visible()
    notebook.screenshot("lesson-queue")
    notebook.kernel_eval("backend.clock.advance(31)")
    notebook.wait_for_text(re.compile("1 running"), within=panel)
    notebook.kernel_eval("backend.clock.advance(60)")
    notebook.wait_for_text(re.compile("^3 of 4 done"), within=panel)
    expect(panel).to_contain_text("the chip got too warm")
    notebook.screenshot("lesson-done")
    expect(notebook.cell(1)).to_contain_text("a lesson")
