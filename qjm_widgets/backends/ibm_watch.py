"""Jobs of IBM Quantum that are followed: a list call a page tells the states of a whole set."""

from __future__ import annotations

import functools
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qjm_widgets.backends.ibm_jobs import read_job
from qjm_widgets.backends.ibm_rest import PAGE, Rest
from qjm_widgets.backends.several import several
from qjm_widgets.core.errors import NotFoundError, ProviderError, explain
from qjm_widgets.core.identity import identity_in, set_tag, set_tag_of, set_tags_in
from qjm_widgets.core.ports import Observation, RemoteJob
from qjm_widgets.core.records import Status

_ONE_BY_ONE = 20
"""Jobs that no list tells of are asked for one by one, so many a question."""


class Sent:
    """A job that is followed; ``set_tag`` None: not known yet, ``job`` None: another kernel sent it."""

    __slots__ = ("batch_id", "empty_since", "identity", "job", "job_id", "names", "set_tag")

    def __init__(self, job_id: str, names: Sequence[str], identity: str | None = None) -> None:
        self.job_id = job_id
        self.names = names
        self.identity = identity
        self.set_tag = None if identity is None else set_tag_of(identity)
        self.job: Any = None
        self.batch_id: str | None = None
        self.empty_since: float | None = None


class Watch:
    """What IBM Quantum says of jobs; of an attempt that it took twice, one job is left.

    Args:
        rest: asks.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._kept: dict[str, str] = {}
        self._pages: dict[str, int] = {}
        self._turns = 0
        self._lock = threading.Lock()

    def keep(self, identity: str, job_id: str) -> None:
        """This job of an attempt is followed: any other is one too many."""
        with self._lock:
            self._kept[identity] = job_id

    def states(self, handles: Sequence[Sent]) -> Iterable[tuple[int, Observation | Exception]]:
        """The state of each job, by its index, as it comes; results are not fetched."""
        self._learn_sets(handles)
        sets: dict[str | None, dict[int, Sent]] = defaultdict(dict)
        for index, sent in enumerate(handles):
            sets[sent.set_tag].setdefault(index, sent)
        single = dict(sets.pop(None, {}))
        for tag, members in sets.items():
            assert tag is not None
            if len(members) < self._pages.get(tag, 1):
                single |= members  # the last few of a long set: fewer calls one by one
                continue
            listed = [read_job(job) for job in self._rest.jobs(tag)]
            self._pages[tag] = -(-len(listed) // PAGE)
            known = {job.job_id: job for job in listed}
            self._keep(known[sent.job_id] for sent in members.values() if sent.job_id in known)
            twins = self._twins(listed)
            for index, sent in members.items():
                if sent.job_id not in known:
                    single[index] = sent  # not listed yet
                else:
                    yield index, _with_twins(known[sent.job_id].observation, twins.get(sent.job_id))
        yield from self._ask_singly(single)

    def _ask_singly(self, members: Mapping[int, Sent]) -> Iterable[tuple[int, Observation | Exception]]:
        # Others next time: the first of a long queue must not hide those that are done.
        self._turns += 1
        start = self._turns * _ONE_BY_ONE % max(1, len(members))
        indices = [*list(members)[start:], *list(members)[:start]][:_ONE_BY_ONE]
        calls = [functools.partial(self._rest.job, members[index].job_id) for index in indices]
        for number, answer in several(calls):
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

    def _keep(self, jobs: Iterable[RemoteJob]) -> None:
        """Remember which job of an attempt is followed: any other is one too many."""
        with self._lock:
            for job in jobs:
                identity = identity_in(job.tags)
                if identity is not None:
                    self._kept.setdefault(identity, job.job_id)

    def _twins(self, listed: Sequence[RemoteJob]) -> dict[str, list[str]]:
        """Jobs that one submission made twice: all but the one that is followed are cancelled.

        Returns:
            By the id of the job that is followed, what became of each other, in words.
        """
        told: dict[str, list[str]] = defaultdict(list)
        for job in listed:
            identity = identity_in(job.tags)
            kept = None if identity is None else self._kept.get(identity)
            if kept is None or kept == job.job_id:
                continue
            state = job.observation
            if state.status is None or not state.status.final:
                try:
                    ended = "cancelled" if self._rest.cancel(job.job_id) else "too late to cancel"
                except (ProviderError, NotFoundError) as error:
                    ended = f"not cancelled: {explain(error)}"
            else:
                ended = "cancelled" if state.status is Status.CANCELLED else "it ran"
            cost = f", {state.qpu_seconds:.3g} s of QPU time" if state.qpu_seconds else ""
            told[kept].append(f"{job.job_id} ({ended}{cost})")
        return told


def _with_twins(state: Observation, twins: Sequence[str] | None) -> Observation:
    if not twins:
        return state
    words = f"IBM Quantum took it {len(twins) + 1} times: {', '.join(twins)}"
    return state._replace(note=f"{words}; {state.note}" if state.note else words)
