"""Look at a PDF without reading all of it: does it open, is it locked, does anything in it act by itself (pdfium)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pypdfium2
from pypdfium2 import raw

from qrecords.errors import InvalidInput
from qrecords.foreign.pdfium import looked_into


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a PDF tells."""

    pages: int
    locked: bool
    scripts: int
    attachments: int


def pages_of(path: Path) -> int:
    """Return how many pages a PDF of our own making has, fast; InvalidInput when it does not open."""
    seen = look(path)
    if seen is None or seen.locked or not seen.pages:
        raise InvalidInput(f"{path.name} 打不开", remedy="请再试一次；仍然如此，请检查磁盘")
    return seen.pages


def look(path: Path) -> Look | None:
    """Return what a PDF is like; None when no program will open it."""
    try:
        with looked_into(path) as document:
            return Look(
                pages=len(document),
                locked=raw.FPDF_GetSecurityHandlerRevision(document.raw) != -1,
                scripts=raw.FPDFDoc_GetJavaScriptActionCount(document.raw),
                attachments=raw.FPDFDoc_GetAttachmentCount(document.raw),
            )
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        return Look(0, locked=True, scripts=0, attachments=0) if locked else None
