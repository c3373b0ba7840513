"""What is kept, seen as units that are destroyed as a whole, and what stands in their way now."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qrecords.advice import Do, advise, joined
from qrecords.errors import NotFound, Problem, WrongState
from qrecords.model.clock import REMEDY
from qrecords.model.numbering import FLOOR_YEARS
from qrecords.model.record import State
from qrecords.model.retention import (
    Complaint,
    Count,
    Hold,
    Longer,
    Unit,
    UnitKind,
    obstacles,
    unit_last_day,
)
from qrecords.office import Office, trusted_newest
from qrecords.stores.register import Transaction
from qrecords.stores.retentionfile import read_complaint_kinds, read_longer


@dataclass(frozen=True, slots=True)
class Keeping:
    """All that decides on a day how long units are kept, read at one moment."""

    longer: tuple[Longer, ...]
    count: Count
    holds: tuple[Hold, ...]
    complaints: tuple[Complaint, ...]

    @classmethod
    def now(cls, office: Office, tx: Transaction) -> Keeping:
        """Read periods, holds and open complaints as they stand."""
        complaints = tx.retention.complaints(read_complaint_kinds(office.settings.forms_dir))
        count = Count(office.settings.retention.count)
        return cls(longer_periods(office), count, tuple(tx.retention.holds()), tuple(complaints))

    def last_day(self, unit: Unit) -> str:
        """Return the last day a unit must be kept."""
        return unit_last_day(unit, self.longer, self.count)

    def obstacles(self, unit: Unit, on: str) -> list[str]:
        """Return all that forbids destroying a unit on a day."""
        return obstacles(unit, self.last_day(unit), on, self.holds, self.complaints)


def longer_periods(office: Office) -> tuple[Longer, ...]:
    """Return the periods longer than the forms' that the office was asked for; InvalidInput when its file is wrong."""
    return tuple(
        Longer(r.years, r.reason, office.forms.full_code(r.form_code) if r.form_code else "", r.customer, r.contract)
        for r in read_longer(office.settings.root)
    )


def require_clock(office: Office, tx: Transaction) -> None:
    """Refuse to judge periods by a clock that stands before the newest event of the log."""
    newest = trusted_newest(tx, whole=True)
    if newest is not None and office.clock() < newest:
        at = newest.astimezone(office.clock().tzinfo).isoformat()
        raise WrongState(f"系统时钟是 {office.now()}，却早于日志里最新的一条（{at}）", remedy=REMEDY)


def over_before(office: Office, tx: Transaction, on: str) -> list[Unit]:
    """Return the units that may be over on a day, by their items' years alone; the exact day is still to be asked."""
    numbers = tx.retention.candidates(int(on[:4]) - FLOOR_YEARS - 1)
    kept = tx.retention.kept(numbers, years=form_years(office))
    volumes = sorted({code for item in kept for code in item.volumes})
    alone = [item.archive_no for item in kept if not item.volumes]
    return [*_volumes(office, tx, volumes), *_items(office, tx, alone)]


def units(office: Office, tx: Transaction, numbers: Sequence[str]) -> list[Unit]:
    """Return the units asked for by volume code, archive number or record number, each once.

    NotFound names what is not there; WrongState what is not filed, bound in a volume, or destroyed already.
    """
    volumes: list[str] = []
    items: list[str] = []
    problems: list[Problem] = []
    missing = False
    for number in dict.fromkeys(unicodedata.normalize("NFC", n).strip() for n in numbers if n.strip()):
        if tx.retention.volume(number):
            volumes.append(number)
            continue
        record = tx.records.get(unicodedata.normalize("NFKC", number).upper())
        document = tx.documents.get(unicodedata.normalize("NFKC", number).upper())
        archive_no = record.archive_no if record else document.progress.archive_no if document else number
        row = tx.items.row(archive_no) if archive_no else None
        if record is None and document is None and row is None:
            missing = True
            problems.append(Problem("没有这份记录、归档件或册", source=number))
        elif row is None or row.version == 0 or (record and record.state not in _FILED):
            problems.append(Problem("还没有归档，谈不上鉴定", source=number))
        else:
            items.append(archive_no)
    gone = {row.code: row.list_no for row in tx.retention.destroyed([*volumes, *items])}
    problems += [Problem(f"已按清册 {list_no} 销毁", source=code) for code, list_no in gone.items()]
    if problems:
        message = joined("、", (advise("{} {}", p.source, p.message) for p in problems[:5]))
        kind = NotFound if missing else WrongState
        raise kind(
            message,
            remedy=advise("请核对编号；用 {} 查看到期的册和件", Do.LIST_DUE_UNITS),
            problems=problems[1:] and problems,
        )
    return [*_volumes(office, tx, volumes), *_items(office, tx, dict.fromkeys(items))]


_FILED = {State.FILED, State.BOUND, State.DESTROYED}


def objects_of(tx: Transaction, wanted: Sequence[Unit]) -> dict[str, str]:
    """Return the object of each volume and item in units, by its code."""
    found = {item.archive_no: item.object_id for unit in wanted for item in unit.items}
    for unit in wanted:
        if row := tx.retention.volume(unit.code):
            found[unit.code] = row.object_id
    return found


def form_years(office: Office) -> dict[str, int]:
    """Return how many years each form asks for today."""
    return {folder.form.code: folder.form.retention.years for folder in office.forms.all()}


def _volumes(office: Office, tx: Transaction, codes: Sequence[str]) -> list[Unit]:
    extended, contents = tx.retention.extended(), tx.retention.of_volumes(codes)
    gone = {row.code for row in tx.retention.destroyed(list(codes))}
    all_items = [number for numbers in contents.values() for number in numbers]
    kept = {item.archive_no: item for item in tx.retention.kept(all_items, years=form_years(office))}
    found = []
    for code in codes:
        row = tx.retention.volume(code)
        items = tuple(kept[number] for number in contents.get(code, []) if number in kept)
        if row and items and code not in gone:
            until = max((extended.get(c, "") for c in (code, *(i.archive_no for i in items))), default="")
            found.append(Unit(UnitKind.VOLUME, code, row.title, items, until))
    return found


def _items(office: Office, tx: Transaction, numbers: Iterable[str]) -> list[Unit]:
    extended = tx.retention.extended()
    kept = tx.retention.kept(list(numbers), years=form_years(office))
    return [
        Unit(UnitKind.ITEM, item.archive_no, item.title, (item,), extended.get(item.archive_no, "")) for item in kept
    ]
