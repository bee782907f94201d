"""A program that ends submits everything first, as the retired manager's thread pool did."""

from __future__ import annotations

import atexit

# Its hook stops every ThreadPoolExecutor (Aer's too). Hooks run last in, first out: ours comes first.
import concurrent.futures.thread  # noqa: F401
import os
import threading
import warnings

from qjm_widgets.errors import ClosedError
from qjm_widgets.job_set import JobSet

_LOOK = 1.0
"""Seconds after which waiting looks whether there is still something to wait for."""

_waiting: list[JobSet] = []
_registered_in: int | None = None
_lock = threading.Lock()


def submit_before_exit(job_set: JobSet) -> None:
    """Hold the end of the program until every job of the set was sent."""
    global _registered_in
    with _lock:
        _waiting[:] = [other for other in _waiting if not other._state.submitted]
        _waiting.append(job_set)
        if _registered_in != os.getpid():
            _registered_in = os.getpid()
            # The public atexit comes too late: executors take nothing any more by then.
            register = getattr(threading, "_register_atexit", atexit.register)
            register(_finish)


def _finish() -> None:
    # A forked child has none of the threads that send: there, nobody would ever be done.
    if _registered_in != os.getpid():
        return
    for job_set in _waiting:
        try:
            told = None
            while not job_set._state.paused and not job_set.wait(_LOOK, until="submitted"):
                if job_set._state.trouble not in (told, None):
                    told = job_set._state.trouble
                    warnings.warn(f"{job_set!r} has to be sent before the program ends", stacklevel=2)
        except ClosedError:
            continue
        except KeyboardInterrupt:
            return
