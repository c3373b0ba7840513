"""Look into stored files: can they be read, and do they hold nothing that acts by itself (DA/T 70: usable, safe).

Whoever calls this for files of others should be a process that may be lost: a hostile file can end it.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

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
BROKEN = "打不开；请从备份恢复，或重新扫描"
TOO_LONG = "打开它用的时间太久，没有查完，不一定是坏了；请在机器空闲时再检查一次，仍然如此就自行打开看看"
_MACROS = ("vbaProject.bin", "activeX/", "embeddings/")
_BROKEN = (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, RecursionError, MemoryError)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look into a file tells: why no program will open it, and what in it acts; each empty when all is well."""

    unreadable: str = ""
    active: str = ""


def suffix_of(name: str) -> str:
    """Return the kind of file, by its name."""
    return PurePosixPath(name).suffix.lower()


def looked_into(path: Path, name: str) -> Verdict:
    """Open a stored file as its name says it is; a kind not meant to last, a broken and a locked one are told."""
    suffix = suffix_of(name)
    if suffix not in READABLE:
        return Verdict(f"是{suffix or '没有扩展名的'}文件，不适合长期保存；请另存为 PDF 附上")
    try:
        match suffix:
            case ".json":
                json.loads(path.read_bytes())
            case ".docx" | ".xlsx":
                return _package(path)
            case ".pdf":
                return _pdf(path)
    except _BROKEN:
        return Verdict(BROKEN)
    return Verdict()


def _package(path: Path) -> Verdict:
    with zipfile.ZipFile(path) as package:
        names = package.namelist()
    acts = _active("宏或内嵌的文件") if any(part in name for name in names for part in _MACROS) else ""
    return Verdict("" if "[Content_Types].xml" in names else BROKEN, acts)


def _pdf(path: Path) -> Verdict:
    from qrecords.render.pdfactive import acts
    from qrecords.render.pdflook import look

    seen = look(path)
    if seen is None:
        wrong = BROKEN
    elif seen.locked:
        wrong = "加了密；请换成没有加密的文件"
    else:
        wrong = "" if seen.pages else "没有一页；请从备份恢复，或重新扫描"
    hidden = seen is not None and bool(seen.scripts or seen.attachments)
    return Verdict(wrong, _active("脚本或附件") if hidden or acts(path) else "")


def _active(what: str) -> str:
    return f"里有{what}；请核对它的来历，必要时换成干净的扫描件"
