"""A filing as long work, whole or shared by several workers: cut by fonds, form and year, each part one of its own.

A series has archive numbers of its own, so parts never wait for one counter, and what is filed comes out in the same
order as from one. Who files a series holds `file/SERIES`, which any other filing, a correction and a destruction
exclude. Done twice, a part files what is left, and tells the rest as filed before.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from qrecords.model.papers import AFTER_FILING
from qrecords.model.record import Record
from qrecords.model.spans import Span, packed, unpacked
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.file import Filed, Progress, all_ready, file_each, ready_of, require_all_ready, series_of
from qrecords.services.finding.indexing import follow

LEAST_RECORDS = 100  # of a part: what LibreOffice takes in one start


@dataclass(frozen=True, slots=True)
class Line:
    """A record that is filed: its archive number, what is told of it; `before`: not now."""

    record_no: str
    archive_no: str
    before: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PartFiled:
    """What a part of a filing came to."""

    lines: tuple[Line, ...]


def cut_filing(office: Office, record_nos: Sequence[str]) -> list[list[Span]]:
    """Return the records of each part, the largest part first; of none named, all that lack nothing.

    What the filing would refuse is refused before anything is cut.
    """
    if record_nos:
        records = [r for r in reading.many(office, record_nos) if r.state not in AFTER_FILING]
        require_all_ready(office, records)
    else:
        records = all_ready(office)
    by_series: dict[str, list[Record]] = {}
    for record in records:
        by_series.setdefault(series_of(office, record), []).append(record)
    parts: list[list[Record]] = []
    for _, found in sorted(by_series.items(), key=lambda one: (-len(one[1]), one[0])):
        if parts and len(parts[-1]) < LEAST_RECORDS:
            parts[-1] += found
        else:
            parts.append(found)
    return [packed(r.record_no for r in part) for part in sorted(parts, key=len, reverse=True)]


def file_part(office: Office, part: Sequence[Span], *, named: bool, progress: Progress | None = None) -> PartFiled:
    """File the records of a part that are not filed yet; of those nobody `named`, what lacks something now is left."""
    numbers = [*unpacked(part)]
    with ExitStack() as held:
        for series in sorted({series_of(office, record) for record in reading.many(office, numbers)}):
            held.enter_context(office.exclusive(f"file/{series}", "归档"))
        found = _file_left(office, numbers, named=named, progress=progress)
    follow(office)
    return found


def file_named(office: Office, record_nos: Sequence[str], *, progress: Progress | None = None) -> PartFiled:
    """File all of a filing that is not cut: those named that are not filed yet."""
    with office.exclusive("file", "归档"):
        found = _file_left(office, record_nos, named=True, progress=progress)
    follow(office)
    return found


def _file_left(office: Office, record_nos: Sequence[str], *, named: bool, progress: Progress | None) -> PartFiled:
    """File what is left; which these are is asked when nobody else files them any more: another may have until then."""
    records = reading.many(office, record_nos)
    before = [r for r in records if r.state in AFTER_FILING]
    left = [r for r in records if r.state not in AFTER_FILING]
    filed = file_each(office, left if named else ready_of(office, left), progress)
    return PartFiled((*(Line(r.record_no, r.archive_no, before=True) for r in before), *lines_of(office, filed)))


def lines_of(office: Office, filed: Sequence[Filed]) -> list[Line]:
    """Return what is told of records filed now."""
    return [Line(f.record_no, f.archive_no, False, tuple(office.words(note) for note in f.notes or ())) for f in filed]
