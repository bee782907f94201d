"""The main loop of a process of ``Processes``, which runs calls of its parent one after another.

This module imports nothing else of this package, so that a process starts fast.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import struct
import sys
import threading
from typing import IO

_LENGTH = struct.Struct("<Q")


def write_frame(stream: IO[bytes], data: bytes) -> None:
    """Write bytes, preceded by their length."""
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes:
    """Read the bytes that ``write_frame`` wrote.

    Raises:
        EOFError: the other process has ended.
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def main() -> None:
    """Run calls until the parent has ended, then end the process at once, even during a call."""
    # Ctrl-C and a kernel's interrupt reach all processes of the group, but must not stop this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a backend's output must not get between the replies
    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(calls,), daemon=True).start()
    while True:
        data = calls.get()
        try:
            function, arguments = pickle.loads(data)
            reply = pickle.dumps((True, function(*arguments)))
        except BaseException as error:
            reply = pickle.dumps((False, f"{type(error).__name__}: {error}"))
        write_frame(replies, reply)


def _receive(calls: queue.SimpleQueue[bytes]) -> None:
    try:
        while True:
            calls.put(read_frame(sys.stdin.buffer))
    finally:
        os._exit(0)
