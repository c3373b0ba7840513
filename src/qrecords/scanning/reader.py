"""Reads scanned files into pages, each with the codes on it; the file itself is opened in a child process only."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qrecords.errors import InvalidInput
from qrecords.foreign.pictures import REASONS
from qrecords.scanning.child import Silent, answers

MAX_FILE = 500 << 20
MAX_PAGES = 1_000
MEMORY = 2 << 30
SECONDS_PER_PAGE = 30.0
CPU_SECONDS = 3_600

_SENTENCES = {
    **{reason: (f"{{}} {what}", remedy) for reason, (what, remedy) in REASONS.items()},
    "encrypted": ("{} 是加密的，打不开", "请先去掉密码，或重新扫描"),
    "empty": ("{} 里没有页面", "请重新扫描"),
    "too_many": ("{} 的页数超过" + str(MAX_PAGES) + "页", "请分成几个文件再试"),
}
_OVER_LIMIT = ("{} 第{}页读不出来，超出了时间或内存限制", "请重新扫描这一页，或用别的软件另存后再试；没有附上任何一页")


@dataclass(frozen=True, slots=True)
class PageRead:
    """One page: where it comes from, its picture (JPEG, upright where a code was read), the codes' texts."""

    source: str
    number: int
    image: Path
    points: tuple[float, float]  # on paper, 72 an inch
    codes: tuple[str, ...]
    blank: bool
    text: str  # what the file itself says the page's text is; empty for a plain scan


@dataclass(frozen=True, slots=True)
class FileRead:
    """One file: its pages, and what was left behind of it."""

    source: str
    pages: tuple[PageRead, ...]
    notes: tuple[str, ...]


def read_file(
    path: Path,
    out: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
    seen: Callable[[PageRead], None] | None = None,
) -> FileRead:
    """Read a PDF, JPEG, PNG or TIFF file into pages in the folder `out`; InvalidInput says what is wrong with it.

    Each page is told to `seen` as soon as it is read. OSError when the disk of `out` is full.
    """
    require_file(path)
    out.mkdir(parents=True)
    request = {
        "path": str(path.absolute()), "out": str(out.absolute()), "max_pages": MAX_PAGES,
        "memory": MEMORY, "cpu_seconds": CPU_SECONDS,
    }  # fmt: skip
    head: dict[str, Any] = {}
    pages: list[PageRead] = []
    try:
        for told in answers("qrecords.scanning.worker", request, silence=SECONDS_PER_PAGE):
            if "refused" in told:
                message, remedy = _SENTENCES[told["refused"]]
                raise InvalidInput(message.format(path.name), remedy=remedy)
            if "full" in told:
                raise OSError(told["full"], os.strerror(told["full"]), str(out))
            if "kind" in told:
                head = told
            if "page" in told:
                pages.append(_page(path, out, told))
                if seen:
                    seen(pages[-1])
                if progress:
                    progress(len(pages), head["pages"])
            if "done" in told:
                return FileRead(path.name, tuple(pages), tuple(_notes(path, head)))
    except Silent:
        pass
    message, remedy = _OVER_LIMIT
    raise InvalidInput(message.format(path.name, len(pages) + 1), remedy=remedy)


def require_file(path: Path) -> None:
    """Raise InvalidInput for what is no file, too large, or may not be read."""
    if not path.is_file():
        what = "是文件夹，不是文件" if path.is_dir() else "不存在"
        raise InvalidInput(f"{path} {what}", remedy="请给出扫描件的文件名")
    if path.stat().st_size > MAX_FILE:
        raise InvalidInput(f"{path.name} 超过 {MAX_FILE >> 20} MB", remedy="请分成几个文件，或降低扫描分辨率后再试")
    try:
        with path.open("rb") as stream:
            stream.read(1)
    except OSError as error:
        raise InvalidInput(f"{path.name} 读不了：{error.strerror}", remedy="请检查文件的权限") from None


def _page(path: Path, out: Path, told: dict[str, Any]) -> PageRead:
    number = told["page"]
    width, height = told["points"]
    return PageRead(
        source=path.name,
        number=number,
        image=out / f"{number:05d}.jpg",
        points=(width, height),
        codes=tuple(told["codes"]),
        blank=told["blank"],
        text=told["text"].strip(),
    )


def _notes(path: Path, head: dict[str, Any]) -> list[str]:
    notes = []
    if previews := head.get("previews"):
        notes.append(f"{path.name} 里另有{previews}幅预览图，不是页面，没有收进")
    named = path.suffix.lower().lstrip(".")
    meant = {"jpg": "jpeg", "tif": "tiff"}.get(named, named)
    if meant in {"pdf", "jpeg", "png", "tiff"} and meant != head["kind"]:
        notes.append(f"{path.name} 其实是 {head['kind'].upper()} 文件，已按内容读入")
    return notes
