"""Writes a file beside its place first: a full disk or a kill never leaves half of it there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def written_beside(path: Path) -> Iterator[BinaryIO]:
    """Give a stream whose bytes take the file's place once they are whole; on an error nothing stays of them."""
    beside = path.with_name(f"{path.name}.part")
    try:
        with beside.open("wb") as stream:
            yield stream
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
