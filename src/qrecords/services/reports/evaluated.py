"""The evaluation's paper (KF758-PJ): begun with a report's table R01, commented and approved by people (R169, R173)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qrecords.errors import WrongState
from qrecords.model.access import Subject
from qrecords.model.document import DocumentState
from qrecords.model.form import Form
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services.intake.sheet import begun_file, form_to_begin
from qrecords.services.reports.kept import show_document
from qrecords.services.reports.shown import ShownDocument, ShownTable

FORM, TABLE = "PJ", "R01"
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


def evaluation(office: Office, number: str) -> Evaluated:
    """Return the evaluation in a report the account may read; WrongState of one without it, or one that ended.

    NotFound: the office has no such form.
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
    values = {
        "secrecy_level": document.secrecy_level,
        "evaluated_unit": office.settings.office.unit,
        "period": document.period,
        "report_no": document.document_no,
        "drafted_on": office.today(),
        "indicators": [{key: row[head] for head, key in _COLUMNS.items() if head in row} for row in rows],
        "obtained": total["得分"],
        "involved": total["权重"],
        "score": total["实际"],
        "level": total["方面"],
        "facts": [*_facts(document)],
    }
    known = {key: value for key, value in values.items() if key in form.by_key and value not in ("", [])}
    return Evaluated(document.document_no, document.period, total["实际"], total["方面"], known)


def evaluation_file(office: Office, found: Evaluated, name: str) -> bytes:
    """Return the paper's input workbook with what the report says in it; comment and approval are left to people."""
    return begun_file(office, evaluation_form(office), found.values, name)


def evaluation_form(office: Office) -> Form:
    """Return the form of the evaluation's paper."""
    return form_to_begin(office, FORM, "售后服务工作评价（KF758-PJ）")


def _table(document: ShownDocument) -> ShownTable | None:
    return next((t for t in document.tables or () if t.key.partition(".")[0] == TABLE and len(t.rows) > 1), None)


def _facts(document: ShownDocument) -> Iterator[dict[str, str]]:
    for kind, key in _FACTS:
        for table in document.tables or ():
            if table.key == key:
                yield from ({"kind": kind, **fact} for row in table.rows if (fact := _fact(table.columns, row)))


def _fact(columns: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    said = [(label, cell) for label, cell in zip(columns, row, strict=True) if label != _PERSON]
    return {"about": said[0][1], "detail": "；".join(f"{label}：{cell}" for label, cell in said[1:])}
