"""Submit all jobs before the program ends, as the retired manager's thread pool did."""

from __future__ import annotations

import atexit

# This import registers a hook that stops every ThreadPoolExecutor, Aer's too. The hook that is
# registered last runs first: ours, which comes after this import.
import concurrent.futures.thread  # noqa: F401
import os
import threading
import warnings

from qjm_widgets.errors import ClosedError
from qjm_widgets.job_set import JobSet

#: Seconds between two checks of a set that is waited for: whether it is paused or in trouble.
_CHECK_SECONDS = 1.0

_waiting: list[JobSet] = []
_registered_in: int | None = None
_lock = threading.Lock()


def submit_before_exit(job_set: JobSet) -> None:
    """Let the program end only after every job of the set was submitted."""
    global _registered_in
    with _lock:
        _waiting[:] = [other for other in _waiting if not other._state.submitted]
        _waiting.append(job_set)
        if _registered_in != os.getpid():
            _registered_in = os.getpid()
            # The public atexit runs too late: by then executors accept no calls.
            register = getattr(threading, "_register_atexit", atexit.register)
            register(_finish)


def _finish() -> None:
    # A forked child has no threads that submit, so waiting there would never end.
    if _registered_in != os.getpid():
        return
    for job_set in _waiting:
        try:
            warned = None
            while not job_set._state.paused and not job_set.wait(_CHECK_SECONDS, until="submitted"):
                if job_set._state.trouble not in (warned, None):
                    warned = job_set._state.trouble
                    warnings.warn(f"{job_set!r} is submitted before the program ends", stacklevel=2)
        except ClosedError:
            continue
        except KeyboardInterrupt:
            return
