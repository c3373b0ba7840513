"""The archive stamp: where a page has room for it, and that nothing of the page is covered."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops
from pypdf import PdfReader

from qrecords.errors import InvalidInput
from qrecords.model.numbering import ArchiveClass, parse_archive_no
from qrecords.model.volume import Spot
from qrecords.render.freespace import free_spot
from qrecords.render.pdfout import PdfOut
from qrecords.render.stamps import POINTS_PER_MM, STAMP_HIGH, STAMP_WIDE
from qrecords.render.volume import Part, Stamp, Style, bind
from qrecords.render.volumecheck import Expected, differences
from tests.render.test_render_volume import A4, META, made

WIDE = (0, 0, 842, 595)
Drawn = tuple[float, float, float, float]  # left, top, width, height in millimetres from the upper left


def page_of(drawn: list[Drawn], *, box: tuple[float, ...] = A4, turn: int = 0, ground: float = 1.0) -> bytes:
    """A page with black boxes on it, their places told as the page lies in the file, before it is turned."""
    mm, high = POINTS_PER_MM, box[3] - box[1]
    boxes = "\n".join(f"{x * mm:.2f} {high - (y + h) * mm:.2f} {w * mm:.2f} {h * mm:.2f} re f" for x, y, w, h in drawn)
    return content_page(f"{ground} g 0 0 {box[2]} {box[3]} re f 0 g\n{boxes}".encode(), box, turn)


def content_page(content: bytes, box: tuple[float, ...] = A4, turn: int = 0) -> bytes:
    stream = BytesIO()
    out = PdfOut(stream)
    tree = out.reserve()
    facts = {"/Type": "/Page", "/Parent": tree, "/MediaBox": list(box), "/Rotate": turn, "/Resources": {}}
    page = out.put({**facts, "/Contents": out.put_stream({}, content)}, out.reserve())
    out.put({"/Type": "/Pages", "/Kids": [page], "/Count": 1}, tree)
    out.finish(out.put({"/Type": "/Catalog", "/Pages": tree}), out.put({}))
    return stream.getvalue()


def area(spot: Spot, high: float) -> tuple[int, int, int, int]:
    """The dots a stamp covers, a dot a point, from the upper left."""
    wide, tall = STAMP_WIDE * POINTS_PER_MM * spot.scale, STAMP_HIGH * POINTS_PER_MM * spot.scale
    return round(spot.x), round(high - spot.y - tall), round(spot.x + wide), round(high - spot.y)


def picture(data: bytes | Path, page: int = 0) -> Image.Image:
    with pypdfium2.PdfDocument(data) as document:
        shown: Image.Image = document[page].render(grayscale=True).to_pil().convert("L")
        return shown.copy()


def test_an_empty_page_is_stamped_at_its_head() -> None:
    spot = free_spot(page_of([]), 0)
    assert spot is not None
    assert spot.scale == 1
    assert spot.y > 700


def test_what_stands_on_the_left_sends_it_to_the_right() -> None:
    spot = free_spot(page_of([(10, 5, 100, 40)]), 0)
    assert spot is not None
    assert spot.x > 110 * POINTS_PER_MM


def test_a_full_head_sends_it_to_the_foot() -> None:
    spot = free_spot(page_of([(10, 5, 190, 45)]), 0)
    assert spot is not None
    assert spot.y < 100


def test_little_room_makes_it_smaller() -> None:
    spot = free_spot(page_of([(10, 21, 190, 5), (10, 240, 190, 50)]), 0)
    assert spot is not None
    assert spot.scale < 1


def test_a_box_of_the_form_is_no_room() -> None:
    frame = [(10.0, 4.0, 190.0, 0.4), (10.0, 60.0, 190.0, 0.4), (10.0, 290.0, 190.0, 0.4), (10.0, 200.0, 190.0, 0.4)]
    assert free_spot(page_of(frame), 0) is None


@pytest.mark.parametrize("ground", [0.3, 0.6])
def test_a_dark_picture_is_no_room(ground: float) -> None:
    assert free_spot(page_of([], ground=ground), 0) is None


def test_grey_paper_is_paper() -> None:
    assert free_spot(page_of([], ground=0.85), 0) is not None


def test_what_cannot_be_drawn_has_no_room() -> None:
    assert free_spot(b"%PDF-1.7 broken", 0) is None
    assert free_spot(page_of([], box=(0, 0, 100, 100)), 0) is None


boxes = st.tuples(st.floats(0, 190), st.floats(0, 280), st.floats(1, 80), st.floats(0.5, 30))


@settings(max_examples=60, deadline=None)
@given(st.lists(boxes, max_size=12), st.sampled_from([0, 90, 180, 270]))
def test_never_over_what_is_drawn(drawn: list[Drawn], turn: int) -> None:
    data = page_of(drawn, turn=turn)
    if spot := free_spot(data, 0):
        shown = picture(data)
        left, top, right, bottom = area(spot, shown.height)
        assert left >= 0
        assert right <= shown.width
        covered = shown.crop((left, top, right, bottom)).histogram()
        assert sum(covered[:230]) <= 2


def frame(tmp_path: Path, pages: int = 1) -> Path:
    """A frame: four strokes around the stamp's edge."""
    path = tmp_path / "frame.pdf"
    wide, high = STAMP_WIDE * POINTS_PER_MM, STAMP_HIGH * POINTS_PER_MM
    content = f"1 w 1 1 {wide - 2:.2f} {high - 2:.2f} re S".encode()
    path.write_bytes(content_page(content, (0, 0, wide, high)) if pages == 1 else made([(A4, 0)] * pages))
    return path


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("box", [A4, WIDE])
def test_only_its_place_is_drawn_over(box: tuple[float, ...], turn: int, tmp_path: Path) -> None:
    source = tmp_path / "item.pdf"
    source.write_bytes(page_of([(20, 60, 100, 30)], box=box, turn=turn))
    spot = free_spot(source, 0)
    assert spot is not None
    target = tmp_path / "volume.pdf"
    stamp = Stamp(frame(tmp_path), spot, ("0012", "3"))
    bind(target, front=[], items=[Part(source, "甲", stamp=stamp)], back=[], meta=META)
    before, after = picture(source), picture(target)
    left, top, right, bottom = area(spot, before.height)
    changed = ImageChops.difference(before, after)
    assert changed.crop((left, top, right, bottom)).getbbox() is not None
    changed.paste(0, (left - 1, top - 1, right + 1, bottom + 1))
    rest = changed.point([0] * 40 + [255] * 216).getbbox()  # the page's number in its corner
    assert rest is not None
    assert rest[0] > before.width - 60
    assert rest[1] > before.height - 45


def test_a_turned_page_keeps_the_stamp_upright_with_its_text(tmp_path: Path) -> None:
    source = tmp_path / "item.pdf"
    source.write_bytes(page_of([], box=WIDE))
    spot = free_spot(source, 0)
    assert spot is not None
    pictures = []
    for turn in (False, True):
        target = tmp_path / f"{turn}.pdf"
        items = [Part(source, "甲", stamp=Stamp(frame(tmp_path), spot, ("0012", "3")))]
        bind(target, front=[], items=items, back=[], meta=META, style=Style(turn_wide=turn))
        shown = picture(target)
        pictures.append(shown.transpose(Image.Transpose.ROTATE_270) if turn else shown)
    places = [shown.crop(area(spot, shown.height)) for shown in pictures]
    assert ImageChops.difference(*places).point([0] * 60 + [255] * 196).getbbox() is None


def test_only_the_first_written_page_is_stamped_and_a_wrong_figure_is_found(tmp_path: Path) -> None:
    source = tmp_path / "item.pdf"
    source.write_bytes(made([(A4, 0)] * 3))
    target = tmp_path / "volume.pdf"
    stamp = Stamp(frame(tmp_path), Spot(60, 760), ("0012", "2"))
    bind(target, front=[], items=[Part(source, "甲", 3, (0,), stamp)], back=[], meta=META)
    good = Expected(source, "甲", 1, (0, 1, 2), ("0012", "2"))
    assert list(differences(target, [good])) == []
    for wrong in (("0013", "2"), ("0012", "3"), ()):
        told = list(differences(target, [Expected(source, "甲", 1, (0, 1, 2), wrong)]))
        assert told == ["「甲」第2页的归档章与登记不符"]


def test_a_frame_is_one_page_and_written_once(tmp_path: Path) -> None:
    source = made([(A4, 0)])
    stamp = Stamp(frame(tmp_path), Spot(60, 760, 0.8), ("0012", "2"))
    items = [Part(source, f"第{n}件", stamp=stamp) for n in range(5)]
    bind(tmp_path / "volume.pdf", front=[], items=items, back=[], meta=META)
    frames = [page["/Resources"]["/XObject"].raw_get("/Stamp") for page in PdfReader(tmp_path / "volume.pdf").pages]
    assert len(frames) == 5
    assert len({f.idnum for f in frames}) == 1
    with pytest.raises(InvalidInput, match="归档章有2页"):
        stamp = Stamp(frame(tmp_path, pages=2), Spot(60, 760), ("0012", "2"))
        bind(tmp_path / "volume.pdf", front=[], items=[Part(source, "甲", stamp=stamp)], back=[], meta=META)


@given(st.from_regex(r"[A-Z0-9]{1,4}", fullmatch=True), st.from_regex(r"[A-Z][A-Z·-]{0,6}[A-Z]", fullmatch=True))
def test_an_archive_number_is_read_back(fonds: str, kind: str) -> None:
    series = ArchiveClass(fonds, kind, "06", 2025, 5)
    assert parse_archive_no(series.archive_no(12)) == (series, "0012")
