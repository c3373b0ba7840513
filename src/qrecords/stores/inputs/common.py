"""What all input readers share: the record they give, the file they may open, the text in it."""

from __future__ import annotations

import codecs
import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Any, NoReturn

from qrecords.advice import Sentence, advise
from qrecords.errors import InvalidInput, Problem

MAX_TEXT_BYTES = 32 << 20  # JSON, YAML, TOML are read whole
_CHUNK = 1 << 20
_ZIP, _OLE = b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")


@dataclass(frozen=True, slots=True)
class InputRecord:
    """One record as it was written: values by the heading or key as written.

    `source` is the file's name, with `!sheet` for a workbook; `row` counts as the clerk counts: in a table the row of
    the file, headings included; in a list 1 is the first. Blank cells of a table are left out. `lines` tells where a
    workbook has the lines of this record: `parts[2]` → sheet and row. `number` is what stands in the column 记录编号.

    A record that is not `sound` must not be made: the reader says what is wrong when all are read. It is given all the
    same, so that what else is wrong with it is told at once; `blocked` are the fields the reader could not read.
    """

    source: str
    row: int
    values: dict[str, Any]
    notes: tuple[str, ...] = ()
    lines: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    sound: bool = True
    blocked: frozenset[str] = frozenset()
    number: str = ""


def refuse(path: Path, message: str, remedy: Sentence, *, row: int | None = None, sheet: str = "") -> NoReturn:
    """Raise InvalidInput about a file that cannot be read at all, or no further."""
    source = f"{path.name}!{sheet}" if sheet else path.name
    problem = Problem(advise("{}；{}", message, remedy), row=row, source=source)
    raise InvalidInput(f"{source} {message}", remedy=remedy, problems=[problem])


def require_readable(path: Path) -> None:
    """Refuse what is no file: nothing there, a folder, a device."""
    with unreadable_when_refused(path):
        if path.is_dir():
            refuse(path, "是文件夹，不是文件", "请给出其中的文件")
        if not path.exists():
            refuse(path, "找不到这个文件", f"请核对文件名和位置：{path}")
        if not path.is_file():
            refuse(path, "不是普通文件", "请给出数据文件")
        if not path.stat().st_size:
            refuse(path, "是空文件", "请核对是否保存过内容")


@contextmanager
def unreadable_when_refused(path: Path) -> Iterator[None]:
    """Turn the system's refusal to open or read a file into InvalidInput."""
    try:
        yield
    except OSError as error:
        reason = (
            "没有权限读" if error.errno in {errno.EACCES, errno.EPERM} else f"读不出（{os.strerror(error.errno or 0)}）"
        )
        refuse(path, reason, "请检查文件的权限和所在的磁盘，或换个位置")


def require_kind(path: Path, suffix: str) -> None:
    """Refuse a file whose content is not what its extension says."""
    with unreadable_when_refused(path), path.open("rb") as stream:
        head = stream.read(8)
        if head == _OLE:
            if "EncryptedPackage".encode("utf-16-le") in stream.read(64 << 20):
                refuse(path, "有密码保护", "请在 Excel 里取消密码（文件 → 信息 → 保护工作簿），另存后再试")
            refuse(path, "是旧版 Office 文件", "请用 Excel 或 WPS 打开，另存为 .xlsx 后再试")
    if head.startswith(_ZIP) and suffix != ".xlsx":
        refuse(path, f"扩展名是 {suffix}，内容却是 Excel 工作簿或压缩包", "是工作簿的话，请把扩展名改为 .xlsx")
    if not head.startswith(_ZIP) and suffix == ".xlsx":
        refuse(path, "扩展名是 .xlsx，内容却不是 Excel 工作簿", "请用 Excel 或 WPS 另存为 .xlsx；是文本就改扩展名")


def time_text(value: time) -> str:
    """Return a time of day as people write it: HH:MM, with :SS only where there are seconds."""
    return value.isoformat(timespec="seconds" if value.second else "minutes")


def read_text(path: Path) -> str:
    """Return the text of a file of moderate size."""
    if path.stat().st_size > MAX_TEXT_BYTES:
        refuse(path, f"超过{MAX_TEXT_BYTES >> 20}兆字节", "请拆成几个文件")
    return path.read_bytes().decode(encoding_of(path))


def encoding_of(path: Path) -> str:
    """Return a text file's encoding: UTF-8, UTF-16 by its mark, or GB18030 as Chinese Windows writes it."""
    with path.open("rb") as stream:
        head = stream.read(3)
    marked = "utf-16" if head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8-sig"
    if _decodes(path, marked):
        return marked
    if head.startswith(codecs.BOM_UTF8) or marked == "utf-16":
        refuse(path, "文字编码损坏", "请从原处重新导出，另存为 UTF-8")
    _refuse_damaged_utf8(path)
    if _decodes(path, "gb18030"):
        return "gb18030"
    refuse(path, "文字编码认不出", "请另存为 UTF-8（记事本：另存为 → 编码；Excel：CSV UTF-8）")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_damaged_utf8(path: Path) -> None:
    """Refuse UTF-8 with some broken bytes: read as GB18030 it would be other words without any error."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    wide = broken = line = first = 0
    for chunk in _chunks(path):
        text = decoder.decode(chunk)
        if not first and "\ufffd" in text:
            first = 1 + line + text[: text.index("\ufffd")].count("\n")
        line += text.count("\n")
        broken += text.count("\ufffd")
        wide += len(text) - len(text.encode("ascii", "ignore"))
    # GB18030 taken for UTF-8 is broken nearly everywhere, damaged UTF-8 in a few places.
    if broken * 2 < wide:
        refuse(path, f"第{first}行的文字编码损坏", "请核对那一行，另存为 UTF-8", row=first)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk
