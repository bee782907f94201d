"""Follow sets that other kernels drive: publish their commits shortly afterwards."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from qjm_widgets._threads import join_until, start_thread
from qjm_widgets.core.store_port import JobStore
from qjm_widgets.errors import JobSetNotFoundError, QJMError
from qjm_widgets.state.job_set_state import JobSetState

_LOG = logging.getLogger(__name__)

#: Seconds between two reads of the store's version.
_INTERVAL = 0.25
#: Seconds between two checks of the owners: a kernel that dies writes nothing.
_OWNER_INTERVAL = 1.0
#: The pause after a read is at least so many times as long as the read.
_SHARE = 10


class Follower:
    """One thread that reads what other kernels commit; it runs only while a set is followed."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._states: list[JobSetState] = []
        self._wake = threading.Condition()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def follow(self, state: JobSetState) -> None:
        """Follow a set while another kernel drives it."""
        state.set_owner(self._store.owner(state.set_id))
        if state.owner is None:
            return
        state.restart(*self._store.load_set(state.set_id))
        with self._wake:
            if state not in self._states:
                self._states.append(state)
            if self._thread is None and not self._stopped:
                self._thread = start_thread(self._run, "qjm-follower")

    def halt(self) -> None:
        """Stop reading."""
        with self._wake:
            self._stopped = True
            self._wake.notify()

    def join(self, deadline: float) -> None:
        """Wait for the thread, until the deadline (monotonic seconds)."""
        join_until(self._thread, deadline)

    def _run(self) -> None:
        version = -1
        owners_due = 0.0
        pause = _INTERVAL
        while True:
            with self._wake:
                if self._stopped or self._wake.wait_for(lambda: self._stopped, pause):
                    return
                states = list(self._states)
            began = time.monotonic()
            try:
                now_version = self._store.version()
                if now_version != version or began >= owners_due:
                    version, owners_due = now_version, began + _OWNER_INTERVAL
                    for state in states:
                        self._try_refresh(state)
            except QJMError as error:
                version = -1
                self._show_trouble(states, str(error))
            else:
                self._show_trouble(states, None)
            pause = max(_INTERVAL, (time.monotonic() - began) * _SHARE)
            with self._wake:
                self._states = [state for state in self._states if state.owner is not None]
                if not self._states:
                    self._thread = None
                    return

    def _show_trouble(self, states: Sequence[JobSetState], trouble: str | None) -> None:
        """Show in the followed sets why they cannot be read, and log it once; None if they can be."""
        for state in states:
            if state.trouble != trouble and state.adapter is None:
                state.set_trouble(trouble)
                if trouble is not None:
                    _LOG.error("a set of another kernel could not be read: %s", trouble)

    def _try_refresh(self, state: JobSetState) -> None:
        try:
            self._refresh(state)
        except JobSetNotFoundError:  # the other kernel deleted it
            state.set_owner(None)

    def _refresh(self, state: JobSetState) -> None:
        if state.adapter is not None:  # this kernel resumed it
            state.set_owner(None)
            return
        # Read the owner before the set: if the owner is dead by then, the set has its last changes.
        owner = self._store.owner(state.set_id)
        state.restart(*self._store.load_set(state.set_id))
        state.set_owner(owner)
