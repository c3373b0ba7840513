"""Two thousand spoiled inputs: each is answered in words, within ten seconds and two gigabytes, and never by a traceback."""

from __future__ import annotations

import json
import random
import resource
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from PIL import Image
from pypdf import PdfWriter

from qrecords.cli.app import InternalError
from tests.conftest import FORMS, CommandLine

SECONDS, GIGABYTES = 10, 2
ROUND = 100  # inputs on one workspace
NUMBER = "QR758-01A-2025-00001"
NASTY = (
    b"\x00", b"\xff\xfe", b"\xed\xb2\x80", b"{" * 500, b"[" * 5000, b'"' * 99, b"&a *a " * 40, b"<<: *b\n", b"1e999999", b"9" * 4000,
    b"\r", "　".encode(), "\u202e".encode(), b"=cmd|' /C calc'!A0", b"\x1b[2J", b"!!python/object:os.system", b"%PDF-", b"PK\x03\x04",
    b"<!ENTITY a 'b'>", "﻿".encode(), b"-0", b"NaN", b"Infinity", b"\\ud800", b"..", b"/", "𠮷".encode(), b"{{7*7}}", b"{% raw %}",
)  # fmt: skip


def sample(form: str) -> dict[str, Any]:
    return dict(json.loads((FORMS / form / "sample.json").read_text(encoding="utf-8")))


def workbook(values: dict[str, Any]) -> bytes:
    book, out = openpyxl.Workbook(), BytesIO()
    sheet = book.worksheets[0]
    flat = {k: v for k, v in values.items() if not isinstance(v, list | dict)}
    sheet.append([*flat])
    sheet.append([*flat.values()])
    book.save(out)
    return out.getvalue()


def table(values: dict[str, Any]) -> bytes:
    flat = {k: str(v).replace(",", "，") for k, v in values.items() if not isinstance(v, list | dict)}
    return (",".join(flat) + "\n" + ",".join(v.replace("\n", " ") for v in flat.values()) + "\n").encode()


def picture(kind: str) -> bytes:
    out = BytesIO()
    Image.effect_noise((80, 60), 40).save(out, kind)
    return out.getvalue()


def paper() -> bytes:
    out = BytesIO()
    with PdfWriter() as writer:
        writer.add_blank_page(595, 842)
        writer.write(out)
    return out.getvalue()


def sources() -> list[tuple[str, bytes]]:
    """Return what is spoiled: an input of each kind, and a paper of each kind."""
    found = []
    for form in ("01A", "06A", "02A"):
        values = sample(form)
        found += [
            (f"fill {form} .json", json.dumps([values], ensure_ascii=False).encode()),
            (f"fill {form} .yaml", yaml.safe_dump(values, allow_unicode=True).encode()),
            (f"fill {form} .csv", table(values)),
            (f"fill {form} .xlsx", workbook(values)),
        ]
    found += [(f"attach {NUMBER} .{kind}", picture(kind)) for kind in ("png", "jpeg", "tiff")]
    found += [(f"attach {NUMBER} .pdf", paper()), ("scan .png", picture("png")), ("scan .pdf", paper())]
    template = (FORMS / "01A" / "template.docx").read_bytes()
    found += [
        ("forms check 01A --no-pages --template .docx", template),
        ("require .json", b'{"services": ["\xe5\xbc\x80\xe9\x80\x9a"]}'),
    ]
    return found


def spoiled(data: bytes, chance: random.Random) -> bytes:
    """Return bytes with a few things wrong: turned, cut, doubled, moved, something nasty put in."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(made) + 1)
        match chance.randrange(6):
            case 0:
                made[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del made[at : at + chance.choice((1, 4, 64, 4096))]
            case 2:
                made[at:at] = made[at : at + chance.choice((4, 64, 512))]
            case 3:
                made[at:at] = chance.choice(NASTY)
            case 4:
                made = made[:at] or bytearray(b"x")
            case _:
                end = min(len(made), at + 200)
                made[at:end] = bytes(made[at:end])[::-1]
    return bytes(made)


@pytest.mark.slow
@pytest.mark.parametrize("round_", range(20))
def test_spoiled_inputs_are_answered_in_words(
    cli: CommandLine, write: Callable[..., Path], tmp_path: Path, round_: int
) -> None:
    cli("fill", "01A", write(sample("01A")))
    chance, kinds = random.Random(round_), sources()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(ROUND):
        words, data = kinds[(round_ * ROUND + number) % len(kinds)]
        *command, suffix = words.split()
        path = tmp_path / f"{number}{suffix}"
        path.write_bytes(spoiled(data, chance))
        began = time.monotonic()
        ran = cli(*command, path, ok=False)
        took = time.monotonic() - began
        told = (words, round_, number, ran.err[:500])
        assert ran.status != InternalError.exit_status, told
        assert "内部错误" not in ran.err, told
        assert ran.status == 0 or "✗" in ran.out + ran.err, told
        assert took < SECONDS, (*told, took)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < GIGABYTES << 20, grown  # kibibytes
    assert cli.json("verify")["problems"] == []
