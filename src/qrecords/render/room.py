"""A filed PDF notes where its first page has room for the archive stamp (DA/T 22-2015), so that binding need not look.

The note is application data of the page (ISO 32000-1, 14.5), which viewers pass over; it lies under the hash the
register keeps. Looking means drawing the page, which costs as much as binding several.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pypdf.generic import DictionaryObject, NameObject

from qrecords.model.volume import Spot
from qrecords.render.pdfmeta import Meta
from qrecords.render.pdfout import as_pdf, open_pdf

_OURS = "/qrecords"
_ROOM = "/StampRoom"


def note_room(page: DictionaryObject, spot: Spot | None, meta: Meta) -> None:
    """Write into a page where it has room for the stamp, or that it has none."""
    date = meta.info()["/ModDate"]
    room = [spot.x, spot.y, spot.scale] if spot else []
    noted = {_OURS: {"/LastModified": date, "/Private": {_ROOM: room}}}
    page[NameObject("/PieceInfo")] = as_pdf(noted)
    page[NameObject("/LastModified")] = as_pdf(date)


def noted_room(path: Path) -> tuple[bool, Spot | None]:
    """Tell whether the first page notes its room, and where it is; only to be asked of what this program filed."""
    page: Any = open_pdf(path, strict=True).pages[0]
    try:
        room = [float(n) for n in page["/PieceInfo"][_OURS]["/Private"][_ROOM]]
    except (KeyError, TypeError, ValueError, AttributeError):
        return False, None
    return len(room) in (0, 3), Spot(*room) if len(room) == 3 else None
