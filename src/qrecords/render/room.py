"""A filed PDF notes where its first page has room for the archive stamp (DA/T 22-2015), so that binding need not look.

The note is application data of the document (ISO 32000-1, 14.5), which viewers pass over; it lies under the hash the
register keeps. Looking means drawing the page, which costs as much as binding several.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pypdf.errors import PyPdfError
from pypdf.generic import DictionaryObject

from qrecords.errors import QRecordsError
from qrecords.model.volume import Spot
from qrecords.render.pdfmeta import Meta
from qrecords.render.pdfout import open_pdf
from qrecords.render.stamps import POINTS_PER_MM, STAMP_HIGH, STAMP_WIDE, seen_size

_NOTED = re.compile(rb"/StampRoom ?\[([-0-9. ]*)\]")


def room_note(spot: Spot | None, meta: Meta) -> dict[str, Any]:
    """Return what a catalog says of the first page: where it has room for the stamp, or that it has none."""
    room = [spot.x, spot.y, spot.scale] if spot else []
    return {"/PieceInfo": {"/qrecords": {"/LastModified": meta.info()["/ModDate"], "/Private": {"/StampRoom": room}}}}


def noted_room(path: Path) -> tuple[bool, Spot | None]:
    """Tell whether a file notes its room, and where it is; only to be asked of what this program filed.

    A note of a spot that is not on the first page is none.
    """
    try:
        reader = open_pdf(path, strict=True, count=False)
        found = _NOTED.search(reader.text_in_group(reader.trailer.raw_get("/Root").idnum) or b"")
        room = [float(n) for n in found[1].split()] if found else []
        if found is None or len(room) not in (0, 3):
            return False, None
        spot = Spot(*room) if room else None
        return (True, spot) if spot is None or _is_on(reader.pages[0], spot) else (False, None)
    except (PyPdfError, QRecordsError, KeyError, IndexError, AttributeError, TypeError, ValueError, RecursionError):
        return False, None  # whoever binds it tells what is wrong with it


def _is_on(page: DictionaryObject, spot: Spot) -> bool:
    wide, high = seen_size(page)
    right, top = (side * POINTS_PER_MM * spot.scale for side in (STAMP_WIDE, STAMP_HIGH))
    return 0 < spot.scale <= 1 and 0 <= spot.x <= wide - right and 0 <= spot.y <= high - top
