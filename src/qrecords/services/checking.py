"""What a record must meet beyond its form's own rules: dates, fonts, the records beside it and the notice above it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from qrecords.advice import Do, advise
from qrecords.errors import Problem
from qrecords.model.form import Form
from qrecords.model.numbering import without_edition
from qrecords.model.record import Action, Record, State
from qrecords.model.relations import conflicts
from qrecords.office import Office
from qrecords.render.fonts import uncovered
from qrecords.services.neighbours import Naming, Neighbours, named_in


def beyond_rules(
    office: Office, form: Form, values: dict[str, Any], *, own: str = "", around: Neighbours | None = None
) -> Iterator[Problem]:
    """Check what the pure rules cannot see: fonts, dates in force, records referred to, other records of the notice.

    `own` is the record's number when it has one; `around` what a batch looked up together, and what comes in with it.
    """
    texts = {key: _text_of(value) for key, value in values.items()}
    if uncovered("\n".join(texts.values())):
        for key, text in texts.items():
            if bad := uncovered(text):
                yield Problem(f"「{form.label(key)}」有字库里没有的字：{'、'.join(bad[:5])}，请换用规范字", key)
    if (day := str(values.get(form.date_field, ""))[:10])[:4] > office.today()[:4]:
        yield Problem(f"「{form.label(form.date_field)}」{day} 还没有到，编号用不了将来的年份", form.date_field)
    if day and not form.is_valid_on(day):
        yield _outside_edition(office, form, day)
    around = around or Neighbours.of(office, form, values)
    yield from references(office, form, values, around)
    yield from conflicting(form, values, around, own=own)


def conflicting(form: Form, values: dict[str, Any], around: Neighbours, *, own: str = "") -> Iterator[Problem]:
    """Check a record against the others of its notice or customer."""
    for relation in form.relations:
        if relation.level == "refuse":
            yield from conflicts(relation, values, around.others(relation, values, own))


def reminders(
    office: Office, form: Form, values: dict[str, Any], *, own: str = "", around: Neighbours | None = None
) -> list[Problem]:
    """Return what is only reminded of: the rules and relations whose level says so."""
    found = form.warnings(values)
    if unsure := [one for one in named_in(form, values) if not one.refers_to]:
        around = around or Neighbours.of(office, form, values)
        for one in unsure:
            record = around.named(one.number)
            if record is None or record.state is State.VOID:
                found.append(Problem(f"{one.where}{one.number} 不是在用的记录编号，请核对，写全编号", one.key))
    relations = [r for r in form.relations if r.level == "warn"]
    if relations:
        around = around or Neighbours.of(office, form, values)
        for relation in relations:
            found += conflicts(relation, values, around.others(relation, values, own, coming=False))
    return found


def references(office: Office, form: Form, values: dict[str, Any], around: Neighbours) -> Iterator[Problem]:
    """Check the records a record refers to: in use, and issued where their form is issued (R18)."""
    for one in named_in(form, values):
        if one.refers_to:
            yield from _reference_problems(office, one, around.named(one.number))


def _outside_edition(office: Office, form: Form, day: str) -> Problem:
    """Say that an edition is not the one of that day, and which is."""
    late = form.valid_to is not None and day > form.valid_to.isoformat()
    what = f"晚于 {form.code} 的停用日期 {form.valid_to}" if late else f"早于 {form.code} 的启用日期 {form.valid_from}"
    others = [f.form.code for f in office.forms.editions(form.code) if f.form.is_valid_on(day)]
    then = f"，这一天请用 {'、'.join(others)}" if others else ""
    return Problem(f"「{form.label(form.date_field)}」{day} {what}{then}", form.date_field)


def _reference_problems(office: Office, one: Naming, found: Record | None) -> Iterator[Problem]:
    # One that may not be read is answered like one that is not there.
    if found is None or without_edition(found.form_code) != one.refers_to or found.state is State.VOID:
        yield Problem(f"{one.where}{one.number} 不是在用的 {one.refers_to} 记录编号，请核对或先填写它", one.key)
        return
    issue = office.forms.get(found.form_code).form.steps.get(Action.ISSUE.value)
    if issue and found.state is State.DRAFT:
        clause = f"（{issue.clause}）" if issue.clause else ""
        told = advise("{}{} 还没有签发，先签发再服务{}：{}", one.where, one.number, clause, Do.ISSUE(one.number))
        yield Problem(told, one.key)


_as_json = json.JSONEncoder(ensure_ascii=False).encode  # made once, asked for every field


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else _as_json(value)


def year_of(form: Form, values: dict[str, Any]) -> int:
    """Return the year a record's number carries."""
    return int(values[form.date_field][:4])


def derived(form: Form, values: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of the register that come from the values."""
    return {
        "title": form.title_of(values),
        "date": values[form.date_field][:10],
        "customer_unit": values.get("customer_unit", ""),
        "notice_no": values.get("notice_no", ""),
    }
