"""Binds a volume: cover and contents, the items with running page numbers, the file note (GB/T 11822-2008).

Numbers start at 1 in each volume and stand on the items' written pages only: on the right, on the back of a sheet on
the left. Items come in as they were frozen; fonts and pictures they share are written once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, NumberObject

from qrecords.advice import Do, Input, advise
from qrecords.errors import IntegrityFailure
from qrecords.model.volume import Spot
from qrecords.render.beside import written_beside
from qrecords.render.digits import put_figures
from qrecords.render.frames import Frames, named
from qrecords.render.intents import undated_intents
from qrecords.render.pdfmeta import Meta
from qrecords.render.pdfout import PdfOut, open_pdf
from qrecords.render.pictures import to_bind
from qrecords.render.stamps import as_seen, number_operators, rotation, seen_size, stamp_operators

_A4 = [0, 0, 595.28, 841.89]

# The rest of a page belongs to the document it comes from: its tags, threads, actions, thumbnails.
_PAGE_KEYS = ("/Type", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit", "/Group", "/Contents", "/Resources")
_IS_PDF_A_2 = re.compile(rb"pdfaid:part(?:>|=[\"'])2")


@dataclass(frozen=True, slots=True)
class Stamp:
    """An archive stamp: the PDF of its frame, where it goes, the figures in it: the item's number, its pages."""

    frame: Path
    spot: Spot
    figures: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """One PDF to bind: its title in the bookmarks, how many pages it must have, which of them (from 0) are blank.

    A path may lead to a picture. A part without a title goes on with the one before it.
    The stamp comes on its first written page.
    """

    source: Path | bytes
    title: str
    pages: int = 0
    blank: tuple[int, ...] = ()
    stamp: Stamp | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """How a volume is laid out: on both sides of the paper or one, numbers above or below, wide pages turned or not."""

    double_sided: bool = False
    numbers_above: bool = False
    turn_wide: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """What a bound volume has: pages in all, numbered pages, and of each part of an item first number and first page.

    Pages are counted from 1, as a viewer does; `around` gives title, first page and pages of front and back parts.
    """

    pages: int
    numbered: int
    first_numbers: tuple[int, ...]
    first_pages: tuple[int, ...]
    around: tuple[tuple[str, int, int], ...]


def bind(
    dst: Path,
    *,
    front: Sequence[Part],
    items: Sequence[Part],
    back: Sequence[Part],
    meta: Meta,
    style: Style | None = None,
) -> Bound:
    """Write a volume; it claims PDF/A-2b when all its parts do. Same parts and `meta`, same bytes.

    InvalidInput when a part is no readable PDF, IntegrityFailure when it has not the pages it should have.
    """
    with written_beside(dst) as stream:
        binder = _Binder(PdfOut(stream), style or Style())
        around = [binder.add_around(part) for part in front]
        binder.turn_sheet()
        binder.front = len(binder.pages)
        firsts = [binder.add_numbered(part) for part in items]
        binder.turn_sheet()
        around += [binder.add_around(part) for part in back]
        binder.finish(meta)
    numbers, pages = tuple(number for number, _ in firsts), tuple(page for _, page in firsts)
    return Bound(len(binder.pages), binder.number, numbers, pages, tuple(around))


def cut(src: Path, dst: Path, *, meta: Meta, first: int = 1, pages: int = 0) -> None:
    """Write some pages of a PDF, or all, as a PDF of their own; `first` is counted from 1, as a viewer does."""
    reader = open_pdf(src, strict=True)
    pages = pages or len(reader.pages)
    with written_beside(dst) as stream:
        binder = _Binder(PdfOut(stream), Style())
        binder.take(reader, reader.pages[first - 1 : first - 1 + pages], meta.title)
        binder.finish(meta)


class _Binder:
    """A volume on the bench: pages so far, the running number, and what the catalogue will say."""

    def __init__(self, out: PdfOut, style: Style) -> None:
        self.pages: list[IndirectObject] = []
        self.number = 0
        self.front = 0
        self._out = out
        self._style = style
        self._tree = out.reserve()
        self._figures = put_figures(out)
        self._frames = Frames(out)
        self._stamp: Stamp | None = None  # waits for the next written page
        self._numbers: list[int] = []  # on every page so far; 0 where there is none
        self._marks: list[tuple[str, IndirectObject]] = []
        self._intents: IndirectObject | None = None
        self._pdf_a = True

    def add_around(self, part: Part) -> tuple[str, int, int]:
        """Append a part that carries no numbers; return its title, first page and pages."""
        start = len(self.pages)
        self.take(reader := self._opened(part), reader.pages, part.title)
        return part.title, start + 1, len(self.pages) - start

    def add_numbered(self, part: Part) -> tuple[int, int]:
        """Append a part of an item; return its first number and its first page."""
        if part.stamp:
            self._frames.drawing(part.stamp.frame)
        self._stamp = part.stamp
        reader = self._opened(part)
        if part.title:
            self.turn_sheet()  # papers of different items share no sheet
        first = self.number + 1, len(self.pages) + 1
        self.take(reader, reader.pages, part.title, [page not in part.blank for page in range(len(reader.pages))])
        return first

    def _opened(self, part: Part) -> PdfReader:
        source = part.source if isinstance(part.source, bytes) else to_bind(part.source)
        reader = open_pdf(source, part.title)
        if part.pages and len(reader.pages) != part.pages:
            raise IntegrityFailure(
                f"「{part.title}」有 {len(reader.pages)} 页，登记的是 {part.pages} 页",
                remedy=advise("请用 {} 核对档案，不要用这份文件成册", Do.VERIFY(Input.DEEP)),
            )
        return reader

    def take(self, reader: PdfReader, pages: Sequence[Any], title: str, written: Sequence[bool] = ()) -> None:
        """Append pages of a reader, numbering those that are `written`, and let go of it.

        IntegrityFailure when something in it cannot be read that its pages need.
        """
        try:
            self._take(reader, pages, title, written)
        except PyPdfError as error:
            raise IntegrityFailure(
                f"「{title or '扫描件'}」读不出（{type(error).__name__}）",
                remedy=advise("请用 {} 核对档案", Do.VERIFY(Input.DEEP)),
            ) from None

    def _take(self, reader: PdfReader, pages: Sequence[Any], title: str, written: Sequence[bool]) -> None:
        own = []
        for page in pages:
            own.append(self._out.reserve())
            self._out.stand_for(_reference(page), own[-1])
        for at, page, has_number in zip(own, pages, written or [False] * len(own), strict=True):
            self.number += has_number
            self._out.put(self._page(page, self.number if has_number else 0), at)
            self.pages.append(at)
            self._numbers.append(self.number if has_number else 0)
        self._take_intents(reader)
        self._out.release()
        if title:
            self._marks.append((title, own[0]))

    def turn_sheet(self) -> None:
        """In a volume printed on both sides, let what follows begin on the front of a sheet."""
        if self._style.double_sided and len(self.pages) % 2:
            blank = {"/Type": "/Page", "/Parent": self._tree, "/MediaBox": _A4, "/Resources": {}}
            self.pages.append(self._out.put(blank, self._out.reserve()))
            self._numbers.append(0)

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
        stamp = self._stamped(kept) if number else ""
        if self._style.turn_wide and number and _is_wide(kept):
            kept[NameObject("/Rotate")] = NumberObject((rotation(kept) + 270) % 360)
        notes = [n for n in _list(page.get("/Annots")) if n.get_object().get("/Subtype") != "/Link"]
        if notes:
            kept[NameObject("/Annots")] = ArrayObject(notes)
        if number:
            self._draw_over(kept, number, stamp)
        return kept

    def _stamped(self, page: DictionaryObject) -> str:
        """Return the drawing of the stamp that waits, upright with the page's own text, and give the page its frame."""
        if (stamp := self._stamp) is None:
            return ""
        self._stamp = None
        frame = named(page, "/XObject", "/Stamp", self._frames.drawing(stamp.frame))
        at = as_seen(page, stamp.spot.x, stamp.spot.y)
        font = named(page, "/Font", "/Figures", self._figures)
        return stamp_operators(at, stamp.spot.scale, frame, font, stamp.figures)

    def _draw_over(self, page: DictionaryObject, number: int, stamp: str) -> None:
        """Draw the number over a page, after its own drawing and outside its graphics state; then the stamp."""
        name = named(page, "/Font", "/Figures", self._figures)
        left = self._style.double_sided and len(self.pages) % 2 == 1
        above = self._style.numbers_above
        drawing = f"Q\n{number_operators(page, name, str(number), left=left, top=above)}{stamp}".encode()
        own: Any = page.raw_get("/Contents") if "/Contents" in page else ArrayObject()
        content = own.get_object() if isinstance(own.get_object(), list) else [own]
        before, after = self._out.put_stream({}, b"q\n"), self._out.put_stream({}, drawing)
        page[NameObject("/Contents")] = ArrayObject([before, *content, after])

    def _take_intents(self, reader: PdfReader) -> None:
        catalog = reader.root_object
        packet = catalog.get("/Metadata")
        self._pdf_a &= packet is not None and bool(_IS_PDF_A_2.search(packet.get_object().get_data()))
        if self._intents is None and "/OutputIntents" in catalog:
            self._intents = self._out.put([*undated_intents(self._out, catalog)])

    def _labels(self) -> list[Any]:
        """Number the pages in a viewer as they are on paper; what stands around the items has Roman figures."""
        labels: list[Any] = [0, {"/S": "/r"}] if self.front else []
        last = max((place for place, number in enumerate(self._numbers) if number), default=self.front - 1)
        before: int | None = None  # the number of the page before
        for place, number in enumerate(self._numbers[self.front : last + 1], start=self.front):
            if not number and before != 0:
                labels += [place, {"/P": "（空白）"}]
            elif number and before is None:
                labels += [place, {"/S": "/D", **({"/St": number} if number > 1 else {})}]
            elif number and before == 0:
                labels += [place, {"/S": "/D", "/St": number}]
            before = number
        if last + 1 < len(self.pages):
            labels += [last + 1, {"/S": "/r", "/St": self.front + 1}]
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


def _is_wide(page: DictionaryObject) -> bool:
    wide, high = seen_size(page)
    return wide > high


def _list(value: Any) -> Iterator[Any]:
    yield from value.get_object() if value is not None else ()


def _reference(page: Any) -> IndirectObject:
    reference: IndirectObject = page.indirect_reference
    return reference
