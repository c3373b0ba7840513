"""Items into volumes: order, split, page numbers, contents (QS/PA758A 5.1.2.2, 5.5.6; GB/T 11822-2008).

Pages are numbered by item within a volume, from 1; cover, contents and file note carry no number.
An item is never split over two volumes; one that is longer than a volume gets a volume of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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
class Placed:
    """An item at its place in a volume: position from 1, first and last page number."""

    item: Item
    position: int
    page_from: int
    page_to: int


@dataclass(frozen=True, slots=True)
class Volume:
    """One bound volume: its items with their pages."""

    placed: tuple[Placed, ...]

    @property
    def pages(self) -> int:
        """Return how many numbered pages the volume has."""
        return self.placed[-1].page_to

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


SECRECY_LEVELS = ("公开", "内部", "秘密", "机密")


def secrecy_rank(level: str) -> int:
    """Return how secret a level is; an unknown or empty one counts as 内部."""
    return SECRECY_LEVELS.index(level) if level in SECRECY_LEVELS else 1


def split(items: Sequence[Item], max_pages: int) -> list[Volume]:
    """Return the items, in their order, as volumes of at most `max_pages` numbered pages."""
    volumes: list[Volume] = []
    current: list[Placed] = []
    page = 0
    for item in items:
        if current and page + item.pages > max_pages:
            volumes.append(Volume(tuple(current)))
            current, page = [], 0
        current.append(Placed(item, len(current) + 1, page + 1, page + item.pages))
        page += item.pages
    if current:
        volumes.append(Volume(tuple(current)))
    return volumes


def volume_title(year: int, form_title: str, form_code: str, number: int) -> str:
    """Return the title of a volume (案卷题名)."""
    return f"{year}年度{form_title}（{form_code}）第{number}册"
