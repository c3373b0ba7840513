"""What a scan answers of the prints and pages it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qrecords.advice import Sentence
from qrecords.errors import Problem


@dataclass(frozen=True, slots=True)
class Source:
    """A page of a file that was scanned."""

    file: str
    page: int


@dataclass(frozen=True, slots=True)
class VersionMade:
    """A version a print made of a filed item."""

    archive_no: str
    version: int


@dataclass(frozen=True, slots=True)
class PrintKept:
    """A whole print attached to its record, or to the rows of its sheet; what it shows that was signed."""

    record_no: str
    records: Sequence[str]
    print_id: str
    file: str
    pages: int
    sources: Sequence[Source]
    kind: str
    kinds: Sequence[str]
    versions: Sequence[VersionMade]


@dataclass(frozen=True, slots=True)
class PageWaiting:
    """A page that fits nowhere yet, by what it is called in the inbox, and why."""

    page: str
    file: str
    number: int
    reason: Sentence


@dataclass(frozen=True, slots=True)
class PrintRefused:
    """A print that was not attached, with every reason."""

    print_id: str
    sources: Sequence[Source]
    problems: Sequence[Problem]
