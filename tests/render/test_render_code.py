"""The printed code: what it says, and that other readers read it."""

from __future__ import annotations

import re
import struct
import zlib

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from qrecords.render.code import code_operators, code_png, parse_code, payload

subjects = st.from_regex(r"\A[0-9A-Z][0-9A-Z.-]{0,30}\Z")


def gray(png: bytes) -> tuple[bytes, int]:
    """A one-bit PNG as gray bytes and its side, decoded from the format's own rules."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + data)
        chunks[kind] = data
        at += 12 + length
    width, height, bits, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (width, bits, colour) == (height, 1, 0)
    raw, stride = zlib.decompress(chunks[b"IDAT"]), width // 8 + 1
    lines = [raw[y * stride + 1 : (y + 1) * stride] for y in range(height)]
    return b"".join(bytes(255 * (b >> s & 1) for b in line for s in range(7, -1, -1)) for line in lines), width


def read(pixels: bytes, side: int) -> str:
    found = zxingcpp.read_barcode(zxingcpp.ImageView(pixels, side, side, zxingcpp.ImageFormat.Lum))
    assert found is not None
    return found.text


def drawn(operators: bytes, scale: int = 4) -> tuple[bytes, int]:
    """The picture the PDF operators draw, by their own arithmetic: only `re` and one scale occur."""
    text = operators.decode()
    size = round(1 / float(re.search(r"^(\S+) 0 0 \1 0 0 cm$", text, re.M)[1]))
    side = size * scale
    canvas = [bytearray(b"\xff" * side) for _ in range(side)]
    for x, y, w, h in re.findall(r"^(\d+) (\d+) (\d+) (\d+) re$", text.split(" cm\n")[1], re.M):
        for row in range(side - (int(y) + int(h)) * scale, side - int(y) * scale):
            canvas[row][int(x) * scale : (int(x) + int(w)) * scale] = b"\x00" * (int(w) * scale)
    return b"".join(canvas), side


@settings(max_examples=40, deadline=None)
@given(subjects, st.integers(1, 9999), st.none() | st.integers(1, 999))
def test_what_is_printed_is_read_back(subject: str, print_no: int, page: int | None) -> None:
    text = payload(subject, print_no, page)
    assert read(*gray(code_png(text))) == text
    assert read(*drawn(code_operators(text))) == text
    assert parse_code(text) == (subject, print_no, page)


def test_the_symbol_is_the_dense_alphanumeric_one_and_always_the_same() -> None:
    text = payload("QR758-06A-2026-00123", 12, 3)
    assert text == "QR758-06A-2026-00123/12/3"
    assert code_png(text) == code_png(text)
    _, side = gray(code_png(text))
    assert side == (25 + 8) * 8  # version 2, though a quarter may be lost; byte mode would need version 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "QR758-06A-2026-00123",
        "qr758-06a-2026-00123/1",
        "A/0",
        "A/1/0",
        "A/01",
        "A/1/2/3",
        "甲/1",
        "A/1\n",
        "http://a/1",
    ],
)
def test_other_codes_are_not_taken_for_ours(text: str) -> None:
    with pytest.raises(ValueError, match="不是本系统印的记录编码"):
        parse_code(text)


def test_a_subject_the_code_cannot_say_is_refused_when_printing() -> None:
    with pytest.raises(ValueError, match="记录编码"):
        payload("750-KJ·KF", 1)
