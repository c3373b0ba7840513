"""Bound volumes, read back with pypdf, pdfium, poppler and qpdf."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from pypdf import PdfReader, PdfWriter

from qrecords.errors import IntegrityFailure, InvalidInput
from qrecords.render.blank import blank_pages
from qrecords.render.pdfmeta import Meta
from qrecords.render.pdfout import PdfOut, open_pdf
from qrecords.render.volume import Part, Style, bind, cut
from qrecords.render.volumecheck import Expected, differences

META = Meta("2026年度维修服务报告(QR758-06A)第1册", "750-KJ·KF·06·2026·D5-001", datetime(2026, 12, 31, tzinfo=UTC))
A4 = (0, 0, 595, 842)
Box = tuple[float, float, float, float]


def made(pages: Sequence[tuple[Box, int]] = ((A4, 0),), *, pdf_a: bool = True, load: bytes = b"", **page: Any) -> bytes:
    """A PDF of pages (box, rotation); `load` is a picture's worth of data they all share."""
    stream = BytesIO()
    out = PdfOut(stream)
    tree = out.reserve()
    ballast = out.put_stream({"/Type": "/XObject", "/Subtype": "/Form", "/BBox": [0, 0, 1, 1]}, load, deflate=False)
    content = out.put_stream({}, b"2 0 0 2 9 9 cm .9 g 0 0 20 20 re f")  # leaves its own scale and colour behind
    facts = {"/Type": "/Page", "/Parent": tree, "/Contents": content, "/Resources": {"/XObject": {"/X": ballast}}}
    kids = [out.put({**facts, "/MediaBox": list(box), "/Rotate": turn, **page}, out.reserve()) for box, turn in pages]
    out.put({"/Type": "/Pages", "/Kids": kids, "/Count": len(kids)}, tree)
    packet = out.put_stream({"/Type": "/Metadata", "/Subtype": "/XML"}, META.xmp(pdf_a=pdf_a), deflate=False)
    intents = [{"/Type": "/OutputIntent", "/S": "/GTS_PDFA1"}]
    catalog = {"/Type": "/Catalog", "/Pages": tree, "/Metadata": packet, "/OutputIntents": intents}
    out.finish(out.put(catalog), out.put(META.info()))
    return stream.getvalue()


def volume(tmp_path: Path, items: Sequence[Part], *, double_sided: bool = False, fronts: int = 1) -> Path:
    path = tmp_path / "volume.pdf"
    front = [Part(made(), "案卷封面"), Part(made(), "卷内目录")][:fronts]
    style = Style(double_sided=double_sided)
    bind(path, front=front, items=items, back=[Part(made(), "备考表")], meta=META, style=style)
    return path


def numbers(path: Path) -> list[str]:
    """The text of each page, which is its number."""
    return [page.extract_text().strip() for page in PdfReader(path).pages]


def test_items_are_numbered_from_one_and_nothing_else_is(tmp_path: Path) -> None:
    path = tmp_path / "v.pdf"
    items = [Part(made([(A4, 0)] * n), f"记录{n}", n) for n in (1, 3, 2)]
    front, back = [Part(made(), "案卷封面"), Part(made(), "卷内目录")], [Part(made(), "备考表")]
    bound = bind(path, front=front, items=items, back=back, meta=META)
    assert (bound.pages, bound.numbered, bound.first_numbers) == (9, 6, (1, 2, 5))
    assert numbers(path) == ["", "", "1", "2", "3", "4", "5", "6", ""]
    reader = PdfReader(path)
    assert reader.page_labels == ["i", "ii", "1", "2", "3", "4", "5", "6", "iii"]
    marks = [(m.title, reader.get_destination_page_number(m)) for m in reader.outline]
    assert marks == [("案卷封面", 0), ("卷内目录", 1), ("记录1", 2), ("记录3", 3), ("记录2", 6), ("备考表", 8)]
    assert reader.metadata is not None
    assert reader.metadata.title == META.title
    if shutil.which("qpdf"):
        done = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def dark_corner(page: Any) -> str:
    """Where a page, as it is seen, has black: its number; the content of these pages is light."""
    bitmap = page.render(scale=1, grayscale=True)
    pixels, stride, wide, high = bytes(bitmap.buffer), bitmap.stride, bitmap.width, bitmap.height
    rows = [pixels[y * stride : y * stride + wide] for y in range(high)]
    dark = {y: found for y, row in enumerate(rows) if (found := re.search(rb"[\x00-\x64](.*[\x00-\x64])?", row, re.S))}
    assert dark
    assert min(dark) > high - 45, "not at the foot"
    assert max(dark) < high - 15, "too near the edge"
    if min(found.start() for found in dark.values()) > wide - 60:
        return "right"
    return "left" if max(found.end() for found in dark.values()) < 60 else "middle"


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("box", [A4, (0, 0, 842, 595), (50, 100, 645, 942), (645, 942, 50, 100)])
@pytest.mark.parametrize("double_sided", [False, True])
def test_the_number_stands_in_the_lower_corner_as_seen(double_sided: bool, box: Box, turn: int, tmp_path: Path) -> None:
    path = volume(tmp_path, [Part(made([(box, turn)] * 2), "记录")], double_sided=double_sided)
    document = pypdfium2.PdfDocument(path)
    start = 2 if double_sided else 1
    sides = [dark_corner(document[start]), dark_corner(document[start + 1])]
    assert sides == (["right", "left"] if double_sided else ["right", "right"])


@pytest.mark.parametrize("fronts", [1, 2])
@pytest.mark.parametrize("pages", [1, 2, 3])
def test_on_two_sides_items_and_file_note_begin_on_a_front(pages: int, fronts: int, tmp_path: Path) -> None:
    path = volume(tmp_path, [Part(made([(A4, 0)] * pages), "记录")], double_sided=True, fronts=fronts)
    reader = PdfReader(path)
    places = {m.title: reader.get_destination_page_number(m) for m in reader.outline}
    assert places["记录"] % 2 == 0
    assert places["备考表"] % 2 == 0
    assert numbers(path)[places["记录"] :][:pages] == [str(n + 1) for n in range(pages)]


def test_what_items_share_is_written_once(tmp_path: Path) -> None:
    shared = random.Random(1).randbytes(100_000)
    items = [Part(made(load=shared), f"记录{n}") for n in range(30)]
    size = volume(tmp_path, items).stat().st_size
    assert size < sum(len(i.source) for i in items if isinstance(i.source, bytes)) / 20


def test_memory_stays_flat_however_many_items(tmp_path: Path) -> None:
    noise = random.Random(2)
    items = []
    for number in range(60):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(made(load=noise.randbytes(500_000)))
        items.append(Part(path, f"记录{number}"))
    tracemalloc.start()
    size = volume(tmp_path, items).stat().st_size
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 30_000_000
    assert peak < 6_000_000


def test_same_parts_same_bytes(tmp_path: Path) -> None:
    items = [Part(made([(A4, 0)] * 2), "记录")]
    assert volume(tmp_path, items).read_bytes() == volume(tmp_path, items).read_bytes()


@pytest.mark.parametrize("claims", [[True, True], [True, False], [False, False]])
def test_a_volume_claims_pdf_a_only_when_all_its_parts_do(claims: list[bool], tmp_path: Path) -> None:
    path = volume(tmp_path, [Part(made(pdf_a=c), "记录") for c in claims])
    root = PdfReader(path).trailer["/Root"]
    assert (b"pdfaid:part>2" in root["/Metadata"].get_data()) == all(claims)
    assert "/OutputIntents" in root


def test_an_item_that_lost_a_page_is_not_bound(tmp_path: Path) -> None:
    with pytest.raises(IntegrityFailure, match="「记录」有 1 页，登记的是 2 页"):
        volume(tmp_path, [Part(made(), "记录", 2)])
    assert not (tmp_path / "volume.pdf").exists()


def encrypted() -> bytes:
    writer, out = PdfWriter(clone_from=BytesIO(made())), BytesIO()
    writer.encrypt("geheim", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7 broken", encrypted()], ids=["empty", "broken", "encrypted"])
def test_a_part_that_cannot_be_read_is_named(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="签字页"):
        volume(tmp_path, [Part(data, "签字页")])


def test_actions_links_and_other_baggage_stay_behind(tmp_path: Path) -> None:
    link = {
        "/Type": "/Annot",
        "/Subtype": "/Link",
        "/Rect": [0, 0, 9, 9],
        "/A": {"/S": "/URI", "/URI": "http://a.invalid"},
    }
    stamp = {"/Type": "/Annot", "/Subtype": "/Stamp", "/Rect": [0, 0, 9, 9], "/Contents": "骑缝章"}
    source = made(**{"/Annots": [link, stamp], "/AA": {"/O": {"/S": "/JavaScript", "/JS": "1"}}, "/StructParents": 0})
    page = PdfReader(volume(tmp_path, [Part(source, "记录")])).pages[1]
    assert [a.get_object()["/Subtype"] for a in page["/Annots"]] == ["/Stamp"]
    assert not {"/AA", "/StructParents"} & page.keys()


def test_numbers_can_be_searched_by_other_programs(tmp_path: Path) -> None:
    if not shutil.which("pdftotext"):
        pytest.skip("poppler-utils is not installed")
    path = volume(tmp_path, [Part(made([(A4, 0)] * 120), "记录")])
    text = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout
    assert re.findall(r"\d+", text) == [str(n) for n in range(1, 121)]


@pytest.mark.parametrize("double_sided", [False, True])
def test_a_bound_page_is_told_from_another(double_sided: bool, tmp_path: Path) -> None:
    sources = []
    for n, load in enumerate((b"a", b"b", b"c")):
        sources.append(tmp_path / f"{n}.pdf")
        sources[-1].write_bytes(made([(A4, 0)] * (n + 1), load=load))
    items = [Part(path, f"记录{n}") for n, path in enumerate(sources)]
    path, style = tmp_path / "volume.pdf", Style(double_sided=double_sided)
    bound = bind(path, front=[Part(made(), "封面")], items=items, back=[], meta=META, style=style)
    pages = bound.first_pages
    assert pages == ((3, 5, 7) if double_sided else (2, 3, 5))
    numbers_ = [(1,), (2, 3), (4, 5, 6)]
    right = [Expected(*e) for e in zip(sources, "甲乙丙", pages, numbers_, strict=True)]
    assert list(differences(path, right)) == []
    renumbered = [replace(right[0], numbers=(2,)), *right[1:]]
    assert list(differences(path, renumbered)) == ["「甲」第1页的页码不是2"]
    sources[1].write_bytes(made([(A4, 0)] * 2, load=b"d"))
    assert [d for d in differences(path, right) if "原件不同" in d] == [
        "「乙」第1页与归档的原件不同",
        "「乙」第2页与归档的原件不同",
    ]
    sources[1].write_bytes(made())
    assert list(differences(path, right)) == ["「乙」的页数与登记不符"]


def test_blank_pages_have_no_number(tmp_path: Path) -> None:
    items = [Part(made([(A4, 0)] * 4), "扫描件", 4, (1, 3)), Part(made(), "记录")]
    path = volume(tmp_path, items)
    assert numbers(path) == ["", "1", "", "2", "", "3", ""]
    assert PdfReader(path).page_labels == ["i", "1", "（空白）", "2", "（空白）", "3", "ii"]


def scanned(tmp_path: Path, *pages: str) -> Path:
    """A scan of pages: PNM pictures drawn by hand, `ink` in the middle, `dust` or the `edge`'s shadow only."""
    pictures = []
    for kind in pages:
        picture = Image.new("L", (827, 1169), 235)
        draw = ImageDraw.Draw(picture)
        if kind == "ink":
            draw.line((300, 600, 420, 640), fill=40, width=3)
        elif kind == "dust":
            draw.point([(200, 200), (600, 900)], fill=0)
        elif kind == "edge":
            draw.rectangle((0, 0, 12, 1169), fill=20)
        pictures.append(picture)
    path = tmp_path / "scan.pdf"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], resolution=100)
    return path


def test_a_scan_s_blank_backs_are_known(tmp_path: Path) -> None:
    assert blank_pages(scanned(tmp_path, "ink", "dust", "ink", "edge", "blank")) == (1, 3, 4)
    damaged = tmp_path / "damaged.pdf"
    damaged.write_bytes(b"%PDF-1.7 broken")
    assert blank_pages(damaged) == ()


def test_wide_pages_are_turned_with_their_head_to_the_binding(tmp_path: Path) -> None:
    path = tmp_path / "volume.pdf"
    wide = made([((0, 0, 842, 595), 0), (A4, 90), (A4, 0)])
    bind(path, front=[], items=[Part(wide, "记录")], back=[], meta=META, style=Style(turn_wide=True))
    assert [page.get("/Rotate", 0) for page in PdfReader(path).pages] == [270, 0, 0]
    document = pypdfium2.PdfDocument(path)
    assert [dark_corner(document[n]) for n in range(3)] == ["right"] * 3


def test_numbers_may_stand_above(tmp_path: Path) -> None:
    path = tmp_path / "volume.pdf"
    bind(path, front=[], items=[Part(made(), "记录")], back=[], meta=META, style=Style(numbers_above=True))
    page = pypdfium2.PdfDocument(path)[0].get_textpage()
    assert page.get_text_bounded(left=540, bottom=795, right=595, top=842) == "1"


def test_pages_cut_out_are_those_pages(tmp_path: Path) -> None:
    path = volume(tmp_path, [Part(made([(A4, 0)] * 3), "记录")])
    out = tmp_path / "cut.pdf"
    cut(path, out, first=3, pages=2, meta=META)
    assert numbers(out) == ["2", "3"]


# --- the writer underneath

scalars = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(max_size=20).filter(lambda t: t[:1] != "/")
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.from_regex(r"\A/[A-Za-z]{1,6}\Z"), inner, max_size=4)
    ),
    max_leaves=12,
)


def plain(value: Any) -> Any:
    value = value.get_object() if hasattr(value, "get_object") else value
    match value:
        case dict():
            return {str(k): plain(v) for k, v in value.items()}
        case list():
            return [plain(v) for v in value]
        case str():
            return str(value)
    return None if type(value).__name__ == "NullObject" else getattr(value, "value", value)


@settings(max_examples=60, deadline=None)
@given(values)
def test_any_object_is_read_back_as_it_was_put(value: Any) -> None:
    first = made(**{"/Own": {"/V": [none_as_name(value)]}})
    kept = plain(PdfReader(BytesIO(first)).pages[0]["/Own"]["/V"][0])
    assert kept == none_as_name(value)
    # Taken over once more, from an object stream by reference.
    assert taken_over(PdfReader(BytesIO(first))) == none_as_name(value)
    assert taken_over(open_pdf(first)) == none_as_name(value)


def taken_over(reader: PdfReader) -> Any:
    stream = BytesIO()
    out = PdfOut(stream)
    tree = out.reserve()
    own = out.put({"/Ref": reader.pages[0].indirect_reference})
    page = out.put({"/Type": "/Page", "/Parent": tree, "/MediaBox": [0, 0, 9, 9], "/Resources": {}, "/Own": own})
    out.put({"/Type": "/Pages", "/Kids": [page], "/Count": 1}, tree)
    out.finish(out.put({"/Type": "/Catalog", "/Pages": tree}), out.put({}))
    again = PdfReader(BytesIO(stream.getvalue())).pages[0]["/Own"]["/Ref"]["/Own"]["/V"][0]
    return plain(again)


def none_as_name(value: Any) -> Any:
    """PDF drops entries that are null; stand a name in for them."""
    match value:
        case None:
            return "/Null"
        case dict():
            return {k: none_as_name(v) for k, v in value.items()}
        case list():
            return [none_as_name(v) for v in value]
    return value


def hand_written(*objects: bytes) -> bytes:
    """A PDF of the given objects 1, 2, …, each in the file's own words, with a plain cross-reference table."""
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % p for p in places)
    start = len(out)
    size = len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\n" % (size, table, size)
    return out + b"startxref\n%d\n%%%%EOF\n" % start


def test_references_are_renumbered_in_tags_but_not_in_texts(tmp_path: Path) -> None:
    source = hand_written(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Resources<</A 4 0 R/B 5 0 R>>>>",
        b"<</T(see 2 0 R and 3 0 R)/Next 6 0 R>>",
        b"<</K[6 0 R 7 0 R]/N[4 0 5 0]/Up 4 0 R>>",
        b"[ 12 0 ]",
        b"<</Loop 7 0 R/Hex<322030205220>/In[8 0 R 9 0 R 10 0 R]>>",
        b"<</Lang(zh-CN)/P 6 0 R>>",
        b"<</Lang(zh\\055CN)/P 6 0 R>>",
        b"<</Lang(zh-CN)/P 6 0 R/T(as 6 0 R)>>",
    )
    reader = open_pdf(source)
    stream = BytesIO()
    out = PdfOut(stream)
    for _ in range(20):  # so that numbers differ
        out.reserve()
    out.finish(out.put(reader.root_object), out.put({}))
    resources = PdfReader(BytesIO(stream.getvalue())).pages[0]["/Resources"]
    assert resources["/A"]["/T"] == "see 2 0 R and 3 0 R"
    assert resources["/A"]["/Next"] == [12, 0]
    kids = [kid.get_object() for kid in resources["/B"]["/K"]]
    assert kids[0] == [12, 0]
    assert kids[1]["/Hex"] == kids[1]["/Loop"]["/Hex"] == "2 0 R "
    assert resources["/B"]["/N"] == [4, 0, 5, 0]
    assert resources["/B"]["/Up"]["/Next"] == [12, 0]
    spoken = [each.get_object() for each in kids[1]["/In"]]
    assert [(each["/Lang"], each["/P"]) for each in spoken] == [("zh-CN", [12, 0])] * 3
    assert spoken[2]["/T"] == "as 6 0 R"


def test_a_chain_longer_than_the_stack_is_followed(tmp_path: Path) -> None:
    chain = [b"<</Next %d 0 R/N %d>>" % (n + 1, n) for n in range(4, 3004)]
    source = hand_written(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Resources<<>>/First 4 0 R>>",
        *chain,
        b"<</N 3004>>",
    )
    stream = BytesIO()
    out = PdfOut(stream)
    out.finish(out.put(open_pdf(source).root_object), out.put({}))
    entry: Any = PdfReader(BytesIO(stream.getvalue())).pages[0]["/First"]
    seen = [entry["/N"]]
    while "/Next" in entry:
        entry = entry["/Next"]
        seen.append(entry["/N"])
    assert seen == list(range(4, 3005))
