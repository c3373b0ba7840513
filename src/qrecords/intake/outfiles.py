"""Files for people, where they said: never over one that is there, since it may hold what they wrote."""

from __future__ import annotations

from pathlib import Path

from qrecords.advice import Input, advise
from qrecords.errors import WrongState
from qrecords.stores.durable import make_dirs, write_file


def require_free(path: Path) -> None:
    """Refuse a place that is taken: WrongState. Ask first: making what goes there takes long, and is logged."""
    if path.exists():
        raise WrongState(f"{path} 已经有了", remedy=advise("请用 {} 换一个文件名，或先移走那个文件", Input.FILE_NAME))


def write_new(path: Path, data: bytes) -> Path:
    """Write a file, whole or not at all, with the folders it needs; returns where."""
    require_free(path)
    make_dirs(path.absolute().parent)
    write_file(path, data)
    return path
