"""What acts by itself in a PDF is found however it is written; files of our own layout are read fast, and only those."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from qrecords.render.pdfactive import acts
from qrecords.render.pdflayout import ENTRY, PLAIN, own_objects
from qrecords.render.pdflook import look
from qrecords.render.pdfout import PdfOut

SCRIPT = {"/S": "/JavaScript", "/JS": "x"}
HIDDEN = b"5 0 obj\n<</S/JavaScript/JS(x)>>\nendobj"  # the next number after the page's objects


def ours(
    catalog: dict[str, object] | None = None, *, data: bytes = b"q Q", doctor: Callable[[PdfOut], None] | None = None
) -> bytes:
    """A page as this program writes it."""
    stream = BytesIO()
    out = PdfOut(stream)
    tree = out.reserve()
    drawn = out.put_stream({}, data, deflate=False)
    page = out.put({"/Type": "/Page", "/Parent": tree, "/MediaBox": [0, 0, 72, 72], "/Contents": drawn})
    out.put({"/Type": "/Pages", "/Kids": [page], "/Count": 1}, tree)
    root = out.put({"/Type": "/Catalog", "/Pages": tree, **(catalog or {})})
    if doctor:
        doctor(out)
    out.finish(root, out.put({"/Title": "示例"}))
    return stream.getvalue()


def packed(root: dict[str, object]) -> bytes:
    """A page by qpdf, its objects packed away, with these entries in its root."""
    stream = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        for key, value in root.items():
            pdf.Root[key] = pdf.make_indirect(pikepdf.Dictionary(value))
        pdf.save(stream, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return stream.getvalue()


def plain(opening: bytes, *, before: bytes = b"") -> bytes:
    return (
        b"%PDF-1.4\n" + before + b"1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction" + opening + b">>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n"
        b"trailer<</Root 1 0 R/Size 4>>\n%%EOF"
    )


JS = {"/S": pikepdf.Name("/JavaScript"), "/JS": pikepdf.String("x")}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (ours(), False),
        (ours({"/OpenAction": SCRIPT}), True),
        (ours({"/Lang": "a /JS b"}), False),
        (ours({"/AF": [{"/EF": {"/F": {"/Type": "/EmbeddedFile"}}}]}), True),
        (ours(data=b"chance /JS in a picture"), False),
        (packed({}), False),
        (packed({"/OpenAction": JS}), True),
        (packed({"/Any": {"/S": pikepdf.Name("/Launch")}}), True),
        (packed({"/Any": {"/S": pikepdf.String("/Launch")}}), False),
        (packed({"/Any": {"/Deep": pikepdf.Array([pikepdf.Dictionary(JS)])}}), True),
        (plain(b"<</S/JavaScript/JS(x)>>"), True),
        (plain(b"<</S/J#61vaScript/J#53(x)>>"), True),
        (plain(b"[3 0 R/Fit]"), False),
        (plain(b"[3 0 R/Fit]", before=b"7 0 obj<</S/Launch>>endobj\n"), True),
        # Where a reader that looks for the word alone takes a script for the data of a stream:
        (plain(b"<</S/JavaScript/JS(x)>>", before=b"% stream\n") + b"\n% endstream", True),
        # Nobody can vouch for these:
        (b"", True),
        (b"%PDF-1.7 broken", True),
    ],
)
def test_what_acts_is_found_and_nothing_else(tmp_path: Path, data: bytes, found: bool) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    assert bool(acts(path)) is found


def test_an_own_file_is_known_by_its_layout(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(ours(data=b"not to be read"))
    objects = own_objects(path)
    assert objects is not None
    assert b"/MediaBox" in objects
    assert b"not to be read" not in objects
    path.write_bytes(packed({}))
    assert own_objects(path) is None


def into_the_data(out: PdfOut) -> None:
    """Let an object begin inside the data of a stream that is stepped over."""
    number = out.reserve().idnum
    at = out._stream.getvalue().index(b"5 0 obj")  # type: ignore[attr-defined]
    out._places[number] = (1, at, 0)


def another_holder(out: PdfOut) -> None:
    """Let an object lie in a stream that is no object stream."""
    out._places[out.reserve().idnum] = (2, 2, 0)


def doctored(change: Callable[[PdfOut], None]) -> bytes:
    return ours(data=HIDDEN, doctor=change)


def _repacked(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The same file with other cross-reference entries."""
    head = data.rindex(b"/Length ")
    start = data.index(b"stream\n", head) + 7
    end = data.rindex(b"\nendstream")
    entries = zlib.compress(change(zlib.decompress(data[start:end])), 9)
    return data[:head] + re.sub(rb"\d+", b"%d" % len(entries), data[head:start], count=1) + entries + data[end:]


def _of_another_generation(out: PdfOut) -> None:
    kind, at, _ = out._places[2]
    out._places[2] = (kind, at, 1)


def _free_with_a_place(out: PdfOut) -> None:
    out._places[out.reserve().idnum] = (0, out._stream.getvalue().index(b"5 0 obj"), 0)  # type: ignore[attr-defined]


def altered(old: bytes, new: bytes) -> bytes:
    """A file of ours with something written otherwise, and every place put right again."""
    data = ours()
    at, longer = data.index(old), len(new) - len(old)

    def moved(entries: bytes) -> bytes:
        rows = [*ENTRY.iter_unpack(entries)]
        return b"".join(ENTRY.pack(k, p + longer * (k == PLAIN and p > at), g) for k, p, g in rows)

    data = _repacked(data.replace(old, new, 1), moved)
    start = data.rindex(b"\n", 0, data.rindex(b" 0 obj\n")) + 1
    return re.sub(rb"startxref\n\d+", b"startxref\n%d" % start, data)


def test_what_is_altered_to_the_same_is_known_by_its_layout(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    for new in (DRAWN, b"<< /X [ 1 <</Y /Z>> <0a> ] /Y 2 0 R /Length 3 >>"):
        path.write_bytes(altered(DRAWN, new))
        assert own_objects(path) is not None


XREF, HOLDER, DRAWN = b"/Type /XRef", b"/Type /ObjStm", b"<</Length 3>>"


@pytest.mark.parametrize(
    "data",
    [
        doctored(into_the_data),
        # A key that comes twice: qpdf takes the last one.
        altered(b"/W [ 1 4 2 ]", b"/W [ 1 4 2 ] /W [ 1 3 3 ]"),
        altered(b"/W [ 1 4 2 ]", b"/W [ 1 3 3 ]"),
        altered(b"/W [ 1 4 2 ]", b"/W [ 1 4 2 ] /Root 1 0 R"),
        altered(b"/W [ 1 4 2 ]", b"/W [ 1 4 2 ] /#49ndex [ 1 9 ]"),
        altered(b"/W [ 1 4 2 ]", b"/W [ 1 4 2 ] /XRefStm 9"),
        altered(XREF, XREF + b" /Type /ObjStm"),
        altered(HOLDER, HOLDER + b" /Type /ObjStm"),
        altered(HOLDER, HOLDER + b" /N 1"),
        altered(HOLDER, HOLDER + b" /First 1"),
        altered(HOLDER, HOLDER + b" /Extends 2 0 R"),
        altered(DRAWN, b"<</Length 3/Type/ObjStm>>"),
        altered(DRAWN, b"<</Length 3/Linearized 1>>"),
        altered(DRAWN, b"<</Length 9/Length 3>>"),
        altered(DRAWN, b"<</Length 3/Length 9 0 R>>"),
        altered(DRAWN, b"<</Length 3/Leng#74h 9>>"),
        altered(DRAWN, b"<</Length 3/Length\x009>>"),
        altered(DRAWN, b"<</Length 3/Length\x0b9>>"),
        altered(DRAWN, b"<</Length 3/X>>"),
        altered(DRAWN, b"<</Length 3/X 1 2>>"),
        altered(DRAWN, b"<</Length 3/X [>>]>>"),
        altered(DRAWN, b"<<3/Length 3>>"),
        # Objects a viewer may come upon when it mends the file.
        ours(data=HIDDEN),
        ours(data=b"5 0 %\nobj <</S/JavaScript/JS(x)>>"),
        ours(data=b"trailer <</Root <</S/JavaScript/JS(x)>>>>"),
        doctored(_of_another_generation),
        doctored(_free_with_a_place),
        re.sub(rb"/Root \d+", b"/Root 2", ours()),
        re.sub(rb"/Size \d+", b"/Size 3", ours()),
        ours(doctor=another_holder),
        ours() + b"%\n",
        ours().replace(b"%PDF-1.7", b"%PDF-1.6"),
        ours().replace(b"q Q", b"q Q "),
        altered(b"\nendobj\n", b"\nendobj\n<</JS(x)>>\n"),
        altered(b"/Length 3", b"/Length 3/Length 9"),
        altered(b"<</Length 3>>", b"<</Length 3 0 R>>"),
        altered(b"<</Length 3>>", b"<</X(\nstream\n)/Length 3>>"),
        altered(b"/W [ 1 4 2 ]", b"/W [ 1 4 2 ] /Prev 9"),
        altered(b"/ObjStm", b"/ObjStn"),
        _repacked(ours(), lambda entries: entries[:-7] + b"\x09" + entries[-6:]),
        b"",
    ],
)
def test_whatever_is_not_so_is_left_to_a_real_parser(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    assert own_objects(path) is None


def test_a_letter_by_its_number_is_looked_at_in_every_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(ours())
    asked: list[Path] = []
    monkeypatch.setattr("qrecords.render.pdfactive.own_objects", lambda _: b"/#4aS")
    monkeypatch.setattr("qrecords.render.pdfactive._in_the_open", lambda p: asked.append(p) or "")
    assert not acts(path)
    assert asked == [path]


def test_an_own_file_with_a_script_laid_into_its_data_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(ours(data=HIDDEN, doctor=into_the_data))
    assert look(path) is not None, "it opens, so it may act"
    assert acts(path)


def test_an_object_stream_that_unpacks_without_end_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qrecords.render.pdflayout._MOST", 10)
    path = tmp_path / "a.pdf"
    path.write_bytes(ours())
    assert own_objects(path) is None
