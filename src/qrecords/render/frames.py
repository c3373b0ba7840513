"""The frames of archive stamps: pages LibreOffice made from the office's Word template, as drawings a PDF shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pypdf.generic import DictionaryObject, IndirectObject, NameObject

from qrecords.errors import InvalidInput
from qrecords.render.pdfout import PdfOut, open_pdf
from qrecords.render.stamps import POINTS_PER_MM, STAMP_HIGH, STAMP_WIDE, seen_size


class Frames:
    """The frames one PDF uses, each written once."""

    def __init__(self, out: PdfOut) -> None:
        self._out = out
        self._known: dict[Path, IndirectObject] = {}

    def drawing(self, path: Path) -> IndirectObject:
        """Return a frame as a drawing of the stamp's size; InvalidInput when it is not one page.

        Nothing may be on the way from another reader: what the frame is read from is let go of.
        """
        if path not in self._known:
            self._known[path] = self._read(path)
            self._out.release()
        return self._known[path]

    def _read(self, path: Path) -> IndirectObject:
        reader = open_pdf(path, "归档章", strict=True)
        if len(reader.pages) != 1:
            raise InvalidInput(
                f"归档章有{len(reader.pages)}页，应为一页",
                remedy="请核对 forms 里 volume/stamp.docx，让每格文字在一行里放得下；或设 [volumes] stamp = false",
            )
        page: Any = reader.pages[0]
        wide, high = seen_size(page)
        resources = self._out.put(page.get("/Resources", DictionaryObject()).get_object())
        facts = {
            "/Type": "/XObject",
            "/Subtype": "/Form",
            "/BBox": [float(n) for n in page.mediabox],
            "/Matrix": [STAMP_WIDE * POINTS_PER_MM / wide, 0, 0, STAMP_HIGH * POINTS_PER_MM / high, 0, 0],
            "/Resources": resources,
        }
        contents = page.get_contents()  # an empty page may have none
        return self._out.put_stream(facts, contents.get_data() if contents is not None else b"")


def named(page: DictionaryObject, kind: str, name: str, thing: IndirectObject) -> str:
    """Give a page something to draw with, in a copy of its resources; return the name it has there."""
    resources: Any = page.get("/Resources", DictionaryObject())
    held = resources.get(kind, DictionaryObject()).get_object()
    names = (name, *(f"{name}{i}" for i in range(len(held) + 1)))
    free = next(n for n in names if n not in held or held.raw_get(n) == thing)
    own = DictionaryObject({**held, NameObject(free): thing})
    page[NameObject("/Resources")] = DictionaryObject({**resources, NameObject(kind): own})
    return free
