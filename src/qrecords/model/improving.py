"""What may become an item of improvement (KF758-GJ): offered from what was said and what broke, never opened by itself.

Pure: records in, candidates out, each with the records it rests on (QS/PA758A 5.10.1, 5.10.2; domain S.2).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from qrecords.model.access import SECRECY_LEVELS, secrecy_rank
from qrecords.model.figures.management import unit_of
from qrecords.model.numbering import form_number, numbers_told
from qrecords.model.record import GONE, Record

ALARM, OPINION, COMPLAINT, FAULT, FOLLOW_UP, EVALUATION = "满意度预警", "用户意见建议", "投诉", "故障", "回访", "评价"
SERVICE, PRODUCT = "服务过程", "产品"
LEAST_FAULTS = 3  # of a category, before the most frequent one says anything
_ANGRY, _SAID = ("投诉", "抱怨"), ("意见", "建议")
_NOTHING = ("无", "不", "否", "没", "/", "—")  # how 是否影响后续需求 begins where nothing is


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be made better: what it is called by, its kind, the problem in words, about what, on which records."""

    key: str
    kind: str
    problem: str
    subject: str
    sources: tuple[str, ...]
    secrecy_level: str


def taken_up(items: Iterable[Record]) -> dict[str, str]:
    """Return what items of improvement name already, each with the problems told of it."""
    found: dict[str, str] = {}
    for item in items:
        for line in item.values.get("sources") or () if item.state not in GONE else ():
            for number in numbers_told(str(line.get("record_no") or "")):
                found[number] = f"{found.get(number, '')}\n{item.values.get('problem') or ''}"
    return found


def of_information(records: Iterable[Record], taken: Collection[str]) -> Iterator[Candidate]:
    """Give what users said (01A) that is closed and bears on what they will need, and what 11A suggests."""
    for record in records:
        if record.state in GONE or record.record_no in taken:
            continue
        values, number = record.values, form_number(record.form_code)
        kinds = values.get("info_type") or ()
        told = ""
        if number == "01" and _says(values.get("future_impact")) and values.get("handled_on"):
            told = str(values.get("info_content") or "")
        elif number == "11" and _says(values.get("suggestions")):
            told = str(values["suggestions"])
        angry = any(kind in _ANGRY for kind in kinds)
        if told and (number == "11" or angry or any(kind in _SAID for kind in kinds)):
            yield _on(record.record_no, COMPLAINT if angry else OPINION, told, SERVICE, [record])


def _says(value: object) -> bool:
    text = str(value or "").strip()
    return bool(text) and not text.startswith(_NOTHING)


def of_the_unhappy(records: Iterable[Record], taken: Collection[str]) -> Iterator[Candidate]:
    """Give the records of single users who are not content, as deadlines.toml finds them (`satisfaction_action`)."""
    for record in records:
        if record.record_no not in taken:
            values = record.values
            said = next((str(values[key]) for key in ("comments", "user_comments") if values.get(key)), "")
            who = str(values.get("customer_unit") or record.record_no)
            kind = FOLLOW_UP if form_number(record.form_code) == "HF" else ALARM
            yield _on(record.record_no, kind, f"{who}不满意{f'：{said}' if said else ''}", SERVICE, [record])


def of_faults(faults: Sequence[Record], taken: Mapping[str, str]) -> Iterator[Candidate]:
    """Give the units that broke more than once, and the category of fault that is the most frequent."""
    units: dict[tuple[str, str], list[Record]] = {}
    categories: dict[str, list[Record]] = {}
    for fault in sorted(faults, key=lambda r: (r.date, r.record_no)):
        if unit_of(fault.values)[1]:
            units.setdefault(unit_of(fault.values), []).append(fault)
        if category := str(fault.values.get("fault_category") or ""):
            categories.setdefault(category, []).append(fault)
    for found in units.values():
        if len(found) > 1 and not all(fault.record_no in taken for fault in found):
            newest = found[-1]
            named = "/".join(str(newest.values.get(k) or "") for k in ("product_model", "serial_no"))
            told = f"{named} 报故障{len(found)}次，最近一次：{newest.values.get('fault_symptom') or ''}"
            yield _on(newest.record_no, FAULT, told, PRODUCT, found)
    first, *others = sorted(categories.items(), key=lambda one: -len(one[1])) or [("", [])]
    name, found = first
    if len(found) < LEAST_FAULTS or any(len(other) == len(found) for _, other in others):
        return
    if not any(f"「{name}」" in taken.get(fault.record_no, "") for fault in found):
        told = f"故障类别「{name}」最多：{len(found)}次，共{len(faults)}次"
        yield _on(f"类别-{name}", FAULT, told, PRODUCT, found)


def _on(key: str, kind: str, problem: str, subject: str, records: Sequence[Record]) -> Candidate:
    """Return a candidate as secret as the most secret of its records."""
    levels = [str(r.values.get("secrecy_level") or SECRECY_LEVELS[1]) for r in records]
    numbers = tuple(r.record_no for r in records)
    return Candidate(key, kind, problem, subject, numbers, max(levels, key=secrecy_rank))
