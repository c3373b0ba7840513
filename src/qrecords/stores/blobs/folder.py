"""A folder serves blobs: a file each, written aside, synced and renamed into place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from qrecords.errors import IntegrityFailure, NotFound
from qrecords.ports import Content
from qrecords.stores import durable, ocfl
from qrecords.stores.alone import alone


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
                return durable.write_new(path, chunks, self._alone)
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
    def _alone(self) -> Iterator[None]:
        """Let one process at a time give a name away; it takes microseconds."""
        durable.make_dirs(self._lock.parent)
        with alone(self._lock, self._lock):
            yield


def _files(folder: Path) -> Iterable[Path]:
    return (p for p in folder.rglob("*") if p.is_file() and not p.is_symlink() and not p.name.startswith("."))
