"""Facts derived from a record, which tables name as fields: a small fixed set of pure functions (F.2, G.3)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from qrecords.model.access import CENTRE, performing_unit
from qrecords.model.arrivals import arrival_of
from qrecords.model.complaints import QUALITY_TOPIC, awaits_quality, quality_items, receipt_of
from qrecords.model.figures.entries import Entry, Fact, Surroundings, age_span
from qrecords.model.figures.management import MANAGEMENT, unit_of
from qrecords.model.figures.satisfaction import ITEMS
from qrecords.model.lists import NOT_IN_USE
from qrecords.model.numbering import form_number
from qrecords.model.record import Record
from qrecords.model.values import choice_key

SUBMISSION, OPEN_RESULT = "report_submission", "open_result"
RELATED_FILING, RELATED_INFORMATION = "related_unit_filing", "related_unit_information"
FIXED, NO_FAULT = "修复", "无故障"
ON_SITE, IN_FACTORY, SUPPORT = "现场维修", "返厂维修", "技术保障"
SAYS_NONE = frozenset({"无", "无。", "没有"})
NOTHING = SAYS_NONE | {"/"}
# The fields that tell on which day something without a date of its own was done with.
_CLOSING = {"02": "closed_on", "10": "closed_on", "09": "delivered_on"}


def _day(value: Any) -> str:
    return str(value or "")[:10]


def _days_between(start: Any, end: Any) -> int | None:
    first, last = _day(start), _day(end)
    return (date.fromisoformat(last) - date.fromisoformat(first)).days if first and last else None


def _date(entry: Entry, _: Surroundings) -> str:
    return _day(entry.record.date)


def _form(entry: Entry, _: Surroundings) -> str:
    return entry.record.form_code.rpartition("-")[2]


def _unit(entry: Entry, _: Surroundings) -> str:
    return performing_unit(entry.record.values) or CENTRE


def _listed(column: str, entry: Entry, near: Surroundings) -> str | None:
    """What the list of customers says of the customer: where he is, how he is served (M05, T14)."""
    keys = (choice_key(str(entry.record.values.get(key) or "")) for key in ("customer_code", "customer_unit"))
    return next((near.listed[key].get(column) for key in keys if key in near.listed), None)


def _branch_then(entry: Entry, near: Surroundings) -> str:
    """Why there was no such branch on the record's day; it counts as it says (F.3)."""
    days = near.branches.get(str(entry.record.values.get("military_branch") or ""))
    day = _day(entry.record.date)
    return days.why_not(day) if days and day else ""


def _in_use(entry: Entry, near: Surroundings) -> bool:
    """Whether the customer is in use: all are but those of whom the list says that they are not (L.1)."""
    return _listed("in_use", entry, near) != NOT_IN_USE


def _past(entry: Entry, _: Surroundings) -> bool:
    return bool(entry.record.paper_no)


def _state(entry: Entry, _: Surroundings) -> str:
    return entry.record.state.value


def _not_counted(entry: Entry, near: Surroundings) -> str:
    """Why a record does not count as valid: 草稿 · 未签署 · 签署失效 · 作废; "" when it does."""
    return near.valid(entry.record)


# Journeys (R19, R23)


def _arrival(entry: Entry, near: Surroundings) -> str | None:
    """按期 · 晚到 · 待到 · 逾期未到, of a notice that names the day people are to be there."""
    arrival = arrival_of(entry.record)
    if not arrival.required:
        return None
    if arrival.arrived:
        return "晚到" if arrival.late else "按期"
    return "逾期未到" if arrival.required < near.cutoff else "待到"


def _response_days(entry: Entry, near: Surroundings) -> int | None:
    """Days from the need first told to the departure; None where no record tells of it, or only of later ones (T14)."""
    told, left = near.links.needed.get(entry.record.record_no, ""), _day(entry.record.values.get("departed_on"))
    return _days_between(told, left) if told and told <= left else None


def _partner(entry: Entry, near: Surroundings) -> bool:
    """Whether a partner did it, on the day its people left; of what has no journey, on its own day (R88)."""
    day = _day(entry.record.values.get("departed_on")) or _date(entry, near)
    return near.regions.is_partner(_unit(entry, near), day)


def _days_late(entry: Entry, _: Surroundings) -> int | None:
    return arrival_of(entry.record).days_late


def _report(entry: Entry, near: Surroundings) -> str | None:
    """及时 · 逾期交 · 交而不全 · 逾期未交 · 未到期, of a notice whose people are back (R23)."""
    returned, submitted = (_day(entry.record.values.get(key)) for key in ("returned_on", "submitted_on"))
    if not returned:
        return None
    limit = near.limit(SUBMISSION, returned)
    if not submitted:
        return "逾期未交" if near.cutoff > limit else "未到期"
    if submitted > limit:
        return "逾期交"
    return "交而不全" if near.notice_owes.get(entry.record.record_no) else "及时"


def _report_on_target(entry: Entry, near: Surroundings) -> bool | None:
    returned, submitted = (_day(entry.record.values.get(key)) for key in ("returned_on", "submitted_on"))
    if not returned or not submitted:
        return None
    return submitted <= near.deadlines[SUBMISSION].target_day(date.fromisoformat(returned), near.calendar).isoformat()


def _handed_in_on(entry: Entry, near: Surroundings) -> str | None:
    """The day a record was handed in during the period."""
    found = near.handed_in.get(entry.record.record_no)
    return found[0] if found else None


def _sent_back(entry: Entry, near: Surroundings) -> bool | None:
    """Whether a record handed in during the period was sent back."""
    found = near.handed_in.get(entry.record.record_no)
    return found[1] if found else None


def _related_filing(entry: Entry, near: Surroundings) -> str | None:
    """按期 · 逾期 · 逾期未交 · 未到期, of a related unit's notice, to be handed in by a day of the next month (R25)."""
    returned, submitted = (_day(entry.record.values.get(key)) for key in ("returned_on", "submitted_on"))
    if not returned or RELATED_FILING not in near.deadlines:
        return None
    following = (date.fromisoformat(returned).replace(day=1) + timedelta(days=32)).replace(day=1)
    limit = near.deadlines[RELATED_FILING].day_of(following.year, near.calendar, following.month).isoformat()
    if submitted:
        return "按期" if submitted <= limit else "逾期"
    return "逾期未交" if near.cutoff > limit else "未到期"


def _related_information(entry: Entry, near: Surroundings) -> str | None:
    """按期 · 逾期 · 逾期未传 · 未到期, of the information (11A) about a related unit's service (R27)."""
    returned = _day(entry.record.values.get("returned_on"))
    if not returned or RELATED_INFORMATION not in near.deadlines:
        return None
    limit = near.limit(RELATED_INFORMATION, returned)
    if sent := near.informed.get(entry.record.record_no):
        return "按期" if sent <= limit else "逾期"
    return "逾期未传" if near.cutoff > limit else "未到期"


# What customers said (R41, R43, R44)


def _answer(entry: Entry, near: Surroundings) -> str | None:
    """按期 · 逾期 · 逾期未答 · 待答, of information that is to be dealt with by a day."""
    due = _day(entry.record.values.get("due_date"))
    if not due:
        return None
    done = [_day(entry.record.values.get(key)) for key in ("handled_on", "replied_at")]
    if all(done):
        return "按期" if max(done) <= due else "逾期"
    return "逾期未答" if due < near.cutoff else "待答"


def _complaint(entry: Entry, near: Surroundings) -> bool:
    return near.is_complaint(entry.record)


def _closed_on(entry: Entry, near: Surroundings) -> str | None:
    """The day a call, letter or information was done with, None while it is open (a fax: its own day once complete)."""
    number = form_number(entry.record.form_code)
    if number == "01":
        return near.standing(entry.record).closed or None
    if number in _CLOSING:
        return _day(entry.record.values.get(_CLOSING[number])) or None
    return None if near.incomplete(entry.record) else _day(entry.record.date)


def _days_open(entry: Entry, near: Surroundings) -> int | None:
    """Days from the beginning to the closing, of what is closed."""
    return _days_between(entry.record.date, _closed_on(entry, near))


# Bins of days (F.9, C4), each with the last day it holds.
DAY_SPANS = {"0–2天": 2, "3–7天": 7, "8–15天": 15, "16–30天": 30, "31–60天": 60, "60天以上": None}


def _day_span(days: int | None) -> str | None:
    if days is None:
        return None
    return next(name for name, last in DAY_SPANS.items() if last is None or days <= last)


def _closing_span(entry: Entry, near: Surroundings) -> str | None:
    return _day_span(_days_open(entry, near))


def _age(entry: Entry, near: Surroundings) -> int:
    return max(_days_between(entry.record.date, near.last) or 0, 0)


def _days(entry: Entry, near: Surroundings) -> int:
    """Days until it was closed, of what is open until the end of the period."""
    closed = _closed_on(entry, near)
    return _days_between(entry.record.date, closed) or 0 if closed and closed <= near.last else _age(entry, near)


def _standing(entry: Entry, near: Surroundings) -> str:
    closed = _closed_on(entry, near)
    return "已办结" if closed and closed <= near.last else "未办结"


def _limit(entry: Entry, near: Surroundings) -> str:
    """The last day for the result of a call or letter (R5)."""
    return near.limit(OPEN_RESULT, _day(entry.record.date))


def _overdue(entry: Entry, near: Surroundings) -> bool:
    """Past its last day at the end of the period; whether it is still open is the set's to say."""
    return _limit(entry, near) < near.last


def _settled(entry: Entry, near: Surroundings) -> str:
    """按期 · 逾期 · 未办结."""
    closed = _closed_on(entry, near)
    return "未办结" if not closed else "按期" if closed <= _limit(entry, near) else "逾期"


def _off_hours(entry: Entry, near: Surroundings) -> bool:
    """A call outside the hours of a working day (R10); of past paper that gives no hour nothing is known."""
    moment = str(entry.record.values.get("call_at") or "")
    return len(moment) > len("YYYY-MM-DD") and not near.works_at(moment)


def _awaits_quality(entry: Entry, _: Surroundings) -> bool:
    return awaits_quality(entry.record)


def _quality(entry: Entry, _: Surroundings) -> bool:
    values = entry.record.values
    if "quality_items" in values:
        return bool(quality_items(values))
    return QUALITY_TOPIC in (values.get("info_type") or ())


def _quality_handover(entry: Entry, near: Surroundings) -> str | None:
    """按期 · 逾期 · 逾期未移交 · 待移交, of what is for the quality department (5.7.2); past paper is not judged."""
    if entry.record.paper_no or not _quality(entry, near) or "quality_handover" not in near.deadlines:
        return None
    limit = near.limit("quality_handover", _day(entry.record.date))
    if received := receipt_of(entry.record):
        return "按期" if received <= limit else "逾期"
    return "逾期未移交" if near.cutoff > limit else "待移交"


def _quality_result_due(entry: Entry, near: Surroundings) -> str | None:
    """The last day for the result of what was handed to the quality department; a related unit's has its own 01A."""
    received = receipt_of(entry.record)
    if entry.record.paper_no or not received or not _quality(entry, near) or "quality_result" not in near.deadlines:
        return None
    passed_on = "quality_items" in entry.record.values and entry.record.values.get("transferred_to")
    return None if passed_on else near.limit("quality_result", received)


def _quality_result(entry: Entry, near: Surroundings) -> str | None:
    """有结果 · 没有结果, of what was handed over; the forms say not on which day a result came."""
    if _quality_result_due(entry, near) is None:
        return None
    return "没有结果" if awaits_quality(entry.record) else "有结果"


def _praise(entry: Entry, _: Surroundings) -> bool:
    return "表扬（感谢）" in (entry.record.values.get("info_type") or ())


# Faults and their repair (T07)


def is_fault(record: Record) -> bool:
    """Tell whether a report tells of a fault; past paper says too little to be judged."""
    values = record.values
    return (
        form_number(record.form_code) == "06"
        and not record.paper_no
        and values.get("service_category") in {ON_SITE, IN_FACTORY, SUPPORT}
        and values.get("repair_conclusion") not in {None, "", NO_FAULT}
    )


def _fault(entry: Entry, _: Surroundings) -> bool:
    return is_fault(entry.record)


def reported(values: Any) -> str:
    """Return the day a fault was reported, as far as the report says."""
    return next((day for key in ("reported_on", "started_on", "finished_on") if (day := _day(values.get(key)))), "")


def _first_fix(entry: Entry, near: Surroundings) -> bool | None:
    """On site, repaired, and no other fault of the unit reported within the days of observation; None for others."""
    values = entry.record.values
    if not _fault(entry, near) or values.get("service_category") != ON_SITE:
        return None
    if values.get("repair_conclusion") != FIXED:
        return False
    done = _day(values.get("finished_on"))
    until = (date.fromisoformat(done) + timedelta(days=near.refix_days)).isoformat()
    others = near.faults.get(unit_of(values), ())
    return not any(done < day <= until for day, _, number in others if number != entry.record.record_no)


def _observed(entry: Entry, near: Surroundings) -> bool:
    """Counted as repaired at once, but its days of observation are not over at the cut-off."""
    if not _first_fix(entry, near):
        return False
    done = date.fromisoformat(_day(entry.record.values.get("finished_on")))
    return (done + timedelta(days=near.refix_days)).isoformat() >= near.cutoff


def _repeats(entry: Entry, near: Surroundings) -> bool:
    """A unit with two faults or more in the twelve months to the period's end."""
    end = date.fromisoformat(near.last)
    since = (end.replace(year=end.year - 1, day=28) if end.month == 2 else end.replace(year=end.year - 1)).isoformat()
    days = [done for _, done, _ in near.faults.get(unit_of(entry.record.values), ()) if since < done <= near.last]
    return _fault(entry, near) and len(days) >= 2


def _unit_name(entry: Entry, _: Surroundings) -> str:
    values = entry.record.values
    return "/".join(filter(None, (str(values.get(key) or "") for key in ("product_model", "serial_no"))))


def _products(entry: Entry, _: Surroundings) -> str:
    """The products a notice is about, model and serial number as far as it says them."""
    rows = entry.record.values.get("products") or ()
    named = ("/".join(str(said) for key in ("product_model", "serial_no") if (said := row.get(key))) for row in rows)
    return "、".join(dict.fromkeys(filter(None, named)))


# Troubles with a product, told of by a report (06A) or by a user (01A): what each form calls the same.
_TROUBLE = {
    "@symptom": ("fault_symptom", "info_content"),
    "@cause": ("fault_cause", "cause_analysis"),
    "@remedy": ("repair_action", "handling_result"),
}


def _trouble(entry: Entry, near: Surroundings) -> bool:
    """A fault, or information about quality."""
    return _fault(entry, near) or (form_number(entry.record.form_code) == "01" and _quality(entry, near))


def _first_said(keys: tuple[str, ...], entry: Entry, _: Surroundings) -> str:
    return next((str(said) for key in keys if (said := entry.record.values.get(key))), "")


def _trouble_state(entry: Entry, near: Surroundings) -> str:
    """How a repair ended; of information whether it is dealt with, and whether that is overdue at the period's end."""
    values = entry.record.values
    if form_number(entry.record.form_code) != "01":
        return str(values.get("repair_conclusion") or "")
    standing, due = _standing(entry, near), _day(values.get("due_date"))
    return f"{standing}（逾期）" if standing == "未办结" and due and due < near.last else standing


def _in_service(entry: Entry, near: Surroundings) -> int:
    """How many units of the report's model were delivered by the period's end."""
    return near.in_service.get(unit_of(entry.record.values)[0], 0)


def _age_span(entry: Entry, near: Surroundings) -> str | None:
    """How long the unit had been in service when the report was finished, as far as the product list says."""
    since, done = near.delivered.get(unit_of(entry.record.values), ""), _day(entry.record.values.get("finished_on"))
    return age_span(since, done) if since and done else None


def _in_service_of_age(entry: Entry, near: Surroundings) -> int | None:
    """How many units are as long in service at the period's end."""
    span = _age_span(entry, near)
    return near.in_service.get(span, 0) if span else None


def _repair_days(entry: Entry, _: Surroundings) -> int | None:
    return _days_between(entry.record.values.get("started_on"), entry.record.values.get("finished_on"))


def _repair_span(entry: Entry, near: Surroundings) -> str | None:
    return _day_span(_repair_days(entry, near))


def _report_to_repair_days(entry: Entry, _: Surroundings) -> int | None:
    return _days_between(entry.record.values.get("reported_on"), entry.record.values.get("finished_on"))


# Commissioning, training, what is left over


def _process_fault(entry: Entry, _: Surroundings) -> bool:
    told = str(entry.record.values.get("faults_during") or "").strip()
    return bool(told) and told not in NOTHING


def _commissioned_at_once(entry: Entry, near: Surroundings) -> bool:
    """A unit in order without a fault on the way; the units of a batch report are (R33)."""
    if form_number(entry.record.form_code) == "08":
        return True
    return entry.record.values.get("conclusion") == "正常" and not _process_fault(entry, near)


def _trainee_hours(entry: Entry, _: Surroundings) -> Any:
    hours, people = entry.record.values.get("total_hours"), entry.record.values.get("trainee_count")
    return None if hours is None or people is None else str(Decimal(str(hours)) * int(people))


def _open_issues(entry: Entry, _: Surroundings) -> bool:
    told = str(entry.record.values.get("open_issues") or "").strip()
    return (bool(told) and told not in NOTHING) or entry.record.values.get("completion") in {"部分", "未完成"}


def _open_issue_text(entry: Entry, _: Surroundings) -> str:
    values = entry.record.values
    return str(values.get("open_issues") or values.get("completion_note") or values.get("completion") or "")


def _issue_settled_on(entry: Entry, near: Surroundings) -> str:
    """The day what was left open was answered: by an item, closed then, or by a later report of the unit saying 无."""
    record = entry.record
    days = [item.closed for item in near.improved.get(record.record_no, ()) if item.closed]
    if all(unit := unit_of(record.values)) and (day := near.settled(unit, _day(record.date))):
        days.append(day)
    return min(days, default="")


def _improvement(entry: Entry, near: Surroundings) -> str:
    """The items of improvement that name a record."""
    return "、".join(item.number for item in near.improved.get(entry.record.record_no, ()))


def _rated(entry: Entry, _: Surroundings) -> bool:
    return any(map(entry.record.values.get, ITEMS))


def _passed_on(entry: Entry, near: Surroundings) -> str:
    return "、".join(near.answered_by.get(entry.record.record_no, ())) or "未转"


FACTS: dict[str, Fact] = {
    "@date": _date,
    "@form": _form,
    "@number": lambda entry, _: entry.record.record_no,
    "@title": lambda entry, _: entry.record.title,
    "@unit": _unit,
    "@region": partial(_listed, "region"),
    "@service_point": partial(_listed, "service_point"),
    "@service_level": partial(_listed, "service_level"),
    "@branch_then": _branch_then,
    "@in_use": _in_use,
    "@past": _past,
    "@state": _state,
    "@reason": lambda entry, _: entry.record.reason,
    "@not_counted": _not_counted,
    "@arrival": _arrival,
    "@days_late": _days_late,
    "@response_days": _response_days,
    "@partner": _partner,
    "@report": _report,
    "@report_on_target": _report_on_target,
    "@handed_in_on": _handed_in_on,
    "@sent_back": _sent_back,
    "@related_filing": _related_filing,
    "@related_information": _related_information,
    "@answer": _answer,
    "@complaint": _complaint,
    "@praise": _praise,
    "@closed_on": _closed_on,
    "@days_open": _days_open,
    "@closing_span": _closing_span,
    "@age": _age,
    "@days": _days,
    "@standing": _standing,
    "@limit": _limit,
    "@overdue": _overdue,
    "@settled": _settled,
    "@off_hours": _off_hours,
    "@awaits_quality": _awaits_quality,
    "@quality": _quality,
    "@quality_handover": _quality_handover,
    "@quality_result_due": _quality_result_due,
    "@quality_result": _quality_result,
    "@fault": _fault,
    "@first_fix": _first_fix,
    "@observed": _observed,
    "@repeats": _repeats,
    "@unit_name": _unit_name,
    "@products": _products,
    "@trouble": _trouble,
    "@trouble_state": _trouble_state,
    **{name: partial(_first_said, keys) for name, keys in _TROUBLE.items()},
    "@in_service": _in_service,
    "@age_span": _age_span,
    "@in_service_of_age": _in_service_of_age,
    "@repair_days": _repair_days,
    "@repair_span": _repair_span,
    "@report_to_repair_days": _report_to_repair_days,
    "@process_fault": _process_fault,
    "@commissioned_at_once": _commissioned_at_once,
    "@trainee_hours": _trainee_hours,
    "@open_issues": _open_issues,
    "@open_issue_text": _open_issue_text,
    "@issue_settled_on": _issue_settled_on,
    "@improvement": _improvement,
    "@rated": _rated,
    "@passed_on": _passed_on,
    **MANAGEMENT,
}
