"""Compares a bound volume with the PDFs it was bound from: every page's own drawing, and the numbers stamped on it.

Stamps are content streams of their own around a page's drawing, so what was frozen can be told from what was added.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from qrecords.render.pdfout import open_pdf
from qrecords.render.pictures import to_bind

_NUMBER = re.compile(rb"\((\d+)\) Tj")
_NOT_COMPARED = {"/Length", "/Parent", "/StructParent", "/StructParents"}


@dataclass(frozen=True, slots=True)
class Expected:
    """One bound PDF: source, title, first page in the volume (from 1), the number on each page (0: none).

    `stamped` are the figures of the archive stamp on its first numbered page, if it has one.
    """

    source: Path
    title: str
    first: int
    numbers: tuple[int, ...]
    stamped: tuple[str, ...] = ()


def differences(volume: Path, items: Sequence[Expected]) -> Iterator[str]:
    """Give, in Chinese, every page that is not what was frozen, or not numbered as planned."""
    bound = open_pdf(volume, strict=True)
    pages, marks = bound.pages, _Marks()
    for item in items:
        source, own = open_pdf(to_bind(item.source), item.title, strict=True), _Marks()
        if len(source.pages) != len(item.numbers) or item.first - 1 + len(item.numbers) > len(pages):
            yield f"「{item.title}」的页数与登记不符"
            continue
        first = next((n for n, number in enumerate(item.numbers, start=1) if number), 0)
        for place, (number, page) in enumerate(zip(item.numbers, source.pages, strict=True), start=1):
            mine = pages[item.first + place - 2]
            drawing, stamp = _parted(mine)
            if drawing != _data(_streams(page)) or marks.of(mine, like=page) != own.of(page, like=page):
                yield f"「{item.title}」第{place}页与归档的原件不同"
            found, *figures = [shown.decode() for shown in _NUMBER.findall(stamp)] or ["0"]
            if int(found) != number:
                yield f"「{item.title}」第{place}页的页码不是{number or '空白'}"
            if tuple(figures) != (item.stamped if place == first else ()):
                yield f"「{item.title}」第{place}页的归档章与登记不符"
        source.close()


def texts(volume: Path, first: int, count: int) -> list[str]:
    """Return the text of `count` pages from the index `first` on, blanks left out: cells wrap where they must."""
    reader = open_pdf(volume, strict=True)
    return ["".join(page.extract_text().split()) for page in reader.pages[first : first + count]]


def _parted(page: DictionaryObject) -> tuple[bytes, bytes]:
    """Return a bound page's own drawing, and what was stamped over it."""
    streams = _streams(page)
    if len(streams) > 1 and streams[0].get_data() == b"q\n" and streams[-1].get_data().startswith(b"Q\n"):
        return _data(streams[1:-1]), streams[-1].get_data()
    return _data(streams), b""


def _streams(page: DictionaryObject) -> list[StreamObject]:
    contents: Any = page.get("/Contents")
    contents = contents.get_object() if contents is not None else ArrayObject()
    return [s.get_object() for s in contents] if isinstance(contents, list) else [contents]


def _data(streams: Sequence[StreamObject]) -> bytes:
    return b"\n".join(stream.get_data() for stream in streams)


class _Marks:
    """Fingerprints of what pages of one file draw with: fonts, pictures, colour spaces."""

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}

    def of(self, page: DictionaryObject, *, like: DictionaryObject) -> bytes:
        """Return the fingerprint of those resources of a page which `like` names."""
        own, wanted = _resources(page), _resources(like)
        digest = hashlib.sha256()
        for kind in sorted(wanted):
            names: Any = wanted[kind].get_object()
            held: Any = own.get(kind)
            held = held.get_object() if held is not None else None
            if isinstance(names, DictionaryObject) and isinstance(held, DictionaryObject):
                held = DictionaryObject({k: held.raw_get(k) for k in held if k in names})
            digest.update(kind.encode() + self._mark(held))
        return digest.digest()

    def _mark(self, value: Any) -> bytes:
        if isinstance(value, IndirectObject):
            if value.idnum not in self._known:
                self._known[value.idnum] = b"loop"
                self._known[value.idnum] = self._mark(value.get_object())
            return self._known[value.idnum]
        digest = hashlib.sha256(type(value).__name__.encode())
        if isinstance(value, DictionaryObject):
            for key in sorted(k for k in value if k not in _NOT_COMPARED):
                digest.update(key.encode() + self._mark(value.raw_get(key)))
            if isinstance(value, StreamObject):
                digest.update(value.get_data() if _may_be_packed_anew(value) else value._data)
        elif isinstance(value, list):
            for entry in value:
                digest.update(self._mark(entry))
        else:
            digest.update(repr(value).encode())
        return digest.digest()


def _may_be_packed_anew(stream: StreamObject) -> bool:
    # A picture bound as a page is packed again to compare it, perhaps by another release of zlib.
    is_plain_picture = stream.get("/Subtype") == "/Image" and "/DecodeParms" not in stream
    return "/Filter" not in stream or (is_plain_picture and str(stream["/Filter"]) == "/FlateDecode")


def _resources(page: DictionaryObject) -> DictionaryObject:
    found: Any = page.get("/Resources")
    return found.get_object() if found is not None else DictionaryObject()


def page_of(volume: Path, words: str, first: int, count: int) -> int:
    """Return which of `count` pages from the index `first` on shows these words, from 0; 0 when none does."""
    wanted = "".join(words.split())
    return next((n for n, text in enumerate(texts(volume, first, count)) if wanted in text), 0)
