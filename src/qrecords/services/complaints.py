"""Complaints: how long each is open (QS/PA758A 5.6, R41), and the quality department's check list of them (R42)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from qrecords.advice import Input, advise
from qrecords.errors import InvalidInput, UsageError
from qrecords.model.access import secrecy_rank
from qrecords.model.answer import left_out, named
from qrecords.model.complaints import Standing, is_complaint, standing
from qrecords.model.record import GONE, STATE_LABELS, Action, Record
from qrecords.office import Office
from qrecords.render.context import NOT_APPLICABLE, date_text
from qrecords.render.listbooks import printed_list
from qrecords.services.filekinds import kind_of
from qrecords.services.making import SUFFIXES, filled_file
from qrecords.stores.retentionfile import complaint_kinds_shown, read_complaint_kinds

TITLE = "用户投诉处理情况检查表"
TEMPLATE = "quality/complaints.docx"
BOOK = ".xlsx"
BRIEF = 150  # characters of the content on paper; the workbook has all of it

# The columns of the workbook by key: heading and width; the last three are the inspector's (5.6).
COLUMNS = {
    "no": ("序号", 6),
    "record_no": ("记录编号", 24),
    "received_on": ("接收日期", 12),
    "customer_unit": ("用户单位", 24),
    "topics": ("信息类别", 14),
    "content": ("信息内容", 60),
    "secrecy_level": ("密级", 8),
    "unit": ("责任部门", 16),
    "person": ("责任人", 14),
    "due_on": ("要求完成日期", 14),
    "closed_on": ("办结日期", 12),
    "days": ("天数", 8),
    "state_label": ("状态", 10),
    "inspector": ("检查人", 12),
    "inspected_on": ("检查日期", 14),
    "finding": ("检查结果", 36),
}


@dataclass(frozen=True, slots=True)
class ComplaintLine:
    """One complaint: what was said, whose it is, how long it is open."""

    record_no: str
    received_on: str
    customer_unit: str
    topics: list[str]
    severity: str | None
    secrecy_level: str
    content: str
    unit: str
    person: str
    due_on: str | None
    open: bool
    closed_on: str | None
    days: int
    state: str
    state_label: str


@dataclass(frozen=True, slots=True)
class Complaints:
    """The complaints received in a period, and how many of them are open; `path` of the check list, once written."""

    since: str = field(metadata=named("from"))
    until: str = field(metadata=named("to"))
    complaints: Sequence[ComplaintLine]
    open: int
    path: str | None = left_out()


def standing_of(office: Office, record: Record, on: str = "") -> Standing | None:
    """Return where a record stands as a complaint on a day (default: today), None when it is none.

    Also None when nobody says which records are complaints: that stops what destroys, not who looks at a record.
    """
    try:
        kinds = complaint_kinds_shown(office.settings.forms_dir)
    except InvalidInput:
        return None
    return standing(record, on or office.today()) if is_complaint(record, kinds) else None


def complaints(office: Office, *, since: str = "", until: str = "") -> Complaints:
    """Return the complaints received in a period (default: this year until today) that the account may read."""
    office.authorise(Action.READ, "complaints")
    until = until or office.today()
    since = since or f"{until[:4]}-01-01"
    if since > until:
        raise UsageError(
            f"开始日期 {since} 晚于结束日期 {until}", remedy=advise("请核对 {} 和 {}", Input.FROM, Input.TO)
        )
    kinds = read_complaint_kinds(office.settings.forms_dir)
    with office.register.read() as tx:
        found = [r for kind in kinds for r in tx.records.find(form_code=kind.form)]
    held = [r for r in found if r.state not in GONE and since <= r.date <= until and is_complaint(r, kinds)]
    lines = [_line(office, r) for r in sorted(office.only_readable(held), key=lambda r: (r.date, r.record_no))]
    # What customers said is told: a reading, like a search.
    office.note([office.event(Action.READ, "complaints", since=since, until=until, total=len(lines))])
    return Complaints(since, until, lines, sum(line.open for line in lines))


def checklist_file(office: Office, found: Complaints, name: str) -> bytes:
    """Return the complaints of a period as a check list of that name: .docx, .pdf or .xlsx, the inspector's part empty.

    UsageError for another kind of file.
    """
    suffix = kind_of(name, (*SUFFIXES, BOOK))
    if suffix == BOOK:
        rows = [[_cell(line, number, key) for key in COLUMNS] for number, line in enumerate(found.complaints, 1)]
        period = f"{found.since} 至 {found.until}"
        data = printed_list(f"{TITLE}（{period}）", [*COLUMNS.values()], rows, office.clock())
    else:
        data = filled_file(office, TEMPLATE, _context(office, found), name, title=TITLE)
    detail: dict[str, Any] = {
        "exported": suffix,
        "total": len(found.complaints),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    office.note([office.event(Action.READ, "complaints", since=found.since, until=found.until, **detail)])
    return data


def _line(office: Office, record: Record) -> ComplaintLine:
    values, where = record.values, standing(record, office.today())
    return ComplaintLine(
        record_no=record.record_no,
        received_on=record.date,
        customer_unit=record.customer_unit,
        topics=list(values.get("info_type") or ()),
        severity=values.get("severity"),
        secrecy_level=str(values.get("secrecy_level") or ""),
        content=str(values.get("info_content") or ""),
        unit=str(values.get("resp_unit") or ""),
        person=str(values.get("resp_person") or ""),
        due_on=values.get("due_date"),
        open=where.open,
        closed_on=where.closed or None,
        days=where.days,
        state=record.state.value,
        state_label=STATE_LABELS[record.state],
    )


def _cell(line: ComplaintLine, number: int, key: str) -> str | int:
    if key == "no":
        return number
    value = getattr(line, key, "")
    return value if isinstance(value, int) else "、".join(value) if isinstance(value, list) else str(value or "")


def _context(office: Office, found: Complaints) -> dict[str, Any]:
    lines = found.complaints
    return {
        "org_name": office.settings.office.org_name,
        "secrecy_level": max((line.secrecy_level for line in lines), key=secrecy_rank, default=NOT_APPLICABLE),
        "since": date_text(found.since),
        "until": date_text(found.until),
        "drawn_by": office.account.person,
        "drawn_on": date_text(office.today()),
        "total": str(len(lines)),
        "open": str(found.open),
        "complaints": [_printed(line, number) for number, line in enumerate(lines, start=1)],
    }


def _printed(line: ComplaintLine, number: int) -> dict[str, str]:
    content = line.content
    closed = [f"{date_text(line.closed_on)}办结", f"历时{line.days}天"] if line.closed_on else []
    asked = [f"要求{date_text(line.due_on)}"] if line.due_on else []
    return {
        "no": str(number),
        "record_no": line.record_no,
        "received_on": date_text(line.received_on),
        "customer_unit": line.customer_unit,
        "content": f"【{'、'.join(line.topics)}】" + (content[:BRIEF] + "……" if len(content) > BRIEF else content),
        "who": "\n".join(part for part in (line.unit, line.person) if part) or "/",
        "standing": "\n".join(closed or ["未办结", f"已{line.days}天", *asked]),
    }
