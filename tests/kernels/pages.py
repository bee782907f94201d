"""A real kernel, and a client that sends and reads messages as a page does."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from queue import Empty
from typing import Any, Self

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

#: The longest that a test waits for the kernel.
SECONDS = 60.0

# A simulator that computes after a named pipe is opened and closed, without a cell.
PANEL = """
import threading
from qiskit import QuantumCircuit
from qiskit.providers.basic_provider import BasicSimulator
from qjm_widgets import JobManager

class Gated(BasicSimulator):
    def __init__(self):
        super().__init__()
        self.gate = threading.Event()
        threading.Thread(target=self.open_gate, daemon=True).start()
    def open_gate(self):
        open({pipe!r}).read()
        self.gate.set()
    def run(self, circuits, **options):
        self.gate.wait(60)
        return super().run(circuits, **options)

circuit = QuantumCircuit(1, 1)
circuit.measure(0, 0)
job_set = JobManager().run([circuit] * 3, Gated(), name="gated", shots=10, max_circuits_per_job=1)
panel = job_set.panel()
"""


class Page:
    """Runs cells and sends messages as a page does; ``messages`` has what it read, in order.

    ``QJM_KERNEL`` names a folder with another ipykernel than the installed one.
    """

    def __init__(self, store: Path) -> None:
        paths = [os.environ.get("QJM_KERNEL", ""), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "QJM_STORE": str(store),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        }
        self._manager = KernelManager(kernel_name="python3")
        self._manager.kernel_cmd = [  # this Python, whatever kernel is installed as python3
            *(sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}")
        ]
        self._log = store.with_name("kernel.log")
        with self._log.open("w") as log:
            self._manager.start_kernel(env=environment, stdout=log, stderr=log)
        self.client: BlockingKernelClient = self._manager.blocking_client()
        self.client.start_channels()
        self.messages: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self.client.wait_for_ready(timeout=SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def log(self) -> str:
        """Return the output of the kernel's process."""
        return self._log.read_text("utf-8")

    def run(self, code: str) -> str:
        """Run a cell to its end; return what it printed."""
        cell = self.begin(code)
        self.read_until_idle(cell)
        errors = [m["content"]["evalue"] for m in self._of(cell) if m["msg_type"] == "error"]
        assert not errors, errors
        return self.printed(cell)

    def printed(self, cell: str) -> str:
        """Return what a cell has printed so far."""
        return "".join(m["content"]["text"] for m in self._of(cell) if m["msg_type"] == "stream")

    def ended(self, cell: str) -> bool:
        """Return whether a cell is known to have ended."""
        return any(_is_end(m) for m in self._of(cell))

    def _of(self, cell: str) -> list[dict[str, Any]]:
        return [m for m in self.messages if m["parent_header"].get("msg_id") == cell]

    def begin(self, code: str) -> str:
        """Start a cell."""
        return str(self.client.execute(code))

    def interrupt(self) -> None:
        """Interrupt the kernel, as the button does."""
        self._manager.interrupt_kernel()

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression, by way of JSON."""
        return json.loads(self.run(f"import json; print(json.dumps({expression}))"))

    def send(self, comm_id: str, content: dict[str, Any], subshell: str | None = None) -> str:
        """Send a widget's custom message; return its id."""
        data = {"method": "custom", "content": content}
        message = self.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def command(self, comm_id: str, name: str, action: str, subshell: str | None = None) -> None:
        """Send the command of a panel's button."""
        content = {"kind": "command", "v": 1, "id": name, "do": action, "rows": None}
        self.send(comm_id, content, subshell)

    def subshell(self) -> str | None:
        """Make a subshell as front ends do; None if the kernel has none."""
        request = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(request)
        reply = self.client.control_channel.get_msg(timeout=SECONDS)
        while reply["parent_header"].get("msg_id") != request["header"]["msg_id"]:
            reply = self.client.control_channel.get_msg(timeout=SECONDS)
        found = reply["content"].get("subshell_id")
        return None if found is None else str(found)

    def has_subshells(self) -> bool:
        """Return whether front ends would make a subshell."""
        self.client.kernel_info()
        reply = self.client.get_shell_msg(timeout=SECONDS)
        while reply["msg_type"] != "kernel_info_reply":
            reply = self.client.get_shell_msg(timeout=SECONDS)
        return "kernel subshells" in reply["content"].get("supported_features", [])

    def read_until(self, wanted: Any) -> dict[str, Any]:
        """Read messages until one matches; it is the last of ``messages``."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                message: dict[str, Any] = self.client.get_iopub_msg(
                    timeout=max(0.0, deadline - time.monotonic())
                )
            except Empty:
                kinds = [m["msg_type"] for m in self.messages]
                raise AssertionError(f"no message matches among {kinds}") from None
            self.messages.append(message)
            if wanted(message):
                return message

    def read_until_ack(self, name: str) -> dict[str, Any]:
        """Read messages until a command is acknowledged."""

        def acknowledges(message: dict[str, Any]) -> bool:
            content = message["content"].get("data", {}).get("content", {})
            return content.get("kind") == "ack" and content.get("id") == name

        found: dict[str, Any] = self.read_until(acknowledges)["content"]["data"]["content"]
        return found

    def read_until_idle(self, cell: str) -> None:
        """Read messages until a cell has ended, unless it is known already."""
        if not self.ended(cell):
            self.read_until(lambda m: _is_end(m) and m["parent_header"].get("msg_id") == cell)

    def read_until_printed(self, text: str) -> None:
        """Read messages until a cell has printed a text."""
        self.read_until(lambda m: m["msg_type"] == "stream" and text in m["content"]["text"])


def _is_end(message: dict[str, Any]) -> bool:
    return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
