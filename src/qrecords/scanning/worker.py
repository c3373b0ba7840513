"""The child process that opens a scanned file: whatever the file does, it does it here, within limits.

Started by `reader` with one JSON argument; answers in JSON lines, one for the file and one for each page. Every page is
written into the given folder as a JPEG of our own making, upright as its code stands, so that nothing of the file but
what one sees of it goes on.
"""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
import zxingcpp
from PIL import Image, ImageChops, ImageFilter, ImageOps
from pypdfium2 import raw

from qrecords.foreign.drawing import drawn
from qrecords.foreign.pictures import NotShown, opened
from qrecords.scanning.limits import limit

MAX_SIDE = 6_000  # pixels a side looked at: A3 at 360 dpi
KEPT_SIDE = 3_400  # pixels a side kept: A3 at 200 dpi
KEPT_DPI = 200
LOOK_DPI = 300  # second look at a code that was not read
QUALITY = 80
UNEVEN = 0.02  # dots wider than high, or higher than wide, by more than that
MOST_TEXT = 100_000
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # of the disk the pages go to, never of the file
_TURN = {0: None, 90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


class Refused(Exception):
    """The file cannot be read; the word is one of those `reader` has a sentence for."""


def main(request: dict[str, Any]) -> None:
    """Read one file and tell of it line by line."""
    limit(request["memory"], request["cpu_seconds"])
    try:
        path, out = Path(request["path"]), Path(request["out"])
        pages = _pdf_pages if is_pdf(path) else _picture_pages
        for number, page in enumerate(pages(path, request["max_pages"]), start=1):
            _tell(page=number, **_read_page(page, out / f"{number:05d}.jpg"))
        _tell(done=True)
    except (Refused, NotShown) as refused:
        _tell(refused=str(refused))
    except MemoryError:
        _tell(refused="too_large")
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in FULL:
            _tell(full=error.errno)
            return
        _tell(refused="damaged", why=type(error).__name__)


def is_pdf(path: Path) -> bool:
    """Tell by the first bytes, never by the name; a PDF may have some rubbish before its header."""
    with path.open("rb") as stream:
        return b"%PDF-" in stream.read(1024)


class Page:
    """One page: what it looks like, its size on paper (points), its own text, a sharper look when it is needed."""

    def __init__(self, image: Image.Image, points: tuple[float, float], text: str = "", sharper: Any = None) -> None:
        self.image, self.points, self.text = image, points, text
        self.sharper = sharper or (lambda: image.resize((image.width * 3 // 2, image.height * 3 // 2)))


def _pdf_pages(path: Path, most: int) -> Iterator[Page]:
    try:
        document = pypdfium2.PdfDocument(path)
        document.init_forms()  # or fields and electronic seals are not drawn
    except pypdfium2.PdfiumError as error:
        why = getattr(error, "err_code", None)  # no error at all: it has no page
        words = {raw.FPDF_ERR_PASSWORD: "encrypted", raw.FPDF_ERR_SECURITY: "encrypted", raw.FPDF_ERR_SUCCESS: "empty"}
        raise Refused(words.get(why, "damaged")) from None
    count = len(document)
    if not count:
        raise Refused("empty")
    if count > most:
        raise Refused("too_many")
    _tell(kind="pdf", pages=count)
    for index in range(count):
        try:
            page = document[index]
            width, height = page.get_size()
            if min(width, height) <= 0:
                raise Refused("damaged")
            words = page.get_textpage()
            text = words.get_text_bounded()[:MOST_TEXT]
            yield Page(_drawn(page, KEPT_DPI), (width, height), text, lambda page=page: _drawn(page, LOOK_DPI))
            words.close()
            page.close()
        except pypdfium2.PdfiumError:
            raise Refused("damaged") from None


def _drawn(page: Any, dpi: int) -> Image.Image:
    # A page may claim to be a hundred metres wide.
    return drawn(page, min(dpi / 72, MAX_SIDE / max(page.get_size())))


def _picture_pages(path: Path, most: int) -> Iterator[Page]:
    with opened(path, most=most) as picture:
        _tell(kind=picture.kind, pages=picture.pages, previews=picture.previews)
        for frame in picture.frames:
            image = _square(frame.image.convert("RGB"), frame.points)
            image.thumbnail((MAX_SIDE, MAX_SIDE))
            yield Page(image, frame.points)


def _square(image: Image.Image, points: tuple[float, float]) -> Image.Image:
    """Return a picture with dots as wide as high: a fax has more across than down, and no code is read from that."""
    across, down = image.width / points[0], image.height / points[1]
    if abs(across / down - 1) < UNEVEN:
        return image
    dense = min(max(across, down), MAX_SIDE / max(points))
    return image.resize((round(points[0] * dense), round(points[1] * dense)), Image.Resampling.LANCZOS)


def _read_page(page: Page, target: Path) -> dict[str, Any]:
    codes, turn = _codes(page)
    image = page.image
    if way := _TURN[turn]:
        image = image.transpose(way)
    image.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    if not _is_coloured(image):
        image = image.convert("L")
    picture = BytesIO()  # Pillow does not say that a disk is full
    image.save(picture, "JPEG", quality=QUALITY)
    target.write_bytes(picture.getvalue())
    blank = not codes and _is_blank(image)
    points = page.points[::-1] if turn in {90, 270} else page.points
    return {"codes": codes, "points": points, "blank": blank, "text": page.text}


def _codes(page: Page) -> tuple[list[str], int]:
    """Return the texts of the QR codes on a page, and by how much it must be turned for the first to stand upright."""
    for grey, binarizer in _looks(page):
        pixels: Any = grey.tobytes()
        found = zxingcpp.read_barcodes(
            zxingcpp.ImageView(pixels, grey.width, grey.height, zxingcpp.ImageFormat.Lum),
            formats=zxingcpp.barcode_formats_from_str("QRCode"),
            binarizer=binarizer,
        )
        if found:
            quarter = round(found[0].orientation / 90) * 90 % 360
            return list(dict.fromkeys(f.text for f in found)), quarter
    return [], 0


def _looks(page: Page) -> Iterator[tuple[Image.Image, Any]]:
    """Give ways to look at a page, the cheap one first; the later ones are for noise, blur, stains and thin toner."""
    local, whole = zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram
    grey = page.image.convert("L")
    darkest, lightest = grey.getextrema()
    if darkest == lightest:
        return  # one shade all over, as of a page made and not scanned: nothing is on it however one looks
    yield grey, local
    smooth = grey.filter(ImageFilter.GaussianBlur(1.2))
    yield smooth, local
    yield smooth, whole
    yield grey.filter(ImageFilter.MedianFilter(3)), local
    if _is_blank(grey):
        return
    sharper = page.sharper().convert("L")
    yield sharper, local
    yield sharper.filter(ImageFilter.GaussianBlur(2)), local
    yield ImageOps.autocontrast(sharper.filter(ImageFilter.GaussianBlur(2.5)), cutoff=1), whole
    yield ImageOps.autocontrast(sharper, cutoff=5), zxingcpp.Binarizer.FixedThreshold


def _is_coloured(image: Image.Image) -> bool:
    """Tell whether there is colour worth keeping, such as a red seal: one pixel in five thousand."""
    small = image.resize((max(image.width // 4, 1), max(image.height // 4, 1)), Image.Resampling.BOX)
    _, saturation, value = small.convert("HSV").split()
    strong = ImageChops.multiply(saturation.point(lambda s: 255 * (s > 80)), value.point(lambda v: 255 * (v > 60)))
    return strong.histogram()[255] * 5_000 > small.width * small.height


def _is_blank(image: Image.Image) -> bool:
    """Tell whether a page has nothing on it: the back of a sheet, with its grain and dust."""
    small = image.convert("L").resize((max(image.width // 3, 1), max(image.height // 3, 1)), Image.Resampling.BOX)
    edge_x, edge_y = small.width // 30, small.height // 30  # the scanner's own shadow
    inner = small.crop((edge_x, edge_y, small.width - edge_x, small.height - edge_y))
    histogram = inner.histogram()
    return sum(histogram[:150]) * 20_000 < inner.width * inner.height


def _tell(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
