"""A zoo of what scanners, faxes, telephones and signing programs write: each is read as a viewer shows it, or refused.

The judges are what the picture was made of, and poppler (pdftoppm) for PDFs and for what is bound. `pytest -s` prints
the table of docs/benchmarks.md.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageFilter

from qrecords.errors import InvalidInput
from qrecords.foreign.pictures import NotShown, opened
from qrecords.foreign.settling import is_closed
from qrecords.render.pictures import picture_pdf, to_bind
from qrecords.scanning.reader import read_file

pytestmark = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="pdftoppm (poppler-utils) judges")

A4 = (595, 842)
WIDE, HIGH = 620, 877  # 75 dots an inch


@cache
def paper(mode: str = "RGB") -> Image.Image:
    """Return a signed paper: text, a pencil line in dark grey, a red seal, an edge that tells up from down."""
    image = Image.new("RGB", (WIDE, HIGH), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((40, 30, WIDE - 40, 60), fill="black")
    for line in range(12):
        draw.line((60, 120 + line * 30, 300 + 20 * (line % 5), 120 + line * 30), fill=(20, 20, 20), width=5)
    draw.line((80, 640, 180, 600, 260, 655, 330, 610), fill=(90, 90, 90), width=7)
    draw.ellipse((400, 560, 540, 700), outline=(205, 20, 20), width=9)
    return image.convert(mode)


def exif(orientation: int) -> Any:
    found = Image.Exif()
    found[0x0112] = orientation
    return found


def deep(big: bool = False) -> Image.Image:
    """Return the paper in 16 bits of grey."""
    grey = paper("L").tobytes()
    return Image.frombytes("I;16B" if big else "I;16", (WIDE, HIGH), b"".join(bytes((v, v)) for v in grey))


def bilevel() -> Image.Image:
    return paper("L").point(lambda v: 255 * (v > 150)).convert("1")


def cut_out() -> Image.Image:
    """Return the paper with its white made transparent: what lies below must not come out black."""
    image = paper("RGBA")
    image.putalpha(ImageChops.invert(paper("L")).point(lambda v: min(255, v * 4)))
    return image


def lab_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


D = {"dpi": (75, 75)}
Make = Callable[[Path], object]


def _apng(path: Path) -> None:
    paper().save(path, save_all=True, append_images=[paper("RGB").rotate(180)], duration=100)


def _white_is_zero(path: Path) -> None:
    inverted = Image.frombytes("I;16", (WIDE, HIGH), b"".join(bytes((255 - v, 255 - v)) for v in paper("L").tobytes()))
    inverted.save(path, tiffinfo={262: 0}, **D)


def _fax(down: int, **more: Any) -> Make:
    return lambda path: bilevel().resize((WIDE, HIGH * down // 75)).save(path, dpi=(75, down), **more)


# Name: how it is made, the size of the paper; a reason instead of a size is how it is refused.
PICTURES: dict[str, tuple[Make, tuple[int, int] | str]] = {
    "rgb.jpg": (lambda p: paper().save(p, quality=90, **D), A4),
    "grey.jpg": (lambda p: paper("L").save(p, quality=90, **D), A4),
    "progressive.jpg": (lambda p: paper().save(p, progressive=True, **D), A4),
    "cmyk.jpg": (lambda p: paper("CMYK").save(p, quality=92, **D), A4),
    "no-size.jpg": (lambda p: paper().save(p), A4),
    "camera-72.jpg": (lambda p: paper().resize((WIDE * 3, HIGH * 3)).save(p, dpi=(72, 72)), A4),
    "absurd-size.jpg": (lambda p: paper().save(p, dpi=(1, 1)), A4),
    **{
        f"exif-{n}.jpg": (
            lambda p, n=n, how=how: (paper().transpose(how) if how is not None else paper()).save(p, exif=exif(n), **D),
            A4,
        )
        for n, how in {
            1: None,
            2: Image.Transpose.FLIP_LEFT_RIGHT,
            3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270,
        }.items()
    },
    "phone-mpo.jpg": (
        lambda p: paper().save(p, format="MPO", save_all=True, append_images=[paper("L").resize((155, 219))], **D),
        A4,
    ),
    "linear-profile.jpg": (
        lambda p: paper().save(p, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), **D),
        A4,
    ),
    "broken-profile.jpg": (lambda p: paper().save(p, icc_profile=b"no profile" * 20, **D), A4),
    "rgb.png": (lambda p: paper().save(p, **D), A4),
    "grey16.png": (lambda p: deep().save(p, **D), A4),
    "bilevel.png": (lambda p: bilevel().save(p, **D), A4),
    "palette.png": (lambda p: paper().quantize(16).save(p, **D), A4),
    "transparent.png": (lambda p: cut_out().save(p, **D), A4),
    "grey-alpha.png": (lambda p: cut_out().convert("LA").save(p, **D), A4),
    "palette-hole.png": (lambda p: paper("L").quantize(8).save(p, transparency=255, **D), A4),
    "animated.png": (_apng, "animated"),
    "rgb.tif": (lambda p: paper().save(p, **D), A4),
    "lzw.tif": (lambda p: paper().save(p, compression="tiff_lzw", **D), A4),
    "jpeg-in.tif": (lambda p: paper().save(p, compression="jpeg", **D), A4),
    "g4.tif": (lambda p: bilevel().save(p, compression="group4", **D), A4),
    "g3.tif": (lambda p: bilevel().save(p, compression="group3", **D), A4),
    "g4-white-is-zero.tif": (lambda p: bilevel().save(p, compression="group4", tiffinfo={262: 0}, **D), A4),
    "fax-fine.tif": (_fax(144, compression="group4"), A4),
    "fax-coarse.tif": (_fax(150, compression="group4"), A4),
    "grey16.tif": (lambda p: deep().save(p, **D), A4),
    "grey16-big-endian.tif": (lambda p: deep(big=True).save(p, **D), A4),
    "grey16-white-is-zero.tif": (_white_is_zero, A4),
    "float.tif": (lambda p: paper("L").convert("F").save(p, **D), "deep"),
    "int32.tif": (lambda p: paper("L").convert("I").point(lambda v: v * 1_000_000).save(p, **D), "deep"),
    "cmyk.tif": (lambda p: paper("CMYK").save(p, **D), A4),
    "lab.tif": (lambda p: paper().convert("LAB").save(p, **D), A4),
    "centimetres.tif": (lambda p: paper().save(p, resolution_unit=3, x_resolution=75 / 2.54, y_resolution=75 / 2.54), A4),
    "transparent.tif": (lambda p: cut_out().save(p, **D), A4),
    "turned.tif": (lambda p: paper().transpose(Image.Transpose.ROTATE_90).save(p, tiffinfo={274: 6}, **D), A4),
    "cut-short.jpg": (lambda p: p.write_bytes(_bytes("JPEG")[:3000]), "damaged"),
    "cut-short.png": (lambda p: p.write_bytes(_bytes("PNG")[:900]), "damaged"),
    "no-picture.png": (lambda p: p.write_bytes(b"not a picture"), "damaged"),
    "webp.jpg": (lambda p: paper().save(p, format="WEBP"), "damaged"),
}  # fmt: skip


def _bytes(kind: str) -> bytes:
    stream = io.BytesIO()
    paper().save(stream, kind)
    return stream.getvalue()


# PDFs: what stands on the page besides the plain paper is told by poppler's picture of the file.


def _base(content: bytes = b"", **resources: Any) -> tuple[pikepdf.Pdf, pikepdf.Page]:
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=A4)
    font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    page.obj.Resources = Dictionary(Font=Dictionary(F=font), **resources)
    text = b"BT /F 24 Tf 60 700 Td (SIGNED PAPER) Tj ET 40 40 515 760 re S " + content
    page.obj.Contents = pdf.make_stream(text)
    return pdf, page


def _appearance(pdf: pikepdf.Pdf, content: bytes, wide: int = 120, high: int = 120) -> Any:
    stream = pdf.make_stream(content)
    stream.stream_dict.update(Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, wide, high])))
    stream.Resources = Dictionary(
        Font=Dictionary(H=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    )
    return stream


def _note(pdf: pikepdf.Pdf, page: pikepdf.Page, subtype: str, content: bytes, **more: Any) -> Any:
    note = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot, Subtype=Name(subtype), Rect=Array([400, 300, 520, 420]), F=4, P=page.obj,
            AP=Dictionary(N=_appearance(pdf, content)), **more,
        )
    )  # fmt: skip
    page.obj.Annots = Array([*page.obj.get("/Annots", []), note])
    return note


SEAL = b"1 0 0 RG 1 0 0 rg 6 w 10 10 100 100 re S 30 30 60 60 re f"


def _plain(path: Path) -> None:
    _base()[0].save(path)


def _sealed(path: Path) -> None:
    pdf, page = _base()
    seal = _note(pdf, page, "/Widget", SEAL, FT=Name.Sig, T=String("seal"))
    pdf.Root.AcroForm = Dictionary(Fields=Array([seal]), SigFlags=3)
    pdf.save(path)


def _field(path: Path) -> None:
    pdf, page = _base()
    field = _note(
        pdf, page, "/Widget", b"BT /H 20 Tf 2 50 Td (accepted) Tj ET", FT=Name.Tx, T=String("a"), V=String("accepted")
    )
    pdf.Root.AcroForm = Dictionary(Fields=Array([field]))
    pdf.save(path)


def _checked_box(path: Path) -> None:
    pdf, page = _base()
    box = _note(pdf, page, "/Widget", b"", FT=Name.Btn, T=String("b"), AS=Name.On, V=Name.On)
    box.AP = Dictionary(N=Dictionary(On=_appearance(pdf, SEAL), Off=_appearance(pdf, b"")))
    pdf.Root.AcroForm = Dictionary(Fields=Array([box]))
    pdf.save(path)


def _stamp_note(path: Path) -> None:
    pdf, page = _base()
    _note(pdf, page, "/Stamp", SEAL)
    pdf.save(path)


def _hidden_note(path: Path) -> None:
    pdf, page = _base()
    _note(pdf, page, "/Stamp", SEAL).F = 2
    pdf.save(path)


def _link(path: Path) -> None:
    pdf, page = _base()
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([60, 690, 200, 730]), Border=Array([0, 0, 0]))
    page.obj.Annots = Array([pdf.make_indirect(link)])
    pdf.save(path)


def _layered(how: str) -> Make:
    def make(path: Path) -> None:
        red = b"/OC /L BDC 1 0 0 rg 100 300 300 200 re f BT /F 30 Tf 100 550 Td (DRAFT) Tj ET EMC "
        after = b"BT /F 24 Tf 60 200 Td (AFTER) Tj ET"
        pdf, page = _base(red + after)
        layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("draft")))
        other = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("other")))
        config = Dictionary(Order=Array([layer, other]), OFF=Array([layer]))
        shown = layer
        if how == "base-off":
            config = Dictionary(BaseState=Name.OFF, ON=Array([other]), Order=Array([layer, other]))
        elif how == "membership":
            shown = pdf.make_indirect(Dictionary(Type=Name.OCMD, OCGs=Array([layer, other]), P=Name.AllOn))
        elif how == "on":
            config = Dictionary(Order=Array([layer, other]))
        page.obj.Resources.Properties = Dictionary(L=shown)
        pdf.Root.OCProperties = Dictionary(OCGs=Array([layer, other]), D=config)
        if how in {"form", "inner"}:
            form = _appearance(pdf, b"0 0 1 rg 0 0 100 100 re f", 100, 100)
            if how == "form":
                form.OC = layer
            else:
                form.Resources.Properties = Dictionary(L=layer)
                form.write(b"/OC /L BDC 0 0 1 rg 0 0 100 100 re f EMC 0 1 0 rg 0 0 40 40 re f")
            page.obj.Resources.XObject = Dictionary(X=form)
            page.obj.Contents = pdf.make_stream(page.obj.Contents.read_bytes() + b" q 1 0 0 1 420 100 cm /X Do Q")
        pdf.save(path)

    return make


def _drawing(content: bytes) -> Make:
    def make(path: Path) -> None:
        pdf, page = _base()
        page.obj.Contents = pdf.make_stream(content)
        pdf.save(path)

    return make


def _boxes(**boxes: Any) -> Make:
    def make(path: Path) -> None:
        pdf, page = _base()
        for key, value in boxes.items():
            page.obj[f"/{key}"] = Array(value) if isinstance(value, list) else value
        pdf.save(path)

    return make


def _pictured(kind: str) -> Make:
    def make(path: Path) -> None:
        pdf, page = _base()
        stream = io.BytesIO()
        if kind == "/CCITTFaxDecode":
            bilevel().save(stream, "TIFF", compression="group4", tiffinfo={278: HIGH})
            with Image.open(io.BytesIO(stream.getvalue())) as tiff:
                start, length = tiff.tag_v2[273][0], tiff.tag_v2[279][0]
                white_is_zero = tiff.tag_v2[262] == 0
            picture = pdf.make_stream(stream.getvalue()[start : start + length])
            picture.DecodeParms = Dictionary(K=-1, Columns=WIDE, Rows=HIGH, BlackIs1=white_is_zero)
            picture.ColorSpace, picture.BitsPerComponent = Name.DeviceGray, 1
        else:
            paper().save(stream, "JPEG" if kind == "/DCTDecode" else "JPEG2000")
            picture = pdf.make_stream(stream.getvalue())
            if kind == "/DCTDecode":
                picture.ColorSpace, picture.BitsPerComponent = Name.DeviceRGB, 8
        picture.Type, picture.Subtype, picture.Width, picture.Height = Name.XObject, Name.Image, WIDE, HIGH
        picture.stream_dict[Name.Filter] = Name(kind)
        page.obj.Resources.XObject = Dictionary(I=picture)
        page.obj.Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /I Do Q")
        pdf.save(path)

    return make


PDFS: dict[str, Make] = {
    "plain": _plain,
    "seal": _sealed,
    "field": _field,
    "checked box": _checked_box,
    "stamp": _stamp_note,
    "hidden stamp": _hidden_note,
    "link": _link,
    **{f"layer {how}": _layered(how) for how in ("off", "on", "base-off", "membership", "form", "inner")},
    "open state": _drawing(b"0.24 0 0 0.24 0 0 cm\nq BT /F 100 Tf 250 2900 Td (SIGNED) Tj ET 200 200 2000 3000 re S"),
    "open text": _drawing(b"q 0.5 0 0 0.5 0 0 cm BT /F 60 Tf 100 1400 Td (SIGNED) Tj"),
    "open mark": _drawing(b"/Span BMC BT /F 24 Tf 60 700 Td (SIGNED) Tj ET"),
    "clipped and open": _drawing(b"q 0 400 595 442 re W n BT /F 24 Tf 60 700 Td (SIGNED) Tj ET"),
    "turned": _boxes(Rotate=90),
    "cropped": _boxes(CropBox=[20, 20, 575, 822]),
    "far corner": _boxes(MediaBox=[-100, -100, 495, 742]),
    "user unit": _boxes(UserUnit=2),
    "dct": _pictured("/DCTDecode"),
    "jpx": _pictured("/JPXDecode"),
    "ccitt": _pictured("/CCITTFaxDecode"),
}


def poppler(source: Path | bytes, folder: Path) -> Image.Image:
    """Return poppler's picture of the first page."""
    if isinstance(source, bytes):
        (folder / "made.pdf").write_bytes(source)
        source = folder / "made.pdf"
    command = [
        "pdftoppm",
        "-r",
        "75",
        "-png",
        "-f",
        "1",
        "-l",
        "1",
        "-singlefile",
        str(source),
        str(folder / "poppler"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    with Image.open(folder / "poppler.png") as image:
        return image.convert("RGB")


def otherness(one: Image.Image, other: Image.Image, blur: int = 2) -> int:
    """Return by how much the most different spot of two pictures differs, edges smoothed: 0 to 255."""
    size = 310, max(1, round(310 * one.height / one.width))
    blurred = [
        im.convert("RGB").resize(size, Image.Resampling.BOX).filter(ImageFilter.BoxBlur(blur)) for im in (one, other)
    ]
    return max(high for _, high in ImageChops.difference(*blurred).getextrema())


OTHER_LETTERS = 100  # a missing seal makes 200
GROSS = 6  # the two draw letters with fonts of their own
SAME = 60  # a missing stroke of the pencil makes 90 and more, a missing seal 130


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_read_and_bound_as_it_is_seen(name: str, tmp_path: Path) -> None:
    make, wanted = PICTURES[name]
    path = tmp_path / name
    make(path)
    if isinstance(wanted, str):
        with pytest.raises(NotShown) as refused, opened(path) as picture:
            list(picture.frames)
        assert refused.value.reason == wanted
        with pytest.raises(InvalidInput):
            picture_pdf(path)
        with pytest.raises(InvalidInput):
            read_file(path, tmp_path / "out")
        print(f"| {name} | refused: {wanted} |")
        return
    with opened(path) as picture:
        (frame,) = picture.frames
    assert frame.points == pytest.approx(wanted, abs=2)
    true = _true(name)
    seen = otherness(true, frame.image)
    bound = poppler(picture_pdf(path), tmp_path)
    assert bound.size == pytest.approx((WIDE, HIGH), abs=3)
    bound_seen = otherness(true, bound)
    (page,) = read_file(path, tmp_path / "out").pages
    assert page.points == pytest.approx(wanted, abs=2)
    with Image.open(page.image) as kept:
        kept_seen = otherness(true, kept)
    print(f"| {name} | read {seen}, bound {bound_seen}, kept {kept_seen} |")
    assert max(seen, bound_seen, kept_seen) < SAME


def _true(name: str) -> Image.Image:
    """Return what a file was made of: bilevel and grey ones cannot show the red of the seal."""
    if name.startswith(("bilevel", "g3", "g4", "fax")):
        return bilevel()
    return paper("L") if name.startswith(("grey", "palette-hole")) else paper()


@pytest.mark.parametrize("name", PDFS)
def test_a_pdf_is_kept_and_bound_as_poppler_shows_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / "paper.pdf"
    PDFS[name](path)
    shown = poppler(path, tmp_path)
    bound = poppler(to_bind(path), tmp_path)
    (page,) = read_file(path, tmp_path / "out").pages
    with Image.open(page.image) as kept:
        kept_seen = otherness(shown, kept, GROSS)
    bound_seen = otherness(shown, bound, GROSS)
    print(f"| {name}.pdf | bound {bound_seen}, kept {kept_seen} |")
    assert max(bound_seen, kept_seen) < OTHER_LETTERS


def test_the_judge_sees_what_is_missing() -> None:
    without_pencil, without_seal = paper().copy(), paper().copy()
    ImageDraw.Draw(without_pencil).rectangle((60, 590, 350, 670), fill="white")
    ImageDraw.Draw(without_seal).rectangle((390, 550, 550, 710), fill="white")
    assert otherness(paper(), without_pencil) > SAME
    assert otherness(paper(), without_seal) > SAME
    assert otherness(paper(), paper().transpose(Image.Transpose.ROTATE_180)) > SAME


def test_the_same_file_is_bound_to_the_same_bytes(tmp_path: Path) -> None:
    for name in ("seal", "layer off", "open state"):
        PDFS[name](tmp_path / "a.pdf")
        first = to_bind(tmp_path / "a.pdf")
        assert isinstance(first, bytes)
        assert first == to_bind(tmp_path / "a.pdf")


@pytest.mark.parametrize("name", ["open state", "open text", "open mark", "closed too often"])
def test_what_is_drawn_after_a_page_is_not_changed_by_it(name: str, tmp_path: Path) -> None:
    """Where a drawing closes more than it opens, viewers do not agree; closed it must be all the same."""
    path = tmp_path / "a.pdf"
    odd = {"closed too often": _drawing(b"q Q Q BT /F 24 Tf 60 700 Td (SIGNED) Tj ET Q 40 40 500 700 re S")}
    (PDFS | odd)[name](path)
    made = to_bind(path)
    assert isinstance(made, bytes)
    with pikepdf.open(path) as before, pikepdf.open(io.BytesIO(made)) as after:
        assert not is_closed(before.pages[0])
        assert is_closed(after.pages[0])


def test_there_are_forty_beasts() -> None:
    assert len(PICTURES) + len(PDFS) >= 60
