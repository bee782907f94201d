"""What a process of ``Processes`` does: take calls from its parent, one after another.

It stands by itself, so that its first breath imports nothing heavy.
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
    """Send bytes, their length first."""
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes:
    """Receive what ``write_frame`` sent.

    Raises:
        EOFError: the other side is gone.
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
    """Serve until the parent is gone, and then end at once, whatever is being computed."""
    # Ctrl-C and a kernel's interrupt go to all processes of the group, and are not meant for this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a backend prints must not get between the replies
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
