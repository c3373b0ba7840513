"""The 用户信息反馈/处理表: what customers reported, handed on to the quality department (QS/PA758A 5.7.2, R44).

It is a paper beside the controlled forms: a picture of a record of user information under a code of the office's own,
or none. That the quality department took it is a signature of the record (`sign --kind quality-receipt`); `due` tells
of the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qrecords.errors import WrongState
from qrecords.model.complaints import quality_items
from qrecords.model.numbering import without_edition
from qrecords.model.record import GONE, Action, Record
from qrecords.office import Office
from qrecords.render.context import NOT_APPLICABLE, date_text
from qrecords.services import reading
from qrecords.services.making import sheet_of_record

TITLE = "用户信息反馈/处理表"
TEMPLATE = "quality/feedback.docx"
ITEM_COLUMNS = ("product", "problem", "cause", "handling")


def is_fed_back(office: Office, record: Record) -> bool:
    """Tell whether a record is of a form the sheet is made of, and still stands."""
    sources = {office.forms.doing(task) for task in _SOURCES}
    return without_edition(record.form_code) in sources and record.state not in GONE and not record.paper_no


def feedback_file(office: Office, record_no: str, name: str) -> bytes:
    """Return the sheet of a record of user information, or of what a service found for the quality department.

    WrongState for another form, for a void record, for a service that found nothing for it.
    """
    record = reading.one(office, record_no)
    office.authorise(Action.PRINT, record.record_no, record)
    sources = {office.forms.doing(task): describe for task, describe in _SOURCES.items()}
    describe = sources.get(without_edition(record.form_code))
    if describe is None:
        known = "或 ".join(map(office.forms.newest_doing, _SOURCES))
        raise WrongState(f"{record.record_no} 不是用户信息记录，不生成《{TITLE}》", remedy=f"请写 {known} 的编号")
    if record.state in GONE or record.paper_no:
        why = "据纸质原件补录" if record.paper_no else "已作废或销毁"
        raise WrongState(f"{record.record_no} {why}，不生成《{TITLE}》", remedy="请核对编号")
    context = _common(office, record) | describe(record)
    if not context["items"] and not context["content"]:
        raise WrongState(
            f"{record.record_no} 没有要质量部跟踪的内容", remedy="「产品质量信息」里「需质量部跟踪」为「是」的才反馈"
        )
    context["heads"] = context["items"][:1]
    return sheet_of_record(office, record.record_no, "feedback", TEMPLATE, context, name, title=TITLE)


def _common(office: Office, record: Record) -> dict[str, Any]:
    values = record.values
    return {
        "org_name": office.settings.office.org_name,
        "secrecy_level": _text(values, "secrecy_level"),
        "secrecy_period": _text(values, "secrecy_period"),
        "external_code": office.settings.feedback.code or NOT_APPLICABLE,
        "drawn_by": office.account.person,
        "drawn_on": date_text(office.today()),
        "record_no": record.record_no,
        "informed_on": date_text(record.date),
        "customer_unit": _text(values, "customer_unit"),
        "branch": _text(values, "military_branch"),
        "contact": _text(values, "contact_person"),
        "phone": _text(values, "contact_phone"),
    }


def _of_information(record: Record) -> dict[str, Any]:
    """Return what a record of user information says."""
    values = record.values
    handling = [str(values[key]) for key in ("handling_opinion", "handling_result") if values.get(key)]
    return {
        "channel": _text(values, "channel"),
        "severity": _text(values, "severity"),
        "topics": _text(values, "info_type"),
        "products": _product(values),
        "content": _text(values, "info_content"),
        "cause": _text(values, "cause_analysis"),
        "handling": "\n".join(handling) or NOT_APPLICABLE,
        "items": [],
    }


def _of_service(record: Record) -> dict[str, Any]:
    """Return what a service's information says: its lines for the quality department."""
    values = record.values
    rows = quality_items(values)
    items = [{"no": str(n), **{key: _text(row, key) for key in ITEM_COLUMNS}} for n, row in enumerate(rows, start=1)]
    usage = str(values.get("usage_info") or "")
    return {
        "channel": f"{_text(values, 'performing_unit')} 服务人员",
        "severity": NOT_APPLICABLE,
        "topics": "质量信息",
        "products": "\n".join(_product(row) for row in values.get("products") or ()) or NOT_APPLICABLE,
        "content": "\n".join(part for part in ("见下表。", usage) if part) if items else "",
        "cause": NOT_APPLICABLE if not items else "见下表",
        "handling": NOT_APPLICABLE if not items else "见下表",
        "items": items,
    }


# By the task of the form (series.toml).
_SOURCES: dict[str, Callable[[Record], dict[str, Any]]] = {
    "information": _of_information,
    "service-information": _of_service,
}


def _product(values: Mapping[str, Any]) -> str:
    parts = [str(values[key]) for key in ("product_name", "product_model", "serial_no") if values.get(key)]
    return "  ".join(parts) or NOT_APPLICABLE


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return "、".join(map(str, value)) if isinstance(value, list) else str(value or NOT_APPLICABLE)
