"""Texts from outside (names, tags, ids, errors, outcomes) are harmless, shortened text everywhere."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.harness import NotebookPage
from tests.browser.harness_server import JupyterServer

# Markup that would run, what Plotly takes for markup, what turns text around, what a terminal obeys.
TEXTS = r"""
evil = (
    '<img src=x onerror="window.qjmEvil=1"><script>window.qjmEvil=1</script>'
    '<a href="javascript:window.qjmEvil=1">click</a><b>bold</b>&lt;i&gt;'
    '\u202egnp.exe\u202c\u2066\u200f\x1b[31mred\x1b]0;title\x07\x00\x08`code`${1}'
)
big = "M" * 1_000_000
"""

# Job 0 is done with such outcomes; asking for 1 fails so; 2 stays queued under an id.
BACKEND = """
from qiskit import QuantumCircuit
from qiskit.circuit import Measure
from qiskit.providers import BackendV2, JobV1, JobStatus, Options
from qiskit.result import Result
from qiskit.transpiler import Target
from qjm_widgets import JobManager

class Job(JobV1):
    def submit(self): pass
    def cancel(self): return False
    def status(self):
        return JobStatus.QUEUED if self.job_id().endswith("2") else JobStatus.DONE
    def result(self):
        if self.job_id().endswith("1"):
            raise RuntimeError(evil + "\\nsecond line " + evil + big)
        data = {"counts": {evil: 70, big: 20, "<b>1</b>": 10}}
        experiment = {"shots": 100, "success": True, "data": data, "status": evil,
                      "header": {"name": evil, "memory_slots": 1, "creg_sizes": [[evil, 1]]}}
        return Result.from_dict({"results": [experiment], "backend_name": evil, "success": True,
                                 "backend_version": evil, "qobj_id": evil, "job_id": evil})

class Evil(BackendV2):
    sent = 0
    def __init__(self):
        super().__init__(name=evil + big)
        self._target = Target(num_qubits=2)
        self._target.add_instruction(Measure())
    target = property(lambda self: self._target)
    max_circuits = None
    _default_options = classmethod(lambda cls: Options(shots=100))
    def run(self, circuits, **options):
        self.sent += 1
        return Job(self, evil + (big if self.sent == 3 else "") + str(self.sent - 1))

def circuit():
    made = QuantumCircuit(1, 1, name=evil)
    made.x(0, label=evil)
    made.measure(0, 0)
    return made

manager = JobManager()
job_set = manager.run([circuit() for _ in range(3)], Evil(), name=evil + big, tags=[evil],
                      shots=100, max_circuits_per_job=1)
job_set
"""

_NOT_TEXT = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _is_harmless(notebook: NotebookPage, place: Locator) -> None:
    assert place.locator("img, script, iframe, object, a").count() == 0
    text = place.inner_text() + (place.text_content() or "")
    assert _NOT_TEXT.findall(text) == []
    assert len(text) < 60_000
    assert len(place.inner_html()) < 600_000
    assert notebook.page.evaluate("() => window.qjmEvil ?? null") is None


def test_names_and_messages_are_only_text(lab: JupyterServer, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(lab, [TEXTS, BACKEND, "manager"])
    notebook.run_all()
    notebook.wait_for_run()
    panel = notebook.cell(1).locator(".qjm-panel")
    notebook.wait_for_text(re.compile("^1 of 3 done"), within=panel)
    expect(panel.locator('[data-row="1"]')).to_contain_text("RuntimeError")
    expect(panel.locator('[data-row="2"]')).to_contain_text("Queued")
    expect(panel.locator(".js-plotly-plot .bars .point path")).to_have_count(3)
    panel.get_by_text("Counts as a table").click()
    _is_harmless(notebook, panel)

    for job, text in ((1, "second line <img src=x"), (2, "Queued")):
        panel.get_by_role("button", name=f"Open job {job}").click()
        drawer = panel.get_by_role("region", name=f"Details of job {job}")
        expect(drawer).to_contain_text(text)
        drawer.get_by_role("button", name="Draw 1 circuit").click()
        expect(drawer.get_by_role("region", name=re.compile("^Drawing"))).to_contain_text("<img src=x")
        _is_harmless(notebook, panel)
    notebook.screenshot("untrusted", of=panel)
    # As a pointer on a bar, which makes Plotly write the key.
    panel.locator(".js-plotly-plot .bars .point path").first.hover(force=True)
    expect(panel.locator(".js-plotly-plot .hoverlayer .hovertext").first).to_be_visible()
    _is_harmless(notebook, panel)

    listed = notebook.cell(2).locator(".qjm-history")
    expect(listed).to_contain_text("<img src=x")
    _is_harmless(notebook, listed)
    report = notebook.kernel_eval("job_set.report()")
    assert "<img src=x" in report
    assert _NOT_TEXT.findall(report.replace("\n", "")) == []
    assert len(report) < 5_000

    saved = notebook.save()
    assert len(str(saved)) < 200_000
    notebook.restart_kernel()
    notebook.reload()
    for index in (1, 2):
        static = notebook.cell(index).locator(".qjm-static")
        expect(static).to_contain_text("<img src=x")
        _is_harmless(notebook, static)
