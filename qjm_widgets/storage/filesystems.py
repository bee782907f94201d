"""Which file system a path lies on.

SQLite's WAL needs memory that all its processes share, which a network file system does not give.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_NETWORK = frozenset(
    {
        *("9p", "acfs", "afs", "auristorfs", "beegfs", "ceph", "cifs", "coda", "davfs", "fhgfs"),
        *("gfs2", "glusterfs", "gpfs", "lustre", "mfs", "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2"),
        *("orangefs", "panfs", "prl_fs", "pvfs2", "smb2", "smb3", "smbfs", "vboxsf", "vmhgfs"),
        "wekafs",
    }
)
# FUSE hides most network mounts (sshfs, rclone, juicefs, …), and the list of them never ends. A
# local one taken for a network costs a little speed; the other way round it costs the store.
_LOCAL_FUSE = frozenset(
    ("bindfs", "encfs", "fuse-overlayfs", "gocryptfs", "lxcfs", "mergerfs", "squashfuse")
)


def file_system(path: str, mountinfo: str) -> str | None:
    """The type of the file system that holds an absolute path without symbolic links.

    Args:
        path: need not exist.
        mountinfo: the text of ``/proc/self/mountinfo`` (man 5 proc).

    Returns:
        the type, such as ``ext4`` or ``fuse.sshfs``; None where no line matches.
    """
    found: str | None = None
    longest = -1
    for line in mountinfo.splitlines():
        mount, separator, source = line.partition(" - ")
        fields = mount.split(" ")
        if not separator or len(fields) < 5:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        # Of two mounts on one point the later one hides the other.
        if inside and len(point) >= longest:
            found, longest = source.split(" ")[0], len(point)
    return found


def is_network(kind: str) -> bool:
    """Whether a type of file system may be shared with other hosts."""
    if kind == "fuse" or kind.startswith("fuse."):
        return kind.removeprefix("fuse.") not in _LOCAL_FUSE
    return kind.lower() in _NETWORK


def on_network(path: Path) -> bool:
    """Whether a path lies on a network file system; False where the system does not tell."""
    try:
        mountinfo = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return False
    kind = file_system(os.path.realpath(path), mountinfo)
    return kind is not None and is_network(kind)
