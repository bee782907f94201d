"""Poll jobs of IBM Quantum: one request for each page of a list returns the states of a set's jobs."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple

from qjm_widgets._threads import run_concurrently
from qjm_widgets.backends.ibm.client import PAGE, IBMClient
from qjm_widgets.backends.ibm.jobs import read_job
from qjm_widgets.core.job_tags import identity_in, set_tag, set_tag_of, set_tags_in
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.provider_port import RemoteJob
from qjm_widgets.core.records import Status
from qjm_widgets.errors import NotFoundError, ProviderError, explain

#: The most jobs that one poll requests one by one, because they are in no list.
_ONE_BY_ONE = 20


class TrackedJob:
    """A job that is polled.

    Attributes:
        batch_id: the id of its batch; None if it runs by itself or if the id is not known.
        empty_since: when it was first found completed without a result, in monotonic seconds; or None.
        identity: the identity of its attempt; None if not known yet.
        job: the runtime's job object; None if another kernel submitted the job.
        job_id: IBM Quantum's id of the job.
        listed: whether it has been in a list.
        names: the names of its circuits.
        set_tag: the tag of its set; None if not known yet.
        since: when polling began, in monotonic seconds.
    """

    __slots__ = (
        "batch_id",
        "empty_since",
        "identity",
        "job",
        "job_id",
        "listed",
        "names",
        "set_tag",
        "since",
    )

    def __init__(self, job_id: str, names: Sequence[str], identity: str | None = None) -> None:
        self.job_id = job_id
        self.names = names
        self.identity = identity
        self.set_tag = None if identity is None else set_tag_of(identity)
        self.job: Any = None
        self.batch_id: str | None = None
        self.empty_since: float | None = None
        self.listed = False
        self.since = time.monotonic()


class Tracker:
    """The states of jobs on IBM Quantum. If an attempt was accepted twice, one of its jobs is kept.

    Args:
        rest: the client.
        settling: seconds after which an accepted job is certain to be listed.
    """

    def __init__(self, rest: IBMClient, settling: float) -> None:
        self._rest = rest
        self._settling = settling
        self._kept: dict[str, str] = {}
        self._pages: dict[str, int] = {}
        self._polls = 0

    def states(self, handles: Sequence[TrackedJob]) -> Iterable[tuple[int, Observation | Exception]]:
        """Yield the state of each job with its index, without results, as soon as it is known."""
        self._learn_sets(handles)
        sets: dict[str | None, dict[int, TrackedJob]] = defaultdict(dict)
        for index, tracked in enumerate(handles):
            sets[tracked.set_tag].setdefault(index, tracked)
            if tracked.identity is not None:
                self._kept[tracked.identity] = tracked.job_id
        followed = {tracked.job_id for tracked in handles}
        single = dict(sets.pop(None, {}))
        for tag, members in sets.items():
            assert tag is not None
            if len(members) < self._pages.get(tag, 1) and all(
                tracked.listed for tracked in members.values()
            ):
                single |= members  # the last few of a long set: single requests are fewer
                continue
            listed = {job.job_id: job for job in map(read_job, self._rest.jobs(tag))}
            self._pages[tag] = -(-len(listed) // PAGE)
            duplicates = self._duplicates(listed.values(), followed)
            for index, tracked in members.items():
                if tracked.job_id not in listed:
                    single[index] = tracked
                else:
                    tracked.listed = True
                    state = listed[tracked.job_id].observation
                    yield index, _with_duplicates(state, duplicates.get(tracked.job_id, ()))
        for index, found in self._poll_singly(single):
            yield index, self._settled(handles[index], found)

    def _settled(self, tracked: TrackedJob, found: Observation | Exception) -> Observation | Exception:
        """Return the observation of a job that was polled by itself.

        A job that has ended but was in no list yet is reported as Running until the settling time is
        over: otherwise a duplicate could be overlooked.
        """
        early = tracked.set_tag is not None and not tracked.listed
        if isinstance(found, Exception) or found.status is None or not found.status.final or not early:
            return found
        if time.monotonic() - tracked.since >= self._settling:
            return found
        return found._replace(status=Status.RUNNING, text=None, note="ended, and in no list yet")

    def _poll_singly(
        self, members: Mapping[int, TrackedJob]
    ) -> Iterable[tuple[int, Observation | Exception]]:
        # Start at another job in each poll, so that the first jobs do not keep the others from a poll.
        self._polls += 1
        start = self._polls * _ONE_BY_ONE % max(1, len(members))
        indices = [*list(members)[start:], *list(members)[:start]][:_ONE_BY_ONE]
        calls = [functools.partial(self._rest.job, members[index].job_id) for index in indices]
        for number, answer in run_concurrently(calls):
            if isinstance(answer, NotFoundError):
                yield indices[number], Observation(Status.ERROR, explain(answer))
            elif isinstance(answer, Exception):
                yield indices[number], answer
            else:
                yield indices[number], read_job(answer).observation

    def _learn_sets(self, handles: Sequence[TrackedJob]) -> None:
        """Find the sets of jobs that were retrieved by id alone: the tags of one job name its set."""
        unknown = {tracked.job_id: tracked for tracked in handles if tracked.set_tag is None}
        requests = 0
        while len(unknown) > 1 and requests < 2:
            requests += 1
            first = next(iter(unknown.values()))
            try:
                tags = read_job(self._rest.job(first.job_id)).tags
            except NotFoundError:
                del unknown[first.job_id]
                continue
            del unknown[first.job_id]
            for set_id in set_tags_in(tags):
                tag = set_tag(set_id)
                for job in map(read_job, self._rest.jobs(tag)):
                    member = first if job.job_id == first.job_id else unknown.pop(job.job_id, None)
                    if member is not None:
                        member.set_tag, member.identity = tag, identity_in(job.tags)
                        member.listed = True

    def _duplicates(
        self, listed: Iterable[RemoteJob], followed: Set[str]
    ) -> dict[str, list[_Duplicate]]:
        """Find attempts with several jobs, and cancel all of these jobs except the kept one.

        Returns:
            The other jobs, by the id of the job that is kept.
        """
        found: dict[str, list[_Duplicate]] = defaultdict(list)
        for job in listed:
            kept = self._kept.get(identity_in(job.tags) or "")
            if kept is not None and kept != job.job_id and job.job_id not in followed:
                found[kept].append(_Duplicate(job.job_id, self._stop(job), job.observation.qpu_seconds))
        return found

    def _stop(self, duplicate: RemoteJob) -> str:
        """Cancel a duplicate unless it has ended; return as text how it ended."""
        status = duplicate.observation.status
        if status is Status.CANCELLED:
            return "cancelled"
        if status is not None and status.final:
            return "it ran"
        try:
            if not self._rest.cancel(duplicate.job_id):
                return "too late to cancel"
        except (ProviderError, NotFoundError) as error:
            return f"not cancelled: {explain(error)}"
        running = status is Status.RUNNING
        return "cancelled while it ran, which may have cost QPU time" if running else "cancelled"


class _Duplicate(NamedTuple):
    """A job of an attempt beside the one that is kept."""

    job_id: str
    end: str
    qpu_seconds: float | None

    def __str__(self) -> str:
        cost = f", {self.qpu_seconds:.3g} s of QPU time" if self.qpu_seconds else ""
        return f"{self.job_id} ({self.end}{cost})"


def _with_duplicates(state: Observation, duplicates: Sequence[_Duplicate]) -> Observation:
    """Add the duplicates of a job, and their quantum processor time, to its observation."""
    if not duplicates:
        return state
    text = f"IBM Quantum took it {len(duplicates) + 1} times: {', '.join(map(str, duplicates))}"
    costs = [
        cost
        for cost in (state.qpu_seconds, *(duplicate.qpu_seconds for duplicate in duplicates))
        if cost
    ]
    return state._replace(
        note=f"{text}; {state.note}" if state.note else text,
        qpu_seconds=sum(costs) if costs else state.qpu_seconds,
    )
