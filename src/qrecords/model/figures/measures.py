"""The measures tables may name: a small fixed set of pure functions over the entries of a cell (F.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import chain

from qrecords.model.figures.arithmetic import NEW, NONE, Rate, Rounding, rounded
from qrecords.model.figures.arithmetic import median as middle_of
from qrecords.model.figures.arithmetic import total as sum_of
from qrecords.model.figures.definitions import Column
from qrecords.model.figures.entries import Entry, said
from qrecords.model.figures.population import meeting
from qrecords.model.figures.results import Figure, Number
from qrecords.model.period import Period
from qrecords.model.values import choice_key

MONEY = "元"
FEW_DAYS = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What one cell asks for: the entries in it, of which span of days, measured how; `others` are the row's figures.

    `of` are the entries of the whole column, whatever their row; `limit` is the target the column names.
    """

    entries: Sequence[Entry]
    column: Column
    span: Period
    rounding: Rounding = Rounding.HALF_UP
    limit: Decimal | None = None
    weights: tuple[Decimal, ...] = ()
    last: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a measure found, before it has an identity."""

    value: Number | None
    shown: str
    numerator: Number | None = None
    denominator: Number | None = None
    records: tuple[str, ...] = ()
    contributions: tuple[Number, ...] = ()
    of: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


NOTHING = Measured(None, NONE)


def numbers_of(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return the records some entries rest on, each once."""
    return tuple(dict.fromkeys(chain.from_iterable([entry.numbers for entry in entries])))


def written(value: Number, unit: str = "", rounding: Rounding = Rounding.HALF_UP) -> str:
    """Return an amount as it is printed: whole numbers as such, money to 0.01, other amounts exactly where they end."""
    if unit == MONEY:
        return f"{rounded(Fraction(value), 2, rounding):f}"
    if isinstance(value, int) or Fraction(value).denominator == 1:
        return str(int(value))
    places = next((n for n in (1, 2) if (Fraction(value) * 10**n).denominator == 1), 2)
    return f"{rounded(Fraction(value), places, rounding):f}"


def _weighed(pairs: Iterable[tuple[Entry, Number]]) -> tuple[tuple[str, ...], tuple[Number, ...]]:
    """Return the records with what each contributes; none said where each is one."""
    found: dict[str, Number] = {}
    for entry, amount in pairs:
        number = entry.numbers[0]
        found[number] = found[number] + amount if number in found else amount  # a fraction is slow to add to nought
    amounts = tuple(found.values())
    return tuple(found), () if all(amount == 1 for amount in amounts) else amounts


def _count(asked: Asked) -> Measured:
    entries = asked.entries
    numbers = [entry.numbers for entry in entries]
    contributions: tuple[Number, ...] = ()
    if {*map(len, numbers)} <= {1}:
        named = [number for (number,) in numbers]
        records = tuple(dict.fromkeys(named))
        if len(records) < len(named):
            contributions = tuple(Counter(named).values())
    else:
        records, contributions = numbers_of(entries), ()
    return Measured(len(entries), str(len(entries)), records=records, contributions=contributions)


def _distinct(asked: Asked) -> Measured:
    """How many different things some fields name; width, case and blanks are forgiven."""
    found = {
        key for e in asked.entries if any(key := tuple(choice_key(str(e.get(f) or "")) for f in asked.column.fields))
    }
    return Measured(len(found), str(len(found)), records=numbers_of(asked.entries))


def _sum(asked: Asked) -> Measured:
    """The amounts of a field, or the lines of a repeated one."""
    pairs = [*_amounts(asked)]
    total: Number = sum((amount for _, amount in pairs), 0)
    records, contributions = _weighed(pairs)
    return Measured(total, written(total, asked.column.unit, asked.rounding), None, None, records, contributions)


def _amounts(asked: Asked) -> Iterator[tuple[Entry, Number]]:
    """Give the entries that have the column's field, each with its amount."""
    for entry, value in zip(asked.entries, said(asked.entries, asked.column.fields[0]), strict=True):
        if value.__class__ is Fraction or value.__class__ is int:
            yield entry, value
        elif (amount := _amount(value)) is not None:
            yield entry, amount


def _amount(value: object) -> Number | None:
    if isinstance(value, list | tuple):
        return len(value)
    if value is None or value == "" or isinstance(value, bool):
        return None
    if isinstance(value, int | Fraction):
        return value
    text = str(value)
    if text.isdecimal():
        return int(text)
    exact = Fraction(Decimal(text))
    return int(exact) if exact.denominator == 1 else exact


def _once(asked: Asked) -> Measured:
    """The amounts of a field, once for each thing another field names: what is said of a model, not of its reports."""
    kinds = [choice_key(str(kind or "")) for kind in said(asked.entries, asked.column.fields[0])]
    pairs = zip(kinds, said(asked.entries, asked.column.fields[1]), strict=True)
    found = {kind: amount for kind, value in pairs if kind and (amount := _amount(value)) is not None}
    total: Number = sum(found.values(), 0)
    return Measured(total, written(total, asked.column.unit, asked.rounding), records=numbers_of(asked.entries))


def _rate(asked: Asked) -> Measured:
    """How many of the entries meet `hit`, in per cent; nothing to divide by is no rate (F.4-2, F.4-4)."""
    hit = meeting(asked.entries, asked.column.hit)
    return rate_of(len(hit), len(asked.entries), asked, numbers_of(hit), numbers_of(asked.entries))


def rate_of(part: int, whole: int, asked: Asked, records: tuple[str, ...] = (), of: tuple[str, ...] = ()) -> Measured:
    """Return a rate in per cent, compared with the column's target before rounding."""
    rate = Rate(part, whole)
    if rate.exact is None:
        return Measured(None, NONE, part, whole, records, (), of)
    shown = rate.percent(asked.rounding) if asked.limit is None else rate.against(asked.limit, asked.rounding)
    return Measured(rate.exact * 100, f"{shown:f}", part, whole, records, (), of)


def _mean(asked: Asked) -> Measured:
    """The mean of a field over the entries that have it."""
    return _mean_of([*_amounts(asked)], asked)


def _mean_days(asked: Asked) -> Measured:
    """The mean of the days from one field to another, the first not counted, over the entries that have both."""
    return _mean_of([*_lasted(asked)], asked)


def _lasted(asked: Asked) -> Iterator[tuple[Entry, int]]:
    first, last = asked.column.fields
    for entry in asked.entries:
        begun, ended = (str(entry.get(key) or "")[:10] for key in (first, last))
        if begun and ended:
            yield entry, (date.fromisoformat(ended) - date.fromisoformat(begun)).days


def _mean_of(pairs: Sequence[tuple[Entry, Number]], asked: Asked) -> Measured:
    if not pairs:
        return NOTHING
    total = sum_of(amount for _, amount in pairs)
    value = total / len(pairs)
    shown = against(value, asked.limit, asked.rounding)
    if all(len(entry.numbers) == 1 for entry, _ in pairs):
        records, contributions = _weighed(pairs)
        if not contributions:
            contributions = (1,) * len(records)
    else:
        records, contributions = numbers_of(entry for entry, _ in pairs), ()
    return Measured(value, shown, total, len(pairs), records, contributions, records)


def _median(asked: Asked) -> Measured:
    """The middle of a field's whole numbers; shown beside the mean from three on (F.4-7)."""
    return _median_of([(e, int(amount)) for e, amount in _amounts(asked)])


def _median_days(asked: Asked) -> Measured:
    """The middle of the days from one field to another; from three entries on."""
    return _median_of([*_lasted(asked)])


def _median_of(pairs: Sequence[tuple[Entry, int]]) -> Measured:
    if len(pairs) < FEW_DAYS or (value := middle_of([amount for _, amount in pairs])) is None:
        return NOTHING
    records, contributions = _weighed(pairs)
    return Measured(value, written(value), None, len(pairs), records, contributions or (1,) * len(records), records)


def against(value: Fraction, target: Decimal | None, rounding: Rounding) -> str:
    """Return a value to one place, to two where one would hide on which side of its target it lies (F.4-4)."""
    shown = rounded(value, 1, rounding)
    if target is not None and (shown >= target) != (value >= Fraction(target)):
        shown = rounded(value, 2, rounding)
    return f"{shown:f}"


def _person_days(asked: Asked) -> Measured:
    """People times days away within the span, both ends counted (T05)."""
    pairs = [(entry, _people(entry) * _days_away(entry, asked)) for entry in asked.entries]
    records, contributions = _weighed((entry, days) for entry, days in pairs if days)
    total = sum(days for _, days in pairs)
    return Measured(total, str(total), None, None, records, contributions)


def _most_away(asked: Asked) -> Measured:
    """The most people away on one day of the span."""
    changes: dict[int, int] = {}
    for entry in asked.entries:
        if stay := _stay(entry, asked):
            changes[stay[0]] = changes.get(stay[0], 0) + _people(entry)
            changes[stay[1] + 1] = changes.get(stay[1] + 1, 0) - _people(entry)
    most = now = 0
    for _, change in sorted(changes.items()):
        now += change
        most = max(most, now)
    return Measured(most, str(most), records=numbers_of(asked.entries))


def _people(entry: Entry) -> int:
    return len(entry.get("staff") or ())


def _days_away(entry: Entry, asked: Asked) -> int:
    stay = _stay(entry, asked)
    return stay[1] - stay[0] + 1 if stay else 0


def _stay(entry: Entry, asked: Asked) -> tuple[int, int] | None:
    left, back = (str(entry.get(key) or "")[:10] for key in ("departed_on", "returned_on"))
    first, last = max(left, asked.span.first), min(back or asked.span.last, asked.span.last)
    if not left or first > last:
        return None
    return date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal()


def lacking(asked: Asked) -> list[Entry]:
    """Return the entries a mean or median cannot count: those that do not say what it is of."""
    if asked.column.measure not in {"mean", "median", "mean_days", "median_days"}:
        return []
    told = [said(asked.entries, key) for key in asked.column.fields]
    missing: set[int] = set()
    for values in told:  # a fraction is slow to compare with a text: by class
        missing.update(n for n, v in enumerate(values) if v is None or (v.__class__ is str and not v))
    return [asked.entries[n] for n in sorted(missing)]


Measure = Callable[[Asked], Measured]

MEASURES: dict[str, Measure] = {
    "count": _count,
    "distinct": _distinct,
    "sum": _sum,
    "once": _once,
    "share": _count,  # what it is of the column is known when all rows are
    "rate": _rate,
    "mean": _mean,
    "median": _median,
    "mean_days": _mean_days,
    "median_days": _median_days,
    "person_days": _person_days,
    "most_away": _most_away,
}


# Measures of other columns of the same row

Derived = Callable[[Sequence[Figure], Asked], Measured]


def _growth(figures: Sequence[Figure], asked: Asked) -> Measured:
    """By how many per cent the first is more than the second; rates differ in points (F.4-5)."""
    now, base = figures[0].value, figures[1].value
    if now is None or base is None or (not now and not base):
        return NOTHING
    if not base:
        return Measured(None, NEW, now, base)
    value = Fraction(now - base) / Fraction(base) * 100
    return Measured(value, _signed(value, asked.rounding), now, base)


def _points(figures: Sequence[Figure], asked: Asked) -> Measured:
    """By how much the first is more than the second, in points."""
    now, base = figures[0].value, figures[1].value
    if now is None or base is None:
        return NOTHING
    value = Fraction(now - base)
    return Measured(value, _signed(value, asked.rounding), now, base)


def _signed(value: Fraction, rounding: Rounding) -> str:
    return f"{rounded(value, 1, rounding):f}"


def _ratio(figures: Sequence[Figure], asked: Asked) -> Measured:
    """The first per so many (100) of the second."""
    part, whole = figures[0].value, figures[1].value
    if part is None or not whole:
        return NOTHING
    value = Fraction(part) / Fraction(whole) * Fraction(asked.column.per)
    return Measured(
        value, f"{rounded(value, 1, asked.rounding):f}", part, whole, figures[0].records, (), figures[1].records
    )


def _part_of(figures: Sequence[Figure], asked: Asked) -> Measured:
    """The first of the second, which holds it, in per cent."""
    part, whole = figures[0].value, figures[1].value
    if part is None or not whole:
        return NOTHING
    return rate_of(int(part), int(whole), asked, figures[0].records, figures[1].records)


def _less(figures: Sequence[Figure], asked: Asked) -> Measured:
    """By how much the first is more than the second; below nought what is lacking."""
    now, base = figures[0].value, figures[1].value
    if now is None or base is None:
        return NOTHING
    records = tuple(dict.fromkeys(no for f in figures for no in f.records))
    return Measured(now - base, written(now - base, asked.column.unit, asked.rounding), records=records)


def _added(figures: Sequence[Figure], asked: Asked) -> Measured:
    """The sum of columns that share no record."""
    total: Number = sum((f.value for f in figures if f.value is not None), 0)
    records = tuple(dict.fromkeys(no for f in figures for no in f.records))
    return Measured(total, written(total, asked.column.unit, asked.rounding), records=records)


def _weighted(figures: Sequence[Figure], asked: Asked) -> Measured:
    """The mean of columns by the office's weights; without one of them there is none."""
    if any(f.value is None for f in figures):
        return NOTHING
    weights = [Fraction(w) for w in asked.weights] or [Fraction(1)] * len(figures)
    total = sum((Fraction(f.value or 0) * w for f, w in zip(figures, weights, strict=True)), Fraction(0))
    value = total / sum(weights)
    records = tuple(dict.fromkeys(no for f in figures for no in f.records))
    return Measured(value, against(value, asked.limit, asked.rounding), records=records, of=records)


DERIVED: dict[str, Derived] = {
    "growth": _growth,
    "points": _points,
    "ratio": _ratio,
    "part_of": _part_of,
    "added": _added,
    "less": _less,
    "weighted": _weighted,
}
# How many columns of the row each needs; 0 = one or more.
NEEDS = {"growth": 2, "points": 2, "ratio": 2, "part_of": 2, "less": 2, "added": 0, "weighted": 0}
# Which need fields of their own, and how many.
FIELDS = {"distinct": 0, "sum": 1, "once": 2, "mean": 1, "median": 1, "mean_days": 2, "median_days": 2}
