"""On what file system a folder lies, where Linux tells it: some are other machines' too, some have no locks."""

from __future__ import annotations

import errno
import re
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from qrecords.errors import StorageFailure
from qrecords.stores.durable import storage_errors

MOUNTS = Path("/proc/self/mountinfo")
# Of these SQLite keeps no file for several machines: its memory for them (WAL) is one machine's.
NETWORKED = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs", "gfs2", "ocfs2"}
    | {f"fuse.{name}" for name in ("sshfs", "glusterfs", "ceph", "rclone", "s3fs", "davfs", "juicefs", "goofys")}
)
# Locks taken so are kept by the machine that takes them, and seen by no other.
_LOCAL_LOCKS = re.compile(r"(^|,)(nolock|nobrl|local_lock=(all|flock))(,|$)")
_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP})


@dataclass(frozen=True, slots=True)
class Mount:
    """The file system of a folder: its kind, "" when not known, and how it is mounted."""

    kind: str = ""
    options: str = ""

    @property
    def is_networked(self) -> bool:
        """Tell whether other machines may have it too."""
        return self.kind in NETWORKED

    @property
    def locks_alone(self) -> bool:
        """Tell whether what is locked here is locked on this machine alone."""
        return self.is_networked and bool(_LOCAL_LOCKS.search(self.options))


def mount_of(folder: Path) -> Mount:
    """Return the file system a folder lies on."""
    try:
        lines, place = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines(), folder.resolve()
    except OSError:  # not Linux
        return Mount()
    found, longest = Mount(), -1
    for line in lines:  # of two mounted at one place the later is seen
        before, _, after = line.partition(" - ")
        at, how = before.split()[4:6]
        point = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), at))
        if len(point.parts) >= longest and place.is_relative_to(point):
            kind, _, options = after.split(" ", 2)
            found, longest = Mount(kind, f"{how},{options}"), len(point.parts)
    return found


@cache
def require_locks(folder: Path) -> None:
    """Refuse a folder whose file system knows no locks; StorageFailure. Asked once a folder."""
    try:
        import fcntl
    except ImportError:  # Windows locks otherwise, everywhere
        return
    with storage_errors(folder), tempfile.TemporaryFile(dir=folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            raise StorageFailure(
                f"{folder} 所在的文件系统不支持文件锁，两个程序会同时改动同一个归档件",
                remedy="请把工作区放在本机磁盘上，或让它支持锁（NFS 4；NFS 3 要开 lockd），或把归档件搬到 S3 存储",
            ) from None
