"""What the office gives out as a file: its kind, by its name, and its bytes; front ends bring it where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from qrecords.errors import UsageError


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list as the bytes of a file, and how many lines it has."""

    data: bytes
    total: int


def kind_of(name: str, suffixes: Sequence[str]) -> str:
    """Return the suffix of a file about to be made, by its name; UsageError for one that is not made."""
    path = PurePath(name)
    if (suffix := path.suffix.lower()) not in suffixes:
        known = "、".join(suffixes)
        raise UsageError(f"{path.name} 的扩展名不认识", remedy=f"请写成 {path.stem}{suffixes[0]} 的样子，可用：{known}")
    return suffix
