"""Items into volumes: order, split, page numbers, contents (QS/PA758A 5.1.2.2, 5.5.6; GB/T 11822-2008).

Pages are numbered by item within a volume, from 1; cover, contents and file note carry no number.
An item is never split over two volumes; one that is longer than a volume gets a volume of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qrecords.model.access import secrecy_rank


@dataclass(frozen=True, slots=True)
class Item:
    """One item (件): a record, or a register's month, as it was frozen."""

    archive_no: str
    document_no: str
    title: str
    creator: str
    date_from: str
    date_to: str
    pages: int
    secrecy_level: str
    object_id: str
    version: int
    sha256: str


@dataclass(frozen=True, slots=True)
class File:
    """One PDF of an item's object as it is bound: its pages, and which of them (from 0) are blank and get no number."""

    name: str
    pages: int
    blank: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an item's first written page has room for the archive stamp: points from its lower left, as it is filed.

    `scale` is 1 for the stamp's full size.
    """

    x: float
    y: float
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Piece:
    """An item with the files that are bound for it: its form, or the signed scan that stands for it."""

    item: Item
    files: tuple[File, ...]

    @property
    def pages(self) -> int:
        """Return how many numbered pages it has."""
        return sum(f.pages - len(f.blank) for f in self.files)

    def sheets(self, *, double_sided: bool) -> int:
        """Return how many sheets of paper it takes; each item begins on a sheet of its own."""
        pages = sum(f.pages for f in self.files)
        return -(-pages // 2) if double_sided else pages


@dataclass(frozen=True, slots=True)
class Limits:
    """How much goes into one volume: numbered pages, and the thickness of its sheets in micrometres."""

    pages: int = 200
    thickness: int = 20_000
    sheet: int = 100
    double_sided: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """An item at its place in a volume: position from 1, first and last page number, the files bound for it.

    `stamp` is None when it gets no archive stamp.
    """

    item: Item
    position: int
    page_from: int
    page_to: int
    files: tuple[File, ...] = ()
    stamp: Spot | None = None

    @property
    def pages(self) -> int:
        """Return how many numbered pages it has."""
        return self.page_to - self.page_from + 1

    @property
    def first_written(self) -> int:
        """Return which page of its first file (from 0) bears its first number."""
        return next(page for page in range(self.files[0].pages) if page not in self.files[0].blank)

    @property
    def numbers(self) -> list[tuple[int, ...]]:
        """Return, for each file, the number on each of its pages; 0 where there is none."""
        found, number = [], self.page_from
        for file in self.files:
            numbers = []
            for page in range(file.pages):
                blank = page in file.blank
                numbers.append(0 if blank else number)
                number += not blank
            found.append(tuple(numbers))
        return found


@dataclass(frozen=True, slots=True)
class Volume:
    """One bound volume: its items with their pages."""

    placed: tuple[Placed, ...]

    @property
    def pages(self) -> int:
        """Return how many numbered pages the volume has."""
        return self.placed[-1].page_to

    def sheets(self, *, double_sided: bool) -> int:
        """Return how many sheets of paper its items take."""
        return sum(Piece(p.item, p.files).sheets(double_sided=double_sided) for p in self.placed)

    @property
    def date_from(self) -> str:
        """Return the earliest date of its items."""
        return min(p.item.date_from for p in self.placed)

    @property
    def date_to(self) -> str:
        """Return the latest date of its items."""
        return max(p.item.date_to for p in self.placed)

    @property
    def secrecy_level(self) -> str:
        """Return the highest level among its items; that is the level of the whole."""
        return max((p.item.secrecy_level for p in self.placed), key=secrecy_rank)


def split(pieces: Sequence[Piece], limits: Limits) -> list[Volume]:
    """Return the items, in their order, as volumes within the limits; one item alone may be larger than a volume."""
    volumes: list[Volume] = []
    current: list[Placed] = []
    page = thickness = 0
    for piece in pieces:
        thick = piece.sheets(double_sided=limits.double_sided) * limits.sheet
        if current and (page + piece.pages > limits.pages or thickness + thick > limits.thickness):
            volumes.append(Volume(tuple(current)))
            current, page, thickness = [], 0, 0
        current.append(Placed(piece.item, len(current) + 1, page + 1, page + piece.pages, piece.files))
        page, thickness = page + piece.pages, thickness + thick
    if current:
        volumes.append(Volume(tuple(current)))
    return volumes


def by_task(pieces: Sequence[Piece], own: Mapping[str, str], called_by: Mapping[str, str]) -> list[Piece]:
    """Return the items with each notice followed by the reports it called for, reports without a notice after.

    `own` gives the record number of each notice by archive number, `called_by` the notice number a report names.
    """
    notices = {own[p.item.archive_no]: p for p in pieces if p.item.archive_no in own}
    reports: dict[str, list[Piece]] = {number: [] for number in notices}
    rest: list[Piece] = []
    for piece in pieces:
        if piece.item.archive_no not in own:
            reports.get(called_by.get(piece.item.archive_no, ""), rest).append(piece)
    return [p for number, notice in notices.items() for p in (notice, *reports[number])] + rest


def volume_title(year: int, title: str, codes: str, number: int, *, supplement: bool = False) -> str:
    """Return the title of a volume (案卷题名)."""
    return f"{year}年度{title}（{codes}）第{number}册{'（补编）' if supplement else ''}"
