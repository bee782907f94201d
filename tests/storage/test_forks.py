"""In a process that is forked from one with a manager, the manager belongs to the parent."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from tests.contract.store_fixtures import answer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")

BEGIN = """
import json, multiprocessing, os, signal, sys
from qjm_widgets import JobManager, default_manager
from tests.fakes import LIMIT, ScriptedBackend, marked
store, mode = sys.argv[1:3]

def said(call):
    try:
        return repr(call())
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def run(manager, number):
    backend = ScriptedBackend(hold=True)
    circuits = [marked(value) for value in range(number)]
    job_set = manager.run(circuits, backend, shots=10, max_circuits_per_job=1)
    assert job_set.wait(LIMIT, until="submitted")
    return backend, job_set

os.environ["QJM_STORE"] = store
manager = default_manager()
backend, job_set = run(manager, 3)
backend.sent[0].finish()
next(iter(job_set.as_completed(LIMIT)))
"""
CHILD = """
def child():
    signal.alarm(60)  # a call that hangs ends the child
    calls = {
        "leave": lambda: manager.__exit__(None, None, None),
        "close": manager.close,
        "run": lambda: manager.run([marked(1)], backend),
        "plan": lambda: manager.plan([marked(1)], backend),
        "report of all": manager.report,
        "history": manager.history,
        "sets": manager.job_sets,
        "retrieve": lambda: manager.retrieve_job_set(job_set.job_set_id()),
        "export": lambda: manager.export(job_set, store + ".qjm"),
        "delete": lambda: manager.delete(job_set.job_set_id()),
        "wait": job_set.wait,
        "results": job_set.results,
        "completed": lambda: list(job_set.as_completed()),
        "cancel": job_set.cancel,
        "retry": job_set.retry,
        "pause": job_set.pause,
        "resume": job_set.resume,
        "report": job_set.report,
        "counts": job_set.counts,
        "statuses": job_set.statuses,
        "rename": lambda: job_set.update_name("child"),
        "subscribe": lambda: job_set.subscribe(print),
    }
    found = {name: said(call) for name, call in calls.items()}
    found["repr"] = repr(job_set) + repr(manager)
    found["name"] = job_set.name() + job_set.job_set_id()
    own = default_manager()
    with own:
        sent, ours = run(own, 2)
        for job in sent.sent:
            job.finish()
        assert ours.wait(LIMIT)
        found["own"] = repr(ours.results().get_counts(1))
        found["driver"] = repr(own.retrieve_job_set(job_set.job_set_id())._state.owner)
    return found

if mode == "fork":
    read, write = os.pipe()
    if os.fork() == 0:
        with open(write, "w") as pipe:
            json.dump(child(), pipe)
        del manager, job_set
        sys.exit()
    os.close(write)
    with open(read) as pipe:
        found = json.load(pipe)
    status = os.wait()[1]
    assert status == 0, status
else:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        found = pool.apply(child)
for job in backend.sent[1:]:
    job.finish()
assert job_set.wait(LIMIT)
found["parent"] = repr([job_set.results().get_counts(n) for n in range(3)])
found["locks"] = len(os.listdir(store + ".owners"))
found["process"] = os.getpid()
manager.close()
print(json.dumps(found))
"""


@pytest.mark.parametrize("mode", ["fork", "multiprocessing"])
def test_a_manager_in_a_forked_child_belongs_to_its_parent(tmp_path: Path, mode: str) -> None:
    store = tmp_path / "store"
    found = json.loads(answer(BEGIN + CHILD, store, mode))
    process = found.pop("process")
    assert found.pop("repr").startswith("<JobSet ")
    assert len(found.pop("name")) > 32
    assert found.pop("own") == "{'0000000001': 10}"
    assert found.pop("driver") == repr(f"another kernel (process {process} on {os.uname().nodename})")
    assert found.pop("parent") == repr([{format(value, "010b"): 10} for value in range(3)])
    assert found.pop("locks") == 1
    for name, said in found.items():
        assert said.startswith(f"ClosedError: this manager belongs to process {process}, "), name
    assert not store.with_name("store.qjm").exists()
    with closing(sqlite3.connect(store)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with JobManager(store) as manager:
        done = [summary.jobs[Status.DONE] for summary in manager.history()]
    assert sorted(done) == [2, 3]


MANY = """
children = []
rest = iter(backend.sent[1:])
for number in range(6):
    for job in (next(rest), next(rest)):
        job.finish()  # the engine writes while the process is forked
    if (process := os.fork()) == 0:
        signal.alarm(60)
        del manager, job_set
        sys.exit(0 if said(default_manager().close) == "None" else 1)
    children.append(process)
assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(children)
for job in rest:
    job.finish()
assert job_set.wait(LIMIT)
for number in range(14):
    assert job_set.results().get_counts(number) == {format(number, "010b"): 10}
manager.close()
"""


def test_children_that_end_while_the_parent_writes_lose_nothing(tmp_path: Path) -> None:
    store = tmp_path / "store"
    assert answer(BEGIN.replace("run(manager, 3)", "run(manager, 14)") + MANY, store, "") == ""
    with closing(sqlite3.connect(store)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert file.execute("SELECT status, count(*) FROM jobs GROUP BY status").fetchall() == [
            ("done", 14)
        ]
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
