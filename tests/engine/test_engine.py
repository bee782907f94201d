"""Many sets on one manager and one backend."""

from collections import Counter

from qjm_widgets import JobManager
from qjm_widgets.core.records import Span
from tests.fakes import LIMIT, ScriptedBackend, marked, reach, until

SETS, JOBS = 10, 12


def test_sets_that_wait_together_are_sent_in_turns() -> None:
    backend = ScriptedBackend()
    backend.gate.clear()
    with JobManager(":memory:") as manager:
        job_sets = [
            manager.run([marked(number)] * JOBS, backend, max_circuits_per_job=1, shots=1)
            for number in range(SETS)
        ]
        # Only what is on disk may be sent, and so is in turn.
        stored, all_circuits = manager._store.get_circuits, Span(0, JOBS)
        until(lambda: all(len(stored(s.job_set_id(), all_circuits)) == JOBS for s in job_sets))
        backend.gate.set()
        assert all(job_set.wait(LIMIT) for job_set in job_sets)
    sent = [job.circuits[0].name for job in backend.sent]
    # What was announced before the others were there goes first; after that nobody is served twice
    # while another waits.
    late = sent[len(sent) // 3 :]
    for half in range(1, len(late) // SETS):
        served = Counter(late[: half * SETS])
        assert max(served.values()) - min(served[f"c{number}"] for number in range(SETS)) <= 3
    assert Counter(sent) == {f"c{number}": JOBS for number in range(SETS)}


def test_a_set_that_waits_delays_no_other_set() -> None:
    busy, free = ScriptedBackend(name="busy", hold=True), ScriptedBackend(name="free")
    with JobManager(":memory:") as manager:
        waits = manager.run([marked(1)] * 3, busy, max_circuits_per_job=1, shots=1)
        goes = manager.run([marked(2)] * 3, free, max_circuits_per_job=1, shots=1)
        assert goes.wait(LIMIT)
        reach(waits, lambda: waits._state.submitted)
        assert not waits._state.settled
        for job in busy.sent:
            job.finish()
        assert waits.wait(LIMIT)
