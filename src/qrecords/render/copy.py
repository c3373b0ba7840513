"""Controlled copies: a watermark across every page, then AES-256 with the permissions that were approved.

The watermark is a page LibreOffice made from the office's Word template: its text is real text with its font embedded.
It is drawn over the page's own drawing as one shared form, in a content stream of its own. An encrypted file is no
PDF/A, so the copy does not claim to be one; the archive keeps the original.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pikepdf
from pikepdf import Dictionary, Name, Pdf

from qrecords.advice import Do, Input, advise
from qrecords.errors import IntegrityFailure
from qrecords.render.pdfmeta import Meta

OPACITY = 0.22  # strong enough to survive a photocopier, weak enough to read the form below
# Bands along the rising diagonal: how far from the middle, across the diagonal, and how long, in diagonals.
_BANDS = ((0.0, 0.66), (0.25, 0.36), (-0.25, 0.36))
STRIP_OPACITY = 0.75
_STRIP_AT, _STRIP_HIGH = 3 * 72 / 25.4, 22 * 72 / 25.4  # in the margin for binding: upright text, easily read and found


@dataclass(frozen=True, slots=True)
class Locks:
    """How a copy is encrypted: what its reader may do, and the passwords (`user` empty: opens without)."""

    owner: str
    user: str = ""
    may_print: bool = True
    may_extract: bool = False

    def encryption(self) -> pikepdf.Encryption:
        """Return what the PDF library wants to know: AES-256, revision 6 (ISO 32000-2)."""
        allow = pikepdf.Permissions(
            accessibility=True,  # a screen reader is no copier
            extract=self.may_extract,
            modify_annotation=False,
            modify_assembly=False,
            modify_form=False,
            modify_other=False,
            print_highres=self.may_print,
            print_lowres=self.may_print,
        )
        return pikepdf.Encryption(owner=self.owner, user=self.user, R=6, allow=allow)


def controlled_copy(source: bytes, mark: Path, *, meta: Meta, locks: Locks) -> bytes:
    """Return an encrypted copy of a PDF with the watermark across every page; IntegrityFailure for a broken PDF."""
    try:
        with Pdf.open(BytesIO(source)) as pdf, Pdf.open(mark) as watermark:
            if len(watermark.pages) != 1:
                raise IntegrityFailure(
                    f"水印有{len(watermark.pages)}页，应为一页",
                    remedy="请核对 forms 里 copy/watermark.docx，让每行文字在一行里放得下",
                )
            page = watermark.pages[0]
            width, height = (float(page.mediabox[n + 2]) - float(page.mediabox[n]) for n in (0, 1))
            form = pdf.copy_foreign(page.as_form_xobject())
            for page in pdf.pages:
                _mark(page, form, (width, height))
            return _saved(pdf, meta, locks)
    except pikepdf.PdfError as error:
        raise IntegrityFailure(
            f"读不出要复制的 PDF：{error}", remedy=advise("请用 {} 核对档案", Do.VERIFY(Input.DEEP))
        ) from None


def _mark(page: pikepdf.Page, form: pikepdf.Object, size: tuple[float, float]) -> None:
    # Pages may share their resources; this page's names must not land in another's.
    page.obj.Resources = Dictionary(dict(page.resources.items()))
    for kind in (Name.XObject, Name.ExtGState):
        if kind in page.obj.Resources:
            page.obj.Resources[kind] = Dictionary(dict(page.obj.Resources[kind].items()))
    drawn = page.add_resource(form, Name.XObject)
    bands, strip = _state(page, OPACITY), _state(page, STRIP_OPACITY)
    base, seen = _as_seen(page)
    across = "".join(f"q {matrix} cm {drawn} Do Q\n" for matrix in _across(seen, size))
    upright = f"q {_upright(size)} cm {drawn} Do Q\n"
    drawing = f"q {base} cm\n{bands} gs\n{across}{strip} gs\n{upright}Q\n"
    page.contents_add(b"q\n", prepend=True)
    page.contents_add(f"Q\n/Artifact <</Type /Background /Subtype /Watermark>> BDC\n{drawing}EMC\n".encode())


def _state(page: pikepdf.Page, opacity: float) -> pikepdf.Name:
    state = Dictionary(Type=Name.ExtGState, ca=opacity, CA=opacity, BM=Name.Multiply)
    return page.add_resource(state, Name.ExtGState)


def _as_seen(page: pikepdf.Page) -> tuple[str, tuple[float, float]]:
    """Return the matrix from a page as it is seen to the page as it is written, and the size it is seen in."""
    box = [float(n) for n in page.cropbox]
    x, y, wide, high = min(box[0], box[2]), min(box[1], box[3]), abs(box[2] - box[0]), abs(box[3] - box[1])
    turned = int(page.obj.get(Name.Rotate, 0)) % 360
    turn, dx, dy = {
        90: ("0 1 -1 0", wide, 0.0),
        180: ("-1 0 0 -1", wide, high),
        270: ("0 -1 1 0", 0.0, high),
    }.get(turned, ("1 0 0 1", 0.0, 0.0))
    return f"{turn} {x + dx:.3f} {y + dy:.3f}", (high, wide) if turned in (90, 270) else (wide, high)


def _across(seen: tuple[float, float], size: tuple[float, float]) -> Iterator[str]:
    """Give the places of the bands along the diagonal."""
    diagonal, angle = math.hypot(*seen), math.atan2(seen[1], seen[0])
    cos, sin = math.cos(angle), math.sin(angle)
    for aside, length in _BANDS:
        scale = length * diagonal / size[0]
        # The middle of the band's own box comes to lie `aside` from the middle of the page.
        x = seen[0] / 2 - sin * aside * diagonal - scale * (cos * size[0] - sin * size[1]) / 2
        y = seen[1] / 2 + cos * aside * diagonal - scale * (sin * size[0] + cos * size[1]) / 2
        yield f"{scale * cos:.5f} {scale * sin:.5f} {-scale * sin:.5f} {scale * cos:.5f} {x:.3f} {y:.3f}"


def _upright(size: tuple[float, float]) -> str:
    scale = _STRIP_HIGH / size[1]
    return f"0 {scale:.5f} {-scale:.5f} 0 {_STRIP_AT + _STRIP_HIGH:.3f} {_STRIP_AT:.3f}"


def _saved(pdf: Pdf, meta: Meta, locks: Locks) -> bytes:
    for key in (Name.OutputIntents, Name.Metadata):
        if key in pdf.Root:
            del pdf.Root[key]
    packet = pdf.make_stream(meta.xmp(pdf_a=False))
    packet.Type, packet.Subtype = Name.Metadata, Name.XML
    pdf.Root.Metadata = packet
    pdf.trailer.Info = pdf.make_indirect(Dictionary(meta.info()))
    out = BytesIO()
    pdf.save(out, encryption=locks.encryption(), object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()
