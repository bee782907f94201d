"""Hearing the page while a cell sits in one of our waits, where no subshell does it.

A kernel reads its next message when the cell before it has ended. While one of our waits blocks a cell,
the messages for our own widgets are taken out of the queue and answered; every other message is kept and
handed back in its order when the wait ends. This stands on the inside of ipykernel: where that is not as
expected, nothing is read, and an interrupt still stops the waiting and never the jobs.
"""

from __future__ import annotations

import inspect
import logging
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from qjm_widgets.state.wait import Pump
from qjm_widgets.widgets.repaint_loop import REPAINT_LOOP

_LOG = logging.getLogger(__name__)
_MOST = 100
"""Messages that are read before the wait looks at the set again."""

COMMS: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
"""The comms of our widgets by id."""


@contextmanager
def ear() -> Iterator[Pump | None]:
    """Hear our widgets for as long as somebody waits on this thread."""
    queue = _queue_of_this_thread()
    try:
        yield None if queue is None else queue.hear
    finally:
        if queue is not None:
            queue.hand_back()
        # What a cell waited for is on the page before it ends, also where nothing arrives later.
        REPAINT_LOOP.flush()


class ShellQueue:
    """The messages that wait for the cell which runs on this thread."""

    def __init__(self, kernel: Any, stream: Any, hand: Callable[[Any], Any]) -> None:
        self._kernel = kernel
        self._stream = stream
        self._hand = hand
        self._kept: list[Any] = []
        self._read = False

    def hear(self) -> None:
        """Answer what came for our widgets, and keep the rest."""
        import zmq

        self._read = True
        self._sift_dispatch_queue()
        for _ in range(_MOST):
            try:
                frames = self._stream.socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.ZMQError:  # nothing left
                return
            if not self._answer(frames):
                self._kept.append(frames)

    def hand_back(self) -> None:
        """Give the kernel what was kept, in its order, ahead of what comes later."""
        if not self._read:
            return
        kept, self._kept = self._kept, []
        for frames in kept:
            waiting = self._hand(frames)
            if inspect.isawaitable(waiting):
                self._stream.io_loop.add_callback(lambda waiting=waiting: waiting)
        # A socket that was read behind the stream's back tells it nothing by itself.
        self._stream.on_recv(self._hand, copy=False)

    def _sift_dispatch_queue(self) -> None:
        """Up to 6.31 the kernel reads ahead into a queue of its own: ours may be there already."""
        queue = getattr(self._kernel, "msg_queue", None)
        if queue is None:
            return
        for _ in range(queue.qsize()):
            entry = queue.get_nowait()
            _, _, arguments = entry
            if len(arguments) != 1 or not self._answer(arguments[0]):
                queue.put_nowait(entry)

    def _answer(self, frames: Any) -> bool:
        """Handle a message if it is for one of our widgets; False for every other."""
        session = self._kernel.session
        try:
            _, parts = session.feed_identities(frames, copy=False)
            # Without its content: a signature is remembered with it, and may not come twice.
            message = session.deserialize(parts, content=False, copy=False)
            if message["header"]["msg_type"] != "comm_msg":
                return False
            message["content"] = session.unpack(message["content"])
            comm = COMMS.get(message["content"].get("comm_id"))
        except Exception:  # the kernel's own inner messages, or a damaged one: its matter
            return False
        if comm is None:
            return False
        self._publish("busy", message)
        try:
            comm.handle_msg(message)
        except Exception:
            _LOG.exception("a widget's message could not be handled")
        self._publish("idle", message)
        self._publish("busy", None)  # the cell runs on
        return True

    def _publish(self, status: str, parent: Any) -> None:
        """The page lets go of a message when the kernel was idle after it."""
        with suppress(Exception):
            self._kernel._publish_status(status, "shell", parent=parent)


def _queue_of_this_thread() -> ShellQueue | None:
    """The queue behind the cell that runs on this thread; None where that cannot be told."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    kernel = getattr(shell, "kernel", None)
    if kernel is None or not COMMS:
        return None
    try:
        stream = _stream_of_this_thread(kernel)
        hand = stream._recv_callback
        if not callable(hand) or not hasattr(stream.socket, "recv_multipart"):
            return None
    except Exception:
        return None
    return ShellQueue(kernel, stream, hand)


def _stream_of_this_thread(kernel: Any) -> Any:
    channel = getattr(kernel, "shell_channel_thread", None)
    if channel is not None:
        manager = channel.manager
        shell = manager.subshell_id_from_thread_id(threading.get_ident())
        return manager.get_shell_channel_to_subshell_pair(shell).to_stream
    return kernel.shell_stream if threading.current_thread() is threading.main_thread() else None
