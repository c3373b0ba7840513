"""Tables computed from their definitions: every figure with its identity and its records (F.4, F.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from qrecords.errors import IntegrityFailure
from qrecords.model.field import Condition
from qrecords.model.figures.arithmetic import NONE, Rate, Rounding, rounded, shares
from qrecords.model.figures.definitions import At, Column, Part, RowDefinition, TableDefinition
from qrecords.model.figures.entries import Entry, said
from qrecords.model.figures.measures import DERIVED, MEASURES, NOTHING, Asked, Measured, lacking, numbers_of
from qrecords.model.figures.population import OF_A_DAY, Population, meeting, span_of
from qrecords.model.figures.results import ColumnHead, Figure, TableResult, TableRow
from qrecords.model.period import Period
from qrecords.model.rules import is_empty
from qrecords.model.values import choice_key

UNSAID, PAST = "未填", "补录件（栏目未录入）"
OTHERS, TOTAL = "其他", "total"
NOT_ASKED = "不在计算范围"
SEVERAL = "一件可属几类，各类之和可大于合计"
LONGEST_WORDS, LONGEST_REASON = 300, 12


@dataclass(frozen=True)
class Report:
    """What tables are computed for: a kind of document, a period, the records, and how the office reckons.

    `choices` gives a field's choices in the order its form prints them, none of a free text.
    """

    kind: str
    period: Period
    population: Population
    choices: Callable[[Sequence[str], str], tuple[str, ...]]
    rounding: Rounding = Rounding.HALF_UP
    targets: Mapping[str, Decimal] = field(default_factory=dict)
    weights: Mapping[str, tuple[Decimal, ...]] = field(default_factory=dict)
    min_n: int = 5


@dataclass(frozen=True)
class _Row:
    key: str
    label: str
    of: Callable[[Column, Sequence[Entry]], Sequence[Entry]]
    named: RowDefinition | None = None
    span: Period | None = None
    total: bool = False


def table(definition: TableDefinition, report: Report) -> list[TableResult]:
    """Return a table's parts for a report; those of other kinds or periods are left out."""
    return [
        _list(definition, part, report) if part.items else _grid(definition, part, report)
        for part in definition.parts
        if (not part.periods or report.period.span in part.periods) and (not part.kinds or report.kind in part.kinds)
    ]


def wanted(definitions: Sequence[TableDefinition], kind: str, period: Period) -> list[TableDefinition]:
    """Return the tables of a document, in their order."""
    found = [d for d in definitions if kind in d.kinds and (not d.periods or period.span in d.periods)]
    return sorted(found, key=lambda d: (d.order, d.id))


# Grids


def _grid(definition: TableDefinition, part: Part, report: Report) -> TableResult:
    grid = _Grid(definition, part, report)
    columns = [*_expanded(part, report)]
    rows = [*grid.rows(columns[0] if columns else None)]
    measured = [[*grid.measured(row, columns)] for row in rows]
    for place, column in enumerate(columns):
        if column.measure == "share":
            _share_out(rows, measured, place, report.rounding)
    made = [
        TableRow(
            row.key,
            row.label,
            tuple(_figure(definition, part, row, column, found) for column, found in zip(columns, cells, strict=True)),
            total=row.total,
        )
        for row, cells in zip(rows, measured, strict=True)
    ]
    if not part.rows.empty:
        made = [row for row in made if row.total or _says_something(row)]
    _require_closed(definition, part, columns, made)
    heads = tuple(ColumnHead(column.key, column.label, column.unit) for column in columns)
    notes = (*part.notes, *([SEVERAL] if grid.several else ()), *_few(part, columns, made, report.min_n))
    head = part.rows.head
    return TableResult(definition.id, part.key, definition.title, part.title, head, heads, tuple(made), notes)


def _few(part: Part, columns: Sequence[Column], rows: Sequence[TableRow], least: int) -> Iterator[str]:
    """Tell which rows rest on too few answers (I.4)."""
    places = [n for n, column in enumerate(columns) if column.key in part.few]
    cells = [(row, row.cells[n]) for row in rows for n in places]
    named = [row.label for row, cell in cells if isinstance(cell, Figure) and 0 < (cell.denominator or 0) < least]
    if named:
        yield f"样本少（n＜{least}），仅供参考：{'、'.join(dict.fromkeys(named))}"


def _says_something(row: TableRow) -> bool:
    return any(isinstance(cell, Figure) and (cell.value or cell.records) for cell in row.cells)


class _Grid:
    """The rows of one part, and what lies in their cells."""

    def __init__(self, definition: TableDefinition, part: Part, report: Report) -> None:
        self._definition, self._part, self._report = definition, part, report
        self.several = False
        self._grouped: dict[int, tuple[Sequence[Entry], dict[str, list[Entry]]]] = {}
        self._labels: dict[str, str] = {}
        self._made: dict[str, dict[str, Figure]] = {}
        self._narrow: dict[int, Sequence[Entry]] = {}

    def rows(self, first: Column | None) -> Iterator[_Row]:
        """Give the rows in their order, the total last."""
        rows = self._part.rows
        for named in rows.each:
            yield _Row(named.key, named.label, lambda _, entries, n=named: _narrowed(entries, n.when), named)  # type: ignore[misc]
        if rows.months:
            for month in self._report.period.last_months(rows.months):
                yield _Row(month.key, month.label, lambda _, entries: entries, span=month)
        if rows.field and first is not None:
            yield from self._valued(first)
        if rows.total:
            yield _Row(TOTAL, rows.total, lambda _, entries: entries, total=True)

    def _valued(self, first: Column) -> Iterator[_Row]:
        rows = self._part.rows
        groups = [self._groups(self._entries(column, None)) for column in _expanded(self._part, self._report)
                  if column.measure in MEASURES]  # fmt: skip
        used = [key for group in groups for key in group]
        order = self._order(used, groups[0] if groups else {})
        kept, rest = (order[: rows.top], order[rows.top :]) if rows.top else (order, [])
        for key in kept:
            yield _Row(key, self._labels.get(key, key), lambda _, entries, k=key: self._groups(entries).get(k, []))  # type: ignore[misc]
        if rest:
            gone = frozenset(rest)
            yield _Row("others", OTHERS, lambda _, entries: self._in_any(entries, gone))

    def _order(self, used: Sequence[str], first: Mapping[str, Sequence[Entry]]) -> list[str]:
        """Choices as the form prints them; free words by how many, then by themselves; what is not said last."""
        rows = self._part.rows
        at_end = [key for key in (PAST, UNSAID) if key in used]
        names = {key for key in used if key not in at_end}
        for also in (rows.field, *rows.also):
            if choices := self._report.choices(self._report.population.sets[self._part.set].forms, also):
                self._labels |= {choice: choice for choice in choices}
                order = [c for c in choices if rows.empty or c in names]
                order += sorted(names - set(order))
                break
        else:
            order = sorted(names, key=lambda key: (-self._weight(first.get(key, ())), self._labels.get(key, key)))
        last = [name for name in rows.last if name in order]
        return [*(key for key in order if key not in last), *last, *at_end]

    def _weight(self, entries: Sequence[Entry]) -> Fraction:
        column = next((c for c in self._part.columns if c.measure in MEASURES), None)
        if column is None or column.measure not in {"sum", "count"}:
            return Fraction(len(entries))
        narrowed = _narrowed(entries, column.when)
        return Fraction(MEASURES[column.measure](Asked(narrowed, column, self._report.period)).value or 0)

    def _groups(self, entries: Sequence[Entry]) -> dict[str, list[Entry]]:
        """Return the entries by the values of the field that makes the rows."""
        if (known := self._grouped.get(id(entries))) is not None:
            return known[1]
        groups: dict[str, list[Entry]] = {}
        spelt: dict[str, Counter[str]] = {}
        rows = self._part.rows
        fixed = bool(self._report.choices(self._report.population.sets[self._part.set].forms, rows.field))
        for entry, value in zip(entries, said(entries, rows.field), strict=True):
            names = [value] if value.__class__ is str and value and not rows.also else self._names(entry, value)
            self.several = self.several or len(names) > 1
            for name in names:
                key = name if fixed or name in {UNSAID, PAST} else choice_key(name)
                groups.setdefault(key, []).append(entry)
                if not fixed:
                    spelt.setdefault(key, Counter())[name] += 1
        for key, found in spelt.items():
            self._labels.setdefault(key, min(found, key=lambda name: (-found[name], name)))
        self._grouped[id(entries)] = entries, groups
        return groups

    def _names(self, entry: Entry, value: Any) -> list[str]:
        rows = self._part.rows
        if is_empty(value):
            return [PAST if entry.get("@past") else UNSAID]
        if isinstance(value, list | tuple):
            return list(dict.fromkeys(map(str, value)))
        parts = [str(value), *(str(entry.get(also) or "") for also in rows.also)]
        return [" ".join(part for part in parts if part)]

    def _in_any(self, entries: Sequence[Entry], keys: frozenset[str]) -> list[Entry]:
        groups = self._groups(entries)
        found = {id(entry): entry for key in keys for entry in groups.get(key, ())}
        return [*found.values()]

    def _entries(self, column: Column, row: _Row | None, *, left_out: bool = False) -> Sequence[Entry]:
        """Return the members of a column's set; `left_out` those that would be, were they valid."""
        named = row.named if row else None
        name = column.set or (named.set if named else "") or self._part.set
        at, period = self._when(column, row)
        if at == "months":
            period, at = _month(self._report.period, column.key), "period"
        population = self._report.population
        if left_out:
            return _narrowed([] if column.basis else population.left_out(name, at, period), self._part.when)
        found = population.at(name, at, period, column.basis)
        if not self._part.when:
            return found
        if (known := self._narrow.get(id(found))) is None:
            known = self._narrow[id(found)] = _narrowed(found, self._part.when)
        return known

    def _when(self, column: Column, row: _Row | None) -> tuple[At, Period]:
        """Return the time of a cell, and the period it is seen from: a stock is that of the row's own period."""
        period = (row.span if row else None) or self._report.period
        own = row.named.at if row and row.named else ""
        at: At = column.at or own or self._part.at
        return (at, span_of(own, period)) if column.at in OF_A_DAY and own and own not in OF_A_DAY else (at, period)

    def measured(self, row: _Row, columns: Sequence[Column]) -> Iterator[Measured]:
        """Give what the columns measure in a row; those computed from others after them."""
        found: dict[str, Figure] = {}
        self._made[row.key] = found
        for column in columns:
            asked, there = self._asked(column, row)
            if row.named and row.named.of:
                both = [self._made[key][column.key] for key in row.named.of]
                one = DERIVED[_compared_by(column)](both, asked)
            elif column.measure in DERIVED:
                one = DERIVED[column.measure]([found[key] for key in column.of], asked)
            elif not self._known(column, row):
                one = NOTHING
            else:
                one = MEASURES[column.measure](asked)
                if left_out := self._left_out(column, row, asked, there):
                    one = replace(one, left_out=left_out)
            found[column.key] = _figure(self._definition, self._part, row, column, one)
            yield one

    def _asked(self, column: Column, row: _Row) -> tuple[Asked, Sequence[Entry]]:
        """Return what a cell asks for, and what lies in the row before the column's conditions narrow it."""
        there: Sequence[Entry] = ()
        if column.measure in MEASURES and not (row.named and row.named.of):
            there = row.of(column, self._entries(column, row))
        report = self._report
        span = span_of(*self._when(column, row))
        asked = Asked(
            _narrowed(there, column.when), column, span, report.rounding, report.targets.get(column.target),
            report.weights.get(column.target, ()),
        )  # fmt: skip
        return asked, there

    def _left_out(self, column: Column, row: _Row, asked: Asked, there: Sequence[Entry]) -> tuple[tuple[str, str], ...]:
        """Return the records that belong in a cell and could not be counted, each with the reason (F.5).

        What is not valid; of a rate what its denominator does not hold; of a mean what does not say the amount.
        """
        found: dict[str, str] = {}
        if others := self._entries(column, row, left_out=True):
            several = self.several
            for entry in _narrowed(row.of(column, others), column.when):
                found |= dict.fromkeys(entry.numbers, str(entry.get("@not_counted")))
            self.several = several  # a record nobody counts is in no two rows
        for entry in lacking(asked):
            found |= dict.fromkeys(entry.numbers, PAST if entry.get("@past") else UNSAID)
        if column.measure == "rate" and len(there) > len(asked.entries):
            within = {id(entry) for entry in asked.entries}
            for entry in there:
                if id(entry) not in within:
                    found |= dict.fromkeys(entry.numbers, _why_not(entry, column.when))
        return tuple(found.items())

    def _known(self, column: Column, row: _Row) -> bool:
        own = row.named.at if row.named else ""
        at = (own if column.at in OF_A_DAY else "") or column.at or own or self._part.at
        if at not in {"preceding", "year-before"}:
            return True
        return self._report.population.knows(span_of(at, row.span or self._report.period))


def _compared_by(column: Column) -> str:
    """Return how two periods of a column are compared: amounts by their growth, rates and means by points (F.4-5)."""
    return "points" if column.measure in _IN_POINTS else "growth"


_IN_POINTS = frozenset({"rate", "part_of", "mean", "median", "mean_days", "median_days", "weighted", "ratio"})


def _why_not(entry: Entry, when: Sequence[Condition]) -> str:
    """Return what an entry says where the first condition it does not meet asks for something else."""
    failed = next(condition for condition in when if not meeting([entry], [condition]))
    value = entry.get(failed.field)
    if is_empty(value):
        return PAST if entry.get("@past") else UNSAID
    return NOT_ASKED if isinstance(value, bool) else words(value, LONGEST_REASON)


def _narrowed(entries: Sequence[Entry], when: Sequence[Condition]) -> Sequence[Entry]:
    return meeting(entries, when) if when else entries


def _expanded(part: Part, report: Report) -> Iterator[Column]:
    """Give the columns of a period; one that stands for months or for a field's values as many as there are."""
    for column in part.columns:
        if column.periods and report.period.span not in column.periods:
            continue
        if column.at == "months":
            for month in report.period.months():
                name = f"{int(month.first[5:7])}月"
                yield column.model_copy(update={"key": f"{column.key}_{month.key[5:7]}", "label": name})
        elif column.each:
            yield from _each(part, column, report)
        else:
            yield column


def _each(part: Part, column: Column, report: Report) -> Iterator[Column]:
    """Give a column for each choice of a field, of `empty = false` those some row's entries have."""
    at = column.at or part.at
    names = [column.set] if column.set else [row.set for row in part.rows.each if row.set] or [part.set]
    found = [entry for name in names for entry in report.population.at(name, at, report.period)]
    used = {v for entry in found for v in _listed(entry.get(column.each))}
    choices = report.choices([f for name in names for f in report.population.sets[name].forms], column.each)
    order = [c for c in choices if column.empty or c in used] + sorted(used - set(choices))
    for number, value in enumerate(order, start=1):
        condition = Condition(field=column.each, among=(value,))
        yield column.model_copy(
            update={"key": f"{column.key}_{number}", "label": value, "when": (*column.when, condition)}
        )


def _listed(value: Any) -> list[str]:
    if is_empty(value):
        return []
    return [str(v) for v in value] if isinstance(value, list | tuple) else [str(value)]


def _month(period: Period, key: str) -> Period:
    number = key.rpartition("_")[2]
    return next(month for month in period.months() if month.key[5:7] == number)


def _share_out(rows: Sequence[_Row], measured: list[list[Measured]], place: int, rounding: Rounding) -> None:
    """Print the counts of a column as shares that add to 100.0; where one counts in several rows, as plain rates."""
    total = next((cells[place] for row, cells in zip(rows, measured, strict=True) if row.total), None)
    parts = [n for n, row in enumerate(rows) if not row.total]
    counts = [int(measured[n][place].value or 0) for n in parts]
    whole = int(total.value or 0) if total is not None else sum(counts)
    of = total.records if total is not None else tuple(no for n in parts for no in measured[n][place].records)
    apart = shares(counts) if sum(counts) == whole else None
    for n, count, share in zip(parts, counts, apart or _no_shares(counts), strict=True):
        percent = share if share is not None else Rate(count, whole).percent(rounding)
        measured[n][place] = _shared(measured[n][place], count, whole, percent, of)
    if total is not None:
        last = next(n for n, row in enumerate(rows) if row.total)
        percent = Rate(whole, whole).percent(rounding)
        measured[last][place] = _shared(total, whole, whole, percent, of)


def _no_shares(counts: Sequence[int]) -> list[Decimal | None]:
    return [None for _ in counts]


def _shared(found: Measured, count: int, whole: int, percent: Decimal | None, of: tuple[str, ...]) -> Measured:
    if percent is None:
        return replace(found, value=None, shown=NONE, numerator=count, denominator=whole, of=of)
    value = Fraction(count, whole) * 100
    return replace(found, value=value, shown=f"{percent:.1f}", numerator=count, denominator=whole, of=of)


def _figure(definition: TableDefinition, part: Part, row: _Row, column: Column, found: Measured) -> Figure:
    key = row.key.replace(".", "·")
    name = f"{definition.id}.{part.key}.{key}.{column.key}"
    unit = "%" if column.measure in {"rate", "share", "growth", "part_of"} else column.unit
    if row.named and row.named.of:
        unit = "%" if _compared_by(column) == "growth" else "百分点" if unit == "%" else unit
    return Figure(
        name, f"{row.label} {column.label}".strip(), unit, found.value, found.shown, found.numerator,
        found.denominator, found.records, found.contributions, found.of, found.left_out,
    )  # fmt: skip


def _require_closed(
    definition: TableDefinition, part: Part, columns: Sequence[Column], rows: Sequence[TableRow]
) -> None:
    """Refuse a table of stock and flow that does not close: that is a fault of the program or its tables (F.4-8)."""
    if not part.closes:
        return
    places = {column.key: place for place, column in enumerate(columns)}
    for row in rows:
        opening, came, went, closing = (
            cell.value if isinstance(cell := row.cells[places[key]], Figure) and cell.value is not None else 0
            for key in part.closes
        )
        if opening + came - went != closing:
            told = f"{definition.id} {part.title} {row.label}：期初{opening}＋{came}－{went}不等于期末{closing}"
            raise IntegrityFailure(told, remedy="这是程序或表定义（tables/）的错误，没有出表；请报告维护人员")


# Lists


def _list(definition: TableDefinition, part: Part, report: Report) -> TableResult:
    entries = [*_narrowed(report.population.at(part.set, part.at, report.period), part.when)]
    order = part.sort or ("@date", "@number")
    entries.sort(key=lambda entry: [words(entry.get(key)) for key in order])
    kept = entries[: part.limit] if part.limit else entries
    rows = tuple(
        TableRow(
            *_named(entry),
            tuple(words(entry.get(item.field), item.length) or "/" for item in part.items),
            entry.numbers,
        )
        for entry in kept
    )
    left = len(entries) - len(kept)
    notes = (*part.notes, *([f"另有{left}件未列"] if left else ()))
    heads = tuple(ColumnHead(item.key, item.label) for item in part.items)
    numbered = next((item.label for item in part.items if item.field == "@number"), "记录编号")
    return TableResult(definition.id, part.key, definition.title, part.title, numbered, heads, rows, notes)


def _named(entry: Entry) -> tuple[str, str]:
    """Return a line's key and what stands at its head: its record, 「/」 where it rests on none."""
    number = entry.numbers[0] if entry.numbers else ""
    return number or str(entry.get("customer_unit")), number or "/"


def words(value: Any, length: int = 0) -> str:
    """Return a value in words on one line, cut where it is too long."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case list() | tuple():
            text = "、".join(words(v) for v in value)
        case Fraction():
            text = f"{rounded(value):f}"
        case _:
            text = " ".join(str(value).split())
    longest = length or LONGEST_WORDS
    return text if len(text) <= longest else text[: longest - 1] + "…"


__all__ = ["OTHERS", "PAST", "SEVERAL", "TOTAL", "UNSAID", "Report", "numbers_of", "table", "wanted", "words"]
