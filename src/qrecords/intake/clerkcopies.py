"""Copies of a clerk's own workbooks, where he wants them: with the rejected rows marked, or with their numbers.

No copy made before is written over: it may hold his corrections by now. His own file is touched only when he asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from qrecords.advice import Input, advise
from qrecords.errors import UsageError, WrongState
from qrecords.services.intake.returning import WORKBOOK
from qrecords.stores.durable import make_dirs, write_file
from qrecords.stores.given import GivenFile, on_disk

_RETURNED, _NUMBERED = "退回", "已编号"


@dataclass(frozen=True, slots=True)
class ClerkCopies:
    """Where copies go (services/intake/returning.Copies): to `rejected`, a file or folder, or all into `folder`.

    `own` are the files numbers are written into themselves.
    """

    folder: Path
    rejected: Path | None
    own: Mapping[GivenFile, Path]

    def returned(self, source: GivenFile, data: bytes) -> str:
        """Write a copy with what is wrong in it; returns where."""
        place = self.rejected or self.folder
        to_file = place.suffix.lower() == WORKBOOK
        return _written(place if to_file else _free(place, source, _RETURNED), data)

    def numbered(self, source: GivenFile, data: bytes) -> str:
        """Write a copy with numbers, or the file itself; returns where."""
        return _written(self.own.get(source) or _free(self.folder, source, _NUMBERED), data)


def given_by(paths: Iterable[Path]) -> list[GivenFile]:
    """Return files on the disk as services take them."""
    return [on_disk(path) for path in paths]


def copies_of(
    paths: Sequence[Path], folder: Path, *, rejected: Path | None = None, in_place: bool = False
) -> ClerkCopies:
    """Return where the copies of these files go; refuses a place that cannot serve, before anything is made."""
    if rejected is not None:
        _require_place(paths, rejected)
    return ClerkCopies(folder, rejected, {on_disk(path): path for path in paths} if in_place else {})


def _require_place(inputs: Sequence[Path], place: Path) -> None:
    books = [p for p in inputs if p.suffix.lower() == WORKBOOK]
    if not books:
        raise UsageError(advise("{} 只用于 .xlsx 输入", Input.REJECTED), remedy="其他格式请按列出的行和栏目改正")
    if place.suffix.lower() == WORKBOOK:
        if len(books) > 1:
            remedy = advise("请在 {} 后面写一个文件夹", Input.REJECTED)
            raise UsageError("有几个工作簿，退回的不能写进同一个文件", remedy=remedy)
        if place.exists():
            raise WrongState(f"{place} 已经有了，里面可能有改正好的内容", remedy="请换一个文件名，或先移走那个文件")


def _written(path: Path, data: bytes) -> str:
    make_dirs(path.parent)
    write_file(path, data)
    return str(path)


def _free(folder: Path, source: GivenFile, what: str) -> Path:
    """Return a name in a folder that no file has yet."""
    stem = f"{re.sub(rf'-{what}(-[0-9]+)?$', '', Path(source.name).stem)}-{what}"
    names = (f"{stem}{'' if n == 1 else f'-{n}'}{WORKBOOK}" for n in count(1))
    return next(p for name in names if not (p := folder / name).exists())
