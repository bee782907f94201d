"""The counts of every circuit, one by one."""

from __future__ import annotations

from benchmarks.timing import Row, Stopwatch, Target, comparison, measure_rounds
from benchmarks.workloads import InstantBackend, fresh_manager, ready_results, small_circuits

NAME = "counts"
CIRCUITS, JOBS = 10_000, 1000


def run(*, short: bool) -> list[Row]:
    circuits = small_circuits(CIRCUITS)
    ready = ready_results(circuits, JOBS)
    size = CIRCUITS // JOBS
    with fresh_manager() as manager:
        job_set = manager.run(circuits, InstantBackend(ready), max_circuits_per_job=size)
        results = job_set.results()
        in_order = [job.result() for job in job_set.jobs()]

        def ours(stopwatch: Stopwatch) -> None:
            with stopwatch.timed():
                for index in range(CIRCUITS):
                    results.get_counts(index)

        def from_store(stopwatch: Stopwatch) -> None:
            with stopwatch.timed():
                again = job_set.results(refresh=True)
                for index in range(CIRCUITS):
                    again.get_counts(index)

        def loop(stopwatch: Stopwatch) -> None:
            with stopwatch.timed():
                for result in in_order:
                    for place in range(size):
                        result.get_counts(place)

        assert [results.get_counts(index) for index in range(size)] == in_order[0].get_counts()
        rounds = measure_rounds(
            {"by index": ours, "from the store": from_store, "Result.get_counts": loop},
            3 if short else 15,
        )
    case = f"{CIRCUITS:,} circuits in {JOBS:,} jobs"
    return [
        comparison(
            NAME, case, rounds, "by index", "Result.get_counts", target=Target("value", most=0.6)
        ),
        comparison(
            NAME, f"{case}: read from the store again", rounds, "from the store", "Result.get_counts"
        ),
    ]
