"""What users asked, said and got, one entry a need however many papers it left (pack `ledger`, N.2).

Records that name one another are one thread. It is dated by its earliest record; its class is the keeper's, where a row
of the ledger says one, else what its first record tells. Nothing is typed twice: a thread changes with its records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from qrecords.model.figures.entries import Entry
from qrecords.model.figures.naming import joined, named
from qrecords.model.numbering import form_number
from qrecords.model.rules import is_empty

LEDGER, UNCLASSIFIED, REPAIR = "TZ", "未分类", "故障返修需求"
STATES = ("待答复", "办理中", "超期", "已办结")
ANSWERS = ("48小时内", "超过48小时", "未满48小时")
TOLD = ("按期", "逾期")
CLASSES = (
    "使用意见",
    "维护意见",
    "技术培训",
    "技术支持与咨询",
    "任务保障需求",
    "故障返修需求",
    "走访交流",
    "跟产学习",
    "售前培训",
    "征求意见",
)
WITH_PRODUCT = ("维护意见", "故障返修需求")
LONGEST = timedelta(hours=48)
_OF_SERVICE = {
    "技术咨询": "技术支持与咨询", "技术支持": "技术支持与咨询", "技术保障": "任务保障需求", "返厂维修": "故障返修需求",
    "现场维修": "故障返修需求", "技术培训": "技术培训", "走访": "走访交流",
}  # fmt: skip
_OF_INFORMATION = {"意见": "使用意见", "建议": "使用意见", "要求": "使用意见", "咨询": "技术支持与咨询"}
_OF_FAULT = ("质量信息", "投诉", "抱怨")
_OF_FORM = {"05": "技术培训", "06": "故障返修需求", "ZF": "走访交流"}
# Whose closing closes the need: others only tell of it.
_CLOSING = ("01", "02", "10", LEDGER)
_ASKED = ("received_at", "call_at", "fax_at")  # with the hour, where a form asks for it
_RESPONSIBLE = ("responsible", "resp_person", "resp_unit", "performing_unit", "staff")
_RESULT = (
    "result",
    "handling_result",
    "reply_content",
    "repair_conclusion",
    "conclusion",
    "completion",
    "summary_opinion",
)

# What a row of the ledger says of a need (N.3), each from the first of its records that says it.
_SAID = {
    "@content": ("content", "info_content", "user_need", "fault_symptom", "task_description"),
    "@responsible": _RESPONSIBLE[:4],
    "@measure": ("handling_opinion", "handling_result"),
    "@fixed_on": ("handled_on",),
    "@replied_at": ("replied_at",),
    "@result": _RESULT,
    "@pleased": ("satisfied", "user_satisfied"),
    "@improvement": ("improvement_no",),
}

OWN_FACTS = frozenset(
    {"@class", "@thread_state", "@answered", "@papers", "@closed", "@complete", "@uncorrected", "@traceable",
     "@asked_at", "@more_papers", "@phase", "@told_next_day", "@closed_day", *_SAID}
)  # fmt: skip


def threads(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Give an entry for each need: its records in the order of their days, and what they tell together."""
    known = {entry.record.record_no for entry in entries}
    for group in joined([entry.record for entry in entries]):
        found = sorted(
            (entries[place] for place in group), key=lambda e: (str(e.get("@date") or ""), e.record.record_no)
        )
        yield _thread(found, known)


def _thread(found: Sequence[Entry], known: set[str]) -> Entry:
    first = found[0]
    closed = all(_is_closed(e) for e in found if _form(e) in _CLOSING)
    kind = _class_of(found)
    numbers = tuple(e.record.record_no for e in found)
    product = not is_empty(_first(found, "product_model"))
    told = not is_empty(_first(found, "customer_unit")) and kind != UNCLASSIFIED
    whole = told and (product or kind not in WITH_PRODUCT) and _any(found, _RESPONSIBLE) and _any(found, _RESULT)
    own: dict[str, Any] = {
        "@class": kind,
        "@thread_state": _state(found, closed),
        "@answered": _answered(found),
        "@papers": "、".join(numbers),
        "@closed": closed,
        "@complete": whole,
        "@uncorrected": not any(e.record.corrections for e in found),
        "@traceable": all(number in known for e in found for number in named(e.record)),
        "@date": first.get("@date"),
        "customer_unit": _first(found, "customer_unit"),
        "military_branch": _first(found, "military_branch"),
        "product_model": _first(found, "product_model"),
    }
    return Entry(first.record, first.surroundings, first.facts, own | _row(found, kind, closed=closed), numbers)


def _row(found: Sequence[Entry], kind: str, *, closed: bool) -> dict[str, Any]:
    """Return what a row of the ledger says beside (N.3)."""
    days = [_closed_day(e) for e in found if _form(e) in _CLOSING] if closed else []
    return {
        "@unit_name": "/".join(str(v) for k in ("product_model", "serial_no") if (v := _first(found, k))),
        "@asked_at": next((v for k in _ASKED if (v := found[0].get(k))), found[0].get("@date")),
        "@more_papers": "、".join(e.record.record_no for e in found[1:]),
        "@phase": _first(found, "phase") or ("返修" if kind == REPAIR else "使用"),
        "@told_next_day": _told_next_day(found),
        "@closed_day": max(days, default=""),
        **{name: next(_all_said(found, keys), None) for name, keys in _SAID.items()},
    }


def _form(entry: Entry) -> str:
    return form_number(entry.record.form_code)


def _first(found: Sequence[Entry], key: str) -> Any:
    return next((value for e in found if not is_empty(value := e.get(key))), None)


def _all_said(found: Sequence[Entry], keys: Sequence[str]) -> Iterator[Any]:
    return (value for e in found for key in keys if not is_empty(value := e.get(key)))


def _any(found: Sequence[Entry], keys: Sequence[str]) -> bool:
    return any(not is_empty(e.get(key)) for e in found for key in keys)


def _closed_day(entry: Entry) -> str:
    day = entry.get("closed_on") if _form(entry) == LEDGER else entry.get("@closed_on")
    return str(day or "")[:10]


def _is_closed(entry: Entry) -> bool:
    return "" < _closed_day(entry) <= entry.surroundings.last


def _class_of(found: Sequence[Entry]) -> str:
    typed = [str(e.get("category")) for e in found if _form(e) == LEDGER and e.get("category")]
    return next((c for c in (*typed, *map(_told_class, found)) if c), UNCLASSIFIED)


def _told_class(entry: Entry) -> str:
    number, values = _form(entry), entry.record.values
    if number in {"02", "04"}:
        chosen = values.get("service_category") or ()
        return next((_OF_SERVICE[c] for c in ([chosen] if isinstance(chosen, str) else chosen) if c in _OF_SERVICE), "")
    if number == "01":
        kinds = values.get("info_type") or ()
        if any(kind in _OF_FAULT for kind in kinds):
            return "故障返修需求" if values.get("product_model") else "使用意见"
        return next((_OF_INFORMATION[kind] for kind in kinds if kind in _OF_INFORMATION), "")
    if number == "10":
        return "故障返修需求" if values.get("item_type") == "返修产品" else ""
    return _OF_FORM.get(number, "")


def _state(found: Sequence[Entry], closed: bool) -> str:
    if closed:
        return "已办结"
    if any(not _is_closed(e) and e.get("@answer") == "逾期未答" for e in found if _form(e) == "01"):
        return "超期"
    return "待答复" if any(_form(e) == "01" and is_empty(e.get("replied_at")) for e in found) else "办理中"


def _answered(found: Sequence[Entry]) -> str | None:
    """Whether what was asked was answered within 48 hours, no day left out; None where nothing asks for an answer."""
    for entry in found:
        if _form(entry) != "01" or not (asked := _moment(entry.get("received_at"))):
            continue
        if replied := _moment(entry.get("replied_at")):
            return ANSWERS[0] if replied - asked <= LONGEST else ANSWERS[1]
        day = datetime.fromisoformat(entry.surroundings.cutoff)
        return ANSWERS[1] if day - asked > LONGEST else ANSWERS[2]
    return None


def _told_next_day(found: Sequence[Entry]) -> str | None:
    """Whether the user was told the measure by the next working day (R141); None where nothing was dealt with."""
    for entry in found:
        if _form(entry) != "01" or not (fixed := str(entry.get("handled_on") or "")[:10]):
            continue
        limit = entry.surroundings.calendar.add_working(date.fromisoformat(fixed), 1).isoformat()
        told = str(entry.get("replied_at") or "")[:10]
        if not told:
            return TOLD[1] if limit < entry.surroundings.cutoff else None
        return TOLD[0] if told <= limit else TOLD[1]
    return None


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(str(value)[:16]) if value else None
