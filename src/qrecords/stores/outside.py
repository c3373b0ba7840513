"""Where a new folder of somebody's own may not be: in a backup, or in what a workspace keeps for itself."""

from __future__ import annotations

from pathlib import Path

from qrecords.errors import UsageError
from qrecords.settings import FILE_NAME
from qrecords.stores.backupstore import MANIFEST

_OWN = frozenset({"archive", "forms", "indexes"})  # of a workspace; beside them a person may keep what he likes


def require_outside(folder: Path) -> None:
    """Refuse a new folder in a backup, which would take no further backup, or in a workspace's own folders.

    Raises UsageError; nothing was made.
    """
    for above in folder.absolute().resolve().parents:
        if (above / MANIFEST).is_file():
            raise UsageError(f"{folder} 在备份 {above} 里面，写进去那里就不能再备份", remedy="请写在备份以外的文件夹")
        if above.name in _OWN and (above.parent / FILE_NAME).is_file():
            raise UsageError(f"{folder} 在工作区自己的文件夹 {above} 里面", remedy="请写在它以外的文件夹")
