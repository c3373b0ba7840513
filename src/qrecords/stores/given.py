"""A file someone handed in: by the command line it lies on the disk, by the desk it may be in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory


@dataclass(frozen=True, slots=True)
class GivenFile:
    """What it is called, and where its bytes are; nothing is looked at before it is asked for."""

    name: str
    _content: bytes | Path

    @contextmanager
    def lent(self) -> Iterator[Path]:
        """Lend a real file of this name, to be read within the block alone; one on the disk may not be there."""
        if isinstance(self._content, Path):
            yield self._content
            return
        with TemporaryDirectory(prefix="qrecords-given-") as folder:
            path = Path(folder) / self.name
            path.write_bytes(self._content)
            yield path

    def read(self) -> bytes:
        """Return the bytes."""
        return self._content.read_bytes() if isinstance(self._content, Path) else self._content


def on_disk(path: Path) -> GivenFile:
    """Return a file on the disk as one handed in."""
    return GivenFile(path.name, path)
