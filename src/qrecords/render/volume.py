"""Binds a volume: cover and contents, the items with running page numbers, the file note (GB/T 11822-2008).

Numbers start at 1 in each volume and stand on the items' pages only: lower right, on the back of a sheet lower left.
Items come in as they were frozen; fonts and pictures they share are written once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject

from qrecords.errors import IntegrityFailure
from qrecords.render.digits import ADVANCE, put_figures
from qrecords.render.pdfmeta import Meta
from qrecords.render.pdfout import PdfOut, open_pdf

POINTS_PER_MM = 72 / 25.4
FIGURE_SIZE = 11.0  # points
FROM_SIDE, FROM_FOOT = 10 * POINTS_PER_MM, 8 * POINTS_PER_MM  # inside the margin, clear of the forms' foot
_A4 = [0, 0, 595.28, 841.89]

# The rest of a page belongs to the document it comes from: its tags, threads, actions, thumbnails.
_PAGE_KEYS = ("/Type", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit", "/Group", "/Contents", "/Resources")
_IS_PDF_A_2 = re.compile(rb"pdfaid:part(?:>|=[\"'])2")


@dataclass(frozen=True, slots=True)
class Part:
    """One PDF to bind, under its title in the bookmarks; `pages`, when given, is how many it must have."""

    source: Path | bytes
    title: str
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Bound:
    """What a bound volume has: pages in all, numbered pages, and each item's first number."""

    pages: int
    numbered: int
    first_numbers: tuple[int, ...]


def bind(
    dst: Path,
    *,
    front: Sequence[Part],
    items: Sequence[Part],
    back: Sequence[Part],
    meta: Meta,
    double_sided: bool = False,
) -> Bound:
    """Write a volume; it claims PDF/A-2b when all its parts do. Same parts and `meta`, same bytes.

    InvalidInput when a part is no readable PDF, IntegrityFailure when it has not the pages it should have.
    """
    beside = dst.with_name(f"{dst.name}.part")
    with beside.open("wb") as stream:
        binder = _Binder(PdfOut(stream), double_sided)
        for part in front:
            binder.add(part)
        binder.turn_sheet()
        binder.front = len(binder.pages)
        firsts = [binder.add(part, numbered=True) for part in items]
        numbered = binder.number
        binder.turn_sheet()
        for part in back:
            binder.add(part)
        binder.finish(meta)
    beside.replace(dst)
    return Bound(len(binder.pages), numbered, tuple(firsts))


class _Binder:
    """A volume on the bench: pages so far, the running number, and what the catalogue will say."""

    def __init__(self, out: PdfOut, double_sided: bool) -> None:
        self.pages: list[IndirectObject] = []
        self.number = 0
        self.front = 0
        self._out = out
        self._double_sided = double_sided
        self._tree = out.reserve()
        self._figures = put_figures(out)
        self._marks: list[tuple[str, IndirectObject]] = []
        self._intents: IndirectObject | None = None
        self._pdf_a = True

    def add(self, part: Part, *, numbered: bool = False) -> int:
        """Append a part; return the number of its first page, 0 when it has none."""
        reader = open_pdf(part.source, part.title)
        count = len(reader.pages)
        if part.pages and count != part.pages:
            raise IntegrityFailure(
                f"「{part.title}」有 {count} 页，登记的是 {part.pages} 页",
                remedy="请用 qrecords verify --deep 核对档案，不要用这份文件成册",
            )
        own = []
        for page in reader.pages:
            own.append(self._out.reserve())
            self._out.stand_for(_reference(page), own[-1])
        first = self.number + 1 if numbered else 0
        for at, page in zip(own, reader.pages, strict=True):
            if numbered:
                self.number += 1
            self._out.put(self._page(page, self.number if numbered else 0), at)
        self._take_intents(reader)
        self._out.release()
        self.pages += own
        self._marks.append((part.title, own[0]))
        return first

    def turn_sheet(self) -> None:
        """In a volume printed on both sides, let what follows begin on the front of a sheet."""
        if self._double_sided and len(self.pages) % 2:
            blank = {"/Type": "/Page", "/Parent": self._tree, "/MediaBox": _A4, "/Resources": {}}
            self.pages.append(self._out.put(blank, self._out.reserve()))

    def finish(self, meta: Meta) -> None:
        """Write page tree, bookmarks, labels, metadata and the end of the file."""
        out = self._out
        out.put({"/Type": "/Pages", "/Kids": self.pages, "/Count": len(self.pages)}, self._tree)
        pdf_a = self._pdf_a and self._intents is not None
        facts = {"/Type": "/Metadata", "/Subtype": "/XML"}
        catalog = {
            "/Type": "/Catalog",
            "/Pages": self._tree,
            "/Lang": "zh-CN",
            "/PageMode": "/UseOutlines",
            "/ViewerPreferences": {"/DisplayDocTitle": True},
            "/PageLabels": {"/Nums": self._labels()},
            "/Outlines": self._outlines(),
            "/Metadata": out.put_stream(facts, meta.xmp(pdf_a=pdf_a), deflate=False),
        }
        if self._intents is not None:
            catalog["/OutputIntents"] = self._intents
        out.finish(out.put(catalog), out.put(meta.info()))

    def _page(self, page: DictionaryObject, number: int) -> DictionaryObject:
        kept = DictionaryObject({NameObject(key): page.raw_get(key) for key in _PAGE_KEYS if key in page})
        kept[NameObject("/Parent")] = self._tree
        notes = [n for n in _list(page.get("/Annots")) if n.get_object().get("/Subtype") != "/Link"]
        if notes:
            kept[NameObject("/Annots")] = ArrayObject(notes)
        if number:
            self._stamp(kept, number)
        return kept

    def _stamp(self, page: DictionaryObject, number: int) -> None:
        """Draw the number over a page, after its own drawing and outside its graphics state."""
        resources: Any = page.get("/Resources", DictionaryObject())
        fonts = resources.get("/Font", DictionaryObject()).get_object()
        name = next(n for n in ("/Figures", *(f"/Figures{i}" for i in range(len(fonts) + 1))) if n not in fonts)
        own_fonts = DictionaryObject({**fonts, NameObject(name): self._figures})
        page[NameObject("/Resources")] = DictionaryObject({**resources, NameObject("/Font"): own_fonts})
        left = self._double_sided and number % 2 == 0
        drawing = f"Q\n{_number_operators(page, name, str(number), left=left)}".encode()
        own: Any = page.raw_get("/Contents") if "/Contents" in page else ArrayObject()
        content = own.get_object() if isinstance(own.get_object(), list) else [own]
        before, after = self._out.put_stream({}, b"q\n"), self._out.put_stream({}, drawing)
        page[NameObject("/Contents")] = ArrayObject([before, *content, after])

    def _take_intents(self, reader: PdfReader) -> None:
        catalog = reader.root_object
        packet = catalog.get("/Metadata")
        self._pdf_a &= packet is not None and bool(_IS_PDF_A_2.search(packet.get_object().get_data()))
        if self._intents is None and "/OutputIntents" in catalog:
            self._intents = self._out.put(catalog["/OutputIntents"])

    def _labels(self) -> list[Any]:
        """Number the pages in a viewer as they are on paper; what stands around the items has Roman figures."""
        labels: list[Any] = [0, {"/S": "/r"}] if self.front else []
        if self.number:
            labels += [self.front, {"/S": "/D"}]
        after = self.front + self.number
        if after < len(self.pages):
            labels += [after, {"/S": "/r", "/St": self.front + 1}]
        return labels

    def _outlines(self) -> IndirectObject:
        root = self._out.reserve()
        entries = [self._out.reserve() for _ in self._marks]
        for place, (title, page) in enumerate(self._marks):
            entry: dict[str, Any] = {"/Title": title, "/Parent": root, "/Dest": [page, "/Fit"]}
            if place:
                entry["/Prev"] = entries[place - 1]
            if place + 1 < len(entries):
                entry["/Next"] = entries[place + 1]
            self._out.put(entry, entries[place])
        ends = {"/First": entries[0], "/Last": entries[-1]} if entries else {}
        return self._out.put({"/Type": "/Outlines", **ends, "/Count": len(entries)}, root)


def _number_operators(page: DictionaryObject, font: str, number: str, *, left: bool) -> str:
    """Return the drawing of a number in the lower corner of a page as it is seen, whatever its rotation."""
    x0, y0, x1, y1 = _visible_box(page)
    turned = int(page.get("/Rotate", 0)) % 360
    wide, high = x1 - x0, y1 - y0
    across = high if turned in (90, 270) else wide
    length = len(number) * ADVANCE / 1000 * FIGURE_SIZE
    x, y = FROM_SIDE if left else across - FROM_SIDE - length, FROM_FOOT
    matrix, at = {
        90: ("0 1 -1 0", (wide - y, x)),
        180: ("-1 0 0 -1", (wide - x, high - y)),
        270: ("0 -1 1 0", (y, high - x)),
    }.get(turned, ("1 0 0 1", (x, y)))
    place = f"{matrix} {x0 + at[0]:.3f} {y0 + at[1]:.3f} Tm"
    text = f"BT {font} {FIGURE_SIZE:g} Tf {place} ({number}) Tj ET"
    return f"/Artifact <</Type /Pagination>> BDC\nq 0 g 0 G {text} Q\nEMC\n"


def _visible_box(page: DictionaryObject) -> tuple[float, float, float, float]:
    box = [float(n) for n in page.get("/CropBox", page["/MediaBox"])]
    return min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])


def _list(value: Any) -> Iterator[Any]:
    yield from value.get_object() if value is not None else ()


def _reference(page: Any) -> IndirectObject:
    reference: IndirectObject = page.indirect_reference
    return reference
