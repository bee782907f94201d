"""The file system of a store, read from the text of /proc/self/mountinfo."""

from pathlib import Path

import pytest

from qjm_widgets.storage import filesystems
from qjm_widgets.storage.filesystems import file_system, is_network, on_network

MOUNTS = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 27 0:40 / /home rw,relatime shared:5 master:1 - nfs4 server:/home rw,vers=4.2
31 30 254:1 / /home/local rw - xfs /dev/vdb rw
32 27 0:41 /sub /mnt/my\040disk rw - fuse.sshfs me@host:/ rw
33 27 0:42 / /stacked rw - ext4 /dev/vdc rw
34 33 0:43 / /stacked rw - cifs //server/share rw
a line that is cut
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/jobs.db", "ext4"),
        ("/home/ada/jobs.db", "nfs4"),
        ("/home", "nfs4"),
        ("/homes/jobs.db", "ext4"),
        ("/home/local/jobs.db", "xfs"),
        ("/mnt/my disk/jobs.db", "fuse.sshfs"),
        ("/stacked/jobs.db", "cifs"),
    ],
)
def test_the_innermost_and_latest_mount_holds_a_path(path: str, kind: str) -> None:
    assert file_system(path, MOUNTS) == kind


def test_no_mount_is_no_file_system() -> None:
    assert file_system("/home", "") is None


NETWORK = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "lustre", "gpfs", "beegfs", "afs"]
NETWORK += ["fuse", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.rclone", "fuse.juicefs"]
LOCAL = ["ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "f2fs", "fuseblk"]
LOCAL += ["fuse.fuse-overlayfs", "fuse.gocryptfs"]


@pytest.mark.parametrize("kind", NETWORK)
def test_network_file_systems(kind: str) -> None:
    assert is_network(kind)


@pytest.mark.parametrize("kind", LOCAL)
def test_local_file_systems(kind: str) -> None:
    assert not is_network(kind)


def test_links_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tmp_path.resolve() / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    mounts = f"1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:9 / {real} rw - nfs server:/ rw\n"
    monkeypatch.setattr(filesystems.Path, "read_text", lambda *arguments: mounts)
    assert on_network(tmp_path / "link" / "jobs.db")
    assert not on_network(tmp_path / "jobs.db")


def test_an_unknown_file_system_counts_as_local(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*arguments: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(filesystems.Path, "read_text", missing)
    assert not on_network(Path("/anywhere"))
