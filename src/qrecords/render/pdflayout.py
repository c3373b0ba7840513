"""Reads all objects of a PDF that this program wrote, fast: by the one layout `pdfout` gives its files.

A file is taken only if every byte of it is where that layout has it: object behind object, each a stream of told
length; the cross-reference, at the end, names no other place and no other holder of objects. So nothing that a viewer
reaches has been stepped over. Any other file is left to a real parser.
"""

from __future__ import annotations

import mmap
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_OBJECT = re.compile(rb"(\d{1,9}) 0 obj\n(<<[^(%]{0,20000}?>>)\nstream\n")
_AFTER = b"\nendstream\nendobj\n"
_END = re.compile(rb"startxref\n(\d{1,12})\n%%EOF\n")
_TOKEN = re.compile(rb"<<|>>|<[0-9A-Fa-f\s]*>|/[^\s<>\[\]/{}]*|\[|\]|[-+.\w]+|\s+")
_LENGTH = re.compile(rb"/Length\s+(\d{1,12})(?![\d\s]*\sR)")
_PLAIN_XREF = re.compile(rb"/W\s*\[\s*1\s+4\s+2\s*\]")
ENTRY = struct.Struct(">BIH")  # of the cross-reference: kind, place, generation or index
_MOST = 64 << 20  # bytes of one object stream, unpacked


class _Otherwise(Exception):
    """The file is laid out in another way."""


@dataclass(slots=True)
class _Seen:
    starts: dict[int, int] = field(default_factory=dict)  # number of the object at each offset
    holders: set[int] = field(default_factory=set)  # object streams


def own_objects(path: Path) -> bytes | None:
    """Return the text of all objects, without the data of streams; None when the file is not laid out as ours are."""
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return b"\n".join(_walked(data))
    except (_Otherwise, ValueError, OSError, zlib.error, struct.error):
        return None


def _walked(data: mmap.mmap) -> Iterator[bytes]:
    if data[: len(_HEAD)] != _HEAD:
        raise _Otherwise
    seen, at = _Seen(), len(_HEAD)
    while True:
        found = _OBJECT.match(data, at)
        if not found:
            raise _Otherwise
        number, head, body = int(found[1]), found[2], found.end()
        length = _length(head)
        end = body + length
        if data[end : end + len(_AFTER)] != _AFTER:
            raise _Otherwise
        seen.starts[at] = number
        yield head
        if b"/XRef" in head:
            _require_same_places(head, _unpacked(head, data[body:end]), seen)
            last = _END.fullmatch(data[end + len(_AFTER) :])
            if not last or int(last[1]) != at:
                raise _Otherwise
            return
        if b"/ObjStm" in head:
            seen.holders.add(number)
            yield _unpacked(head, data[body:end])
        at = end + len(_AFTER)


def _length(head: bytes) -> int:
    """Return the length a stream tells; its dictionary must be one, closed where it seems to be."""
    tokens = _TOKEN.findall(head)
    depth, lowest = 0, 1
    for token in tokens[:-1]:
        depth += (token == b"<<") - (token == b">>")
        lowest = min(lowest, depth)
    lengths = _LENGTH.findall(head)
    if sum(map(len, tokens)) != len(head) or lowest < 1 or depth != 1 or len(lengths) != 1:
        raise _Otherwise
    return int(lengths[0])


def _unpacked(head: bytes, data: bytes) -> bytes:
    if head.count(b"/Filter") != 1 or b"/Filter /FlateDecode" not in head or b"/DecodeParms" in head:
        raise _Otherwise
    packed = zlib.decompressobj()
    text = packed.decompress(data, _MOST)
    if packed.unconsumed_tail or not packed.eof:
        raise _Otherwise
    return text


def _require_same_places(head: bytes, entries: bytes, seen: _Seen) -> None:
    """See that the cross-reference leads to the objects seen, and to no others."""
    if not _PLAIN_XREF.search(head) or any(key in head for key in (b"/Index", b"/Prev", b"/Encrypt", b"/XRefStm")):
        raise _Otherwise
    for number, (kind, place, _) in enumerate(ENTRY.iter_unpack(entries)):
        if (kind == 1 and seen.starts.get(place) != number) or (kind == 2 and place not in seen.holders) or kind > 2:
            raise _Otherwise
