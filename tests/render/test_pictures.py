"""Pictures of signed paper as PDF pages, compared with the pictures themselves as pdfium draws them."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageDraw, TiffImagePlugin

from qrecords.errors import InvalidInput
from qrecords.foreign.pictures import opened
from qrecords.render.pictures import picture_pdf, to_bind
from qrecords.render.volume import Part, bind
from qrecords.render.volumecheck import Expected, differences
from tests.render.test_render_volume import META


def drawn(mode: str = "L", size: tuple[int, int] = (413, 585), seed: int = 0) -> Image.Image:
    """A sheet at 50 dpi with strokes on it."""
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((40, 60 + seed, 200, 90 + seed), fill="black" if mode == "1" else (150, 20, 20))
    draw.line((50, 400, 380, 500), fill="black", width=5)
    if mode == "LA":
        picture = picture.convert("L")
    return picture.convert(mode)


def shown(data: bytes, page: int = 0) -> Image.Image:
    with pypdfium2.PdfDocument(data) as document:
        image: Image.Image = document[page].render(scale=50 / 72).to_pil().convert("L")
        return image.copy()


def assert_alike(one: Image.Image, two: Image.Image) -> None:
    assert one.size == two.size
    seen = ImageChops.difference(one, two).histogram()
    assert sum(seen[60:]) < one.width * one.height / 200  # edges are smoothed


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P", "RGBA", "LA"])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_page_shows_the_picture(suffix: str, mode: str, tmp_path: Path) -> None:
    path = tmp_path / f"scan{suffix}"
    drawn(mode).save(path, dpi=(50, 50))
    # 50 dpi is no scanner's word: the page is A4 by its longer side.
    with pypdfium2.PdfDocument(picture_pdf(path)) as document:
        assert max(document[0].get_size()) == pytest.approx(842, abs=1)
    assert_alike(shown(picture_pdf(path)), drawn(mode).convert("RGB").convert("L"))


def test_sixteen_bits_of_gray_are_not_cut_off(tmp_path: Path) -> None:
    deep = drawn("I").point(lambda shade: shade * 257).convert("I;16")
    deep.save(tmp_path / "deep.png")
    assert_alike(shown(picture_pdf(tmp_path / "deep.png")), drawn("L"))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_goes_in_as_it_is_where_a_viewer_can_show_it(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.JPG"
    drawn(mode).save(path, "JPEG", dpi=(100, 100))
    data = picture_pdf(path)
    assert (path.read_bytes() in data) == (mode != "CMYK")
    with pypdfium2.PdfDocument(data) as document:
        assert document[0].get_size() == pytest.approx((413 * 0.72, 585 * 0.72), abs=0.1)


def test_a_photograph_turned_by_the_camera_stands_upright(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right
    drawn().transpose(Image.Transpose.ROTATE_90).save(path, exif=exif, quality=95)
    assert_alike(shown(picture_pdf(path)), drawn())


def test_every_frame_is_a_page(tmp_path: Path) -> None:
    path = tmp_path / "fax.tiff"
    frames = [drawn("1", seed=n * 40) for n in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:], compression="group4")
    data = picture_pdf(path)
    for number, frame in enumerate(frames):
        assert_alike(shown(data, number), frame.convert("L"))


def test_thumbnails_and_masks_of_a_tiff_are_no_pages(tmp_path: Path) -> None:
    path, kinds = tmp_path / "scan.tif", (0, 1, 0, 4)
    with TiffImagePlugin.AppendingTiffWriter(str(path)) as out:
        for kind in kinds:
            size = (413, 585) if kind == 0 else (60, 80)
            drawn("L", size).save(out, format="TIFF", tiffinfo={254: kind}, dpi=(50, 50))
            out.newFrame()
    with opened(path) as found:
        assert (found.pages, found.previews) == (2, 2)
        assert [frame.image.size for frame in found.frames] == [(413, 585)] * 2
    with pypdfium2.PdfDocument(picture_pdf(path)) as document:
        assert len(document) == 2


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    drawn().save(path)
    whole = path.read_bytes()
    for damaged in (whole[:200], b"", b"%PDF-1.7", whole[:40] + whole[80:]):
        path.write_bytes(damaged)
        with pytest.raises(InvalidInput, match=r"scan\.png"):
            picture_pdf(path)
    assert to_bind(tmp_path / "scan.pdf") == tmp_path / "scan.pdf"


@pytest.mark.parametrize("name", ["scan.png", "scan.jpg", "scan.tif"])
def test_a_bound_picture_is_compared_with_the_file(name: str, tmp_path: Path) -> None:
    path, target = tmp_path / name, tmp_path / "volume.pdf"
    drawn("RGB").save(path)
    bind(target, front=[], items=[Part(path, "甲", 1)], back=[], meta=META)
    wanted = [Expected(path, "甲", 1, (1,))]
    assert list(differences(target, wanted)) == []
    drawn("RGB", seed=9).save(path)
    assert list(differences(target, wanted)) == ["「甲」第1页与归档的原件不同"]
