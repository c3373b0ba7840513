"""Looks for what acts by itself in a Word or Excel file: macros, programs, fields that fetch, links that load.

A file is a zip of parts: each is asked by what its bytes are, what the list of content types and the relationships say
of it, and what stands in it. A renamed part is found by its bytes. Parts are unpacked piece by piece, within limits.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from lxml import etree

MOST_PARTS, MOST_UNPACKED = 5_000, 200 << 20
MAIN = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
}
_CHUNK = 1 << 18
_SHOWN = 60
_MACRO, _PROGRAM, _EMBEDDED, _FETCHED = "宏", "程序", "嵌入的文件或控件", "外部内容"
_MAGIC = {
    bytes.fromhex("d0cf11e0a1b11ae1"): "宏或嵌入的文件",
    b"MZ": _PROGRAM,
    b"\x7fELF": _PROGRAM,
    b"#!": _PROGRAM,
    b"PK\x03\x04": _EMBEDDED,
    b"%PDF-": _EMBEDDED,
    b"{\\rtf": _EMBEDDED,
}
_TYPES = {
    "macroenabled": _MACRO,
    "vbaproject": _MACRO,
    "vbadata": _MACRO,
    "macrosheet": "宏表",
    "dialogsheet": "宏表",
    "activex": _EMBEDDED,
    "oleobject": _EMBEDDED,
    "externallink": "外部链接",
    "connections+xml": "外部数据连接",
    "querytable": "外部数据连接",
    "webextension": "加载项",
}
_RELATIONS = {
    "vbaproject": _MACRO,
    "wordvbadata": _MACRO,
    "xlmacrosheet": "宏表",
    "xlintlmacrosheet": "宏表",
    "dialogsheet": "宏表",
    "control": _EMBEDDED,
    "activexcontrolbinary": _EMBEDDED,
    "oleobject": _EMBEDDED,
    "package": _EMBEDDED,
    "afchunk": _EMBEDDED,
    "subdocument": _FETCHED,
    "externallink": "外部链接",
    "connections": "外部数据连接",
    "querytable": "外部数据连接",
    "extensibility": "改动界面的宏",
    "customui": "改动界面的宏",
    "webextension": "加载项",
    "webextensiontaskpanes": "加载项",
    "recipientdata": "邮件合并的数据源",
}
_ELEMENTS = {
    "altChunk": _EMBEDDED,
    "subDoc": _FETCHED,
    "mailMerge": "邮件合并的数据源",
    "OLEObject": _EMBEDDED,
    "oleObject": _EMBEDDED,
    "control": _EMBEDDED,
    "ocx": _EMBEDDED,
    "ddeLink": "动态数据交换（DDE）",
    "oleLink": "外部链接",
}
_FIELDS = {
    "DDE": "动态数据交换域（DDE）",
    "DDEAUTO": "动态数据交换域（DDE）",
    "LINK": "链接到别的文件的域（LINK）",
    "EMBED": _EMBEDDED,
    "INCLUDE": "取别的文件的域（INCLUDE）",
    "INCLUDETEXT": "取别的文件的域（INCLUDETEXT）",
    "INCLUDEPICTURE": "取外部图片的域（INCLUDEPICTURE）",
    "IMPORT": "取外部图片的域（IMPORT）",
    "DATABASE": "取外部数据的域（DATABASE）",
    "RD": "取别的文件的域（RD）",
    "MACROBUTTON": "运行宏的域（MACROBUTTON）",
    "PRINT": "给打印机的命令域（PRINT）",
    "ADDIN": "加载项的域（ADDIN）",
    "CONTROL": _EMBEDDED,
    "HTMLCONTROL": _EMBEDDED,
}
_FORMULA_CALLS = re.compile(r"\b(?:WEBSERVICE|RTD|CALL|REGISTER(?:\.ID)?|EXEC|IMAGE|SQL\.REQUEST)\s*\(", re.IGNORECASE)
_FORMULA_DDE = re.compile(r"\|\s*'")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_AUTO_NAMES = re.compile(r"^(?:_xlnm\.)?auto_(?:open|close|activate|deactivate)", re.IGNORECASE)
_TEXTS = {"instrText", "delInstrText", "t", "f", "definedName", "FmlaMacro"}
_WORD = re.compile(r"\s*\\?\s*([^\s\"\\]*)")
_BROKEN = (OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error, RuntimeError)


class Refused(Exception):
    """The file is no Office file to be kept; the text says why."""


@dataclass(slots=True)
class _Seen:
    acts: dict[str, None] = field(default_factory=dict)

    def add(self, words: str) -> None:
        if words:
            self.acts[words] = None


def acts(source: Path | IO[bytes], suffix: str) -> str:
    """Return what in a Word or Excel file acts of its own, empty when nothing does; Refused when it is none."""
    try:
        with zipfile.ZipFile(source) as package:
            return _package(package, suffix)
    except etree.LxmlError:
        raise Refused("里面的内容已损坏") from None
    except _BROKEN:
        raise Refused("打不开") from None


def _package(package: zipfile.ZipFile, suffix: str) -> str:
    entries = [e for e in package.infolist() if not e.is_dir()]
    names = [_plain(e.filename) for e in entries]
    if len(entries) > MOST_PARTS:
        raise Refused(f"里面有{len(entries)}个部分，超过{MOST_PARTS}个")
    if sum(e.file_size for e in entries) > MOST_UNPACKED:
        raise Refused(f"解开后超过 {MOST_UNPACKED >> 20} MB")
    if len(set(names)) < len(names):
        raise Refused("里面有同名的部分，各软件读出的会不同")
    if any(e.flag_bits & 1 for e in entries):
        raise Refused("加了密")
    if "[content_types].xml" not in names:
        raise Refused("不是 Office 文件")
    seen, left, main = _Seen(), MOST_UNPACKED, False
    for entry, name in zip(entries, names, strict=True):
        target = _Part(name, seen)
        left = _read(package, entry, target, left)
        main = main or MAIN[suffix] in target.types
    if not main and not seen.acts:
        raise Refused(f"扩展名是 {suffix}，内容却不是")
    return "、".join(seen.acts)


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _read(package: zipfile.ZipFile, entry: zipfile.ZipInfo, target: _Part, left: int) -> int:
    """Read a part in pieces, whatever it says of its size; returns how much more may be unpacked."""
    with package.open(entry) as stream:
        head = stream.read(_CHUNK)
        target.seen.add(next((words for magic, words in _MAGIC.items() if head.startswith(magic)), ""))
        parser = None
        if _is_xml(target.name, head):
            # No `huge_tree`: libxml2's own limits of depth and of one text stay.
            parser = etree.XMLParser(target=target, resolve_entities=False, no_network=True, load_dtd=False)
        chunk = head
        while chunk:
            left -= len(chunk)
            if left < 0:
                raise Refused(f"解开后超过 {MOST_UNPACKED >> 20} MB")
            if parser is not None:
                parser.feed(chunk)
            chunk = stream.read(_CHUNK)
        if parser is not None and head:
            parser.close()
    return left


def _is_xml(name: str, head: bytes) -> bool:
    return name.endswith((".xml", ".rels", ".vml", ".svg")) or head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml")


@dataclass(slots=True)
class _Field:
    """A Word field being read: its instruction so far, whether its result has begun."""

    text: str = ""
    in_result: bool = False
    word_by_field: bool = False  # its first word is put together by a field inside it


class _Part:
    """Takes the events of one part's XML."""

    def __init__(self, name: str, seen: _Seen) -> None:
        self.name, self.seen = name, seen
        self.types: set[str] = set()
        self._fields: list[_Field] = []
        self._text: list[str] | None = None
        self._in_sheet = False

    def doctype(self, *_: Any) -> None:
        raise Refused("里面有文档类型声明（DTD），正常的 Office 文件没有")

    def start(self, tag: str, attributes: Any) -> None:
        local = tag.rpartition("}")[2]
        plain = {key.rpartition("}")[2]: value for key, value in attributes.items()}
        if self.name.endswith(".rels") and local == "Relationship":
            self._relation(plain)
        elif local in {"Override", "Default"} and self.name == "[content_types].xml":
            self.types.add(plain.get("ContentType", ""))
            content = plain.get("ContentType", "").lower()
            self.seen.add(next((words for mark, words in _TYPES.items() if mark in content), ""))
        elif local in _ELEMENTS and not self.name.endswith(".rels"):
            self.seen.add(self._element(local))
        elif local == "script" and "svg" in tag:
            self.seen.add("脚本")
        elif (local == "blip" and plain.get("link")) or (
            local == "imagedata" and _is_elsewhere(plain.get("href", "") or plain.get("src", ""))
        ):
            self.seen.add("外部图片")
        elif local == "fldSimple":
            self._instruction(_Field(plain.get("instr", "")))
        elif local == "fldChar":
            self._field_mark(plain.get("fldCharType", ""))
        elif local == "definedName" and (
            _AUTO_NAMES.match(plain.get("name", "")) or {"1", "true"} & {plain.get("vbProcedure"), plain.get("xlm")}
        ):
            self.seen.add(_MACRO)
        if plain.get("macro") and "drawing" in self.name:
            self.seen.add("运行宏的按钮")
        if local in _TEXTS:
            self._text = []

    def data(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        local = tag.rpartition("}")[2]
        if self._text is None or local not in _TEXTS:
            return
        text, self._text = "".join(self._text), None
        if local in {"f", "definedName"} and self.name.startswith("xl/"):
            self._formula(text)
        elif local == "FmlaMacro" and text.strip():
            self.seen.add("运行宏的按钮")
        elif local in {"instrText", "delInstrText"}:
            self._add(text)
        elif local == "t":
            for each in self._fields[:-1]:  # the result of an inner field belongs to the outer one's instruction
                if not each.in_result and self._fields[-1].in_result:
                    each.text += text

    def close(self) -> None:
        for each in self._fields:  # never ended: Word mends some of these
            self._instruction(each)

    def _element(self, local: str) -> str:
        # A sheet's `control` may be a plain check box; an ActiveX one has a part of its own.
        return _ELEMENTS[local] if local != "control" or self.name.startswith("word/") else ""

    def _relation(self, plain: dict[str, str]) -> None:
        kind = plain.get("Type", "").rstrip("/").rpartition("/")[2].lower()
        if words := _RELATIONS.get(kind):
            self.seen.add(words)
        elif plain.get("TargetMode", "").strip().lower() == "external" and kind != "hyperlink":
            names = {"image": "外部图片", "attachedtemplate": "外部模板"}
            what = names.get(kind, f"{_FETCHED} {kind[:_SHOWN]}")
            self.seen.add(f"{what}（{plain.get('Target', '')[:_SHOWN]}）")

    def _field_mark(self, kind: str) -> None:
        if kind == "begin":
            if self._fields and not self._fields[-1].in_result and not _has_word(self._fields[-1].text):
                self._fields[-1].word_by_field = True
            self._fields.append(_Field())
        elif kind == "separate" and self._fields:
            self._fields[-1].in_result = True
        elif kind == "end" and self._fields:
            self._instruction(self._fields.pop())

    def _add(self, text: str) -> None:
        if self._fields:
            self._fields[-1].text += text
        else:
            self._instruction(_Field(text))

    def _instruction(self, found: _Field) -> None:
        word = _WORD.match(found.text)
        self.seen.add(_FIELDS.get(word[1].upper(), "") if word else "")
        if found.word_by_field:
            self.seen.add("名称由别的域拼成的域")

    def _formula(self, text: str) -> None:
        bare = _QUOTED.sub('""', text)
        if _FORMULA_CALLS.search(bare):
            self.seen.add("取外部内容或运行程序的公式")
        if _FORMULA_DDE.search(bare):
            self.seen.add("动态数据交换（DDE）")


def _has_word(text: str) -> bool:
    stripped = text.lstrip()
    return stripped.startswith("=") or bool(re.match(r"\S+\s", stripped))


def _is_elsewhere(target: str) -> bool:
    return "://" in target or target.startswith(("\\\\", "//"))
