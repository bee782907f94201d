"""Jobs of IBM Quantum that are followed: a list call a page tells the states of a whole set."""

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

_ONE_BY_ONE = 20
"""Jobs that no list tells of are asked for one by one, so many a question."""


class Sent:
    """A job that is followed; ``set_tag`` None: not known yet, ``job`` None: another kernel sent it.

    ``listed`` is whether it was in a list already, ``since`` the time (monotonic seconds) from which on
    it is followed.
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
    """What IBM Quantum says of jobs; of an attempt that it took twice, one job is left.

    Args:
        rest: asks.
        settling: seconds after which an accepted job is in the lists for certain.
    """

    def __init__(self, rest: IBMClient, settling: float) -> None:
        self._rest = rest
        self._settling = settling
        self._kept: dict[str, str] = {}
        self._pages: dict[str, int] = {}
        self._turns = 0

    def states(self, handles: Sequence[Sent]) -> Iterable[tuple[int, Observation | Exception]]:
        """The state of each job, by its index, as it comes; results are not fetched."""
        self._learn_sets(handles)
        sets: dict[str | None, dict[int, Sent]] = defaultdict(dict)
        for index, sent in enumerate(handles):
            sets[sent.set_tag].setdefault(index, sent)
            if sent.identity is not None:
                self._kept[sent.identity] = sent.job_id
        followed = {sent.job_id for sent in handles}
        single = dict(sets.pop(None, {}))
        for tag, members in sets.items():
            assert tag is not None
            if len(members) < self._pages.get(tag, 1) and all(sent.listed for sent in members.values()):
                single |= members  # the last few of a long set: fewer calls one by one
                continue
            listed = {job.job_id: job for job in map(read_job, self._rest.jobs(tag))}
            self._pages[tag] = -(-len(listed) // PAGE)
            twins = self._twins(listed.values(), followed)
            for index, sent in members.items():
                if sent.job_id not in listed:
                    single[index] = sent
                else:
                    sent.listed = True
                    state = listed[sent.job_id].observation
                    yield index, _with_twins(state, twins.get(sent.job_id, ()))
        for index, found in self._ask_singly(single):
            yield index, self._settled(handles[index], found)

    def _settled(self, sent: Sent, found: Observation | Exception) -> Observation | Exception:
        """A job that ended before it was in a list: one that was made with it would be overlooked."""
        early = sent.set_tag is not None and not sent.listed
        if isinstance(found, Exception) or found.status is None or not found.status.final or not early:
            return found
        if time.monotonic() - sent.since >= self._settling:
            return found
        return found._replace(status=Status.RUNNING, text=None, note="ended, and in no list yet")

    def _ask_singly(self, members: Mapping[int, Sent]) -> Iterable[tuple[int, Observation | Exception]]:
        # Others next time: the first of a long queue must not hide those that are done.
        self._turns += 1
        start = self._turns * _ONE_BY_ONE % max(1, len(members))
        indices = [*list(members)[start:], *list(members)[:start]][:_ONE_BY_ONE]
        calls = [functools.partial(self._rest.job, members[index].job_id) for index in indices]
        for number, answer in run_concurrently(calls):
            if isinstance(answer, NotFoundError):
                yield indices[number], Observation(Status.ERROR, explain(answer))
            elif isinstance(answer, Exception):
                yield indices[number], answer
            else:
                yield indices[number], read_job(answer).observation

    def _learn_sets(self, handles: Sequence[Sent]) -> None:
        """Jobs had back by their id alone: one of them tells the set of all."""
        unknown = {sent.job_id: sent for sent in handles if sent.set_tag is None}
        asked = 0
        while len(unknown) > 1 and asked < 2:
            asked += 1
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

    def _twins(self, listed: Iterable[RemoteJob], followed: Set[str]) -> dict[str, list[_Twin]]:
        """Jobs that one submission made twice: all but the one that is followed are cancelled.

        Returns:
            The others, by the id of the job that is followed.
        """
        told: dict[str, list[_Twin]] = defaultdict(list)
        for job in listed:
            kept = self._kept.get(identity_in(job.tags) or "")
            if kept is not None and kept != job.job_id and job.job_id not in followed:
                told[kept].append(_Twin(job.job_id, self._end(job), job.observation.qpu_seconds))
        return told

    def _end(self, twin: RemoteJob) -> str:
        """What became of a job that is one too many, in words; one that lives is cancelled."""
        status = twin.observation.status
        if status is Status.CANCELLED:
            return "cancelled"
        if status is not None and status.final:
            return "it ran"
        try:
            if not self._rest.cancel(twin.job_id):
                return "too late to cancel"
        except (ProviderError, NotFoundError) as error:
            return f"not cancelled: {explain(error)}"
        running = status is Status.RUNNING
        return "cancelled while it ran, which may have cost QPU time" if running else "cancelled"


class _Twin(NamedTuple):
    """A job that is one too many."""

    job_id: str
    end: str
    qpu_seconds: float | None

    def __str__(self) -> str:
        cost = f", {self.qpu_seconds:.3g} s of QPU time" if self.qpu_seconds else ""
        return f"{self.job_id} ({self.end}{cost})"


def _with_twins(state: Observation, twins: Sequence[_Twin]) -> Observation:
    """What is known of a job, and of those that were made with it, whose costs are its own."""
    if not twins:
        return state
    words = f"IBM Quantum took it {len(twins) + 1} times: {', '.join(map(str, twins))}"
    costs = [cost for cost in (state.qpu_seconds, *(twin.qpu_seconds for twin in twins)) if cost]
    return state._replace(
        note=f"{words}; {state.note}" if state.note else words,
        qpu_seconds=sum(costs) if costs else state.qpu_seconds,
    )
