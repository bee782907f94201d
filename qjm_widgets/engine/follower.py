"""Following sets that another kernel drives: what it writes is shown here soon after."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from qjm_widgets.core.store_port import JobStore
from qjm_widgets.errors import JobSetNotFoundError, QJMError
from qjm_widgets.state.job_set_state import JobSetState

_LOG = logging.getLogger(__name__)

_INTERVAL = 0.25
_LOOK_FOR_OWNER = 1.0
"""The death of a kernel writes nothing: owners are looked for so often (seconds)."""
_SHARE = 10
"""Reading may take one part in so many of the time."""


class Follower:
    """One thread that reads what other kernels wrote; it runs only while a set is followed."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._lives: list[JobSetState] = []
        self._wake = threading.Condition()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def follow(self, state: JobSetState) -> None:
        """Follow a set while another kernel drives it."""
        state.owner = self._store.owner(state.set_id)
        if state.owner is None:
            return
        state.restart(*self._store.load_set(state.set_id))
        with self._wake:
            if state not in self._lives:
                self._lives.append(state)
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="qjm-follower", daemon=True)
                self._thread.start()

    def halt(self) -> None:
        """Read nothing any more."""
        with self._wake:
            self._stopped = True
            self._wake.notify()

    def join(self, deadline: float) -> None:
        """Wait for the thread, until the deadline (monotonic seconds)."""
        thread = self._thread
        if thread is not None:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        version = -1
        owners_due = 0.0
        pause = _INTERVAL
        while True:
            with self._wake:
                if self._stopped or self._wake.wait_for(lambda: self._stopped, pause):
                    return
                lives = list(self._lives)
            began = time.monotonic()
            try:
                now_version = self._store.version()
                if now_version != version or began >= owners_due:
                    version, owners_due = now_version, began + _LOOK_FOR_OWNER
                    for state in lives:
                        self._try_refresh(state)
            except QJMError as error:
                version = -1
                self._tell(lives, str(error))
            else:
                self._tell(lives, None)
            pause = max(_INTERVAL, (time.monotonic() - began) * _SHARE)
            with self._wake:
                self._lives = [state for state in self._lives if state.owner is not None]
                if not self._lives:
                    self._thread = None
                    return

    def _tell(self, lives: Sequence[JobSetState], trouble: str | None) -> None:
        """Say in the sets that are followed, once, why they cannot be read."""
        for state in lives:
            if state.trouble != trouble and state.adapter is None:
                state.trouble = trouble
                state.notify()
                if trouble is not None:
                    _LOG.error("a set of another kernel could not be read: %s", trouble)

    def _try_refresh(self, state: JobSetState) -> None:
        try:
            self._refresh(state)
        except JobSetNotFoundError:  # it was deleted there: there is nothing to follow any more
            state.owner = None
            state.notify()

    def _refresh(self, state: JobSetState) -> None:
        if state.adapter is not None:  # it was resumed here
            state.owner = None
            return
        # The owner first: what it wrote before it died is read after.
        owner = self._store.owner(state.set_id)
        state.restart(*self._store.load_set(state.set_id))
        if owner != state.owner:
            state.owner = owner
            state.notify()
