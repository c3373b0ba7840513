"""What services get of the register's tables: a frozen row for each, its columns by name.

Rows read by the thousand have slots. `ItemRow(**row._mapping)` is the way in; `asdict` the way back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Stored(Protocol):
    """A row of something that lies in the archive: its object, and the version the register knows."""

    @property
    def object_id(self) -> str:
        """Return its object."""

    @property
    def version(self) -> int:
        """Return its version, 0 or less when its object is not there."""


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An archived item: `version` is 0 while its number is reserved, -1 when it was destroyed."""

    archive_no: str
    form_code: str
    record_year: int
    month: str
    object_id: str
    version: int
    document_no: str
    title: str
    creator: str
    secrecy_level: str
    date_from: str
    date_to: str
    pages: int
    sha256: str
    filed_at: str
    filed_by: str


@dataclass(frozen=True, slots=True)
class VolumeRow:
    """A volume: `version` is 0 while its code is reserved, -1 when it was destroyed."""

    volume_code: str
    form_code: str
    year: int
    number: int
    title: str
    supplement: bool
    items: int
    pages: int
    secrecy_level: str
    object_id: str
    version: int
    sha256: str
    compiled_at: str
    compiled_by: str


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A version of an item at its place in a volume: position and page numbers from 1."""

    archive_no: str
    version: int
    volume_code: str
    position: int
    page_from: int
    page_to: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PlaceInVolume(PlaceRow):
    """A place, seen from its item: with the volume's title, object and version."""

    title: str
    object_id: str
    volume_version: int


@dataclass(frozen=True, slots=True)
class PlacedItem(PlaceRow):
    """A place, seen from its volume: with the item's object, document and title."""

    object_id: str
    document_no: str
    title: str


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What remains of a destroyed item or volume: on which list it went, and when."""

    code: str
    object_id: str
    list_no: str
    destroyed_at: str


@dataclass(frozen=True, slots=True)
class PrintRow:
    """A print of a record or sheet: the values it shows, and on how many pages its code stands (0: not known)."""

    subject: str
    number: int
    snapshot: Mapping[str, Any]
    template_sha256: str
    pages: int
    printed_at: str
    printed_by: str


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A role given to an account, also one that was taken back; `revoked_at` is empty while it holds."""

    id: int
    account: str
    role: str
    unit: str
    branch: str
    since: str
    until: str
    granted_by: str
    granted_at: str
    revoked_by: str
    revoked_at: str


@dataclass(frozen=True, slots=True)
class IntentRow:
    """A step that makes files, written down before it began; `payload` is read by the class of its kind."""

    id: str
    kind: str
    payload: Mapping[str, Any]
    account: str
    created_at: str
    audit_head: str
    state: str
