"""The evaluation's paper (KF758-PJ): begun with a report's table R01, commented and approved by people (R169, R173)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from qrecords.errors import NotFound, WrongState
from qrecords.model.access import CENTRE, Subject
from qrecords.model.document import DocumentState
from qrecords.model.figures.arithmetic import NONE
from qrecords.model.form import Form
from qrecords.model.record import Action
from qrecords.model.values import choice_key
from qrecords.office import Office
from qrecords.services.intake.sheet import begun_file, form_to_begin
from qrecords.services.reports.kept import show_document
from qrecords.services.reports.shown import ShownDocument, ShownTable

FORM, TABLE, UNITS = "PJ", "R01", "R02"
# Of which parts of a report the facts are.
_FACTS = (
    ("超期", "P08.late"), ("超期", "P08.late_reports"), ("未交", "P08.owed"),
    ("投诉", "T11.complaints"), ("表扬", "T11.praise"),
)  # fmt: skip
# What each column of R01 is on the paper; its last row has the level below 方面, the score below 实际.
_COLUMNS = {
    "指标": "name", "方面": "aspect", "目标": "target", "实际": "value", "基数": "cases", "权重": "weight",
    "得分": "points",
}  # fmt: skip
_PERSON = "责任人"  # no person is named (R169)
_UNIT = "承办单位"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The evaluation of a report: its score and level as the report prints them, and what the paper begins with."""

    document_no: str
    period: str
    score: str
    level: str
    values: Mapping[str, Any]


def is_evaluated(office: Office, document: ShownDocument) -> bool:
    """Tell whether a report has the evaluation in it, and the account may begin its paper."""
    found = office.forms.numbered(FORM)
    return bool(found and _table(document) and office.allows(Action.CREATE, Subject(form_code=found[-1].form.code)))


def units_of(document: ShownDocument) -> list[str]:
    """Return the units a report evaluates each by itself; none where one alone served."""
    table = _table(document, UNITS)
    return [*table.columns[1:]] if table else []


def evaluation(office: Office, number: str, unit: str = "") -> Evaluated:
    """Return the evaluation in a report the account may read, of the office or of one unit that served.

    WrongState of a report without it, or one that ended. NotFound: there is no such form, the report has no such unit.
    """
    form = evaluation_form(office)
    document = show_document(office, number)
    if document.state in {DocumentState.VOID, DocumentState.DESTROYED}:
        raise WrongState(f"{document.document_no} {document.state_label}，不生成评价", remedy="请写现在有效的报表编号")
    table = _table(document)
    if table is None:
        told = f"{document.document_no} 里没有评价（{TABLE}）"
        remedy = "半年、年度的情况报表才有；请先在 evaluation.toml 里打开评价，再拟制"
        raise WrongState(told, remedy=remedy)
    # By heading: a report drawn by an older program does not say 基数.
    *rows, total = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    if unit:
        unit = _unit_called(document, unit)
        rows, total = _of_unit(document, unit, rows)
    values = {
        "secrecy_level": document.secrecy_level,
        "evaluated_unit": unit or office.settings.office.unit,
        "period": document.period,
        "report_no": document.document_no,
        "drafted_on": office.today(),
        "indicators": [{key: row[head] for head, key in _COLUMNS.items() if head in row} for row in rows],
        "obtained": total["得分"],
        "involved": total["权重"],
        "score": total["实际"],
        "level": total["方面"],
        "facts": [*_facts(document, unit)],
    }
    known = {key: value for key, value in values.items() if key in form.by_key and value not in ("", [])}
    return Evaluated(document.document_no, document.period, total["实际"], total["方面"], known)


def evaluation_file(office: Office, found: Evaluated, name: str) -> bytes:
    """Return the paper's input workbook with what the report says in it; comment and approval are left to people."""
    return begun_file(office, evaluation_form(office), found.values, name)


def evaluation_form(office: Office) -> Form:
    """Return the form of the evaluation's paper."""
    return form_to_begin(office, FORM, "售后服务工作评价（KF758-PJ）")


def _table(document: ShownDocument, name: str = TABLE) -> ShownTable | None:
    return next((t for t in document.tables or () if t.key.partition(".")[0] == name and len(t.rows) > 1), None)


def _unit_called(document: ShownDocument, unit: str) -> str:
    units = units_of(document)
    found = next((one for one in units if choice_key(one) == choice_key(unit)), "")
    if not found:
        remedy = f"可写：{'、'.join(units)}" if units else "这一期只有一个单位派出过人员，不分单位"
        raise NotFound(f"{document.document_no} 里没有「{unit[:60]}」的评价", remedy=remedy)
    return found


def _of_unit(
    document: ShownDocument, unit: str, rows: Sequence[Mapping[str, str]]
) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Return the indicators of one unit (R02) as R01 has those of the office, and their sum.

    Points are written in brackets behind the value; on how many cases it rests is not told.
    """
    table = _table(document, UNITS)
    assert table is not None  # who is called is one of its columns
    place = table.columns.index(unit)
    *cells, last = (row[place] for row in table.rows)
    found = []
    for row, cell in zip(rows, cells, strict=True):
        value, _, points = cell.removesuffix("）").partition("（")
        found.append({**{k: v for k, v in row.items() if k != "基数"}, "实际": value, "得分": points or NONE})
    counted = [row for row in found if row["得分"] != NONE]
    score, _, level = last.partition(" ")
    sums = {head: f"{sum((Decimal(row[head]) for row in counted), Decimal(0)):f}" for head in ("得分", "权重")}
    return found, {"实际": score, "方面": level, **sums}


def _facts(document: ShownDocument, unit: str) -> Iterator[dict[str, str]]:
    """Give what is late or owed, of one unit what is its own; what customers said is the centre's."""
    for kind, key in _FACTS:
        for table in document.tables or ():
            if table.key == key:
                whose = table.columns.index(_UNIT) if _UNIT in table.columns else None
                told = [row for row in table.rows if any(row[1:])]  # an empty list says 无
                its = [row for row in told if not unit or (row[whose] if whose is not None else CENTRE) == unit]
                yield from ({"kind": kind, **fact} for row in its if (fact := _fact(table.columns, row)))


def _fact(columns: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    said = [(label, cell) for label, cell in zip(columns, row, strict=True) if label != _PERSON]
    return {"about": said[0][1], "detail": "；".join(f"{label}：{cell}" for label, cell in said[1:])}
