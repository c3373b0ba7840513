"""Looks for what acts by itself in a PDF: scripts, programs to start, files inside the file (DA/T 70: safe).

Three ways, since a hostile file may hide from each: all objects as qpdf reads them, packed and oddly written ones too;
the bytes of objects no cross-reference names, which a viewer may come upon when it mends the file; and pdfium's own
count (`pdflook`). A name counts where it means something (`/S /JavaScript`), never as a word in a text or an address. A
file laid out as this program writes them needs only its objects looked at.
"""

from __future__ import annotations

import mmap
import re
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf

from qrecords.render.pdflayout import own_objects

_MEDIA, _OTHER_FILE, _SCRIPT, _ATTACHED = "音视频或三维内容", "打开别的文件的动作", "脚本", "附件"
ACTIONS = {
    "/JavaScript": _SCRIPT,
    "/Launch": "启动程序的动作",
    "/SubmitForm": "提交数据的动作",
    "/ImportData": "导入数据的动作",
    "/GoToR": _OTHER_FILE,
    "/GoToE": _OTHER_FILE,
    "/Rendition": _MEDIA,
    "/Movie": _MEDIA,
    "/Sound": _MEDIA,
    "/RichMediaExecute": _MEDIA,
}
_SUBTYPES = dict.fromkeys(("/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"), _MEDIA) | {"/FileAttachment": _ATTACHED}
_KEYS = {"/EmbeddedFiles": _ATTACHED, "/XFA": "动态表单（XFA）"}
_AT_ONCE = "打开或翻页时自行的动作"
_OUTSIDE = "外部文件的内容"
UNREADABLE = "读不懂的结构"
_HARMLESS_AT_ONCE = {"/GoTo", "/Named"}
_ACTING_SCHEMES = ("javascript:", "vbscript:", "file:", "data:")
_MOST_LEVELS = 100

_NAME_END = rb"(?![^\x00\s()<>\[\]{}/%])"
_NAMES = sorted({*ACTIONS, *_SUBTYPES, *_KEYS, "/EmbeddedFile"}, key=len, reverse=True)
_NAMED = re.compile(b"(?:" + b"|".join(n.encode() for n in _NAMES) + b")" + _NAME_END)
_ESCAPED = re.compile(rb"/[^\x00\s()<>\[\]{}/%]{0,60}#[0-9A-Fa-f]{2}[^\x00\s()<>\[\]{}/%]{0,60}")
# What may act, as qpdf or this program writes it; a sieve: what it lets through is looked at closely.
_SIEVE = re.compile(
    _NAMED.pattern
    + rb"|/(?:AA|EF|JS|Ref|FFilter)"
    + _NAME_END
    + rb"|/OpenAction(?!\s*\[)|/F\s*[(<]|/URI\s*[(<](?!https?:|mailto:)"
)
# Where an object, or what leads to all of them, begins: a comment may stand between number and word.
_START = re.compile(rb"\d[\s\0]{0,200}(?:%[^\r\n]{0,200}[\r\n][\s\0]{0,200}){0,5}obj|trailer")
_NEXT = re.compile(rb"[(%]|<<|<|endobj|stream|/[^\x00\s()<>\[\]{}/%]*")
_IN_STRING = re.compile(rb"[()]|\\.", re.DOTALL)
_LINE_END = re.compile(rb"[\r\n]")
_NEAREST, _FARTHEST, _MOST_LEXED = 64, 4 << 20, 256 << 20


def acts(path: Path) -> str:
    """Return what in a PDF acts of its own; empty when nothing does."""
    objects = own_objects(path)
    if objects is not None and not _ESCAPED.search(objects) and not _SIEVE.search(objects):
        return ""
    return "、".join(dict.fromkeys(_among_objects(path))) or _in_the_open(path)


def _among_objects(path: Path) -> list[str]:
    """Look through the objects of a file as qpdf reads them; what it cannot read nobody can vouch for."""
    try:
        with pikepdf.open(path, suppress_warnings=True) as pdf:
            return list(filter(None, map(_found, _objects(pdf))))
    except pikepdf.PasswordError:
        return []  # told as locked
    except (pikepdf.PdfError, ValueError, RuntimeError, TypeError):
        return [UNREADABLE]


def _objects(pdf: pikepdf.Pdf) -> Iterator[Any]:
    yield pdf.trailer
    yield from pdf.objects


def _found(value: Any) -> str:
    if not isinstance(value, pikepdf.Object):
        return ""
    # qpdf writes names plainly: /J#61vaScript comes out as /JavaScript.
    text = (value.stream_dict if isinstance(value, pikepdf.Stream) else value).unparse(resolved=True)
    return _in_value(value) if _SIEVE.search(text) else ""


def _in_value(value: Any, depth: int = 0) -> str:
    """Return what acts in a value; what it refers to is looked at on its own."""
    if depth > _MOST_LEVELS:
        return UNREADABLE  # no honest file is nested so deep
    match value:
        case pikepdf.Stream():
            entries = dict(value.stream_dict.items())
            outside = "/F" in entries and _name(entries, "/Type") != "/EmbeddedFile"
            return _OUTSIDE if outside else _in_entries(entries, depth)
        case pikepdf.Dictionary():
            return _in_entries(dict(value.items()), depth)
        case pikepdf.Array():
            return next(filter(None, (_below(entry, depth) for entry in list(value))), "")
    return ""


def _below(value: Any, depth: int) -> str:
    if isinstance(value, pikepdf.Object) and value.is_indirect:
        return ""
    return _in_value(value, depth + 1)


def _in_entries(entries: dict[str, Any], depth: int) -> str:
    told = (
        ACTIONS.get(_name(entries, "/S"), "")
        or _SUBTYPES.get(_name(entries, "/Subtype"), "")
        or (_ATTACHED if _name(entries, "/Type") == "/EmbeddedFile" else "")
        or next((words for key, words in _KEYS.items() if key in entries), "")
        or _by_shape(entries)
    )
    return told or next(filter(None, (_below(entry, depth) for entry in entries.values())), "")


def _by_shape(entries: dict[str, Any]) -> str:
    """Return what acts by entries whose names alone say little: a font may be called /AA, a layer /JS."""
    for key, value in entries.items():
        within = dict(value.items()) if isinstance(value, pikepdf.Dictionary) else {}
        match key:
            case "/JavaScript" if within:
                return _SCRIPT
            case "/JS" if isinstance(value, pikepdf.String):
                return _SCRIPT
            case "/EF" if any(isinstance(v, pikepdf.Stream) for v in within.values()):
                return _ATTACHED
            case "/AA" if any(isinstance(v, pikepdf.Dictionary) and "/S" in v for v in within.values()):
                return _AT_ONCE
            case "/OpenAction" if within and _name(within, "/S") not in {*_HARMLESS_AT_ONCE, *ACTIONS}:
                return _AT_ONCE
            case "/Ref" if "/F" in within:
                return _OUTSIDE
            case "/URI" if str(value).strip().lower().startswith(_ACTING_SCHEMES):
                return _OTHER_FILE
    return ""


def _name(entries: dict[str, Any], key: str) -> str:
    value = entries.get(key)
    return str(value) if isinstance(value, pikepdf.Name) else ""


def _in_the_open(path: Path) -> str:
    """Look through the bytes for objects that act, whether or not anything leads to them."""
    if not path.stat().st_size:
        return ""
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        starts: list[int] | None = None
        lexed = 0
        for place, name in _names(data):
            if starts is None:
                starts = [m.end() for m in _START.finditer(data)]
            last = bisect_right(starts, place)
            for start in reversed(starts[max(0, last - _NEAREST) : last]):
                if place - start > _FARTHEST:
                    break
                lexed += place - start
                if lexed > _MOST_LEXED:
                    return UNREADABLE
                before = _name_before(data, start, place)
                if before is not None and (told := _meant(before, name)):
                    return told
    return ""


def _names(data: mmap.mmap) -> Iterator[tuple[int, str]]:
    """Give where a name stands that may act, also one with letters written by their numbers."""
    for found in _NAMED.finditer(data):
        yield found.start(), found[0].decode()
    for found in _ESCAPED.finditer(data):
        name = _unescaped(found[0])
        if name in _NAMES:
            yield found.start(), name


def _unescaped(name: bytes) -> str:
    return re.sub(rb"#([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), name).decode("latin-1")


def _name_before(data: mmap.mmap, start: int, place: int) -> str | None:
    """Return the name before the one at `place`, read from an object's start; None when no name stands there.

    A word inside a text, a comment or the data of a stream is no name.
    """
    at, before = start, ""
    while (found := _NEXT.search(data, at)) and found.start() <= place:
        token, at = found[0], found.end()
        match token:
            case b"(":
                at = _string_end(data, at, place)
            case b"%":
                end = _LINE_END.search(data, at)
                at = end.end() if end else len(data)
            case b"<":
                at = data.find(b">", at) + 1 or len(data)
            case b"endobj" | b"stream":
                return None
            case b"<<":
                pass
            case _ if found.start() == place:
                return before
            case _:
                before = _unescaped(token)
    return None


def _string_end(data: mmap.mmap, at: int, place: int) -> int:
    depth = 1
    while depth and at <= place:
        found = _IN_STRING.search(data, at)
        if not found:
            return len(data)
        depth += {b"(": 1, b")": -1}.get(found[0], 0)
        at = found.end()
    return at


def _meant(before: str, name: str) -> str:
    """Return what a name means behind another one."""
    match before:
        case "/S":
            return ACTIONS.get(name, "")
        case "/Subtype":
            return _SUBTYPES.get(name, "")
        case "/Type":
            return _ATTACHED if name == "/EmbeddedFile" else ""
    return _KEYS.get(name, "")
