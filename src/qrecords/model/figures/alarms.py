"""What is to be set right at once: bad words, indices below target or falling, too few answers (I.5, R115)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from qrecords.model.figures.arithmetic import Rate, rounded, total
from qrecords.model.figures.entries import Entry, Improvement, said
from qrecords.model.figures.measures import against, numbers_of
from qrecords.model.figures.results import ColumnHead, Figure, TableResult, TableRow
from qrecords.model.figures.satisfaction import BAD, ITEMS, Method
from qrecords.model.figures.tables import Report
from qrecords.model.period import Period

INDICES = {"@service": ("service", "服务满意度"), "@product": ("product", "产品满意度")}
UNHAPPY = "不满意"
FOLLOWED, WRONG = "FOLLOWED", "有问题"
ASKED = {"condition": "设备现状", "product_rating": "对产品", "service_rating": "对服务"}
MOST_NAMED = 3
Index = tuple[Fraction | None, int, Sequence[Entry]]  # its value, of how many, of whom
RAISED, TAKEN_UP, CORRECTED, VERIFIED, REJECTED, EXPLAINED = "已触发", "已立项", "已纠正", "已验证", "不采纳", "不立项"
OF_ALL = frozenset({"A2", "A3", "A4"})  # they rest on many records: an item names the document that tells of them


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm: A1 … A6, what it says, and the records it rests on. `key` tells it from others of the period."""

    kind: str
    key: str
    told: str
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What is said to the alarms of a document: of each by its key, of all others; by whom, in which document."""

    own: Mapping[str, str] = field(default_factory=dict)
    general: str = ""
    by: str = ""
    document_no: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """Return all that is said."""
        return (*self.own.values(), self.general)


@dataclass(frozen=True, slots=True)
class Answered:
    """An alarm as it stands: 已触发, or the items of improvement it led to, or why it led to none and who says so."""

    alarm: Alarm
    state: str
    items: tuple[str, ...] = ()
    reason: str = ""
    by: str = ""

    @property
    def waits(self) -> bool:
        """Tell whether nobody has answered it."""
        return self.state == RAISED


def answered(
    found: Sequence[Alarm], improved: Mapping[str, tuple[Improvement, ...]], answers: Answers
) -> tuple[Answered, ...]:
    """Return each alarm with what came of it (I.5): an item naming what it rests on, or why there is none."""
    return tuple(_answered(alarm, improved, answers) for alarm in found)


def _answered(alarm: Alarm, improved: Mapping[str, tuple[Improvement, ...]], answers: Answers) -> Answered:
    reason = answers.own.get(alarm.key, "")
    if items := _items(alarm, improved, answers.document_no):
        said = answers.by if reason else ""
        return Answered(alarm, _state(items), tuple(dict.fromkeys(item.number for item in items)), reason, said)
    if reason := reason or answers.general:
        return Answered(alarm, EXPLAINED, (), reason, answers.by)
    return Answered(alarm, RAISED)


def _items(alarm: Alarm, improved: Mapping[str, tuple[Improvement, ...]], document_no: str) -> list[Improvement]:
    """Return the items an alarm led to; of those naming the document, what the note names if it names some (A2)."""
    if alarm.kind not in OF_ALL:
        return [item for number in alarm.records for item in improved.get(number, ())]
    items = improved.get(document_no, ()) if document_no else ()
    return [i for i in items if not (kinds := re.findall(r"A[1-6]", i.note.upper())) or alarm.kind in kinds]


def _state(items: Sequence[Improvement]) -> str:
    """Return how far the least advanced item is; one not taken up says nothing where another was."""
    taken = [item for item in items if not item.rejected]
    if not taken:
        return REJECTED
    if all(item.closed for item in taken):
        return VERIFIED
    return CORRECTED if all(item.done for item in taken) else TAKEN_UP


def alarms(report: Report, method: Method) -> tuple[Alarm, ...]:
    """Return the alarms of a period, each with its records."""
    now = {key: _index(report, key, report.period) for key in INDICES}
    found = [*_bad_words(report), *_below(report, method, now), *_falls(report, method, now)]
    return (*found, *_coverage(report, method), *_unhappy(report), *_asked_after(report))


def _bad_words(report: Report) -> Iterator[Alarm]:
    """A1: any item of any sheet 不满意 or 很不满意, however many answers there are."""
    for sheet in report.population.of_those("SHEET", report.period, _bad):
        words = [f"{label}「{sheet.get(item)}」" for item, label in ITEMS.items() if sheet.get(item) in BAD]
        if words:
            number = sheet.record.record_no
            yield Alarm("A1", f"A1.{number}", f"{sheet.get('customer_unit') or number}：{'、'.join(words)}", (number,))


def _bad(entry: Entry) -> bool:
    return not BAD.isdisjoint(map(entry.record.values.get, ITEMS))


def _index(report: Report, key: str, period: Period) -> Index:
    there = report.population.at("OCCASION", "period", period)
    found = [(e, score) for e, score in zip(there, said(there, key), strict=True) if score is not None]
    scores = [score for _, score in found]
    return (total(scores) / len(scores) if scores else None), len(scores), [e for e, _ in found]


def _below(report: Report, method: Method, now: Mapping[str, Index]) -> Iterator[Alarm]:
    """A2: an index below its target, before rounding, from so many answers on."""
    for key, (name, label) in INDICES.items():
        value, n, found = now[key]
        target = _target(method, name)
        if value is not None and n >= method.min_n and value < Fraction(target):
            shown = against(value, target, report.rounding)
            yield Alarm("A2", f"A2.{name}", f"{label} {shown} 低于目标 {target}（n={n}）", numbers_of(found))


def _falls(report: Report, method: Method, now: Mapping[str, Index]) -> Iterator[Alarm]:
    """A3: an index that fell by so many points since the period before, both from so many answers on."""
    for key, (name, label) in INDICES.items():
        value, n, found = now[key]
        if value is None or n < method.min_n:
            continue
        before, n_before, _ = _index(report, key, report.period.preceding)
        if before is not None and n_before >= method.min_n and before - value >= Fraction(method.fall):
            told = f"{label}由 {rounded(before):f} 降到 {rounded(value):f}"
            yield Alarm("A3", f"A3.{name}", told, numbers_of(found))


def _coverage(report: Report, method: Method) -> Iterator[Alarm]:
    """A4: too few of the services rated."""
    due = report.population.at("OCCASION_DUE", "period", report.period)
    rated = [e for e in due if e.get("@rated")]
    rate = Rate(len(rated), len(due))
    if rate.exact is not None and not rate.reaches(method.coverage):
        shown = rate.against(method.coverage, report.rounding)
        told = f"覆盖率 {shown}% 低于 {method.coverage}%（{len(rated)}／{len(due)}）"
        yield Alarm("A4", "A4", told, numbers_of(e for e in due if not e.get("@rated")))


def _unhappy(report: Report) -> Iterator[Alarm]:
    """A5: a customer who is not satisfied with what became of his information."""
    for entry in report.population.at("CLOSED_INFO", "period", report.period):
        if entry.get("user_satisfied") == UNHAPPY:
            number = entry.record.record_no
            told = f"{entry.get('customer_unit') or number}：对处理结果不满意"
            yield Alarm("A5", f"A5.{number}", told, (number,))


def _asked_after(report: Report) -> Iterator[Alarm]:
    """A6: a follow-up that found something wrong, or was answered with a bad word; of an office that keeps them."""
    if FOLLOWED not in report.population.sets:
        return
    for entry in report.population.at(FOLLOWED, "period", report.period):
        said = [f"{label}「{entry.get(key)}」" for key, label in ASKED.items() if entry.get(key) in BAD | {WRONG}]
        if said:
            number = entry.record.record_no
            told = f"{entry.get('customer_unit') or number}回访：{'、'.join(said)}"
            yield Alarm("A6", f"A6.{number}", told, (number,))


def _target(method: Method, name: str) -> Decimal:
    return next(value for key, value in method.target.items() if key == name)


def alarm_table(found: Sequence[Answered]) -> TableResult:
    """Return table M08: each alarm, how it stands, the items it led to or why none, the records it rests on."""

    def row(one: Answered) -> TableRow:
        alarm, answer = one.alarm, "、\n".join(filter(None, (*one.items, one.reason)))
        return TableRow(
            alarm.key, alarm.kind, (alarm.told, one.state, answer or "/", _named(alarm.records)), alarm.records
        )

    rows = tuple(map(row, found))
    heads = (
        ColumnHead("told", "内容"), ColumnHead("state", "状态"), ColumnHead("answer", "改进项、说明"),
        ColumnHead("records", "依据记录"),
    )  # fmt: skip
    notes = () if rows else ("本期没有预警",)
    return TableResult("M08", "alarms", "满意度预警", "", "预警", heads, rows, notes)


def alarm_counts(found: Sequence[Answered]) -> TableResult:
    """Return how many alarms of the period there are, and how many led to an item, open or closed (T13)."""
    columns = {
        "count": ("预警", None),
        "raised": ("已立项", {TAKEN_UP, CORRECTED}),
        "closed": ("已关闭", {VERIFIED, REJECTED}),
        "waiting": ("未立项", {RAISED, EXPLAINED}),
    }
    cells: list[Figure] = []
    for key, (label, states) in columns.items():
        ones = [one for one in found if states is None or one.state in states]
        records = tuple(dict.fromkeys(number for one in ones for number in one.alarm.records))
        name, number = f"T13.alarms.total.{key}", len(ones)
        cells.append(Figure(name, f"合计 {label}", "条", number, str(number), records=records))
    heads = tuple(ColumnHead(key, label, "条") for key, (label, _) in columns.items())
    rows = (TableRow("total", "合计", tuple(cells), total=True),)
    notes = ("已关闭：改进项验证关闭或不采纳；不立项的说明在同期的满意度测评结果里（M08）",)
    return TableResult("T13", "alarms", "满意度", "预警", "", heads, rows, notes)


def _named(records: Sequence[str]) -> str:
    """Return the first records by number, each on its line, and how many there are: the row keeps them all."""
    first = "、\n".join(records[:MOST_NAMED])
    return first if len(records) <= MOST_NAMED else f"{first} 等{len(records)}件"
