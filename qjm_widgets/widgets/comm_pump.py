"""Serve the messages of our widgets while a cell waits in this package, in kernels without subshells.

A kernel reads its next message only after the running cell has ended. While a cell waits in a method of
this package, this module reads the kernel's queue. It answers the messages for our own widgets and keeps
all others. When the wait ends, it returns the others to the kernel in their order.

The module depends on internals of ipykernel. If they are not as expected, it reads nothing. An interrupt
stops the wait in either case, and never the jobs.
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
#: The maximum number of messages that are read before the wait checks the set again.
_MOST_MESSAGES = 100

#: The comms of our widgets by id.
COMMS: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()


@contextmanager
def pump_messages() -> Iterator[Pump | None]:
    """Yield a function that serves our widgets during a wait on this thread.

    It is None if the kernel's queue cannot be read.
    """
    queue = _queue_of_this_thread()
    try:
        yield None if queue is None else queue.pump
    finally:
        if queue is not None:
            queue.restore()
        # Show the result of the wait before the cell ends, even if no message follows.
        REPAINT_LOOP.flush()


class ShellQueue:
    """The messages that wait in the kernel until the cell on this thread ends.

    Args:
        kernel: the kernel object of ipykernel.
        stream: the ZMQ stream that the kernel reads.
        dispatch: the kernel's own handler of the stream's messages.
    """

    def __init__(self, kernel: Any, stream: Any, dispatch: Callable[[Any], Any]) -> None:
        self._kernel = kernel
        self._stream = stream
        self._dispatch = dispatch
        self._deferred: list[Any] = []
        self._read = False

    def pump(self) -> None:
        """Answer the messages for our widgets, and keep the rest."""
        import zmq

        if not self._read:
            # During an `await`, the event loop would read the messages and queue them behind the cell.
            self._stream.stop_on_recv()
            self._read = True
        self._pump_dispatch_queue()
        for _ in range(_MOST_MESSAGES):
            try:
                frames = self._stream.socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.ZMQError:  # nothing left
                return
            if not self._answer(frames):
                self._deferred.append(frames)

    def restore(self) -> None:
        """Return the kept messages to the kernel, in their order and before all later messages."""
        if not self._read:
            return
        deferred, self._deferred = self._deferred, []
        for frames in deferred:
            waiting = self._dispatch(frames)
            if inspect.isawaitable(waiting):
                self._stream.io_loop.add_callback(lambda waiting=waiting: waiting)
        # The stream does not notice messages that arrived while its socket was read directly.
        self._stream.on_recv(self._dispatch, copy=False)

    def _pump_dispatch_queue(self) -> None:
        """Answer our messages in the kernel's own queue, into which ipykernel up to 6.31 reads ahead."""
        queue = getattr(self._kernel, "msg_queue", None)
        if queue is None:
            return
        for _ in range(queue.qsize()):
            entry = queue.get_nowait()
            _, _, arguments = entry
            if len(arguments) != 1 or not self._answer(arguments[0]):
                queue.put_nowait(entry)

    def _answer(self, frames: Any) -> bool:
        """Handle a message for one of our widgets; return False for all others."""
        session = self._kernel.session
        try:
            _, parts = session.feed_identities(frames, copy=False)
            # Read without the content: with it, the session would remember the signature, and reject the
            # message later as a duplicate.
            message = session.deserialize(parts, content=False, copy=False)
            if message["header"]["msg_type"] != "comm_msg":
                return False
            message["content"] = session.unpack(message["content"])
            comm = COMMS.get(message["content"].get("comm_id"))
        except Exception:  # an internal message of the kernel, or a damaged one
            return False
        if comm is None:
            return False
        self._publish("busy", message)
        try:
            comm.handle_msg(message)
        except Exception:
            _LOG.exception("a widget's message could not be handled")
        self._publish("idle", message)
        self._publish("busy", None)  # the cell is still running
        return True

    def _publish(self, status: str, parent: Any) -> None:
        """Publish a status: the page needs "idle" after each of its messages."""
        with suppress(Exception):
            self._kernel._publish_status(status, "shell", parent=parent)


def _queue_of_this_thread() -> ShellQueue | None:
    """Return the messages that wait for the cell on this thread; None if they cannot be read."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    kernel = getattr(shell, "kernel", None)
    if kernel is None or not COMMS:
        return None
    try:
        stream = _stream_of_this_thread(kernel)
        dispatch = stream._recv_callback
        if not callable(dispatch) or not hasattr(stream.socket, "recv_multipart"):
            return None
    except Exception:
        return None
    return ShellQueue(kernel, stream, dispatch)


def _stream_of_this_thread(kernel: Any) -> Any:
    channel = getattr(kernel, "shell_channel_thread", None)
    if channel is not None:
        manager = channel.manager
        shell = manager.subshell_id_from_thread_id(threading.get_ident())
        return manager.get_shell_channel_to_subshell_pair(shell).to_stream
    return kernel.shell_stream if threading.current_thread() is threading.main_thread() else None
