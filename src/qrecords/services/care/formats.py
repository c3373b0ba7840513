"""Look into files: can they be read, and do they hold nothing that acts by itself (DA/T 70: usable, safe).

The one such look there is: at the door (`services/door.py`) before a file is kept, and in the deep check afterwards, so
that nothing kept is ever condemned for what the door let in. Whoever calls this for files of others should be a process
that may be lost: a hostile file can end it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

LATE = (
    "qrecords.render.officeactive",
    "qrecords.render.pdfactive",
    "qrecords.render.pdflook",
)  # loaded by kind of file
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
_BROKEN = (OSError, ValueError, KeyError, TypeError, RecursionError, MemoryError)
_PICTURES = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}
_PICTURE_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


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
                return _package(path, suffix)
            case ".pdf":
                return _pdf(path)
            case _ if suffix in _PICTURES:
                return _picture(path, suffix)
    except _BROKEN:
        return Verdict(BROKEN)
    return Verdict()


def _package(path: Path, suffix: str) -> Verdict:
    from qrecords.render.officeactive import Refused, acts

    try:
        return Verdict(active=_active(acts(path, suffix)))
    except Refused as refused:
        return Verdict(f"{refused}；请用 Word 或 Excel 打开，另存后换上")


def _picture(path: Path, suffix: str) -> Verdict:
    with path.open("rb") as stream:
        head = stream.read(1024)
    if b"%PDF-" in head:
        return Verdict(f"扩展名是 {suffix}，内容却是 PDF；请把扩展名改为 .pdf")
    return Verdict() if head.startswith(_PICTURE_MAGIC) else Verdict(BROKEN)


def _pdf(path: Path) -> Verdict:
    from qrecords.render.pdfactive import UNREADABLE, acts
    from qrecords.render.pdflook import look

    with path.open("rb") as stream:
        if stream.read(8).startswith(_PICTURE_MAGIC):
            return Verdict("扩展名是 .pdf，内容却是图片；请把扩展名改为 .jpg、.png 或 .tif")
    seen = look(path)
    if seen is None:
        wrong = BROKEN
    elif seen.locked:
        wrong = "加了密（不用密码能看的也是）；请在原软件里去掉密码，或打印成 PDF 另存后换上"
    else:
        wrong = "" if seen.pages else "没有一页；请从备份恢复，或重新扫描"
    told = [acts(path)]
    if seen is None and told == [UNREADABLE]:
        return Verdict(BROKEN)
    if seen is not None:
        told += ["脚本"] * bool(seen.scripts) + ["附件"] * bool(seen.attachments)
    return Verdict(wrong, _active("、".join(dict.fromkeys(filter(None, told)))))


def _active(what: str) -> str:
    return f"里有{what}；请核对它的来历，必要时换成干净的文件" if what else ""
