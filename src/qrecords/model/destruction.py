"""What the JSON files of a destruction list's object hold: the list, the certificate, what remains, the result.

As in `formats`, each is read, checked and written here and nowhere else; people confirm the hash of list.json, so its
bytes are what they are (DA/T 42-2009 7.7).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from qrecords.model.disposition import Confirmed
from qrecords.model.formats import EXACT, Format
from qrecords.model.retention import UnitKind


@dataclass(frozen=True, slots=True)
class ListedPiece:
    """An object that goes: an item with its records, or a volume's own."""

    __pydantic_config__: ClassVar = EXACT

    code: str
    object: str
    version: int
    title: str
    date_from: str
    date_to: str
    form_code: str
    month: str
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedUnit:
    """A volume or an unbound item on a list, with the objects it is made of."""

    __pydantic_config__: ClassVar = EXACT

    kind: str
    code: str
    title: str
    date_from: str
    date_to: str
    document_no: str
    items: int
    pages: int
    record_year: int
    last_day: str
    extended_to: str
    secrecy_level: str
    pieces: tuple[ListedPiece, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """How many volumes, items, records and pages a list has."""

    volumes: int
    items: int
    records: int
    pages: int


@dataclass(frozen=True, slots=True)
class ListJson(Format):
    """list.json: what is to be destroyed, piece by piece, and why."""

    FILE: ClassVar = "list.json"
    __pydantic_config__: ClassVar = EXACT

    list_no: str
    org_name: str
    unit: str
    drawn_at: str
    drawn_by: str
    drawn_by_name: str
    reason: str
    units: tuple[ListedUnit, ...]
    schema: int = 1

    @property
    def sha256(self) -> str:
        """Return the hash people confirm: that of list.json as it is stored."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @property
    def pieces(self) -> Iterator[ListedPiece]:
        """Give the objects of all units."""
        return (piece for unit in self.units for piece in unit.pieces)

    @property
    def records(self) -> list[str]:
        """Return the records that go."""
        return [number for piece in self.pieces for number in piece.records]

    @property
    def totals(self) -> Totals:
        """Return how much goes."""
        return Totals(
            volumes=sum(unit.kind == UnitKind.VOLUME.value for unit in self.units),
            items=sum(unit.items for unit in self.units),
            records=len(self.records),
            pages=sum(unit.pages for unit in self.units),
        )


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as it was when the list was executed: how much, and the digest of all of it."""

    __pydantic_config__: ClassVar = EXACT

    object: str
    code: str
    files: int
    size: int
    sha512: str


@dataclass(frozen=True, slots=True)
class BackupNoted:
    """A folder a backup went to, and when last: it still holds what is destroyed now."""

    folder: str
    at: str


@dataclass(frozen=True, slots=True)
class CopyNoted:
    """A controlled copy that was never taken back."""

    copy_no: str
    recipient: str


@dataclass(frozen=True, slots=True)
class CertificateJson(Format):
    """certificate.json: who approved, witnessed and executed what, written before the first byte goes."""

    FILE: ClassVar = "certificate.json"
    __pydantic_config__: ClassVar = EXACT

    list_no: str
    sha256: str
    approved: Confirmed
    witnesses: tuple[Confirmed, ...]
    executed: Confirmed
    list: ListJson
    objects: tuple[ListedObject, ...]
    files: tuple[str, ...]
    backups: tuple[BackupNoted, ...]
    copies: tuple[CopyNoted, ...]
    audit_head: str
    schema: int = 1


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What remains of an object: number, title, dates, the numbers of its records."""

    code: str
    object: str
    title: str
    date_from: str
    date_to: str
    records: tuple[str, ...]

    @classmethod
    def of(cls, piece: ListedPiece) -> Tombstone:
        """Return what remains of a piece."""
        return cls(piece.code, piece.object, piece.title, piece.date_from, piece.date_to, piece.records)


@dataclass(frozen=True, slots=True)
class TombstonesJson(Format):
    """tombstones.json: what remains of everything on a list."""

    FILE: ClassVar = "tombstones.json"
    __pydantic_config__: ClassVar = EXACT

    list_no: str
    tombstones: tuple[Tombstone, ...]


@dataclass(frozen=True, slots=True)
class ResultJson(Format):
    """result.json: how much is gone, and that nothing is left of it."""

    FILE: ClassVar = "result.json"
    __pydantic_config__: ClassVar = EXACT

    verified_at: str
    objects: int
    files: int
    bytes: int
    left: tuple[str, ...] = ()
