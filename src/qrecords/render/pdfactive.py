"""Looks for what acts by itself in a PDF: scripts, programs to start, files inside the file (DA/T 70: safe).

Three ways, since a hostile file may hide from each: the bytes outside of packed streams, also those no object owns; all
objects as qpdf reads them, packed and oddly written ones too; and pdfium's own count (`pdflook`). A file laid out as
this program writes them needs only its objects looked at.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf

from qrecords.render.pdflayout import own_objects

_ACTIONS = (b"JavaScript", b"JS", b"Launch", b"EmbeddedFile", b"EmbeddedFiles", b"RichMedia")
_NAMES = {f"/{name.decode()}" for name in _ACTIONS}
_NAMED = re.compile(rb"/(?:" + b"|".join(_ACTIONS) + rb")(?![0-9A-Za-z])")
_ESCAPED = re.compile(rb"#[4-7]")  # a letter written by its number
_BEGIN, _END = re.compile(rb"\bstream\r?\n"), re.compile(rb"\bendstream\b")
_DEEPEST = 100


def acts(path: Path) -> bool:
    """Tell whether anything in a PDF names an action of its own."""
    objects = own_objects(path)
    if objects is not None and not _ESCAPED.search(objects) and not _NAMED.search(objects):
        return False
    return _in_the_open(path) or _among_objects(path)


def _in_the_open(path: Path) -> bool:
    """Look through the bytes outside of streams: packed bytes may look like any name by chance."""
    if not path.stat().st_size:
        return False
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = 0
        while True:
            begin = _BEGIN.search(data, at)
            end = _END.search(data, begin.end()) if begin else None
            if not begin or not end:
                return _NAMED.search(data, at) is not None
            if _NAMED.search(data, at, begin.end()):
                return True
            at = end.end()


def _among_objects(path: Path) -> bool:
    """Look through the objects of a file, as they are read by qpdf; one it cannot read has nothing to tell here."""
    try:
        with pikepdf.open(path, suppress_warnings=True) as pdf:
            return any(_has_name(value) for value in _objects(pdf) if _NAMED.search(_text(value)))
    except (pikepdf.PdfError, pikepdf.PasswordError, ValueError, RuntimeError):
        return False


def _objects(pdf: pikepdf.Pdf) -> Iterator[Any]:
    yield pdf.trailer
    yield from pdf.objects


def _text(value: Any) -> bytes:
    # qpdf writes names plainly: /J#61vaScript comes out as /JavaScript.
    if not isinstance(value, pikepdf.Object):
        return b""
    return (value.stream_dict if isinstance(value, pikepdf.Stream) else value).unparse(resolved=True)


def _has_name(value: Any, depth: int = 0) -> bool:
    """Tell a name from a text that only looks like one; what is referred to is looked at on its own."""
    if depth > _DEEPEST:
        return True  # no honest file is nested so deep
    match value:
        case pikepdf.Name():
            return str(value) in _NAMES
        case pikepdf.Stream():
            return _has_name(value.stream_dict, depth)
        case pikepdf.Dictionary():
            entries = list(value.items())
            return any(key in _NAMES or _below(entry, depth) for key, entry in entries)
        case pikepdf.Array():
            return any(_below(entry, depth) for entry in list(value))
    return False


def _below(value: Any, depth: int) -> bool:
    if isinstance(value, pikepdf.Object) and value.is_indirect:
        return False
    return _has_name(value, depth + 1)
