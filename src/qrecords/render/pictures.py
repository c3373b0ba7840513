"""Signed paper that came as a file, made ready to be bound: pictures as pages, foreign PDFs as viewers show them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from qrecords.errors import InvalidInput
from qrecords.foreign.pictures import REASONS, Frame, NotShown, opened
from qrecords.foreign.settling import settled
from qrecords.render.pdflayout import is_laid_out_as_ours
from qrecords.render.pdfmeta import PRODUCER
from qrecords.render.pdfout import PdfOut

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"})
_SPACES = {"1": ("/DeviceGray", 1), "L": ("/DeviceGray", 8), "RGB": ("/DeviceRGB", 8)}


def to_bind(path: Path) -> Path | bytes:
    """Return what is bound for a file: itself, a foreign PDF settled, or a picture's pages as PDF.

    InvalidInput when a picture cannot be shown.
    """
    if path.suffix.lower() in PICTURES:
        return picture_pdf(path)
    return path if is_laid_out_as_ours(path) else settled(path)


def picture_pdf(path: Path) -> bytes:
    """Return a picture as a PDF, a page a frame, as large as it says it is, else A4 by its longer side.

    JPEG stays as it is where every viewer shows it so, all else is packed without loss. Same file, same pages.
    InvalidInput when it cannot be shown.
    """
    stream = BytesIO()
    out = PdfOut(stream)
    tree = out.reserve()
    try:
        with opened(path) as picture:
            pages = [_page(out, tree, frame) for frame in picture.frames]
    except (NotShown, OSError) as error:
        what, remedy = REASONS[error.reason if isinstance(error, NotShown) else "damaged"]
        raise InvalidInput(f"{path.name} {what}", remedy=remedy) from None
    out.put({"/Type": "/Pages", "/Kids": pages, "/Count": len(pages)}, tree)
    out.finish(out.put({"/Type": "/Catalog", "/Pages": tree}), out.put({"/Producer": PRODUCER}))
    return stream.getvalue()


def _page(out: PdfOut, tree: object, frame: Frame) -> object:
    shown, how = frame.image, {"/Filter": "/DCTDecode"} if frame.jpeg else {}
    space, bits = _SPACES[shown.mode]
    facts = {
        "/Type": "/XObject", "/Subtype": "/Image", "/Width": shown.width, "/Height": shown.height,
        "/ColorSpace": space, "/BitsPerComponent": bits, **how,
    }  # fmt: skip
    drawn = out.put_stream(facts, frame.jpeg or shown.tobytes(), deflate=not how)
    wide, high = frame.points
    contents = out.put_stream({}, f"q {wide:.2f} 0 0 {high:.2f} 0 0 cm /P Do Q".encode("ascii"))
    return out.put(
        {
            "/Type": "/Page", "/Parent": tree, "/MediaBox": [0, 0, wide, high],
            "/Resources": {"/XObject": {"/P": drawn}}, "/Contents": contents,
        }
    )  # fmt: skip
