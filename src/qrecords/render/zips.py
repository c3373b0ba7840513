"""Writes zip files from entries compressed beforehand, byte for byte the same for the same entries.

`zipfile` cannot take ready-compressed data; here what never changes of a document is deflated once, at load.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION, _UTF8_NAMES, _DEFLATED = 20, 0x800, 8
_TIME, _DATE = 0, 0x21  # 1980-01-01, the first day a zip can name: nothing of the making shows


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a zip, its data deflated."""

    name: bytes
    packed: bytes
    crc: int
    size: int


def pack(name: str, data: bytes, level: int = 6) -> Entry:
    """Return one file ready for `join`."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
    return Entry(name.encode(), deflate.compress(data) + deflate.flush(), zlib.crc32(data), len(data))


def join(entries: Iterable[Entry]) -> bytes:
    """Return the zip of these entries, in their order; sizes stay below the 4 GB of a plain zip."""
    body: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for entry in entries:
        facts = (_UTF8_NAMES, _DEFLATED, _TIME, _DATE, entry.crc, len(entry.packed), entry.size, len(entry.name))
        head = _LOCAL.pack(b"PK\x03\x04", _VERSION, *facts, 0)
        body += (head, entry.name, entry.packed)
        directory += (_CENTRAL.pack(b"PK\x01\x02", _VERSION, _VERSION, *facts, 0, 0, 0, 0, 0, offset), entry.name)
        offset += len(head) + len(entry.name) + len(entry.packed)
    listing = b"".join(directory)
    count = len(directory) // 2
    return b"".join([*body, listing, _END.pack(b"PK\x05\x06", 0, 0, count, count, len(listing), offset, 0)])
