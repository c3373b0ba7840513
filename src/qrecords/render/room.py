"""A filed PDF notes where its first page has room for the archive stamp (DA/T 22-2015), so that binding need not look.

The note is application data of the document (ISO 32000-1, 14.5), which viewers pass over; it lies under the hash the
register keeps. Looking means drawing the page, which costs as much as binding several.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pypdf.errors import PyPdfError

from qrecords.errors import QRecordsError
from qrecords.model.volume import Spot
from qrecords.render.pdfmeta import Meta
from qrecords.render.pdfout import open_pdf

_NOTED = re.compile(rb"/StampRoom ?\[([-0-9. ]*)\]")


def room_note(spot: Spot | None, meta: Meta) -> dict[str, Any]:
    """Return what a catalog says of the first page: where it has room for the stamp, or that it has none."""
    room = [spot.x, spot.y, spot.scale] if spot else []
    return {"/PieceInfo": {"/qrecords": {"/LastModified": meta.info()["/ModDate"], "/Private": {"/StampRoom": room}}}}


def noted_room(path: Path) -> tuple[bool, Spot | None]:
    """Tell whether a file notes its room, and where it is; only to be asked of what this program filed."""
    try:
        reader = open_pdf(path, strict=True, count=False)
        found = _NOTED.search(reader.text_in_group(reader.trailer.raw_get("/Root").idnum) or b"")
    except (PyPdfError, QRecordsError, KeyError, AttributeError):
        return False, None  # whoever binds it tells what is wrong with it
    room = [float(n) for n in found[1].split()] if found else []
    return found is not None and len(room) in (0, 3), Spot(*room) if len(room) == 3 else None
