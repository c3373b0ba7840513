"""The printed code: a QR symbol by which a scanned page finds its record.

It says RECORDNO/PRINTNO on the Word document and RECORDNO/PRINTNO/PAGE on each page of the PDF, in capitals and digits
alone, so that the symbol stays in its densest mode and a 2 cm print reads from a poor scan.
"""

from __future__ import annotations

import re
import struct
import zlib
from functools import lru_cache
from typing import Any, NamedTuple

import zxingcpp

_PAYLOAD = re.compile(r"([0-9A-Z][0-9A-Z.-]*)/([1-9][0-9]*)(?:/([1-9][0-9]*))?")
_LEVEL = "Q"  # a quarter of the symbol may be lost to stamps, folds and toner
_QUIET = 4  # modules of white around, as ISO/IEC 18004 asks
_LEVEL_OF_PNG = 4  # of zlib: the smallest file of all, and sooner than at 6
_PIXELS = 8  # per module: 330 dpi on a symbol of 2 cm
_WHITE_IS_ONE = bytes([0xFF, 0x00]) + bytes(254)
_DARK_IS_ONE = b"\x01" + bytes(255)

Rows = tuple[bytes, ...]


class Code(NamedTuple):
    """What a printed code says; a Word document's code has no page."""

    subject: str
    print_no: int
    page: int | None


def payload(subject: str, print_no: int, page: int | None = None) -> str:
    """Return the text of a code; ValueError when it would not be read back as what it says."""
    text = f"{subject}/{print_no}" if page is None else f"{subject}/{print_no}/{page}"
    parse_code(text)
    return text


def parse_code(text: str) -> Code:
    """Return what a code says; ValueError when it is none of ours."""
    found = _PAYLOAD.fullmatch(text)
    if not found:
        raise ValueError(f"「{text[:60]}」不是本系统印的记录编码")
    return Code(found[1], int(found[2]), int(found[3]) if found[3] else None)


def read_code(text: str) -> Code | None:
    """Return what a code says; None for one of other things, such as a product's label."""
    try:
        return parse_code(text)
    except ValueError:
        return None


def code_png(text: str) -> bytes:
    """Return the code as a one-bit PNG with its white border; the same text gives the same bytes."""
    rows = _framed(_modules(text))
    size = len(rows) * _PIXELS
    # A module is eight pixels of one bit, so a byte; each line begins with its filter type, none.
    picture = b"".join((b"\x00" + row.translate(_WHITE_IS_ONE)) * _PIXELS for row in rows)
    header = struct.pack(">2I5B", size, size, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(picture, _LEVEL_OF_PNG)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def code_operators(text: str) -> bytes:
    """Return the code as PDF operators that fill the unit square: white ground, dark modules as one path."""
    rows = _framed(_modules(text))
    size = len(rows)
    runs = []
    for number, row in enumerate(rows):
        for run in re.finditer(b"\x01+", row):
            runs.append(f"{run.start()} {size - 1 - number} {run.end() - run.start()} 1 re")
    scale = f"{1 / size:.8f}"
    drawing = "\n".join(["q", "1 g", "0 0 1 1 re", "f", "0 g", f"{scale} 0 0 {scale} 0 0 cm", *runs, "f", "Q"])
    return drawing.encode("ascii")


@lru_cache(maxsize=64)
def _modules(text: str) -> Rows:
    """Return the symbol row by row, 1 for a dark module."""
    symbol: Any = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=_LEVEL)
    image = memoryview(symbol.to_image(scale=1, add_quiet_zones=False))
    height, width = image.shape or (0, 0)
    pixels = image.tobytes().translate(_DARK_IS_ONE)
    return tuple(pixels[y * width : (y + 1) * width] for y in range(height))


def _framed(rows: Rows) -> Rows:
    side = bytes(_QUIET)
    border = (bytes(len(rows) + 2 * _QUIET),) * _QUIET
    return (*border, *(side + row + side for row in rows), *border)


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    kind, data = chunk
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
