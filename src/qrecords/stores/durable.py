"""The one place that writes bytes meant to last: aside, synced, renamed into place, folder synced.

All that is written passes through four primitives (`_write`, `_sync`, `_rename`, `_mkdir`), so that a test can make any
of them fail; every failure of the disk comes out as StorageFailure with what to do.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from qrecords.errors import StorageFailure

MOVED = ".moved"  # how the name ends of what was moved elsewhere and is kept to be looked at: a destruction removes it
_CHUNK = 1 << 20
_SYNCS_AT_ONCE = 8  # the journal of a file system brings the syncs asked for meanwhile onto the disk together
_ASIDE = re.compile(r"\.[0-9a-f]{16}\.tmp")
STALE_SECONDS = (
    60.0  # a write takes milliseconds; if one took longer and lost its file, it would say so and change nothing
)

_FAILURES = {
    errno.ENOSPC: ("磁盘已满", "请腾出空间后再试；已写入的没有损坏"),
    errno.EDQUOT: ("磁盘配额已用完", "请腾出空间或请管理员提高配额后再试；已写入的没有损坏"),
    errno.EROFS: ("磁盘是只读的", "请把磁盘改为可写，或把工作区放到别的磁盘"),
    errno.EACCES: ("没有权限", "请检查文件和文件夹的权限、所有者"),
    errno.EPERM: ("不允许这样操作", "请检查文件和文件夹的权限、所有者"),
    errno.EIO: ("磁盘读写出错", "磁盘可能已损坏：请停止使用，检查磁盘，必要时从备份恢复"),
    errno.ENOENT: ("文件或文件夹不在了", "请检查磁盘是否还连着，文件是否被移走"),
    errno.ENAMETOOLONG: ("文件名太长", "请换用较短的文件名或文件夹名"),
    errno.EEXIST: ("那里已经有同名的文件", "请换一个位置，或先移走已有的"),
    errno.ENOTEMPTY: ("那里已经有同名的文件夹", "请换一个位置，或先移走已有的"),
    errno.EXDEV: ("两处不在同一个磁盘上", "请让 archive 整个文件夹在同一个磁盘上"),
}
# What a file system answers that cannot sync a folder (some network and FUSE ones): nothing more can be done there.
_CANNOT_SYNC_FOLDER = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}


def checkpoint(name: str) -> None:
    """Name a moment between two changes of the disk; does nothing, crash tests end the process here."""


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn every OSError of the block into StorageFailure, named by `path` when the error names none."""
    try:
        yield
    except OSError as error:
        raise failure_of(error, path) from error


def failure_of(error: OSError, path: Path | None = None) -> StorageFailure:
    """Return what an error of the disk means and what to do, named by `path` when the error names no file."""
    what, remedy = _FAILURES.get(error.errno or 0, (f"磁盘没有接受（{error.strerror or error}）", "请检查磁盘后再试"))
    where = error.filename or path
    if where and error.errno in {errno.ENOSPC, errno.EDQUOT} and (disk := disk_of(Path(os.fsdecode(where)))):
        what = f"{what}（{disk} 所在的磁盘）"
    return StorageFailure(f"{what}：{where}" if where else what, remedy=remedy)


def disk_of(path: Path) -> str:
    """Return where the disk of a file or folder is mounted, or its drive: what has to be emptied; "" when unknown."""
    try:
        place = path.absolute()
        return str(next(p for p in (place, *place.parents) if p.is_mount()))
    except (OSError, StopIteration, NotImplementedError):
        return ""


def is_read_only(path: Path) -> bool:
    """Tell whether a file or folder lies on a disk that takes no writes; where the system cannot say, it does."""
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except (AttributeError, OSError):
        return False


def write_file(path: Path, data: bytes) -> None:
    """Write a file so that after a crash at any moment there is the old one or the new one, whole."""
    write_chunks(path, [data])


def write_new(path: Path, chunks: Iterable[bytes], in_turn: Callable[[], AbstractContextManager[None]]) -> bool:
    """Write a file unless there is one; tells whether it was written. Whole and lasting is what is there in the end.

    `in_turn` keeps others from the name for the moment it is given away.
    """
    aside = _aside_of(path)
    with storage_errors(path):
        try:
            _write(aside, chunks)
            _sync(aside)
            checkpoint("write_file.aside")
            with in_turn():
                if is_free := not os.path.lexists(path):
                    _rename(aside, path)
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
        _sync(path.parent)
    return is_free


def write_files(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write many files into a folder, each as `write_file` does: until all are on the disk none has its name.

    The disk is waited for in the end, for several at once: threads that wait while the next file is made take the
    processor from its making, and cost more time than they spare.
    """
    asides: list[tuple[Path, Path]] = []
    try:
        with storage_errors(folder):
            for name, data in files:
                aside = folder / f".{secrets.token_hex(8)}.tmp"
                asides.append((aside, folder / name))
                _write(aside, [data])
                checkpoint("write_file.aside")
            with ThreadPoolExecutor(_SYNCS_AT_ONCE, "qrecords-sync") as pool:
                shares = [[aside for aside, _ in asides[n::_SYNCS_AT_ONCE]] for n in range(_SYNCS_AT_ONCE)]
                for done in [pool.submit(_sync_each, share) for share in shares if share]:
                    done.result()
            for aside, path in asides:
                _rename(aside, path)
            _sync(folder)
    except BaseException:
        for aside, _ in asides:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
        raise


def _sync_each(paths: Iterable[Path]) -> None:
    for path in paths:
        _sync(path)


def write_file_from(source: Path, target: Path) -> None:
    """Write a file as `write_file` does, with the bytes of another, making the folders it needs."""
    make_dirs(target.parent)
    with chunks_of(source) as chunks:
        write_chunks(target, chunks)


@contextmanager
def chunks_of(data: bytes | Path) -> Iterator[Iterable[bytes]]:
    """Give bytes, or those of a file, piece by piece."""
    if isinstance(data, bytes):
        yield [data]
        return
    with storage_errors(data), data.open("rb") as stream:
        yield iter(lambda: stream.read(_CHUNK), b"")


def write_chunks(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file as `write_file` does, with bytes that come piece by piece."""
    aside = _aside_of(path)
    with storage_errors(path):
        try:
            _write(aside, chunks)
            _sync(aside)
            checkpoint("write_file.aside")
            _rename(aside, path)
        except OSError:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            raise
        _sync(path.parent)


def _aside_of(path: Path) -> Path:
    return path.parent / f".{secrets.token_hex(8)}.tmp"


def sweep_asides(folder: Path) -> None:
    """Remove what killed writes left below a folder: they may hold what is destroyed. Those under way are younger."""
    with storage_errors(folder):
        for path in folder.rglob(".*.tmp"):
            with suppress(FileNotFoundError):
                if _ASIDE.fullmatch(path.name) and time.time() - path.stat().st_mtime > STALE_SECONDS:
                    path.unlink()


def put_file(path: Path, data: bytes) -> None:
    """Write a new file and the folders it needs; it lasts only after `fsync_tree` of a folder above it."""
    with storage_errors(path):
        _mkdir(path.parent)
        _write(path, [data])


def copy_file(source: Path, target: Path) -> None:
    """Copy bytes, not rights or times, into a new file; it lasts only after `fsync_tree` of a folder above it."""
    with storage_errors(source):
        _mkdir(target.parent)
        with source.open("rb") as stream:
            _write(target, iter(lambda: stream.read(_CHUNK), b""))


def move_file(source: Path, target: Path) -> None:
    """Move a file within what is not yet synced, making the folders it needs."""
    with storage_errors(target):
        _mkdir(target.parent)
        _rename(source, target)


def replace_file(source: Path, target: Path) -> None:
    """Move a synced file over another of the same file system, for good."""
    with storage_errors(target):
        _rename(source, target)
        _sync(target.parent)


def replace_dir(source: Path, target: Path) -> None:
    """Move a synced folder to where none is yet, on the same file system, for good."""
    with storage_errors(target):
        _rename(source, target)
        _sync(target.parent)
        _sync(source.parent)


def make_dirs(path: Path) -> None:
    """Make a folder and those above it that are missing, for good."""
    missing = [p for p in (path, *path.parents) if not p.is_dir()]
    with storage_errors(path):
        for folder in reversed(missing):
            _mkdir(folder)
            _sync(folder.parent)


def make_private(path: Path) -> None:
    """Make a folder for who runs this alone; one that is there already, empty and his own, becomes so."""
    make_dirs(path)
    with storage_errors(path):
        if os.name == "posix" and path.stat().st_uid == os.geteuid() and not any(path.iterdir()):
            path.chmod(0o700)


def fsync_tree(folder: Path) -> None:
    """Bring every file and folder below a folder, and the folder itself, onto the disk."""
    with storage_errors(folder):
        for here, _, names in os.walk(folder, topdown=False, onerror=_raise):
            for name in names:
                _sync(Path(here) / name)
            _sync(Path(here))


def remove_tree(folder: Path) -> None:
    """Remove a folder with all in it; one that is not there is no error."""
    with storage_errors(folder), suppress(FileNotFoundError):
        shutil.rmtree(folder)


def remove_file(path: Path) -> None:
    """Remove a file for good; one that is not there is no error."""
    with storage_errors(path):
        path.unlink(missing_ok=True)
        _sync(path.parent)


def remove_files(paths: Sequence[Path]) -> None:
    """Remove files in their order, for good: each folder is synced once. One that is not there is no error."""
    for path in paths:
        with storage_errors(path):
            path.unlink(missing_ok=True)
    for folder in dict.fromkeys(path.parent for path in paths):
        sync_dir(folder)


def sync_dir(folder: Path) -> None:
    """Bring a folder's entries onto the disk."""
    with storage_errors(folder):
        _sync(folder)


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    """Create a file that must not be there yet."""
    with path.open("xb") as stream:
        for chunk in chunks:
            stream.write(chunk)


def _sync(path: Path) -> None:
    """Bring a file's bytes, or a folder's entries, onto the disk."""
    if sys.platform == "win32" and path.is_dir():
        return  # Windows has no such call; its file systems write the names of a folder in order
    try:
        handle, is_folder = os.open(path, os.O_RDWR), False
    except IsADirectoryError:
        handle, is_folder = os.open(path, os.O_RDONLY), True
    try:
        _flush(handle)
    except OSError as error:
        if not (is_folder and error.errno in _CANNOT_SYNC_FOLDER):
            raise
    finally:
        os.close(handle)


def _flush(handle: int) -> None:
    if sys.platform == "darwin":
        import fcntl

        # There fsync stops at the drive's own memory.
        with suppress(OSError):
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
            return
    os.fsync(handle)


def _rename(source: Path, target: Path) -> None:
    source.replace(target)


def _mkdir(path: Path) -> None:
    """Make a folder and those above it; another process may make them at the same moment."""
    path.mkdir(parents=True, exist_ok=True)


def _raise(error: OSError) -> None:
    raise error
