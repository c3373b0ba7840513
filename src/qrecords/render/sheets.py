"""Pictures of pages bound into one PDF that holds nothing but them; the same pages give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from qrecords.errors import InvalidInput
from qrecords.render.pdfmeta import PRODUCER
from qrecords.render.pdfout import PdfOut

PREVIEW_SIDE = 1_000
_SPACES = {"L": "/DeviceGray", "RGB": "/DeviceRGB"}
_SMALLEST, _LARGEST = 36.0, 14_400.0  # points a side: what a PDF page may measure


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as JPEG, gray or colour, and its size on paper in points."""

    jpeg: bytes
    points: tuple[float, float]


def sheets_pdf(pictures: Sequence[Picture], title: str) -> bytes:
    """Return the pages as a PDF; each JPEG goes in as it is. InvalidInput when one is no JPEG of ours."""
    stream = BytesIO()
    out = PdfOut(stream)
    tree = out.reserve()
    pages = [_page(out, tree, picture) for picture in pictures]
    out.put({"/Type": "/Pages", "/Kids": pages, "/Count": len(pages)}, tree)
    root = out.put({"/Type": "/Catalog", "/Pages": tree})
    out.finish(root, out.put({"/Title": title, "/Producer": PRODUCER}))
    return stream.getvalue()


def preview_png(jpeg: bytes) -> bytes:
    """Return a page small and gray, to be recognised by eye."""
    with Image.open(BytesIO(jpeg), formats=("JPEG",)) as image:
        small = image.convert("L")
    small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    stream = BytesIO()
    small.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _page(out: PdfOut, tree: object, picture: Picture) -> object:
    with Image.open(BytesIO(picture.jpeg), formats=("JPEG",)) as image:
        (width, height), mode = image.size, image.mode
    if mode not in _SPACES:
        raise InvalidInput("页面图像的颜色格式不认识", remedy="请重新扫描")
    facts = {
        "/Type": "/XObject", "/Subtype": "/Image", "/Width": width, "/Height": height,
        "/ColorSpace": _SPACES[mode], "/BitsPerComponent": 8, "/Filter": "/DCTDecode",
    }  # fmt: skip
    drawn = out.put_stream(facts, picture.jpeg, deflate=False)
    across, up = (min(max(side, _SMALLEST), _LARGEST) for side in picture.points)
    contents = out.put_stream({}, f"q {across:.2f} 0 0 {up:.2f} 0 0 cm /P Do Q".encode("ascii"))
    return out.put(
        {
            "/Type": "/Page", "/Parent": tree, "/MediaBox": [0, 0, across, up],
            "/Resources": {"/XObject": {"/P": drawn}}, "/Contents": contents,
        }
    )  # fmt: skip
