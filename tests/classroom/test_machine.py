"""The machine's guarantees for any order of calls: observing it changes nothing."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from qjm_widgets.classroom import Conditions
from qjm_widgets.classroom.machine import Machine, Task

RULES = Conditions(
    queue=(0, 3),
    between=(0, 1),
    others_seconds=(5.0, 30.0),
    start_seconds=10.0,
    failure=0.3,
    outage=0.1,
    outage_seconds=(20.0, 60.0),
    outages=((40.0, 70.0),),
)
steps = st.lists(
    st.tuples(st.sampled_from(["send", "cancel", "wait"]), st.floats(0, 40), st.integers(0, 20)),
    max_size=25,
)


def play(script: list[tuple[str, float, int]], seed: int, looks: bool) -> list[Task]:
    """The jobs of a script, an hour later."""
    machine, now = Machine(RULES, seed), 0.0
    tasks: list[Task] = []
    for what, seconds, number in script:
        for part in range(4):
            if looks:
                machine.pending(now + seconds * part / 4)
        now += seconds
        if what == "send" and machine.outage_end(now) is None:
            tasks.append(machine.accept(now, 1 + number, 100))
        elif what == "cancel" and tasks:
            machine.cancel(tasks[number % len(tasks)], now)
    for task in tasks:
        machine.update(task, now + 100_000)
    return tasks


def fate(task: Task) -> tuple[Any, ...]:
    return task.started, task.ended, task.error, task.cancelled


@settings(max_examples=150, deadline=None)
@given(steps, st.integers(0, 5))
def test_observing_a_device_does_not_change_it(script: list[tuple[str, float, int]], seed: int) -> None:
    assert [fate(t) for t in play(script, seed, False)] == [fate(t) for t in play(script, seed, True)]


@settings(max_examples=150, deadline=None)
@given(steps, st.integers(0, 5))
def test_jobs_run_one_at_a_time_and_in_order(script: list[tuple[str, float, int]], seed: int) -> None:
    tasks = play(script, seed, True)
    ran = [task for task in tasks if task.started is not None]
    for task in tasks:
        assert task.cancelled or task.started is not None
        assert task.ended is not None
    for task in ran:
        assert task.arrived <= task.started <= task.ended  # type: ignore[operator]
    for before, after in itertools.pairwise(ran):
        assert before.ended <= after.started  # type: ignore[operator]
