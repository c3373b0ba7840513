"""Folders outside of the workspace that hold texts of records while a document is made, and go when it is done.

A process that is killed leaves its folder behind. The next one that needs such a folder removes it: a folder is held by
a lock as long as its process lives.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from filelock import FileLock, Timeout

PREFIX = "qrecords-work-"
_LOCK = "held.lock"
_YOUNG = 60  # seconds: one just made may not have its lock yet


@contextmanager
def work_folder() -> Iterator[Path]:
    """Give an empty folder of this account's own, removed afterwards, and remove those of processes that are gone."""
    _sweep()
    with (
        TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name,
        FileLock(Path(name) / _LOCK),
    ):
        inside = Path(name) / "work"
        inside.mkdir()
        yield inside


def _sweep() -> None:
    for folder in Path(gettempdir()).glob(f"{PREFIX}*"):
        try:
            found = folder.lstat()
            if not _is_own(found) or time.time() - found.st_mtime < _YOUNG:
                continue
            with FileLock(folder / _LOCK, timeout=0):
                pass
        except (Timeout, OSError):
            continue  # in use, or just gone
        shutil.rmtree(folder, ignore_errors=True)


def _is_own(found: os.stat_result) -> bool:
    """Tell a folder of this account from what others put under such a name."""
    return stat.S_ISDIR(found.st_mode) and (sys.platform == "win32" or found.st_uid == os.getuid())
