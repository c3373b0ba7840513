"""Workspaces and a disk that fails, for the tests of faults: every write, sync, rename and mkdir of stores/ can be refused."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType
from typing import Any

import pytest
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, NameObject

from qrecords.render.pdf import Converter
from qrecords.services.disposition.lists import approve, draw, witness
from qrecords.stores import durable
from tests import retention_office as kept
from tests.laid import laid

PRIMITIVES = ("_write", "_sync", "_rename", "_mkdir")
D, E = "QR758-01A-2019-00003", "QR758-01A-2019-00004"


class FaultyDisk:
    """Refuses the calls on the disk from number `at` on: that one alone, or all that follow too (`stays`).

    A refused write leaves half of its first bytes, as a full disk does. `calls` counts, `refused` tells whether it struck,
    `sites` tells for each call by which lines of the program it came.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, code: int, at: int, *, stays: bool = False) -> None:
        self.code, self.at, self.stays = code, at, stays
        self.calls = 0
        self.sites: list[tuple[str, ...]] = []
        self.refused = False
        self.working = True
        for name in PRIMITIVES:
            monkeypatch.setattr(durable, name, self._wrapped(name, getattr(durable, name)))

    def _wrapped(self, name: str, primitive: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: Any) -> None:
            self.calls += 1
            self.sites.append((name, *_ways_here()))
            if self.working and (self.calls == self.at or (self.stays and self.calls > self.at > 0)):
                self.refused = True
                if name == "_write":
                    _short_write(*arguments)
                raise OSError(self.code, os.strerror(self.code), str(arguments[0]))
            primitive(*arguments)

        return call

    def mend(self) -> None:
        """Let everything through again."""
        self.working = False


def _ways_here() -> Iterator[str]:
    frame: FrameType | None = sys._getframe(2)
    while frame:
        if "qrecords" in frame.f_globals.get("__name__", ""):
            yield f"{frame.f_code.co_qualname}:{frame.f_lineno}"
        frame = frame.f_back


def _short_write(path: Path, chunks: Iterable[bytes]) -> None:
    if path.parent.is_dir():
        first = next(iter(chunks), b"")
        path.write_bytes(first[: len(first) // 2])


def blank_convert(
    _self: Converter, documents: list[Path], out_dir: Path, on_done: Callable[[Path], None] | None = None
) -> list[Path]:
    """Stand in for LibreOffice where a test looks at other things than the paper."""
    made = []
    out_dir.mkdir(parents=True, exist_ok=True)
    for document in documents:
        path = out_dir / f"{document.stem}.pdf"
        writer = PdfWriter()
        writer.add_blank_page(595, 842)
        writer.root_object[NameObject("/OutputIntents")] = ArrayObject()  # as if it were PDF/A
        writer.write(path)
        if on_done:
            on_done(path)
        made.append(path)
    return made


def blank_pdfs(_office: object, documents: list[Path], folder: Path) -> list[Path]:
    """Stand in for to_pdf of a service whose paper no test looks at, while others' papers are real."""
    return blank_convert(Converter(), documents, folder)


@cache
def _ready() -> Path:
    """The office of tests/retention_office.py with two reviewed records more; made with blank pages."""
    root = Path(mkdtemp(prefix="faults-")) / "office"
    laid(kept._base.__wrapped__(), root)
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        office = people.office
        kept.filled(office, "01A", *(kept.information(n, f"示例单位{n}") for n in (3, 4)))
        kept.reviewed(office, D, E)
    return root


@cache
def _witnessed() -> Path:
    root = Path(mkdtemp(prefix="faults-")) / "office"
    laid(_ready(), root)
    with kept.opened(root) as people:
        found = draw(people("甲"), kept.ALL[1:], "无继续保存价值")
        approve(people("乙"), found.list_no)
        for name in ("丙", "丁"):
            witness(people(name), found.list_no, found.sha256, kept.TODAY)
    return root


def workspace(tmp_path: Path, *, witnessed: bool = False) -> Path:
    """Return the folder of a fresh copy; call it with Converter.convert already stubbed."""
    return laid(_witnessed() if witnessed else _ready(), tmp_path / "office")


FULL, BROKEN = errno.ENOSPC, errno.EIO
