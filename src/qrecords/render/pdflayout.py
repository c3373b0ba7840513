"""The one layout `pdfout` gives its files, and a fast way to read all objects of such a file.

A file is taken only if every byte of it is where that layout has it: object behind object, each a stream of told
length; the cross-reference, at the end, names no other place and no other holder of objects; and nothing else in it
looks like an object, which a viewer might come upon when it mends a file. So nothing that a viewer reaches has been
stepped over. Any other file is left to a real parser.
"""

from __future__ import annotations

import mmap
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# What holds the others together is known word for word: of a key that comes twice, readers take this one or that one.
XREF = re.compile(
    rb"\d{1,9} 0 obj\n<< /Type /XRef /Size (\d{1,9}) /W \[ 1 4 2 \] /Root (\d{1,9}) 0 R /Info (\d{1,9}) 0 R"
    rb" /ID \[ <[0-9a-f]{1,99}> <[0-9a-f]{1,99}> \] /Filter /FlateDecode /Length (\d{1,12}) >>\nstream\n"
)
HOLDER = re.compile(
    rb"\d{1,9} 0 obj\n<< /Type /ObjStm /N (\d{1,9}) /First (\d{1,9})"
    rb" /Filter /FlateDecode /Length (\d{1,12}) >>\nstream\n"
)
ENTRY = struct.Struct(">BIH")  # of the cross-reference: kind, place, generation or index
FREE, PLAIN, IN_GROUP = 0, 1, 2  # kinds of entries
_HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_OBJECT = re.compile(rb"(\d{1,9}) 0 obj\n(<<[^(%]{0,20000}?>>)\nstream\n")
_AFTER = b"\nendstream\nendobj\n"
TAIL = re.compile(rb"startxref\n(\d{1,12})\n%%EOF\n\Z")
_END = re.compile(rb"startxref\n(\d{1,12})\n%%EOF\n")
# No name with a letter written by its number, no word but these, no white space but these: there readers differ.
_TOKEN = re.compile(
    rb"<<|>>|\[|\]|<[0-9A-Fa-f \n\r]*>|/[A-Za-z0-9_.:+*-]*|[ \n\r]+"
    rb"|(?:[-+.\d]+|true|false|null|R)(?=[ \n\r/<>\[\]])"
)
_CLOSES = {b">>": b"<<", b"]": b"["}
_MARKS = (b"/XRef", b"/ObjStm", b"/Linearized")
_BLANK, _DELIMITER, _DIGIT = b"\0\t\n\f\r ", b"()<>[]{}/%", b"0123456789"
_NUMBERED = re.compile(rb"\d[\0\s]+obj\b")
_MOST = 64 << 20  # bytes of one stream, unpacked: a foreign file may look like ours and be a bomb


class _Otherwise(Exception):
    """The file is laid out in another way."""


@dataclass(slots=True)
class _Seen:
    starts: dict[int, int] = field(default_factory=dict)  # number of the object at each offset
    holders: set[int] = field(default_factory=set)  # object streams


def is_laid_out_as_ours(path: Path) -> bool:
    """Tell by a PDF's first and last bytes whether `pdfout` may have written it; proves nothing against a forger."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        if stream.read(len(_HEAD)) != _HEAD:
            return False
        stream.seek(max(path.stat().st_size - 64, 0))
        tail = TAIL.search(stream.read())
        if tail is None:
            return False
        stream.seek(int(tail[1]))
        return XREF.match(stream.read(512)) is not None


def own_objects(path: Path) -> bytes | None:
    """Return the text of all objects, without the data of streams; None when the file is not laid out as ours are."""
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return b"\n".join(_walked(data))
    except (_Otherwise, ValueError, OSError, zlib.error, struct.error):
        return None


def inflated(data: bytes) -> bytes:
    """Return what a packed stream holds; zlib.error when it is not whole, goes on behind its end, or is too much."""
    packed = zlib.decompressobj()
    text = packed.decompress(data, _MOST)
    if packed.unconsumed_tail or packed.unused_data or not packed.eof:
        raise zlib.error("not whole, or too large")
    return text


def _walked(data: mmap.mmap) -> Iterator[bytes]:
    if data[: len(_HEAD)] != _HEAD:
        raise _Otherwise
    seen, at, count = _Seen(), len(_HEAD), 0
    while True:
        found = _OBJECT.match(data, at)
        if not found:
            raise _Otherwise
        number, head, body, count = int(found[1]), found[2], found.end(), count + 1
        last, holder = XREF.match(data, at), HOLDER.match(data, at)
        known = last or holder
        end = body + (int(known[known.re.groups]) if known else _length(head))
        if data[end : end + len(_AFTER)] != _AFTER:
            raise _Otherwise
        seen.starts[at] = number
        yield head
        if last:
            tail = _END.fullmatch(data, end + len(_AFTER))
            if not tail or int(tail[1]) != at:
                raise _Otherwise
            _require_same_places(last, inflated(data[body:end]), seen)
            _require_no_other_object(data, count)
            return
        if holder:
            seen.holders.add(number)
            yield inflated(data[body:end])
        at = end + len(_AFTER)


def _length(head: bytes) -> int:
    """Return the length a stream tells; its dictionary must be one, closed where it seems to be, with each key once."""
    tokens = _TOKEN.findall(head)
    if sum(map(len, tokens)) != len(head) or any(mark in head for mark in _MARKS):
        raise _Otherwise
    entries: dict[bytes, list[bytes]] = {}
    opened: list[bytes] = []
    value: list[bytes] | None = None  # of the last key
    for token in tokens:
        if token.isspace():
            continue
        if len(opened) == 1 and token.startswith(b"/") and value != []:
            if token in entries:
                raise _Otherwise
            value = entries[token] = []
            continue
        if token in _CLOSES:
            if not opened or opened.pop() != _CLOSES[token]:
                raise _Otherwise
        elif len(opened) == 1:
            if value is None:
                raise _Otherwise
            value.append(token)
        if token in _CLOSES.values():
            opened.append(token)
    length = entries.get(b"/Length", [])
    if opened or not all(map(_is_one, entries.values())) or len(length) != 1 or not length[0].isdigit():
        raise _Otherwise
    return int(length[0])


def _is_one(value: list[bytes]) -> bool:
    """Tell whether words are one value: a word, what an opening bracket begins, or a reference."""
    return len(value) == 1 or (len(value) == 3 and value[2] == b"R" and value[0].isdigit() and value[1].isdigit())


def _require_same_places(head: re.Match[bytes], entries: bytes, seen: _Seen) -> None:
    """See that the cross-reference leads to the objects seen, and to no others."""
    size, root, info = (int(head[n]) for n in (1, 2, 3))
    kinds = []
    for number, (kind, place, generation) in enumerate(ENTRY.iter_unpack(entries)):
        is_there = (
            (kind == PLAIN and generation == 0 and seen.starts.get(place) == number)
            or (kind == IN_GROUP and place in seen.holders)
            or (kind == FREE and place == 0)
        )
        if not is_there:
            raise _Otherwise
        kinds.append(kind)
    if len(kinds) != size or not all(0 < n < size and kinds[n] == IN_GROUP for n in (root, info)):
        raise _Otherwise


def _require_no_other_object(data: mmap.mmap, count: int) -> None:
    """See that no more than `count` objects begin anywhere: a viewer that mends a file looks into streams as well."""
    at = data.find(b"obj")
    while at >= 0:
        around = data[max(0, at - 1) : at], data[at + 3 : at + 4]
        stands_alone = around[0] in _BLANK + _DIGIT and around[1] in _BLANK + _DELIMITER
        count -= stands_alone or _NUMBERED.search(data, max(0, at - 40), at + 4) is not None
        at = data.find(b"obj", at + 3)
    if count or data.find(b"trailer") >= 0:
        raise _Otherwise
