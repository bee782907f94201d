"""Threads end in bounded time, nothing is printed, and nothing leaks."""

from __future__ import annotations

import gc
import signal
import sqlite3
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from qjm_widgets.widgets import wire
from tests.contract.store_fixtures import python
from tests.fakes import LIMIT, reach
from tests.job_sets import check_done, start, statuses
from tests.scripted_adapter import ScriptedAdapter

BOUND = 25.0
"""Seconds in which what hangs for ever has to be left alone; closing gives a call about five."""

SCRIPT = """
import sys, threading
from qjm_widgets import JobManager
from tests.job_sets import circuits
from tests.scripted_adapter import ScriptedAdapter
class Never(threading.Event):
    def wait(self, timeout=None):
        return super().wait()
adapter = ScriptedAdapter()
manager = JobManager(sys.argv[1])
def run(number=3):
    return manager.run(circuits(number), adapter, shots=10, max_circuits_per_job=1)
"""
HANG = """
adapter.gates["{call}"] = Never()
job_set = run()
{more}
assert adapter.entered["{call}"].wait(30)
"""


def ours() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("qjm-")]


def no_threads() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("qjm-"):
            thread.join(LIMIT)
    assert ours() == []


def begin(code: str, store: Path) -> subprocess.Popen[str]:
    """Start a script that says so when it comes to its end."""
    return python(f"{SCRIPT}{code}\nprint('ends', flush=True)", store)


def ends(process: subprocess.Popen[str], printed: str = "") -> None:
    """A script ends well and in bounded time, and prints nothing else."""
    assert process.stdout is not None
    out = ""
    while not out.endswith("ends\n"):
        line = process.stdout.readline()
        assert line, process.communicate()
        out += line
    try:
        rest, err = process.communicate(timeout=BOUND)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out + rest, err) == (0, f"{printed}ends\n", "")


def stored(store: Path) -> dict[str, int]:
    """How many jobs of the store's only set are in each status."""
    with JobManager(store) as manager:
        (summary,) = manager.history()
        return {status.value: number for status, number in summary.jobs.items()}


# -- scripts that end --------------------------------------------------------------------------------


def test_a_script_ends_while_a_call_hangs(tmp_path: Path) -> None:
    scripts = {}
    for call in ("submit", "observe", "cancel"):
        for close in ("", "import warnings; warnings.simplefilter('ignore'); manager.close()"):
            cancel = "job_set.wait(until='submitted'); job_set.cancel()" if call == "cancel" else ""
            code = HANG.format(call=call, more=cancel) + close
            if call == "cancel":
                code = f"adapter.hold = True\n{code}"
            store = tmp_path / f"{call} {bool(close)}"
            scripts[store] = begin(code, store)
    for store, process in scripts.items():
        ends(process)
        known = stored(store)
        assert sum(known.values()) == 3
        assert known.get("sending", 0) == store.name.startswith("submit")


def test_a_script_that_ends_keeps_what_is_not_sent_and_does_not_send_it(tmp_path: Path) -> None:
    code = """
adapter.hold, adapter.max_pending = True, 1
job_set = run(5)
with job_set._state.changed:
    job_set._state.changed.wait_for(lambda: adapter.sent, 30)
print(len(adapter.sent))
"""
    ends(begin(code, tmp_path / "store"), printed="1\n")
    assert stored(tmp_path / "store") == {"queued": 1, "not_sent": 4}


@pytest.mark.parametrize(
    "close", ["", "import warnings; warnings.simplefilter('ignore'); manager.close()"]
)
def test_closing_at_once_keeps_every_circuit(close: str, tmp_path: Path) -> None:
    ends(begin(f"adapter.max_pending = 1; adapter.hold = True; run(300)\n{close}", tmp_path / "store"))
    with JobManager(tmp_path / "store") as manager:
        job_set = manager.retrieve_job_set(manager.history()[0].record.set_id)
        adapter = ScriptedAdapter()
        job_set.resume(adapter)
        assert job_set.wait(LIMIT)
        assert "missing" not in str(job_set.error_messages())
        assert job_set._state.finished >= 299  # one may have been with the backend, which is gone


def test_many_managers_whose_calls_hang_end_together(tmp_path: Path) -> None:
    code = """
managers = []
for number in range(24):
    adapter = ScriptedAdapter()
    adapter.gates["submit"] = Never()
    manager = JobManager(f"{sys.argv[1]}{number}")
    managers.append(manager)
    run()
    assert adapter.entered["submit"].wait(30)
"""
    ends(begin(code, tmp_path / "store"))  # one after another they would take twice the bound
    for number in range(24):
        assert stored(tmp_path / f"store{number}") == {"sending": 1, "not_sent": 2}


def test_a_script_that_raises_ends_too(tmp_path: Path) -> None:
    process = python(SCRIPT + "run()\nraise SystemExit(3)", tmp_path / "store")
    out, err = process.communicate(timeout=2 * BOUND)
    assert (process.returncode, out, err) == (3, "", "")


def test_a_forked_process_ends_whatever_its_parent_was_doing(tmp_path: Path) -> None:
    code = """
import os, warnings
warnings.simplefilter("ignore")
job_set = run()
held, over = threading.Event(), threading.Event()
def hold():
    with manager._session.lock:
        held.set()
        over.wait(30)
threading.Thread(target=hold, daemon=True).start()
held.wait(30)
child = os.fork()
if child == 0:
    sys.exit(0)
print(os.waitpid(child, 0)[1])
over.set()
print(job_set.wait(30))
"""
    ends(begin(code, tmp_path / "store"), printed="0\nTrue\n")
    assert stored(tmp_path / "store") == {"done": 3}


def test_simulators_end_with_their_script(tmp_path: Path) -> None:
    code = """
from qiskit.providers.basic_provider import BasicSimulator
from qiskit import QuantumCircuit
circuit = QuantumCircuit(1, 1)
circuit.measure(0, 0)
job_set = manager.run([circuit] * 2000, BasicSimulator(), max_circuits_per_job=10)
with job_set._state.changed:
    job_set._state.changed.wait_for(lambda: job_set._state.finished, 30)
"""
    ends(begin(code, tmp_path / "store"))
    known = stored(tmp_path / "store")
    assert sum(known.values()) == 200
    assert known["not_sent"] > 0


# -- managers by the dozen ---------------------------------------------------------------------------


def test_fifty_managers_leave_nothing_behind(tmp_path: Path) -> None:
    def once(number: int) -> None:
        with JobManager(tmp_path / "store") as manager:
            job_set = start(manager, ScriptedAdapter(), 2)
            other = JobManager(tmp_path / "store")
            seen = other.retrieve_job_set(job_set.job_set_id())
            seen.subscribe(lambda event: None)
            panel = job_set.panel()
            panel._receive(None, {"v": wire.VERSION, "kind": "groups", "view": "a"}, [])
            check_done(job_set, 2)
            other.close()
        if number % 2:  # nobody closes the panels of a notebook
            panel.close()

    once(0)
    no_threads()
    gc.collect()
    files = set(Path("/proc/self/fd").iterdir()) if sys.platform == "linux" else set()
    for number in range(50):
        once(number)
    no_threads()
    gc.collect()
    if sys.platform == "linux":
        assert len(list(Path("/proc/self/fd").iterdir())) <= len(files)
    owners = Path(f"{tmp_path / 'store'}.owners")
    assert not owners.exists() or list(owners.iterdir()) == []
    connection = sqlite3.connect(tmp_path / "store")
    assert connection.execute("SELECT count(*) FROM owners").fetchone() == (0,)
    connection.close()


def test_closing_does_not_wait_for_a_call_that_hangs() -> None:
    adapter = ScriptedAdapter(finds=True)
    gates = [adapter.gates.setdefault(call, threading.Event()) for call in ("submit", "observe")]
    manager = JobManager(":memory:")
    start(manager, adapter, 3)
    assert adapter.entered["submit"].wait(LIMIT)
    with pytest.warns(UserWarning, match="not sent"):
        manager.close()
    assert any(name.startswith("qjm-send") for name in ours())  # the call hangs still
    for gate in gates:
        gate.set()
    no_threads()
    assert len(adapter.knocks) == 1


# -- interrupts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("waiting", ["wait()", "results()", "wait(until='submitted')"])
def test_an_interrupt_ends_wait_and_no_job(waiting: str, tmp_path: Path) -> None:
    code = f"""
adapter.gates["submit"] = threading.Event()
job_set = run()
assert adapter.entered["submit"].wait(30)
try:
    print("waiting", flush=True)
    job_set.{waiting}
except KeyboardInterrupt:
    print("interrupted", flush=True)
adapter.gates["submit"].set()
assert job_set.wait(30)
print(len(job_set.results().get_counts(2)), [job.cancels for job in adapter.sent])
"""
    process = python(SCRIPT + code, tmp_path / "store")
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=2 * BOUND)
    assert (process.returncode, out, err) == (0, "interrupted\n1 [0, 0, 0]\n", "")


# -- what a backend says -----------------------------------------------------------------------------


def test_warnings_of_a_backend_are_not_printed_from_our_threads(tmp_path: Path) -> None:
    code = """
import warnings
warnings.simplefilter("always")
def warn(number, submission):
    warnings.warn("an old option", DeprecationWarning)
adapter.refuse = warn
assert run().wait(30)
adapter.lose = lambda number, submission: warnings.warn("another")
with warnings.catch_warnings():
    assert run().wait(30)
assert run().wait(30)
manager.close()
"""
    ends(begin(code, tmp_path / "store"))


def test_warnings_of_other_threads_are_shown_as_before() -> None:
    adapter = ScriptedAdapter(refuse=lambda number, submission: warnings.warn("theirs", stacklevel=1))
    with warnings.catch_warnings(record=True) as caught, JobManager(":memory:") as manager:
        warnings.simplefilter("always")
        assert start(manager, adapter, 2).wait(LIMIT)
        warnings.warn("mine", stacklevel=1)
    assert [str(warning.message) for warning in caught] == ["mine"]


@pytest.mark.parametrize("call", ["submit", "job_id", "observe", "cancel"])
def test_errors_of_a_backend_end_no_thread(call: str) -> None:
    class Odd(BaseException):
        def __str__(self) -> str:
            raise ValueError("no text")

    adapter = ScriptedAdapter(hold=True)
    adapter.raises[call] = Odd()
    with JobManager(":memory:") as manager:
        job_set = start(manager, adapter, 2)
        other = start(manager, ScriptedAdapter(name="other"), 2)
        check_done(other, 2)
        if call == "submit":
            assert job_set.wait(LIMIT)
            assert statuses(job_set) == ["held"] * 2
            assert all("Odd" in (job.last_error or "") for job in job_set._state.jobs)
            adapter.raises.clear()
            assert job_set.retry(held=True) == 2
        assert job_set.wait(LIMIT, until="submitted")
        if call == "observe":
            reach(job_set, lambda: all(job.last_error for job in job_set._state.jobs))
        if call == "cancel":
            assert job_set.cancel(1) == 1
            reach(job_set, lambda: "Odd" in (job_set._state.jobs[1].last_error or ""))
        adapter.raises.clear()
        for job in adapter.sent:
            job.finish()
        check_done(job_set, 2)
        assert job_set._state.numbers()[Status.DONE] == 2
