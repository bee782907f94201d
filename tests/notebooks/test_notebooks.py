"""The notebooks run from top to bottom in a fresh kernel and without a network."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

HERE = Path(__file__).parents[2] / "notebooks"
IBM = "03_ibm_quantum"
SWEEPS = "09_sweeps"
PLAIN = ("01_quickstart", "04_from_ibmqjobmanager")
NEWER = ("02_queue_shots_errors", IBM, "05_dask", "06_noise", "07_splitting", "08_homework", SWEEPS)
NAMES = [*PLAIN, *(pytest.param(name, marks=pytest.mark.newer_qiskit) for name in NEWER)]
LIMIT = 240
"""Seconds for a cell: far more than any needs, for a machine that is busy."""
HURRY = "speed = 3000"
"""Takes the place of a lesson's own speed, as papermill would put it."""

OFFLINE = """
import socket

def _refuse(self, address):
    local = self.family not in (socket.AF_INET, socket.AF_INET6)
    if not local and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise OSError(f"a notebook wants to talk to {address}")
    return _connect(self, address)

_connect, socket.socket.connect = socket.socket.connect, _refuse
"""


def read(name: str) -> Any:
    """A notebook that talks to nobody, at a speed for tests."""
    notebook = nbformat.read(HERE / f"{name}.ipynb", as_version=4)
    for place, cell in enumerate(notebook.cells):
        if "parameters" in cell.metadata.get("tags", []):
            notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(HURRY))
            break
    notebook.cells.insert(0, nbformat.v4.new_code_cell(OFFLINE))
    return notebook


def execute(notebook: Any, home: Path, **options: Any) -> None:
    where = {"metadata": {"path": str(home)}}
    client = NotebookClient(notebook, kernel_name="python3", resources=where, **options)
    environment = {**os.environ, "QJM_STORE": str(home / "store.sqlite")}
    with account(notebook) if SERVICE_CELL in sources(notebook) else nullcontext({}) as more:
        client.execute(env=environment | more)


SERVICE_CELL = "service = QiskitRuntimeService()"
SERVICE = """
import logging

logging.getLogger("qiskit_ibm_runtime").setLevel(logging.ERROR)
service = QiskitRuntimeService(
    channel="ibm_quantum_platform",
    token="{token}",
    instance="{crn}",
    url_resolver=lambda *_: "{url}/api/v1",
)
"""
"""In the place of the cell that takes the account which its reader has saved."""


@contextmanager
def account(notebook: Any) -> Iterator[dict[str, str]]:
    """An account at a server on loopback for the notebook that needs one; gives its environment."""
    from tests.backends.ibm.server import Server
    from tests.backends.ibm.server_types import CRN, TOKEN

    with Server() as server:
        (cell,) = [cell for cell in notebook.cells if cell.source == SERVICE_CELL]
        cell.source = SERVICE.format(token=TOKEN, crn=CRN, url=server.url)
        yield server.environment()
        (cell,) = [cell for cell in notebook.cells if TOKEN in cell.source]
        cell.source = ""
        assert TOKEN not in nbformat.writes(notebook)


@pytest.fixture(scope="module", params=NAMES)
def executed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A notebook with its outputs."""
    notebook = read(request.param)
    execute(notebook, tmp_path_factory.mktemp("notebook"), timeout=LIMIT)
    return request.param, notebook


def sources(notebook: Any) -> list[str]:
    return [cell.source for cell in notebook.cells]


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def cell_with(notebook: Any, source: str) -> Any:
    return next(c for c in notebook.cells if c.cell_type == "code" and source in c.source)


def answer(notebook: Any, source: str) -> str:
    """What the first cell that holds ``source`` gave, as text."""
    (output,) = cell_with(notebook, source).outputs
    return str(output.data["text/plain"])


def printed(notebook: Any, source: str) -> str:
    """What the first cell that holds ``source`` printed."""
    return "".join(o.text for o in cell_with(notebook, source).outputs if o.get("name") == "stdout")


def numbers(text: str) -> list[list[float]]:
    """A printed table without its head."""
    return [[float(n.replace(",", "")) for n in line.split()] for line in text.splitlines()[1:]]


def test_nothing_is_printed_on_stderr(executed: Any) -> None:
    _, notebook = executed
    assert [o.text for o in outputs(notebook) if o.get("name") == "stderr"] == []


def test_the_set_shows_the_panel_and_its_saved_twin(executed: Any) -> None:
    _, notebook = executed
    kinds = [set(output.data) for output in outputs(notebook) if "data" in output]
    assert {"application/vnd.jupyter.widget-view+json"} in kinds
    assert {"text/html", "text/plain"} in kinds


def test_a_notebook_names_what_its_reader_should_see(executed: Any) -> None:
    name, notebook = executed
    SEEN[name](notebook)


def sees_1024_shots(notebook: Any) -> None:
    shots = re.findall(r": (\d+)", answer(notebook, "results.get_counts(5)"))
    assert sum(map(int, shots)) == 1024


def sees_a_distribution(notebook: Any) -> None:
    sees_1024_shots(notebook)
    assert answer(notebook, "results.get_counts(5)").count(":") > 1
    assert printed(notebook, "manager.report").count("10 of 10 done") == 2


def sees_one_result_on_all_workers(notebook: Any) -> None:
    found = answer(notebook, "on_dask.results().get_counts(5)")
    assert found == answer(notebook, "on_cores.results().get_counts(5)")
    assert sum(map(int, re.findall(r": (\d+)", found))) == 1024
    report = printed(notebook, "manager.report")
    assert report.count("20 of 20 done") == 3


def sees_queue_shots_and_errors(notebook: Any) -> None:
    assert "job is queued" in printed(notebook, "busy.run(coin")
    assert "8 of 8 done" in printed(notebook, "print(coins.report())")
    for _, part, error in numbers(printed(notebook, "expected error")):
        assert abs(part - 0.5) < 4 * error
    assert "Not yet" in printed(notebook, "check_shots(shots_needed)")
    assert "the chip got too warm" in printed(notebook, "print(unlucky.error_messages())")
    assert "[100, 100, 100, 100, 100, 100]" in printed(notebook, "unlucky.retry()")
    assert "4 of 4 done" in printed(notebook, "stormy.retry()")


def sees_noise(notebook: Any) -> None:
    table = numbers(printed(notebook, "shots   perfect   noisy"))
    assert table[-1][1] < 0.02 < table[-1][2]
    shares = re.findall(r"qubits: ([\d.]+)", printed(notebook, "all 0 or all 1"))
    assert shares == sorted(shares, reverse=True)
    assert "not yet" in printed(notebook, "check_guess(nothing_goes_wrong)")
    found = re.findall(r"(\d+) gates on two qubits, distance ([\d.]+)", printed(notebook, "def star("))
    (chain, near), (star, far) = [(int(gates), float(distance)) for gates, distance in found]
    assert chain == 4 < star
    assert near < far


def sees_the_cut_and_its_price(notebook: Any) -> None:
    assert "1,000 circuits in 10 jobs" in printed(notebook, "print(plan)")
    table = numbers(printed(notebook, "circuits lost   machine seconds"))
    seconds = [row[3] for row in table]
    assert min(seconds[1:-1]) < min(seconds[0], seconds[-1])
    assert table[0][2] < table[-1][2]
    assert "Not yet" in printed(notebook, "check_seconds(seconds_without_failures)")
    assert "a thousand turns" in "".join(o.data.get("text/html", "") for o in notebook.cells[-1].outputs)


def sees_full_marks(notebook: Any) -> None:
    checks = [c for c in notebook.cells if re.fullmatch(r"check_\w+\(\w+\)", c.source)]
    assert [check.outputs[0].text.split(":")[0] for check in checks] == ["Right"] * 4
    assert "10 of 10 done" in cell_with(notebook, 'name="patience")').outputs[-1].data["text/plain"]


PLOTLY = "application/vnd.plotly.v1+json"


def sees_sweeps(notebook: Any) -> None:
    assert "1 circuit with 20,000 points in 20 jobs" in printed(notebook, "print(manager.plan(")
    assert sum(map(int, re.findall(r": (\d+)", printed(notebook, "loc=2500")))) == 100
    scan = printed(notebook, "len(scan.managed_jobs())")
    assert "20,000 points from 20 jobs" in scan
    assert float(scan.split()[-1]) < 0.03  # 100 shots for each point
    magnetisation = re.findall(r"([\d.]+) ± 0.020", printed(notebook, "values.stds(0)"))
    assert magnetisation == sorted(magnetisation)
    assert float(printed(notebook, "def exact(").split()[-1]) < 0.03
    assert printed(notebook, "kernel.kill()").count(", done>") == 5
    so_far = printed(notebook, "so_far.missing(0)")
    missing = int(so_far.split()[0].replace(",", ""))
    assert 0 < missing <= 3600 - 5 * 180
    assert sum(map(int, re.findall(r": (\d+)", so_far))) == 100
    assert "0 points are missing, the shape is (60, 60)" in printed(notebook, "ramsey.resume(")
    shown = [output.data[PLOTLY] for output in outputs(notebook) if PLOTLY in output.get("data", {})]
    captions = ("20,000 of 20,000", "81 of 81", f"{3600 - missing:,} of 3,600", "3,600 of 3,600")
    for figure, caption in zip(shown, captions, strict=True):
        assert f"{caption} points" in figure["layout"]["title"]["text"]
    assert "{'pulses': 20} {'1': 400}" in printed(notebook, "trains.results().metadata(20)")
    assert "81 settings, the largest share of 1 is after 20 pulses" in printed(notebook, "table.pivot")
    columns = "circuit, name, point, outcome, count, probability, pulses"
    assert f"rows with the columns {columns}" in printed(notebook, "pandas.read_csv")


SEEN = {
    "01_quickstart": sees_a_distribution,
    "04_from_ibmqjobmanager": sees_1024_shots,
    "02_queue_shots_errors": sees_queue_shots_and_errors,
    IBM: sees_1024_shots,
    "05_dask": sees_one_result_on_all_workers,
    "06_noise": sees_noise,
    "07_splitting": sees_the_cut_and_its_price,
    "08_homework": sees_full_marks,
    SWEEPS: sees_sweeps,
}
