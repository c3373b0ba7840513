"""A folder serves blobs: a file each, written aside, synced and renamed into place."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from qrecords.errors import IntegrityFailure, NotFound
from qrecords.ports import Content, Entry
from qrecords.stores import durable, ocfl
from qrecords.stores.turns import in_turn


class FolderBlobs:
    """The files below a folder, which is made when the first comes; `lock` is a file beside it for who puts."""

    def __init__(self, folder: Path, lock: Path) -> None:
        self.folder = folder
        self._lock = lock

    def put(self, name: str, data: Content) -> bool:
        """Keep bytes unless the name is taken; tells whether they were kept."""
        path = self._path(name)
        durable.make_dirs(path.parent)
        if not path.exists():
            with durable.chunks_of(data) as chunks:
                return durable.write_new(path, chunks, self._in_turn)
        durable.sync_dir(path.parent)  # who put it may not have come to that yet
        return False

    def replace(self, name: str, data: Content) -> None:
        """Keep bytes in the place of what was there."""
        path = self._path(name)
        durable.make_dirs(path.parent)
        with durable.chunks_of(data) as chunks:
            durable.write_chunks(path, chunks)

    def get(self, name: str) -> bytes:
        """Return the bytes of a name."""
        with self.lent(name) as path, durable.storage_errors(path):
            return path.read_bytes()

    def has(self, name: str) -> bool:
        """Tell whether a name is there."""
        return self._path(name).is_file()

    def names(self, prefix: str = "") -> Iterator[str]:
        """Give the names below a prefix, sorted."""
        below = self._path(prefix.removesuffix("/")) if prefix else self.folder
        with durable.storage_errors(below):
            found = sorted(p.relative_to(self.folder).as_posix() for p in _files(below))
        yield from found

    def entries(self, folder: str = "") -> list[Entry]:
        """Return all that lies right in a folder, whatever it is called."""
        below = self.folder.joinpath(*folder.split("/")) if folder else self.folder
        with durable.storage_errors(below):
            try:
                with os.scandir(below) as found:
                    return sorted(map(_entry, found))
            except (FileNotFoundError, NotADirectoryError):
                return []

    def size(self, name: str) -> int:
        """Return how many bytes a name has."""
        with self.lent(name) as path, durable.storage_errors(path):
            return path.stat().st_size

    def told_sha256(self, name: str) -> str:
        """Return "": a disk keeps no digests."""
        return ""

    def mark(self, name: str) -> tuple[int, ...] | None:
        """Return what changes when the bytes of a name are replaced; None for a name that is not there."""
        path = self._path(name)
        if not path.is_file():
            return None
        with durable.storage_errors(path):
            stat = path.stat()
        return (stat.st_ino, stat.st_mtime_ns, stat.st_size)

    def called(self, name: str = "") -> str:
        """Return the path of a name."""
        return str(self.folder / name)

    def delete(self, *names: str) -> None:
        """Let go of names, in their order, each folder synced once."""
        paths = [self._path(name) for name in names]
        with durable.storage_errors(self.folder):
            there = [path for path in paths if path.is_symlink() or path.exists()]
        durable.remove_files(there)

    @contextmanager
    def lent(self, name: str) -> Iterator[Path]:
        """Lend the file itself."""
        path = self._path(name)
        with durable.storage_errors(path):
            is_link, is_file = path.is_symlink(), path.is_file()
        if is_link:
            raise IntegrityFailure(f"{path} 被换成了链接", remedy="请从备份恢复这个文件")
        if not is_file:
            raise NotFound(f"{path} 不见了", remedy="请从备份恢复这个文件")
        yield path

    def _path(self, name: str) -> Path:
        if not ocfl.is_safe_name(name):
            raise ValueError(name)
        return self.folder / name

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Let one process at a time give a name away; it takes microseconds."""
        durable.make_dirs(self._lock.parent)
        with in_turn(self._lock, self._lock):
            yield


def _entry(found: os.DirEntry[str]) -> Entry:
    is_folder = found.is_dir(follow_symlinks=False)
    return Entry(found.name, is_folder, not is_folder and not found.is_file(follow_symlinks=False))


def _files(folder: Path) -> Iterable[Path]:
    return (p for p in folder.rglob("*") if p.is_file() and not p.is_symlink() and not p.name.startswith("."))
