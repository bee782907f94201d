"""A process that has imported everything forks one process for each task."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

_CODE = "from tests.faults.fork_server import serve; serve()"


class ForkServer:
    """A server that forks a process for each task.

    Args:
        log: where the processes print.
    """

    def __init__(self, log: Path) -> None:
        self.log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _CODE],
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *filter(None, sys.path)]),
                    # A fork takes no thread with it: better to have none.
                    "OPENBLAS_NUM_THREADS": "1",
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
                text=True,
            )

    def run(self, function: str, **arguments: Any) -> int:
        """Run ``module:function(**arguments)`` in a process; return the signal that killed it, or 0."""
        return self.wait(self.start(function, **arguments))

    def start(self, function: str, **arguments: Any) -> int:
        """Start a task beside others; return the id of its process."""
        return self._ask("start", function, arguments)

    def wait(self, process: int) -> int:
        """Wait until a process has ended; return the signal that killed it, or 0."""
        status = self._ask("wait", process)
        ended = os.waitstatus_to_exitcode(status) if status >= 0 else -1
        assert ended in (0, -signal.SIGKILL), f"it ended with {ended}:\n{self.log.read_text()}"
        return -ended

    def _ask(self, *request: Any) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline() or -1)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


def serve() -> None:
    """Fork processes on request; this runs in the process of the server."""
    for module in ("tests.faults.kernels", "qiskit.qpy", "qjm_widgets.backends.sampler"):
        importlib.import_module(module)
    for line in sys.stdin:
        what, *about = json.loads(line)
        if what == "wait":
            print(os.waitpid(about[0], 0)[1], flush=True)  # noqa: T201
            continue
        child = os.fork()
        if child == 0:
            _child(*about)
        print(child, flush=True)  # noqa: T201


def _child(function: str, arguments: dict[str, Any]) -> None:
    signal.alarm(60)
    code = 1
    try:
        os.dup2(2, 1)
        module, name = function.split(":")
        getattr(importlib.import_module(module), name)(**arguments)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)
