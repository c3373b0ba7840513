"""Pictures of signed paper as PDF pages, to be bound like any scan: JPEG as it is, PNG and TIFF without loss."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from qrecords.errors import InvalidInput
from qrecords.render.pdfmeta import PRODUCER
from qrecords.render.pdfout import PdfOut

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"})
_FORMATS = ("JPEG", "PNG", "TIFF")
_SPACES = {"1": ("/DeviceGray", 1), "L": ("/DeviceGray", 8), "RGB": ("/DeviceRGB", 8)}
_LOWEST_DPI, _HIGHEST_DPI = 73.0, 1_200.0  # outside, it is no scanner's word: cameras say 72 whatever they took
_A4_LONG = 841.89  # points
_ORIENTATION = 0x0112  # the EXIF tag: 1 is upright


def to_bind(path: Path) -> Path | bytes:
    """Return what is bound for a file: itself, or a picture's pages as PDF; InvalidInput when it is no picture."""
    return picture_pdf(path) if path.suffix.lower() in PICTURES else path


def picture_pdf(path: Path) -> bytes:
    """Return a picture as a PDF, a page a frame, as large as it says it is, else A4 by its longer side.

    Same file, same pages. InvalidInput when it cannot be read.
    """
    stream = BytesIO()
    out = PdfOut(stream)
    tree = out.reserve()
    try:
        with Image.open(path, formats=_FORMATS) as picture:
            pages = [_page(out, tree, picture, path, frame) for frame in range(getattr(picture, "n_frames", 1))]
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidInput(f"{path.name} 读不出（{type(error).__name__}）", remedy="请重新扫描") from None
    out.put({"/Type": "/Pages", "/Kids": pages, "/Count": len(pages)}, tree)
    out.finish(out.put({"/Type": "/Catalog", "/Pages": tree}), out.put({"/Producer": PRODUCER}))
    return stream.getvalue()


def _page(out: PdfOut, tree: object, picture: Any, path: Path, frame: int) -> object:
    picture.seek(frame)
    picture.load()
    upright = picture.getexif().get(_ORIENTATION, 1) == 1
    if picture.format == "JPEG" and upright and picture.mode in ("L", "RGB") and getattr(picture, "n_frames", 1) == 1:
        shown, data, how = picture, path.read_bytes(), {"/Filter": "/DCTDecode"}
    else:
        shown = _plain(ImageOps.exif_transpose(picture))
        data, how = shown.tobytes(), {}
    space, bits = _SPACES[shown.mode]
    facts = {
        "/Type": "/XObject", "/Subtype": "/Image", "/Width": shown.width, "/Height": shown.height,
        "/ColorSpace": space, "/BitsPerComponent": bits, **how,
    }  # fmt: skip
    drawn = out.put_stream(facts, data, deflate=not how)
    wide, high = _on_paper(shown, picture)
    contents = out.put_stream({}, f"q {wide:.2f} 0 0 {high:.2f} 0 0 cm /P Do Q".encode("ascii"))
    return out.put(
        {
            "/Type": "/Page", "/Parent": tree, "/MediaBox": [0, 0, wide, high],
            "/Resources": {"/XObject": {"/P": drawn}}, "/Contents": contents,
        }
    )  # fmt: skip


def _plain(picture: Image.Image) -> Image.Image:
    """Return a picture in black and white, gray or colour, on white ground."""
    if "A" in picture.getbands() or "transparency" in picture.info:
        shown = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB")
    if picture.mode in _SPACES:
        return picture
    if picture.mode.startswith("I"):  # 16 bits of gray, which would be cut off at 255
        return picture.convert("I").point(lambda shade: shade / 256).convert("L")
    return picture.convert("RGB")


def _on_paper(shown: Image.Image, picture: Image.Image) -> tuple[float, float]:
    dpi = float((picture.info.get("dpi") or (0,))[0])
    if not _LOWEST_DPI <= dpi <= _HIGHEST_DPI:
        dpi = max(shown.size) * 72 / _A4_LONG
    return shown.width * 72 / dpi, shown.height * 72 / dpi
