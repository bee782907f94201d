"""Jobs that are asked each by itself: what they gave is fetched, or they did not answer with the others.

Every method runs on the engine's thread, except the calls to the backend.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

from qjm_widgets import _threads
from qjm_widgets._threads import CallQueue
from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.bounds import bounded_observation
from qjm_widgets.core.observation import Observation
from qjm_widgets.engine.engine_set import EngineSet, Key, Turn
from qjm_widgets.engine.status_query import Followed

Fetch = Callable[[], Observation | BaseException]

#: Seconds after which a result has not come: it may be large, and cannot always be had twice.
_RESULT_DEADLINE = 600.0
#: Threads that may hang; fewer of them in questions for a state, and in those for one job.
_MOST_HANGING = 8
_MOST_HANGING_ASKS = 5
_MOST_HANGING_EACH = 2

Reply = Callable[[Followed, Observation | BaseException], None]


class _Single:
    """A job that is asked by itself.

    Attributes:
        fetch: what gives its end, where it has ended; None: it is asked for its state.
        due: when it is asked, monotonic seconds of the engine; None: it is asked now.
        since: when its call began, monotonic seconds of the machine; None while it waits.
        ours: whether its call is on the lane for single calls.
    """

    def __init__(
        self,
        job: Followed,
        fetch: Fetch | None,
        *,
        ours: bool = True,
    ) -> None:
        self.job = job
        self.fetch = fetch
        self.ours = ours
        self.due: float | None = None
        self.since: float | None = None

    @property
    def took(self) -> float:
        """Seconds that its call has taken so far."""
        return 0.0 if self.since is None else time.monotonic() - self.since

    @property
    def limit(self) -> float:
        """Seconds after which it is given up."""
        return _threads.DEADLINE if self.fetch is None else _RESULT_DEADLINE


class SinglePoller:
    """The jobs of one adapter that are asked each by itself.

    Args:
        replied: takes what was answered, on the engine's thread.
    """

    def __init__(self, adapter: BackendAdapter, turn: Turn, replied: Reply) -> None:
        self._adapter = adapter
        self._turn = turn
        self._replied = replied
        self.call_queue = CallQueue(f"qjm-fetch-{adapter.name}", most=_MOST_HANGING)
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
        """The rows of a set's jobs that do not answer."""
        return [job.row for job in self._slow.values() if job.job_set is job_set]

    def fetch(self, job: Followed, fetch: Fetch) -> None:
        """Fetch what a job gave that has ended."""
        self._begin(self._put(_Single(job, fetch)))

    def hangs(self, job: Followed) -> None:
        """A job was asked together with others, who do not wait for it any more."""
        single = self._put(_Single(job, None, ours=False))
        single.since = time.monotonic()
        self._under_way.add(single)
        self._tell(single)

    def ask_later(self, job: Followed, wait: float, *, silent: bool = False) -> None:
        """Ask for a job's state in so many seconds, alone; ``silent``: it has not answered yet."""
        single = self._put(_Single(job, None))
        if silent:
            self._slow[job.key] = job
        single.due = self._turn.now() + wait
        self._waiting[job.key] = single

    def ask_soon(self) -> None:
        """Something is wished for: ask now."""
        for single in self._waiting.values():
            single.due = self._turn.now()

    def drop(self, key: Key) -> bool:
        """Ask no more for a job by itself; True where it did not answer at once."""
        self._waiting.pop(key, None)
        single = self._singles.pop(key, None)
        if single is not None:
            self._under_way.discard(single)
        return self._slow.pop(key, None) is not None

    def due(self) -> float | None:
        """When there is something to do, monotonic seconds; None: nothing by itself."""
        times = [single.due for single in self._waiting.values() if single.due is not None]
        now = self._turn.now()
        for single in list(self._under_way):
            limit = single.limit if single.job.key in self._slow else _threads.STALL
            times.append(now + max(0.0, limit - single.took))
        if self.call_queue.backlog:
            times.append(now + _threads.STALL)
        return min(times) if times else None

    def step(self) -> None:
        """Ask what is due; give up what has not answered in time."""
        self.call_queue.relieve(_threads.STALL)
        for single in list(self._under_way):
            if single.took >= _threads.STALL:
                self._tell(single)
            if single.took >= single.limit:
                self._give_up(single)
        now = self._turn.now()
        for single in [each for each in self._waiting.values() if each.due is None or now >= each.due]:
            del self._waiting[single.job.key]
            if self._may_ask(single.job):
                self._begin(single)
            else:
                self._replied(single.job, self._no_answer(_threads.DEADLINE))

    def _put(self, single: _Single) -> _Single:
        self._waiting.pop(single.job.key, None)
        self._singles[single.job.key] = single
        return single

    def _may_ask(self, job: Followed) -> bool:
        """Whether another thread may be risked for a job."""
        mine = sum(single.job is job for single in self._given_up)
        return mine < _MOST_HANGING_EACH and len(self._given_up) < _MOST_HANGING_ASKS

    def _begin(self, single: _Single) -> None:
        single.due = None
        self.call_queue.call(functools.partial(self._call, single))

    def _call(self, single: _Single) -> None:
        """On the lane."""
        if self._singles.get(single.job.key) is not single:
            return
        single.since = time.monotonic()
        self._under_way.add(single)
        found: Observation | BaseException = TypeError("the adapter did not answer")
        try:
            found = self._ask(single.job) if single.fetch is None else single.fetch()
        except BaseException as error:
            found = error
        finally:
            self._under_way.discard(single)
        answer = bounded_observation(found)
        self._turn.post(lambda: self._answered(single, answer))

    def _ask(self, job: Followed) -> Observation | BaseException:
        found: list[Observation | BaseException] = []
        self._adapter.observe([job.handle], lambda index, answer: found.append(answer))
        return found[0] if found else TimeoutError(f"{self._adapter.name} said nothing of it")

    def _answered(self, single: _Single, found: Observation | BaseException) -> None:
        if single in self._given_up:
            self._given_up.remove(single)
        if isinstance(found, Observation):
            single.job.job_set.state.heard_at = self._turn.wall()
            if single.fetch is not None:
                found = found._replace(fetch=None)
        self._replied(single.job, found)

    def _give_up(self, single: _Single) -> None:
        self._under_way.discard(single)
        if single.ours:
            self._given_up.append(single)
        self._replied(single.job, self._no_answer(single.took))

    def _no_answer(self, seconds: float) -> TimeoutError:
        return TimeoutError(f"{self._adapter.name} has not answered for {seconds:.0f} s")

    def _tell(self, single: _Single) -> None:
        """Say in its row that others do not wait for it."""
        job = single.job
        if job.key in self._slow:
            return
        self._slow[job.key] = job
        if single.fetch is None:
            text = f"{self._adapter.name} does not answer for this job; the others are asked meanwhile"
        else:
            text = f"it has ended; {self._adapter.name} has not given its result yet"
        self._turn.amend(job.job_set, job.row, last_error=text)
