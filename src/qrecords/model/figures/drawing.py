"""From the records of a scope to the tables of a document: pure, the same records give the same figures (F.1–F.5)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache, partial

from qrecords.model.branches import BranchDays
from qrecords.model.complaints import is_complaint, standing
from qrecords.model.deadlines import Calendar, Deadlines
from qrecords.model.figures import satisfaction, threads, weeks
from qrecords.model.figures.arithmetic import Rounding
from qrecords.model.figures.basis import why_not_valid
from qrecords.model.figures.charting import charts
from qrecords.model.figures.definitions import SetDefinition, TableDefinition
from qrecords.model.figures.entries import AGE_SPANS, Entry, Improvement, Surroundings
from qrecords.model.figures.facts import DAY_SPANS, FACTS, SAYS_NONE, is_fault, reported
from qrecords.model.figures.limits import deadline_facts, kept_choices
from qrecords.model.figures.management import links, unit_of
from qrecords.model.figures.population import Makes, Population
from qrecords.model.figures.results import ChartResult, Figure, TableResult
from qrecords.model.figures.satisfaction import Method
from qrecords.model.figures.tables import Report, table, wanted
from qrecords.model.figures.visits import Customer, customers
from qrecords.model.form import Form
from qrecords.model.numbering import form_number, numbers_told
from qrecords.model.period import Period
from qrecords.model.record import GONE, Action, Record, State
from qrecords.model.regions import Regions
from qrecords.model.retention import ComplaintKind

OVERALL = "overall"
IMPROVEMENT = "GJ"
HowFar = Callable[[int, int], None]
# What a table may need that only the list of customers has, by the list's own column.
LISTED = {"regions": "region", "points": "service_point", "levels": "service_level"}
CUSTOMERS = "customers"  # what a table needs that stands only where there is a list of customers
PRODUCTS = "products"  # what a table needs that stands only where the product list says when units were delivered


@dataclass(frozen=True)
class Means:
    """What the office says of its figures: forms by code, definitions, calendar, and how it counts and rounds."""

    form: Callable[[str], Form]
    editions: Callable[[str], Sequence[Form]]
    sets: Mapping[str, SetDefinition]
    tables: Sequence[TableDefinition]
    method: Method
    calendar: Calendar
    deadlines: Deadlines
    complaints: Sequence[ComplaintKind]
    regions: Regions = field(default_factory=Regions)
    rounding: Rounding = Rounding.HALF_UP
    filed: bool = False
    refix_days: int = 30
    workday: tuple[tuple[str, str], ...] = (("08:00", "12:00"), ("14:00", "18:00"))
    branches: Mapping[str, BranchDays] = field(default_factory=dict)


@dataclass(frozen=True)
class Read:
    """The records of a scope, and what is known of them beside.

    `first_day` is that of the office's first record, `months` (YYYY-MM) those it has any of. `owes` tells of notices
    whether a record is missing, `handed_in` of records handed in during the period when, and whether any came back,
    `issued` of notices how those they send stood when they were issued, `improved` of records the items of improvement
    that name them, of all branches, whatever the scope.
    `listed` is what the list of customers says beside, by code and by unit, `delivered` the days on which units of the
    product list were delivered, by model and serial number: on the day of the drawing. `customers` are those of the
    list, of the scope.
    """

    records: Sequence[Record]
    first_day: str
    months: frozenset[str]
    owes: Mapping[str, bool] = field(default_factory=dict)
    handed_in: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    issued: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    improved: Mapping[str, tuple[Improvement, ...]] = field(default_factory=dict)
    listed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    delivered: Mapping[tuple[str, str], str] = field(default_factory=dict)
    customers: Sequence[Customer] = ()


@dataclass(frozen=True)
class Drawn:
    """The tables of a document with their charts, and the change number of every record a figure names.

    `compared` are the totals that are set beside what was told of the period's months (F.7).
    """

    kind: str
    period: Period
    cutoff: str
    tables: tuple[TableResult, ...]
    records: Mapping[str, int]
    charts: tuple[ChartResult, ...]
    compared: tuple[Figure, ...]
    report: Report = field(repr=False, compare=False)


def draw(kind: str, period: Period, read: Read, means: Means, cutoff: str, *, progress: HowFar | None = None) -> Drawn:
    """Return the tables of a kind of document for a period, as of a cut-off day; told one by one."""
    report = report_of(kind, period, read, means, cutoff)
    there = {form_number(record.form_code) for record in read.records}
    there |= {need for need, column in LISTED.items() if any(column in said for said in read.listed.values())}
    there |= {PRODUCTS} if read.delivered else set()
    there |= {CUSTOMERS} if read.customers else set()
    asked = [one for one in _with(there, wanted(means.tables, kind, period)) if one.parts]
    tables: list[tuple[TableDefinition, list[TableResult]]] = []
    for one in asked:
        tables.append((one, table(one, report)))
        if progress:
            progress(len(tables), len(asked))
    found = [part for _, parts in tables for part in parts]
    drawn = [chart for one, parts in tables for chart in charts(one, parts, report)]
    named = {number for part in found for number in part.named()}
    seqs = {r.record_no: r.seq for r in read.records if r.record_no in named}
    return Drawn(kind, period, cutoff, tuple(found), seqs, tuple(drawn), tuple(_compared(tables)), report)


def _with(there: Collection[str], tables: Iterable[TableDefinition]) -> Iterator[TableDefinition]:
    """Give the tables for which there is what they need, with those of their parts for which there is."""
    for one in tables:
        if not one.needs or any(need in there for need in one.needs):
            parts = tuple(p for p in one.parts if not p.needs or any(need in there for need in p.needs))
            yield one if len(parts) == len(one.parts) else one.model_copy(update={"parts": parts})


def _compared(tables: Iterable[tuple[TableDefinition, Sequence[TableResult]]]) -> Iterator[Figure]:
    """Give the totals of the columns that say so, by the title of their table."""
    for one, results in tables:
        parts = {part.key: part for part in one.parts}
        for result in results:
            part = parts[result.part]
            wanted_keys = {column.key for column in part.columns if column.compared}
            for row in result.rows if wanted_keys else ():
                for head, cell in zip(result.columns, row.cells, strict=True):
                    if head.key in wanted_keys and isinstance(cell, Figure) and (row.total or part.rows.each):
                        yield replace(cell, label=f"{one.title} {cell.label}")


def report_of(kind: str, period: Period, read: Read, means: Means, cutoff: str) -> Report:
    """Return what tables are computed from: the records as entries, with what their facts need."""
    near = _surroundings(period, read, means, cutoff)
    facts = FACTS | deadline_facts(means.deadlines)
    entries: dict[str, list[Entry]] = {}
    for record in read.records:
        if record.state is not State.DESTROYED:
            entries.setdefault(form_number(record.form_code), []).append(Entry(record, near, facts))
    method = means.method
    makers: dict[str, Makes] = {
        "@occasions": partial(satisfaction.occasions, method=method),
        "@sheets": partial(satisfaction.sheets, method=method),
        "@ratings": partial(satisfaction.ratings, method=method),
        "@models": partial(satisfaction.of_models, method=method),
        "@threads": threads.threads,
        "@weeks": weeks.weeks,
        "@customers": partial(customers, listed=read.customers, near=near, facts=facts),
    }
    population = Population(entries, means.sets, makers, read.first_day, read.months)
    weights = (method.overall["service"], method.overall["product"])
    targets: dict[str, Decimal] = {**{str(k): v for k, v in method.target.items()}, "coverage": method.coverage}
    return Report(kind, period, population, _Choices(means), means.rounding, targets, {OVERALL: weights}, method.min_n)


class _Choices:
    """The choices of a field in the order its form prints them; of a fact that has few values, those."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._known: dict[tuple[tuple[str, ...], str], tuple[str, ...]] = {}
        self._of_facts = FACT_CHOICES | dict(kept_choices(means.deadlines))
        if means.regions.points:
            self._of_facts["@service_point"] = means.regions.points

    def __call__(self, numbers: Sequence[str], path: str) -> tuple[str, ...]:
        if (key := (tuple(numbers), path)) not in self._known:
            self._known[key] = self._find(numbers, path)
        return self._known[key]

    def _find(self, numbers: Sequence[str], path: str) -> tuple[str, ...]:
        if path in self._of_facts:
            return self._of_facts[path]
        found: dict[str, None] = {}
        key, _, column = path.partition(".")
        for number in numbers:
            for form in self._means.editions(number):
                known = form.by_key.get(key)
                if known is not None and column:
                    known = known.column(column)
                if known is not None:
                    found |= dict.fromkeys(known.choices)
        return tuple(found)


FACT_CHOICES = {
    "@item": tuple(satisfaction.ITEMS.values()),
    "@grade": satisfaction.GRADES,
    "@report": ("及时", "逾期交", "交而不全", "逾期未交", "未到期"),
    "@arrival": ("按期", "晚到", "待到", "逾期未到"),
    "@answer": ("按期", "逾期", "逾期未答", "待答"),
    "@repair_span": tuple(DAY_SPANS),
    "@closing_span": tuple(DAY_SPANS),
    "@age_span": tuple(AGE_SPANS),
    "@class": (*threads.CLASSES, threads.UNCLASSIFIED),
    "@thread_state": threads.STATES,
    "@answered": threads.ANSWERS,
    "@week_state": weeks.STATES,
    "@service_level": ("A", "B", "C"),
    "@qualified": ("合格", "缺项", "过期", "停用"),
}


def _surroundings(period: Period, read: Read, means: Means, cutoff: str) -> Surroundings:
    reasons: dict[str, str] = {}

    def valid(record: Record) -> str:
        if record.record_no not in reasons:
            filed = means.filed and period.span == "year"
            reasons[record.record_no] = why_not_valid(means.form(record.form_code), record, filed=filed)
        return reasons[record.record_no]

    def incomplete(record: Record) -> bool:
        form = means.form(record.form_code)
        step = form.steps.get(Action.SUBMIT.value)
        return bool(step and form.incomplete(record.values, step.stages))

    return Surroundings(
        cutoff=cutoff,
        last=period.last,
        calendar=means.calendar,
        deadlines=means.deadlines,
        valid=valid,
        incomplete=incomplete,
        standing=lambda record: standing(record, cutoff),
        is_complaint=lambda record: is_complaint(record, means.complaints),
        notice_owes=read.owes,
        faults=_faults(read.records, valid),
        answered_by=_passed_on(read.records),
        handed_in=read.handed_in,
        informed=_informed(read.records),
        issued=read.issued,
        links=links(read.records),
        improved=read.improved,
        settled=_settled(read.records, valid),
        listed=read.listed,
        delivered=read.delivered,
        branches=means.branches,
        regions=means.regions,
        workday=means.workday,
        refix_days=means.refix_days,
    )


def _faults(
    records: Iterable[Record], valid: Callable[[Record], str]
) -> dict[tuple[str, str], tuple[tuple[str, str, str], ...]]:
    """Return the valid faults of each unit: when reported, when finished, on which record."""
    found: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for record in records:
        if is_fault(record) and not valid(record):
            values = record.values
            finished = str(values.get("finished_on") or "")[:10]
            found.setdefault(unit_of(values), []).append((reported(values), finished, record.record_no))
    return {unit: tuple(sorted(faults)) for unit, faults in found.items()}


def _settled(records: Iterable[Record], valid: Callable[[Record], str]) -> Callable[[tuple[str, str], str], str]:
    """Return what tells the first day after one on which a valid report says of a unit that nothing is left open."""

    @cache  # few tables ask, of few units
    def reports() -> dict[tuple[str, str], list[Record]]:
        found: dict[tuple[str, str], list[Record]] = {}
        for record in records:
            none = form_number(record.form_code) in {"06", "07"} and record.values.get("open_issues") in SAYS_NONE
            if none and all(unit := unit_of(record.values)):
                found.setdefault(unit, []).append(record)
        return found

    def settled(unit: tuple[str, str], after: str) -> str:
        later = [r for r in reports().get(unit, ()) if r.date[:10] > after]
        return min((r.date[:10] for r in later if not valid(r)), default="")

    return settled


def improvements(records: Iterable[Record]) -> dict[str, tuple[Improvement, ...]]:
    """Return of each record, or document, the items of improvement that name it."""
    found: dict[str, list[Improvement]] = {}
    for record in records:
        if form_number(record.form_code) != IMPROVEMENT or record.state in GONE:
            continue
        done, closed = (str(record.values.get(key) or "")[:10] for key in ("done_on", "verified_on"))
        rejected = record.values.get("outcome") == "不采纳"
        for source in record.values.get("sources") or ():
            named, note = (str(source.get(key) or "").strip() for key in ("record_no", "note"))
            item = Improvement(record.record_no, done, closed, rejected, note)
            for number in numbers_told(named):
                found.setdefault(number, []).append(item)
    return {number: tuple(sorted(items)) for number, items in found.items()}


def _passed_on(records: Iterable[Record]) -> dict[str, tuple[str, ...]]:
    """Return of each record the information (01A) that was made from it."""
    found: dict[str, list[str]] = {}
    for record in records:
        if form_number(record.form_code) == "01" and (source := record.values.get("source_record_no")):
            for number in numbers_told(str(source)):
                found.setdefault(number, []).append(record.record_no)
    return {source: tuple(numbers) for source, numbers in found.items()}


def _informed(records: Iterable[Record]) -> dict[str, str]:
    """Return of each notice the first day the information about its service (11A) was passed on."""
    found: dict[str, str] = {}
    for record in records:
        if form_number(record.form_code) == "11" and record.state is not State.VOID:
            sent = str(record.values.get("sent_on") or "")
            if sent and record.notice_no:
                found[record.notice_no] = min(sent, found.get(record.notice_no, sent))
    return found
