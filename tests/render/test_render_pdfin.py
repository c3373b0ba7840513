"""Our own files read the short way: the same objects as pypdf finds, and whatever is odd about a file is pypdf's to judge."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.errors import PdfReadError
from pypdf.generic import NullObject

from qrecords.errors import IntegrityFailure, InvalidInput
from qrecords.model.volume import Spot
from qrecords.render import pdflayout
from qrecords.render.freespace import free_spot
from qrecords.render.pdfin import ENTRY, Reader
from qrecords.render.pdfout import PdfOut, open_pdf
from qrecords.render.room import noted_room, room_note
from qrecords.render.volume import Part, bind
from tests.render.test_render_volume import META, hand_written, made, plain, volume

MANY = made([((0, 0, 595, 842), 0)] * 250)  # more objects than one object stream takes


def test_every_object_is_what_pypdf_finds(tmp_path: Path) -> None:
    path = volume(tmp_path, [Part(made(), "1"), Part(MANY, "2")])
    ours, theirs = Reader(BytesIO(path.read_bytes())), PdfReader(path)
    assert ours.text_in_group(theirs.root_object.indirect_reference.idnum)  # type: ignore[union-attr]
    numbers = [*theirs.xref_objStm, *theirs.xref[0]]
    assert len(numbers) > 300
    assert {**ours.xref_objStm} == theirs.xref_objStm
    for number in numbers:
        one, other = (shallow(reader.get_object(number)) for reader in (ours, theirs))
        assert one == other, number
    assert [plain(p["/MediaBox"]) for p in ours.pages] == [plain(p["/MediaBox"]) for p in theirs.pages]


def shallow(value: object) -> str:
    """An object in words, references as numbers."""
    return re.sub(r"IndirectObject\((\d+), (\d+), \d+\)", r"\1 \2 R", repr(value))


def test_a_file_continued_by_another_program_is_read_to_its_end() -> None:
    data = made()
    root = Reader(BytesIO(data)).trailer.raw_get("/Root").idnum
    start, size = len(data), int(re.findall(rb"/Size (\d+)", data)[-1])
    data += b"%d 0 obj\n<</Type/Catalog/Pages 1 0 R/Own 7>>\nendobj\n" % root
    table = b"xref\n%d 1\n%010d 00000 n \n" % (root, start)
    before = re.findall(rb"startxref\n(\d+)", data)[-1]
    tail = b"trailer\n<</Size %d/Root %d 0 R/Prev %s>>\nstartxref\n%d\n%%%%EOF\n"
    place = len(data)
    data += table + tail % (size, root, before, place)
    assert open_pdf(data).root_object["/Own"] == 7


def test_a_table_that_is_not_whole_is_not_taken() -> None:
    data = made()
    found = re.search(rb"/Length (\d+) >>\nstream\n(.*?)\nendstream\nendobj\nstartxref", data, re.DOTALL)
    assert found
    start, end = found.span(2)
    entries = zlib.decompress(data[start:end])
    short = zlib.compress(entries[: -ENTRY.size], 9)
    broken = data[:start] + short.ljust(end - start, b"\0") + data[end:]
    with pytest.raises((InvalidInput, PdfReadError)):
        open_pdf(broken, strict=True)


def test_a_stream_that_swells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdflayout, "_MOST", 1_000)
    reader = Reader(BytesIO(MANY))
    assert not reader._ours, "the table alone is larger: pypdf reads it, within its own limits"
    monkeypatch.setattr(pdflayout, "_MOST", 2_000)  # the table fits, the objects do not
    with pytest.raises(InvalidInput):
        open_pdf(MANY)


@pytest.mark.parametrize("at", [0, 1])
def test_a_damaged_object_stream_is_told_not_bound(at: int, tmp_path: Path) -> None:
    data = bytearray(MANY)
    holders = [m.end() for m in re.finditer(rb"/Type /ObjStm [^>]*>>\nstream\n", bytes(data))]
    data[holders[at] + 20 : holders[at] + 40] = bytes(20)
    with pytest.raises((InvalidInput, IntegrityFailure)):
        bind(tmp_path / "v.pdf", front=[], items=[Part(bytes(data), "1")], back=[], meta=META)


@pytest.mark.parametrize("spot", [Spot(79.4, 760.0, 0.8), Spot(80.0, 12.5), None])
def test_a_file_notes_its_room(spot: Spot | None, tmp_path: Path) -> None:
    assert noted_room(_with_note(tmp_path, room_note(spot, META))) == (True, spot)


@pytest.mark.parametrize(
    "forged",
    ["[1.2.3 4 1]", "[- 4 1]", "[10 10 0]", "[10 10 9]", "[-1 10 1]", "[10 900 1]", "[594 10 1]", "[10 841 1]"]
    + [f"[10 {'9' * 400} 1]", "[10 10]"],
)
def test_a_forged_note_is_none_and_the_page_is_looked_at(forged: str, tmp_path: Path) -> None:
    room = [ByItself(word) for word in forged.strip("[]").split()]
    note = {"/PieceInfo": {"/qrecords": {"/Private": {"/StampRoom": room}}}}
    assert noted_room(_with_note(tmp_path, note)) == (False, None)


class ByItself(NullObject):
    """A word written as it is told."""

    def __init__(self, word: str) -> None:
        self._word = word

    def write_to_stream(self, stream: Any, encryption_key: Any = None) -> None:
        stream.write(self._word.encode())


def _with_note(tmp_path: Path, note: Mapping[str, Any]) -> Path:
    path = tmp_path / "a.pdf"
    with path.open("wb") as stream:
        out = PdfOut(stream)
        tree = out.reserve()
        page = out.put({"/Type": "/Page", "/Parent": tree, "/MediaBox": [0, 0, 595, 842], "/Resources": {}})
        out.put({"/Type": "/Pages", "/Kids": [page], "/Count": 1}, tree)
        out.finish(out.put({"/Type": "/Catalog", "/Pages": tree, **note}), out.put({}))
    return path


def test_what_notes_nothing_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    for data in (made(), hand_written(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"), b"no PDF"):
        path.write_bytes(data)
        assert noted_room(path) == (False, None)
    assert free_spot(made(), 0)
