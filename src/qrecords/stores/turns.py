"""One process at a time at what takes microseconds or milliseconds: moving versions and giving names away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from qrecords.errors import WrongState
from qrecords.stores import durable
from qrecords.stores.mounts import require_locks

LOCK_SECONDS = 60


@contextmanager
def in_turn(lock_file: Path, folder: Path) -> Iterator[None]:
    """Hold a lock file while something in a folder is put in place; WrongState when another holds it for a minute."""
    require_locks(lock_file.parent)  # else FileLock would make do with a file nobody takes away who is killed
    with durable.storage_errors(folder):
        lock = FileLock(lock_file)
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout:
            raise WrongState("另一个程序正在写档案库", remedy="请等它结束后再试") from None
    try:
        yield
    finally:
        lock.release()
