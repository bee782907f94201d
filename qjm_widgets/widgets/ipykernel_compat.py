"""What depends on the inside of ipykernel, guarded: where it has changed, things work as they come."""

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


def hear_while_cells_run(widget: Any) -> None:
    """Let a widget's messages be answered while a cell runs.

    Since 7.4 ipykernel answers a comm on the main shell, which a running cell blocks; before, from 7.1
    on, on the subshell that the page chose. The page's choice is taken again, so handlers may run on a
    subshell's thread. Other releases are left as they are: there, and in front ends that know no
    subshells, the widget is heard while a cell sits in one of our waits.
    """
    comm: Any = getattr(widget, "comm", None)
    if comm is not None:
        comm_pump.COMMS[comm.comm_id] = comm
        set_pump(comm_pump.ear)
        _keep_outputs_apart()
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = _as_the_page_chose


def _as_the_page_chose(_data: Any, default: Any) -> Any:
    return default


def _keep_outputs_apart() -> None:
    """Let the messages of widgets leave the user's outputs where they belong."""
    kernel: Any = getattr(_shell(), "kernel", None)
    set_parent = getattr(kernel, "set_parent", None)
    if set_parent is not None and not isinstance(set_parent, _SetParent):
        module = sys.modules.get("ipykernel.kernelbase")
        if module is not None and isinstance(kernel, module.Kernel):
            kernel.set_parent = _SetParent(kernel, partial(module.Kernel.set_parent, kernel))


class _SetParent:
    """A kernel's ``set_parent`` for which a page's message to a widget is not the newest cell.

    ipykernel takes each message that it serves for the parent of all that is printed and shown
    by threads which have no parent of their own: those of the user, whose output a page then drops.
    Where ``%%capture`` has replaced the publisher of displays, it fails, and the message is lost. Here
    a message to a widget is the parent only of what the thread that serves it answers, prints and shows;
    handlers of our own widgets print and show nothing.
    """

    def __init__(self, kernel: Any, set_in_kernel: Any) -> None:
        self._kernel = kernel
        self._set_everywhere = kernel.set_parent
        self._set_in_kernel = set_in_kernel

    def __call__(self, ident: Any, parent: Any, channel: str = "shell") -> None:
        apart = channel == "shell" and isinstance(parent, dict)
        if apart and parent.get("header", {}).get("msg_type") in _COMM_MESSAGES:
            ours = parent.get("content", {}).get("comm_id") in comm_pump.COMMS
            if not self._set_here(ident, parent):
                self._set_for_a_while(ident, parent, ours)
            elif not ours:
                self._set_for_thread(parent)
        # From 7.4 on the parent of a cell that awaits is set anew after each message to a widget.
        elif not (
            apart
            and parent is getattr(self._kernel.shell, "parent_header", None)
            and self._set_here(ident, parent)
        ):
            self._set_everywhere(ident, parent, channel)

    def _set_here(self, ident: Any, parent: Any) -> bool:
        """Set the parent of what this thread answers; False before 7, where all threads have one."""
        variable = getattr(self._kernel, "_shell_parent", None)
        if not isinstance(variable, ContextVar):
            return False
        self._kernel._shell_parent_ident.set(ident)
        variable.set(parent)
        return True

    def _set_for_thread(self, parent: dict[str, Any]) -> None:
        """Set the parent of what this thread prints and shows."""
        shell = self._kernel.shell
        for place in (shell, shell.displayhook, shell.display_pub, sys.stdout, sys.stderr):
            variable = getattr(place, "_parent_header", None)
            if isinstance(variable, ContextVar):
                variable.set(parent if place is shell else parent["header"])

    def _set_for_a_while(self, ident: Any, parent: Any, ours: bool) -> None:
        """Set the parent, and set it back once the kernel has served the message."""
        set_parent = self._set_in_kernel if ours else self._set_everywhere
        before = self._kernel._parent_ident.get("shell", b""), self._kernel.get_parent("shell")
        set_parent(ident, parent, "shell")

        def set_back() -> None:
            if self._kernel.get_parent("shell") is parent:
                set_parent(*before, "shell")

        self._kernel.io_loop.add_callback(set_back)


def update_display(display_id: str, bundle: dict[str, Any]) -> None:
    """Replace an output, also while the user's code captures what is displayed."""
    shell = _shell()
    publisher = next(
        (each for each in shell.configurables if isinstance(each, shell.display_pub_class)),
        shell.display_pub,
    )
    publisher.publish(bundle, {}, transient={"display_id": display_id}, update=True)


def _shell() -> Any:
    """The IPython that this process runs in; None where there is none."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def warn_of_deaf_kernels() -> None:
    """Warn where ipykernel 7.0 runs: it ends the thread that updates a panel."""
    version = metadata.version("ipykernel")
    if version.startswith("7.0."):
        warnings.warn(
            f"ipykernel {version} ends threads that update a panel: install 7.1 or newer (or 6.31)",
            stacklevel=3,
        )
