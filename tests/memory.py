"""Blobs in the memory of this process: a second store of them, to show that the office needs no folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from qrecords.errors import NotFound, StorageFailure
from qrecords.ports import Content, Entry
from qrecords.stores.ocfl import is_safe_name

_PLACES: dict[Path, MemoryBlobs] = {}


@dataclass
class MemoryBlobs:
    """Bytes by name. `refuse_at` counts changes down: at 0 the store refuses, once or for good (`is_gone`).

    `tells`: it keeps digests of its own.
    """

    held: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    changes: int = 0
    refuse_at: int = -1
    is_gone: bool = True
    tells: bool = False
    _lock: Lock = field(default_factory=Lock)
    _marks: Iterator[int] = field(default_factory=count)

    @classmethod
    def at(cls, place: Path) -> MemoryBlobs:
        """Return what was kept at a place, for who opens it anew."""
        return _PLACES.setdefault(place, cls())

    def put(self, name: str, data: Content) -> bool:
        with self._changed(name):
            if name in self.held:
                return False
            self.held[name] = next(self._marks), _bytes(data)
            return True

    def replace(self, name: str, data: Content) -> None:
        with self._changed(name):
            self.held[name] = next(self._marks), _bytes(data)

    def get(self, name: str) -> bytes:
        try:
            return self.held[_safe(name)][1]
        except KeyError:
            raise NotFound(f"{name} 不见了") from None

    def has(self, name: str) -> bool:
        return _safe(name) in self.held

    def names(self, prefix: str = "") -> Iterator[str]:
        yield from sorted(name for name in [*self.held] if name.startswith(prefix))

    def entries(self, folder: str = "") -> list[Entry]:
        above = f"{folder}/" if folder else ""
        below = [name.removeprefix(above) for name in self.names(above)]
        return sorted({Entry(name.split("/")[0], "/" in name) for name in below})

    def size(self, name: str) -> int:
        return len(self.get(name))

    def told_sha256(self, name: str) -> str:
        return hashlib.sha256(self.get(name)).hexdigest() if self.tells else ""

    def mark(self, name: str) -> int | None:
        return self.held[name][0] if self.has(name) else None

    def called(self, name: str = "") -> str:
        return f"memory:{name}"

    def delete(self, *names: str) -> None:
        for name in names:
            with self._changed(name):
                self.held.pop(name, None)

    @contextmanager
    def lent(self, name: str) -> Iterator[Path]:
        data = self.get(name)
        with TemporaryDirectory() as folder:
            path = Path(folder) / name.rpartition("/")[2]
            path.write_bytes(data)
            yield path

    @contextmanager
    def _changed(self, name: str) -> Iterator[None]:
        _safe(name)
        with self._lock:
            if self.refuse_at == 0:
                self.refuse_at = 0 if self.is_gone else -1
                raise StorageFailure("连不上存储")
            self.refuse_at -= 1
            self.changes += 1
            yield


def _bytes(data: Content) -> bytes:
    return data if isinstance(data, bytes) else data.read_bytes()


def _safe(name: str) -> str:
    if not is_safe_name(name):
        raise ValueError(name)
    return name
