"""What a half-year or year says beside the sum of its approved months, and which records make the difference (F.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from qrecords.model.figures.measures import written
from qrecords.model.figures.results import ColumnHead, Figure, Number, TableResult, TableRow
from qrecords.model.record import GONE, Record


class Why(StrEnum):
    """Why a record counts otherwise than it did."""

    LATE_ENTRY = "补录"
    LATER_VALID = "后来有效"
    DATE = "日期更正"
    VOID = "作废"
    VALUE = "数值更正"
    GONE = "不再计入"


@dataclass(frozen=True, slots=True)
class Told:
    """One figure of an approved document: its exact value, and what each record gave."""

    value: Number
    records: Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class Part:
    """An approved document of a part of the period: the change number it was drawn at, its figures by identity.

    `first` and `last` are the days it is about.
    """

    label: str
    seq: int
    figures: Mapping[str, Told]
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One total: what its parts said in sum, what it is now, and the records between, each with its reason."""

    figure: Figure
    summed: Number
    now: Number
    records: tuple[tuple[str, Why], ...]

    @property
    def difference(self) -> Number:
        """Return by how much it is more now."""
        return self.now - self.summed


def told(figure: Figure) -> Told:
    """Return a figure as a document keeps it."""
    amounts: Iterable[Number] = figure.contributions or (1,) * len(figure.records)
    return Told(figure.value or 0, dict(zip(figure.records, amounts, strict=True)))


def differences(
    parts: Sequence[Part], now: Iterable[Figure], records: Mapping[str, Record], created: Mapping[str, int]
) -> list[Difference]:
    """Return the totals that are not the sum of their parts.

    `records` are those there are, `created` the change number each was put in under. Rates and means are no sums and
    are not compared; nor is a figure that some part does not have.
    """
    found: list[Difference] = []
    for figure in now:
        before = [part.figures[figure.id] for part in parts if figure.id in part.figures]
        if figure.denominator is not None or figure.value is None or len(before) != len(parts) or not parts:
            continue
        summed: Number = sum((one.value for one in before), 0)
        was = _together(before)
        is_now = dict(told(figure).records)
        changed = [no for no in sorted({*was, *is_now}) if was.get(no, 0) != is_now.get(no, 0)]
        if summed != figure.value or changed:
            named = tuple(
                (no, _why(no, was, is_now, record := records.get(no), created.get(no, 0), _told_at(parts, record)))
                for no in changed
            )
            found.append(Difference(figure, summed, figure.value, named))
    return found


def _told_at(parts: Sequence[Part], record: Record | None) -> int:
    """Return the change number at which a record's own part was drawn; of one in none that of the last."""
    own = [part.seq for part in parts if record is not None and part.first <= record.date[:10] <= part.last]
    return max(own or [part.seq for part in parts])


def _together(before: Iterable[Told]) -> dict[str, Number]:
    found: dict[str, Number] = {}
    for one in before:
        for number, amount in one.records.items():
            found[number] = found.get(number, 0) + amount
    return found


def _why(
    number: str,
    was: Mapping[str, Number],
    now: Mapping[str, Number],
    record: Record | None,
    created: int,
    seq: int,
) -> Why:
    if number in was and number in now:
        return Why.VALUE
    if number in was:
        if record is None or record.state in GONE:
            return Why.VOID
        return Why.DATE if _date_corrected(record) else Why.GONE
    if created > seq:
        return Why.LATE_ENTRY
    return Why.DATE if record is not None and _date_corrected(record) else Why.LATER_VALID


def _date_corrected(record: Record) -> bool:
    """Tell whether a day of it was changed after filing."""
    return any(
        any(_is_day(value) for value in change)
        for correction in record.corrections
        for change in correction.changes.values()
    )


def _is_day(value: object) -> bool:
    text = str(value or "")
    return len(text) >= 10 and text[4:5] == text[7:8] == "-" and text[:4].isdigit()


def reconciliation(found: Sequence[Difference], parts: Sequence[Part], missing: Sequence[str] = ()) -> TableResult:
    """Return table T19 「与已报数的差异」: per total the sum of its parts, now, the difference, and why.

    Where parts are missing there is no sum: they are named and nothing is compared.
    """
    heads = (
        ColumnHead("summed", "各期已报合计"),
        ColumnHead("now", "现数"),
        ColumnHead("difference", "差异"),
        ColumnHead("reasons", "原因"),
    )
    rows = tuple(
        TableRow(
            one.figure.id,
            one.figure.label,
            (*(written(n) for n in (one.summed, one.now, one.difference)), _reasons(one)),
            tuple(no for no, _ in one.records),
        )
        for one in found
    )
    notes: tuple[str, ...] = ("没有已批准的各期报表",)
    if parts:
        notes = (f"已报：{'、'.join(part.label for part in parts)}",)
    if missing:
        notes = (f"没有已批准的：{'、'.join(missing)}；各期齐全后才能比较",)
    elif parts and not rows:
        notes = (*notes, "与各期已报数一致")
    return TableResult("T19", "differences", "与已报数的差异", "", "数字", heads, rows, notes)


def _reasons(one: Difference) -> str:
    by_reason: dict[Why, list[str]] = {}
    for number, why in one.records:
        by_reason.setdefault(why, []).append(number)
    return "；".join(f"{why.value}{len(numbers)}：{'、'.join(numbers)}" for why, numbers in by_reason.items())
