"""Find out whether a path is on a network file system.

SQLite's WAL needs memory that all processes share; a network file system does not provide it.
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
# There are too many network file systems of FUSE (sshfs, rclone, juicefs, …) to list, so the local ones
# are listed. To take a local file system for a network one costs a little speed; the opposite mistake
# could damage the store.
_LOCAL_FUSE = frozenset(
    ("bindfs", "encfs", "fuse-overlayfs", "gocryptfs", "lxcfs", "mergerfs", "squashfuse")
)


def file_system(path: str, mountinfo: str) -> str | None:
    """Return the type of the file system of an absolute path without symbolic links.

    Args:
        path: the path, which need not exist.
        mountinfo: the text of ``/proc/self/mountinfo`` (man 5 proc).

    Returns:
        The type, such as ``ext4`` or ``fuse.sshfs``; None if no line matches.
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
        # If two file systems are mounted on one point, the later hides the earlier.
        if inside and len(point) >= longest:
            found, longest = source.split(" ")[0], len(point)
    return found


def is_network(kind: str) -> bool:
    """Return whether file systems of a type may be shared with other hosts."""
    if kind == "fuse" or kind.startswith("fuse."):
        return kind.removeprefix("fuse.") not in _LOCAL_FUSE
    return kind.lower() in _NETWORK


def on_network(path: Path) -> bool:
    """Return whether a path is on a network file system; False if it is unknown."""
    try:
        mountinfo = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return False
    kind = file_system(os.path.realpath(path), mountinfo)
    return kind is not None and is_network(kind)
