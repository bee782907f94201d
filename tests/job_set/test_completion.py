"""Iterate over several sets as they end, and wait on an event loop."""

import asyncio
from collections.abc import Iterator

import pytest

import qjm_widgets
from qjm_widgets import JobManager
from qjm_widgets.errors import ClosedError, InputError, WaitTimeoutError
from tests.fakes import LIMIT, ScriptedBackend
from tests.held_sets import held, start


@pytest.fixture
def other() -> Iterator[JobManager]:
    with JobManager(":memory:") as manager:
        yield manager


def test_sets_of_several_managers_are_yielded_as_they_end(
    manager: JobManager, other: JobManager
) -> None:
    slow, first = held(manager, 2)
    second = start(other, ScriptedBackend(fail={1: "broken"}))
    ended = qjm_widgets.as_completed([first, second, first], timeout=LIMIT)
    assert next(ended) is second
    for job in slow.sent:
        job.finish()
    assert list(ended) == [first]
    assert list(qjm_widgets.as_completed([])) == []


def test_sets_that_do_not_end_in_time_are_counted(manager: JobManager) -> None:
    _, unfinished = held(manager, 2)
    done = start(manager, ScriptedBackend())
    assert done.wait(LIMIT)
    ended = qjm_widgets.as_completed([unfinished, done], timeout=0)
    assert next(ended) is done
    with pytest.raises(WaitTimeoutError, match="only 1 of 2 job sets"):
        next(ended)
    for wrong in ([1], ["abc"], [done, None], done):
        with pytest.raises(InputError, match="job sets"):
            qjm_widgets.as_completed(wrong)  # type: ignore[arg-type]


def test_awaiting_a_set_gives_its_results_and_leaves_the_loop_free(manager: JobManager) -> None:
    backend, job_set = held(manager, 3)

    async def finish() -> None:
        for job in backend.sent:
            await asyncio.sleep(0)
            job.finish()

    async def wait() -> list[dict[str, int]]:
        results, _ = await asyncio.wait_for(asyncio.gather(_results(), finish()), LIMIT)
        return [results.get_counts(circuit) for circuit in range(3)]

    async def _results() -> qjm_widgets.JobSetResults:
        return await job_set

    assert asyncio.run(wait()) == [{f"{circuit:04b}": 10} for circuit in range(3)]


def test_async_for_yields_each_job_as_it_ends(manager: JobManager) -> None:
    backend, job_set = held(manager, 3)

    async def rows() -> list[int]:
        found = []
        backend.sent[1].finish()
        async for job in job_set:
            found.append(job.row)
            for waiting in backend.sent:
                waiting.finish()
        return found

    assert asyncio.run(asyncio.wait_for(rows(), LIMIT))[0] == 1
    assert sorted(asyncio.run(_all(job_set.as_completed()))) == [0, 1, 2]


def test_sets_are_awaited_together(manager: JobManager) -> None:
    sets = [start(manager, ScriptedBackend()) for _ in range(3)]

    async def ended() -> list[qjm_widgets.JobSet]:
        return [one async for one in qjm_widgets.as_completed(sets, timeout=LIMIT)]

    assert {one.job_set_id() for one in asyncio.run(ended())} == {one.job_set_id() for one in sets}


def test_a_closed_manager_ends_an_await() -> None:
    manager = JobManager(":memory:")
    backend, job_set = held(manager, 2)

    async def close_meanwhile() -> None:
        task = asyncio.ensure_future(_results())
        await asyncio.sleep(0)
        manager.close()
        await asyncio.wait_for(task, LIMIT)

    async def _results() -> qjm_widgets.JobSetResults:
        return await job_set

    with pytest.raises(ClosedError):
        asyncio.run(close_meanwhile())
    for job in backend.sent:
        job.finish()


async def _all(jobs: object) -> list[int]:
    return [job.row async for job in jobs]  # type: ignore[attr-defined]
