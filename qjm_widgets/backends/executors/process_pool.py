"""A pool of processes that run calls. Each is a new interpreter that ends with the manager.

It replaces ``ProcessPoolExecutor``, where one dead worker fails all jobs, the interpreter's exit waits
for running calls, workers outlive a killed kernel, and each worker runs a script without a ``__main__``
guard again.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

from qjm_widgets.backends.executors.process_worker import read_frame, write_frame

#: Seconds after which an idle process is ended; a new one starts if there is work.
_IDLE_SECONDS = 60.0
_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from qjm_widgets.backends.executors.process_worker import main; main()"
)
#: The most bytes of the last output of a process that are read for its error.
_TAIL_BYTES = 2000


class WorkerDiedError(RuntimeError):
    """The process that ran a call ended before the call did."""


class _Call(NamedTuple):
    future: Future[Any]
    data: bytes


class Processes:
    """A pool of processes that are started when they are needed.

    Args:
        number: the most processes at once; by default one for each core that this process can use.

    Attributes:
        number: the most processes at once.
    """

    def __init__(self, number: int | None = None) -> None:
        self.number = number or usable_cores()
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._running: dict[Future[Any], _Process] = {}
        self._unanswered = 0
        self._stopped = False
        self._lock = threading.Lock()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run ``function(*arguments)`` in one of the processes, and return its future.

        The function and the arguments must be picklable.

        Raises:
            RuntimeError: ``stop`` was called.
        """
        call = _Call(Future(), pickle.dumps((function, arguments)))
        with self._lock:
            if self._stopped:
                raise RuntimeError("these processes were stopped")
            self._calls.put(call)
            self._unanswered += 1
            if len(self._threads) < min(self._unanswered, self.number):
                name = f"qjm-process-{len(self._threads)}"
                thread = threading.Thread(target=self._serve, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        return call.future

    def kill(self, future: Future[Any]) -> None:
        """Kill the process that runs this call; another replaces it."""
        with self._lock:
            process = self._running.get(future)
        if process is not None:
            process.kill()

    def stop(self, timeout: float) -> None:
        """Cancel all calls and kill all processes; join their threads within ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        with self._lock:
            self._stopped = True
            running = list(self._running.values())
        with contextlib.suppress(queue.Empty):
            while (call := self._calls.get_nowait()) is not None:
                call.future.cancel()
        for process in running:
            process.kill()
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _serve(self) -> None:
        """Run calls, on a thread that waits for the replies of one process after another."""
        process: _Process | None = None
        while True:
            call = self._next(None if process is None else _IDLE_SECONDS)
            if isinstance(call, _Call):
                if call.future.set_running_or_notify_cancel():
                    process = self._run(process, call)
                with self._lock:
                    self._unanswered -= 1
                continue
            if process is not None:
                process.end()
                process = None
            if call is None:
                return

    def _next(self, timeout: float | None) -> _Call | float | None:
        """Return the next call, the timeout if no call came within it, or None at the end."""
        try:
            return self._calls.get(timeout=timeout)
        except queue.Empty:
            return timeout

    def _run(self, process: _Process | None, call: _Call) -> _Process | None:
        """Run a call in a process; return the process, or None if it died."""
        future = call.future
        try:
            if process is None or not process.is_alive():
                process = _Process(max(1, usable_cores() // self.number))
        except OSError as error:
            future.set_exception(WorkerDiedError(f"no process could be started: {error}"))
            return None
        with self._lock:
            self._running[future] = process
            stopped = self._stopped
        if stopped:
            process.kill()
        try:
            good, reply = process.call(call.data)
        except (OSError, EOFError):
            text = process.end()
            process = None
        finally:
            with self._lock:
                del self._running[future]
        if process is None:
            future.set_exception(WorkerDiedError(text))
        elif good:
            future.set_result(reply)
        else:
            future.set_exception(RuntimeError(reply))
        return process


class _Process:
    """A process of the same Python installation that runs calls on a given number of threads."""

    def __init__(self, threads: int) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CODE, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            # Each process computes on its share of the cores, not on all of them.
            env={"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads), **os.environ},
        )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def call(self, data: bytes) -> tuple[bool, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        write_frame(self._process.stdin, data)
        good, reply = pickle.loads(read_frame(self._process.stdout))
        return good, reply

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._process.kill()

    def end(self) -> str:
        """End the process; return a text that says why, in case it had ended by itself."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        try:
            self._process.wait(1.0)  # it ends by itself when its input is closed
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        with self._errors as errors:
            size = errors.seek(0, os.SEEK_END)
            errors.seek(max(0, size - _TAIL_BYTES))
            output = errors.read().decode(errors="replace").strip()
        code = self._process.returncode
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        last = output.splitlines()[-1:] or [""]
        return f"process {self._process.pid} {how}" + (f": {last[0]}" if last[0] else "")


def usable_cores() -> int:
    """Return how many cores this process can use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
