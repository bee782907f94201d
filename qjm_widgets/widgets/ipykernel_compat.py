"""Workarounds that depend on internals of ipykernel. Without the expected internals they do nothing."""

from __future__ import annotations

import sys
import warnings
from contextvars import ContextVar
from functools import partial
from importlib import metadata
from typing import Any

from qjm_widgets.state.wait import set_pump
from qjm_widgets.widgets import comm_pump

_COMM_MESSAGES = frozenset({"comm_open", "comm_msg", "comm_close"})


def serve_while_cells_run(widget: Any) -> None:
    """Let the kernel answer a widget's messages while a cell runs.

    ipykernel 7.1 to 7.3 answers a comm on the subshell that the page requested. From 7.4 on it answers
    on the main shell, which a running cell blocks; this function makes it use the requested subshell
    again. So handlers may run on a subshell's thread. In other releases, and in front ends without
    subshells, the widget is served only while a cell waits in a method of this package (``comm_pump``).
    """
    comm: Any = getattr(widget, "comm", None)
    if comm is not None:
        comm_pump.COMMS[comm.comm_id] = comm
        set_pump(comm_pump.pump_messages)
        _install_set_parent()
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = _keep_requested_subshell


def _keep_requested_subshell(_data: Any, default: Any) -> Any:
    return default


def _install_set_parent() -> None:
    """Keep outputs of the user's cells and threads in their own cells while widgets send messages."""
    kernel: Any = getattr(_shell(), "kernel", None)
    set_parent = getattr(kernel, "set_parent", None)
    if set_parent is not None and not isinstance(set_parent, _SetParent):
        module = sys.modules.get("ipykernel.kernelbase")
        if module is not None and isinstance(kernel, module.Kernel):
            kernel.set_parent = _SetParent(kernel, partial(module.Kernel.set_parent, kernel))


class _SetParent:
    """A kernel's ``set_parent`` that does not treat a page's message to a widget as the newest cell.

    In ipykernel, each message becomes the parent of all outputs of threads that have no parent of their
    own, such as the user's threads. If the message is for a widget, the page then drops these outputs.
    If ``%%capture`` has replaced the publisher of displays, ipykernel's ``set_parent`` fails, and the
    message is lost.

    Here, a message to a widget is the parent only of the replies and outputs of the thread that serves
    it. For our own widgets it is the parent of the replies alone, because their handlers have no
    outputs. Before ipykernel 7 all threads share one parent, which is restored after the message.
    """

    def __init__(self, kernel: Any, set_in_kernel: Any) -> None:
        self._kernel = kernel
        self._set_for_all_threads = kernel.set_parent
        self._set_in_kernel = set_in_kernel

    def __call__(self, ident: Any, parent: Any, channel: str = "shell") -> None:
        is_request = channel == "shell" and isinstance(parent, dict)
        if is_request and parent.get("header", {}).get("msg_type") in _COMM_MESSAGES:
            ours = parent.get("content", {}).get("comm_id") in comm_pump.COMMS
            if not self._set_for_replies(ident, parent):
                self._set_temporarily(ident, parent, ours)
            elif not ours:
                self._set_for_outputs(parent)
        # From 7.4 on ipykernel sets the parent of an awaiting cell again after each widget message. Then
        # only the parent of the replies has to be set.
        elif not (
            is_request
            and parent is getattr(self._kernel.shell, "parent_header", None)
            and self._set_for_replies(ident, parent)
        ):
            self._set_for_all_threads(ident, parent, channel)

    def _set_for_replies(self, ident: Any, parent: Any) -> bool:
        """Set the parent of this thread's replies.

        Return False before ipykernel 7, where all threads share one parent.
        """
        variable = getattr(self._kernel, "_shell_parent", None)
        if not isinstance(variable, ContextVar):
            return False
        self._kernel._shell_parent_ident.set(ident)
        variable.set(parent)
        return True

    def _set_for_outputs(self, parent: dict[str, Any]) -> None:
        """Set the parent of what this thread prints and displays."""
        shell = self._kernel.shell
        for place in (shell, shell.displayhook, shell.display_pub, sys.stdout, sys.stderr):
            variable = getattr(place, "_parent_header", None)
            if isinstance(variable, ContextVar):
                variable.set(parent if place is shell else parent["header"])

    def _set_temporarily(self, ident: Any, parent: Any, ours: bool) -> None:
        """Set the parent, and restore the former one after the kernel has served the message."""
        set_parent = self._set_in_kernel if ours else self._set_for_all_threads
        former = self._kernel._parent_ident.get("shell", b""), self._kernel.get_parent("shell")
        set_parent(ident, parent, "shell")

        def restore() -> None:
            if self._kernel.get_parent("shell") is parent:
                set_parent(*former, "shell")

        self._kernel.io_loop.add_callback(restore)


def update_display(display_id: str, bundle: dict[str, Any]) -> None:
    """Replace an output, even while the user's code captures displays."""
    shell = _shell()
    publisher = next(
        (each for each in shell.configurables if isinstance(each, shell.display_pub_class)),
        shell.display_pub,
    )
    publisher.publish(bundle, {}, transient={"display_id": display_id}, update=True)


def _shell() -> Any:
    """Return the IPython shell of this process; None outside IPython."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def warn_about_unsupported_ipykernel() -> None:
    """Warn about ipykernel 7.0, which ends threads that update panels."""
    version = metadata.version("ipykernel")
    if version.startswith("7.0."):
        warnings.warn(
            f"ipykernel {version} ends threads that update a panel: install 7.1 or newer (or 6.31)",
            stacklevel=3,
        )
