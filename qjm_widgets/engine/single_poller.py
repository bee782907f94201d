"""Poll jobs one by one: jobs whose results are fetched, and jobs that did not answer with the others.

Every method runs on the engine's thread, except the calls to the backend.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import TypeAlias

from qjm_widgets import _threads
from qjm_widgets._threads import MOST_HANGING, CallQueue
from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.bounds import bounded_observation
from qjm_widgets.core.observation import Observation
from qjm_widgets.engine.engine_set import EngineSet, Key
from qjm_widgets.engine.status_query import Followed
from qjm_widgets.engine.transitions import Transitions

Fetch: TypeAlias = Callable[[], Observation | BaseException]

#: Seconds until the fetch of a result is given up: it may be large, and some work only once.
_RESULT_DEADLINE = 600.0
#: No poll begins if so many calls were given up and hang, in all or for the same job.
_MOST_HANGING_POLLS = 5
_MOST_HANGING_OF_JOB = 2

Report: TypeAlias = Callable[[Followed, Observation | BaseException], None]


class _Single:
    """A job that is polled by itself.

    Attributes:
        fetch: fetches its result if it has ended; None if its state is polled.
        due: when it is polled, in monotonic seconds of the engine's clock; None if it is polled at once.
        since: when its call began, in monotonic seconds of the machine; None while it waits.
        on_own_queue: whether its call is on the call queue for single jobs.
    """

    def __init__(self, job: Followed, fetch: Fetch | None, *, on_own_queue: bool = True) -> None:
        self.job = job
        self.fetch = fetch
        self.on_own_queue = on_own_queue
        self.due: float | None = None
        self.since: float | None = None

    @property
    def seconds(self) -> float:
        """The seconds that its call has taken so far."""
        return 0.0 if self.since is None else time.monotonic() - self.since

    @property
    def limit(self) -> float:
        """The seconds after which its call is given up."""
        return _threads.DEADLINE if self.fetch is None else _RESULT_DEADLINE


class SinglePoller:
    """The jobs of one adapter that are polled one by one.

    Args:
        report: receives a job and its observation or error, on the engine's thread.
    """

    def __init__(self, adapter: BackendAdapter, transitions: Transitions, report: Report) -> None:
        self._adapter = adapter
        self._transitions = transitions
        self._report = report
        self.call_queue = CallQueue(f"qjm-fetch-{adapter.name}", most=MOST_HANGING)
        self._singles: dict[Key, _Single] = {}
        self._waiting: dict[Key, _Single] = {}
        self._under_way: set[_Single] = set()
        self._slow: dict[Key, Followed] = {}
        self._given_up: list[_Single] = []

    def __len__(self) -> int:
        return len(self._singles)

    def __contains__(self, key: Key) -> bool:
        return key in self._singles

    def slow(self, job_set: EngineSet) -> list[int]:
        """Return the rows of a set's jobs that do not answer."""
        return [job.row for job in self._slow.values() if job.job_set is job_set]

    def fetch(self, job: Followed, fetch: Fetch) -> None:
        """Fetch the result of a job that has ended."""
        self._begin(self._put(_Single(job, fetch)))

    def add_hanging(self, job: Followed) -> None:
        """Add a job whose poll hangs, so that the jobs of the same query no longer wait for it."""
        single = self._put(_Single(job, None, on_own_queue=False))
        single.since = time.monotonic()
        self._under_way.add(single)
        self._mark_slow(single)

    def poll_later(self, job: Followed, wait: float, *, silent: bool = False) -> None:
        """Poll a job by itself after ``wait`` seconds; ``silent`` means that it has not answered yet."""
        single = self._put(_Single(job, None))
        if silent:
            self._slow[job.key] = job
        single.due = self._transitions.now() + wait
        self._waiting[job.key] = single

    def poll_soon(self) -> None:
        """Poll all waiting jobs now."""
        for single in self._waiting.values():
            single.due = self._transitions.now()

    def retry_at(self) -> float | None:
        """Return when a silent job is polled next, in monotonic seconds; None if none is."""
        waiting = [self._waiting[key].due for key in self._slow if key in self._waiting]
        return min((due for due in waiting if due is not None), default=None)

    def drop(self, key: Key) -> bool:
        """Forget a job; return whether it was slow to answer."""
        self._waiting.pop(key, None)
        single = self._singles.pop(key, None)
        if single is not None:
            self._under_way.discard(single)
        return self._slow.pop(key, None) is not None

    def due(self) -> float | None:
        """Return when the next step is due, in monotonic seconds; None if none is."""
        times = [single.due for single in self._waiting.values() if single.due is not None]
        now = self._transitions.now()
        for single in list(self._under_way):
            limit = single.limit if single.job.key in self._slow else _threads.STALL
            times.append(now + max(0.0, limit - single.seconds))
        if self.call_queue.backlog:
            times.append(now + _threads.STALL)
        return min(times) if times else None

    def step(self) -> None:
        """Poll the jobs that are due; give up those that exceeded their deadline."""
        self.call_queue.relieve(_threads.STALL)
        for single in list(self._under_way):
            if single.seconds >= _threads.STALL:
                self._mark_slow(single)
            if single.seconds >= single.limit:
                self._give_up(single)
        now = self._transitions.now()
        due = [single for single in self._waiting.values() if single.due is None or now >= single.due]
        for single in due:
            del self._waiting[single.job.key]
            if self._may_poll(single.job):
                self._begin(single)
            else:
                self._report(single.job, self._no_answer(_threads.DEADLINE))

    def _put(self, single: _Single) -> _Single:
        self._waiting.pop(single.job.key, None)
        self._singles[single.job.key] = single
        return single

    def _may_poll(self, job: Followed) -> bool:
        """Return whether a job may be polled, although the call may leave another thread hanging."""
        hanging = sum(single.job is job for single in self._given_up)
        return hanging < _MOST_HANGING_OF_JOB and len(self._given_up) < _MOST_HANGING_POLLS

    def _begin(self, single: _Single) -> None:
        single.due = None
        self.call_queue.call(functools.partial(self._call, single))

    def _call(self, single: _Single) -> None:
        """Fetch a result or poll a state; runs on the call queue."""
        if self._singles.get(single.job.key) is not single:
            return
        single.since = time.monotonic()
        self._under_way.add(single)
        found: Observation | BaseException = TypeError("the adapter did not answer")
        try:
            found = self._poll(single.job) if single.fetch is None else single.fetch()
        except BaseException as error:
            found = error
        finally:
            self._under_way.discard(single)
        answer = bounded_observation(found)
        self._transitions.post(lambda: self._answered(single, answer))

    def _poll(self, job: Followed) -> Observation | BaseException:
        found: list[Observation | BaseException] = []
        self._adapter.observe([job.handle], lambda index, answer: found.append(answer))
        return found[0] if found else TimeoutError(f"{self._adapter.name} returned no status for it")

    def _answered(self, single: _Single, found: Observation | BaseException) -> None:
        if single in self._given_up:
            self._given_up.remove(single)
        if isinstance(found, Observation):
            single.job.job_set.state.set_answered(self._transitions.wall())
            if single.fetch is not None:
                found = found._replace(fetch=None)
        self._report(single.job, found)

    def _give_up(self, single: _Single) -> None:
        self._under_way.discard(single)
        if single.on_own_queue:
            self._given_up.append(single)
        self._report(single.job, self._no_answer(single.seconds))

    def _no_answer(self, seconds: float) -> TimeoutError:
        return TimeoutError(f"{self._adapter.name} has not answered for {seconds:.0f} s")

    def _mark_slow(self, single: _Single) -> None:
        """Mark a job as slow, and note in its row that it does not answer."""
        job = single.job
        if job.key in self._slow:
            return
        self._slow[job.key] = job
        name = self._adapter.name
        if single.fetch is None:
            text = f"{name} does not answer for this job; the others are polled meanwhile"
        else:
            text = f"it has ended; {name} has not returned its result yet"
        self._transitions.amend(job.job_set, job.row, last_error=text)
