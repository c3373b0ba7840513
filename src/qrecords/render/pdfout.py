"""Writes a PDF object by object: what pages refer to comes along, what is the same is written once.

pypdf reads and models the objects. Its own writer keeps every file it takes from in memory and cannot write object
streams, without which the tags of an office PDF weigh several times its text. The same objects give the same bytes:
the file's id is the hash of its contents.
"""

from __future__ import annotations

import hashlib
import logging
import re
import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from pypdf.errors import DependencyError, PyPdfError
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    NullObject,
    NumberObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

from qrecords.errors import InvalidInput
from qrecords.render.pdfin import Reader
from qrecords.render.pdflayout import ENTRY

_GROUP = 200  # objects in one object stream
_DEEPEST = 50  # levels followed at once
_TAG = b"/StructElem"
_OBJECT = re.compile(rb"\s*(\d+)\s+0\s+obj\b")
# A language, as office programs note it with every piece of text and pypdf writes it: no reference can be in it.
_LANGUAGE = re.compile(rb"\((?:[A-Za-z]|-|\\055)*\)")
_REFERENCE = re.compile(rb"(?<![^\s/\[<>(])(\d+)\s+0\s+R(?![^\s/\[\]<>()])")
_REMEDY = "请检查文件是否完好、是否加密，重新生成或扫描后再试"

# pypdf tells of every oddity it forgives; what it cannot read comes as an exception.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def open_pdf(source: Path | bytes, name: str = "", *, strict: bool = False, count: bool = True) -> Reader:
    """Read a PDF; InvalidInput when it is damaged, empty or encrypted.

    `strict` is for files of a known program: it reads faster, since nothing is checked and mended on the way. Without
    `count` the pages are not looked for.
    """
    name = name or (source.name if isinstance(source, Path) else "PDF")
    try:
        reader = Reader(BytesIO(source if isinstance(source, bytes) else source.read_bytes()), strict=strict)
        encrypted = reader.is_encrypted
        pages = 1 if not count else 0 if encrypted else len(reader.pages)
    except DependencyError:  # pypdf decrypts nothing here, and need not
        raise InvalidInput(f"{name} 是加密的", remedy=_REMEDY) from None
    except FileNotFoundError:
        raise InvalidInput(f"没有文件 {name}", remedy="请检查路径") from None
    except (PyPdfError, OSError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise InvalidInput(f"{name} 不是完好的 PDF（{type(error).__name__}）", remedy=_REMEDY) from None
    if encrypted or not pages:
        raise InvalidInput(f"{name} {'是加密的' if encrypted else '没有页面'}", remedy=_REMEDY)
    return reader


def page_count(source: Path | bytes) -> int:
    """Return how many pages a PDF has; InvalidInput when it cannot be read."""
    return len(open_pdf(source).pages)


def as_pdf(value: Any) -> PdfObject:
    """Return plain Python as PDF objects; a text that begins with 「/」 is a name."""
    match value:
        case PdfObject():
            return value
        case bool():
            return BooleanObject(value)
        case int():
            return NumberObject(value)
        case float():
            return FloatObject(f"{value:.4f}")
        case str() if value.startswith("/"):
            return NameObject(value)
        case str():
            return TextStringObject(value)
        case Mapping():
            return DictionaryObject({NameObject(k): as_pdf(v) for k, v in value.items()})
        case Sequence():
            return ArrayObject(map(as_pdf, value))
    raise TypeError(type(value))


class _Source:
    """The file behind a reader; held, so that no other reader can come to have the same id."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader
        self.numbers: dict[int, int | None] = {}  # its number → ours; None while on the way
        self._offsets: dict[int, int] = reader.xref.get(0, {})
        self._data: bytes = reader.stream.getvalue()

    def raw(self, number: int) -> bytes | None:
        """Return an object's text as it lies in the file; None where only the parser can tell what it means."""
        body = self.reader.text_in_group(number) if isinstance(self.reader, Reader) else None
        if body is None:
            start = self._offsets.get(number)
            found = _OBJECT.match(self._data, start) if start else None
            if not found or int(found[1]) != number:
                return None
            body = self._data[found.end() : self._data.find(b"endobj", found.end())]
        # Streams have a length to mind; in a string, something may look like a reference.
        if b"stream" in body or b"%" in body or (b"(" in body and b"(" in _LANGUAGE.sub(b"", body)):
            return None
        return body.strip()


class PdfOut:
    """One PDF being written; numbers are its own, objects of any reader are taken over when referred to."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self._offset = 0
        self._places: list[tuple[int, int, int]] = [(0, 0, 65535)]  # cross-reference entry of every number
        # Tags go into object streams of their own: who wants a page only need not read them.
        self._groups: dict[bool, list[tuple[int, bytes]]] = {False: [], True: []}
        self._sources: dict[int, _Source] = {}
        self._depth = 0
        self._later: deque[tuple[_Source, int, bytes | None]] = (
            deque()
        )  # numbered, to be written when nothing is on the way
        self._same: dict[bytes, int] = {}
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def reserve(self) -> IndirectObject:
        """Return a reference to an object to be written later."""
        self._places.append((0, 0, 0))
        return IndirectObject(len(self._places) - 1, 0, self)

    def put(self, value: Any, at: IndirectObject | None = None) -> IndirectObject:
        """Write a dictionary or array, Python's or pypdf's; return its reference."""
        ref = self._keep(self._dumped(as_pdf(value)), None, at.idnum if at else None)
        while self._later:
            source, theirs, raw = self._later.popleft()
            self._keep(*self._read(source, theirs, raw), source.numbers[theirs])
        return ref

    def put_stream(self, facts: Mapping[str, Any], data: bytes, *, deflate: bool = True) -> IndirectObject:
        """Write a stream with its dictionary; return its reference."""
        if deflate:
            facts, data = {**facts, "/Filter": "/FlateDecode"}, zlib.compress(data, 9)
        return self._keep(self._dumped(as_pdf({**facts, "/Length": len(data)})), data, None)

    def stand_for(self, source: IndirectObject, own: IndirectObject) -> None:
        """Let every reference to `source`, of some reader, become one to `own`."""
        self._source(source.pdf).numbers[source.idnum] = own.idnum

    def release(self) -> None:
        """Let go of the readers taken from so far; nothing may refer to them again."""
        for source in self._sources.values():
            # Reader and objects refer to each other: emptied here, they need not wait for the garbage collector.
            source.reader.resolved_objects.clear()
            source.reader.close()
            source.reader.stream.close()
            if isinstance(source.reader, Reader):
                source.reader.let_go()
        self._sources.clear()

    def finish(self, root: IndirectObject, info: IndirectObject) -> None:
        """Write what is pending, the cross-reference and the trailer."""
        for is_tag in self._groups:
            self._flush_group(is_tag)
        number = self.reserve().idnum
        self._places[number] = (1, self._offset, 0)
        start, entries = self._offset, b"".join(ENTRY.pack(*place) for place in self._places)
        data, mark = zlib.compress(entries, 9), f"<{self._hash.hexdigest()[:32]}>"
        # Written by hand: the id is a hexadecimal string, which pypdf would re-encode.
        head = f"<< /Type /XRef /Size {len(self._places)} /W [ 1 4 2 ] /Root {root.idnum} 0 R /Info {info.idnum} 0 R"
        head += f" /ID [ {mark} {mark} ] /Filter /FlateDecode /Length {len(data)} >>"
        self._write(f"{number} 0 obj\n{head}\nstream\n".encode() + data + b"\nendstream\nendobj\n")
        self._write(f"startxref\n{start}\n%%EOF\n".encode())

    def _dumped(self, value: PdfObject) -> bytes:
        out = BytesIO()
        self._dump(value, out)
        return out.getvalue()

    def _dump(self, value: Any, out: BytesIO) -> None:
        if isinstance(value, IndirectObject):
            out.write(b"%d 0 R" % self._number(value))
        elif isinstance(value, dict):
            out.write(b"<<")
            for key, entry in value.items():
                key.write_to_stream(out)
                out.write(b" ")
                self._dump(entry, out)
            out.write(b">>")
        elif isinstance(value, list):
            out.write(b"[")
            for entry in value:
                out.write(b" ")
                self._dump(entry, out)
            out.write(b"]")
        else:
            value.write_to_stream(out)

    def _number(self, ref: IndirectObject) -> int:
        """Return our number for a reference, taking the object over at its first mention."""
        return ref.idnum if ref.pdf is self else self._taken(self._source(ref.pdf), ref.idnum)

    def _taken(self, source: _Source, theirs: int) -> int:
        number = source.numbers.get(theirs)
        if number is not None:
            return number
        if theirs in source.numbers:
            # Met again on its own way down: it needs its number before it is written.
            number = source.numbers[theirs] = self.reserve().idnum
            return number
        raw = source.raw(theirs)
        if self._depth == _DEEPEST or (raw is not None and _TAG in raw):
            number = source.numbers[theirs] = self.reserve().idnum
            self._later.append((source, theirs, raw))
            return number
        # What it refers to is written first, so that what is the same looks the same.
        source.numbers[theirs] = None
        self._depth += 1
        dump, data = self._read(source, theirs, raw)
        self._depth -= 1
        number = source.numbers[theirs] = self._keep(dump, data, source.numbers[theirs]).idnum
        return number

    def _read(self, source: _Source, theirs: int, raw: bytes | None) -> tuple[bytes, bytes | None]:
        """Return an object of a reader in our numbers, and its data if it is a stream."""
        data = None
        if raw is not None:
            # References are renumbered in the text itself, which saves parsing it.
            return _REFERENCE.sub(lambda found: b"%d 0 R" % self._taken(source, int(found[1])), raw), None
        value = IndirectObject(theirs, 0, source.reader).get_object()
        if isinstance(value, StreamObject):
            data = value._data  # as it lies in the file; pypdf has no public way to the undecoded bytes
            value = DictionaryObject({**value, NameObject("/Length"): NumberObject(len(data))})
        return self._dumped(NullObject() if value is None else value), data

    def _source(self, reader: Any) -> _Source:
        if id(reader) not in self._sources:
            self._sources[id(reader)] = _Source(reader)
        return self._sources[id(reader)]

    def _keep(self, dump: bytes, data: bytes | None, number: int | None) -> IndirectObject:
        """Write an object, or find the same one written before; one with a number given is always written."""
        if number is None:
            mark = hashlib.sha256(dump + b"\x00" + (data or b"")).digest()
            if mark in self._same:
                return IndirectObject(self._same[mark], 0, self)
            number = self._same[mark] = self.reserve().idnum
        if data is None:
            is_tag = _TAG in dump
            self._groups[is_tag].append((number, dump))
            if len(self._groups[is_tag]) == _GROUP:
                self._flush_group(is_tag)
        else:
            self._write_stream(number, dump, data)
        return IndirectObject(number, 0, self)

    def _write_stream(self, number: int, dump: bytes, data: bytes) -> None:
        self._places[number] = (1, self._offset, 0)
        self._write(b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (number, dump, data))

    def _flush_group(self, is_tag: bool) -> None:
        group = self._groups[is_tag]
        if not group:
            return
        holder, offsets, offset = self.reserve().idnum, [], 0
        for index, (number, dump) in enumerate(group):
            self._places[number] = (2, holder, index)
            offsets.append(b"%d %d" % (number, offset))
            offset += len(dump) + 1
        contents = b" ".join(offsets) + b"\n"
        data = zlib.compress(contents + b"\n".join(dump for _, dump in group))
        head = b"<< /Type /ObjStm /N %d /First %d /Filter /FlateDecode /Length %d >>"
        self._write_stream(holder, head % (len(group), len(contents), len(data)), data)
        group.clear()

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self._hash.update(data)
        self._offset += len(data)
