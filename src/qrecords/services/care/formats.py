"""Look into stored files: can they be read, and do they hold nothing that acts by itself (DA/T 70: usable, safe)."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qrecords.errors import Problem
from qrecords.office import Office
from qrecords.render.pdflook import look

READABLE = {
    ".pdf",
    ".docx",
    ".xlsx",
    ".json",
    ".jsonl",
    ".toml",
    ".txt",
    ".csv",
    ".png",
    ".jpg",
    ".jpeg",
    ".tif",
    ".tiff",
}
_MACROS = ("vbaProject.bin", "activeX/", "embeddings/")
_ACTIONS = ("/JavaScript", "/JS", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/RichMedia")
_STREAM = re.compile(rb"\bstream\r?\n.*?\bendstream\b", re.DOTALL)
_BROKEN = (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, RecursionError)


@dataclass(frozen=True, slots=True)
class Stored:
    """One file of an object's newest version."""

    object_id: str
    name: str
    path: Path

    @property
    def suffix(self) -> str:
        """Return the kind of file, by its name."""
        return Path(self.name).suffix.lower()


def files_of(office: Office, object_id: str) -> list[Stored]:
    """Return the files of an object's newest version."""
    archive = office.archive
    return [Stored(object_id, name, archive.path(object_id, name)) for name in archive.names(object_id)]


def unreadable(files: Sequence[Stored]) -> Iterator[Problem]:
    """Tell which files no program will open: of a kind not meant to last, broken, or encrypted."""
    for stored in files:
        if what := _unreadable(stored):
            yield Problem(f"{stored.name} {what}", source=stored.object_id)


def active(files: Sequence[Stored]) -> Iterator[Problem]:
    """Tell which files hold scripts, macros or other files."""
    for stored in files:
        if what := _active(stored):
            how = "请核对它的来历，必要时换成干净的扫描件"
            yield Problem(f"{stored.name} 里有{what}；{how}", source=stored.object_id)


def _unreadable(stored: Stored) -> str:
    if stored.suffix not in READABLE:
        return f"是{stored.suffix or '没有扩展名的'}文件，不适合长期保存；请另存为 PDF 附上"
    try:
        return _opened(stored)
    except _BROKEN:
        return "打不开；请从备份恢复，或重新扫描"


def _opened(stored: Stored) -> str:
    match stored.suffix:
        case ".json":
            json.loads(stored.path.read_bytes())
        case ".docx" | ".xlsx":
            with zipfile.ZipFile(stored.path) as package:
                package.getinfo("[Content_Types].xml")
        case ".pdf":
            seen = look(stored.path)
            if seen is None:
                raise ValueError(stored.name)
            if seen.locked:
                return "加了密；请换成没有加密的文件"
            if not seen.pages:
                return "没有一页；请从备份恢复，或重新扫描"
    return ""


def _active(stored: Stored) -> str:
    if stored.suffix in {".docx", ".xlsx"} and zipfile.is_zipfile(stored.path):
        with zipfile.ZipFile(stored.path) as package:
            return "宏或内嵌的文件" if any(part in name for name in package.namelist() for part in _MACROS) else ""
    if stored.suffix == ".pdf":
        return "脚本或附件" if _acts(stored.path) else ""
    return ""


def _acts(path: Path) -> bool:
    """Look for the names of actions in a PDF's bytes, and ask pdfium for scripts and attachments."""
    data = _STREAM.sub(b"stream", path.read_bytes())  # packed bytes may look like any name by chance
    if any(_names(data, action) for action in _ACTIONS):
        return True
    seen = look(path)  # where names are packed away
    return seen is not None and bool(seen.scripts or seen.attachments)


def _names(data: bytes, action: str) -> bool:
    """Tell whether a PDF name stands in the bytes, as a name of its own."""
    name, at = action.encode(), -1
    while (at := data.find(name, at + 1)) >= 0:
        if not data[at + len(name) : at + len(name) + 1].isalnum():
            return True
    return False
