"""What every filled value must meet beyond its form's own rules, and what the register derives from the values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from qrecords.errors import Problem
from qrecords.model.form import Form
from qrecords.model.record import State
from qrecords.office import Office
from qrecords.render.fonts import uncovered


def beyond_rules(office: Office, form: Form, values: dict[str, Any]) -> Iterator[Problem]:
    """Check what the pure rules cannot see: the fonts of this machine, records referred to, dates in force."""
    for key, value in values.items():
        if bad := uncovered(_text_of(value)):
            yield Problem(f"「{form.label(key)}」有字库里没有的字：{'、'.join(bad[:5])}，请换用规范字", key)
    if (day := str(values.get(form.date_field, ""))[:10])[:4] > office.today()[:4]:
        yield Problem(f"「{form.label(form.date_field)}」{day} 还没有到，编号用不了将来的年份", form.date_field)
    if day and not form.is_valid_on(day):
        yield _outside_edition(office, form, day)
    for field_ in form.fields:
        if field_.refers_to and (number := values.get(field_.key)):
            yield from _reference_problems(office, form, field_.key, field_.refers_to, number)


def _outside_edition(office: Office, form: Form, day: str) -> Problem:
    """Say that an edition is not the one of that day, and which is."""
    late = form.valid_to is not None and day > form.valid_to.isoformat()
    what = f"晚于 {form.code} 的停用日期 {form.valid_to}" if late else f"早于 {form.code} 的启用日期 {form.valid_from}"
    others = [f.form.code for f in office.forms.editions(form.number) if f.form.is_valid_on(day)]
    then = f"，这一天请用 {'、'.join(others)}" if others else ""
    return Problem(f"「{form.label(form.date_field)}」{day} {what}{then}", form.date_field)


def _reference_problems(office: Office, form: Form, key: str, target: str, number: str) -> Iterator[Problem]:
    with office.register.read() as tx:
        found = tx.records.get(number)
    if found is None or found.form_code[:8] != target or found.state is State.VOID:
        yield Problem(f"「{form.label(key)}」{number} 不是在用的 {target} 记录编号，请核对或先填写它", key)


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def year_of(form: Form, values: dict[str, Any]) -> int:
    """Return the year a record's number carries."""
    return int(values[form.date_field][:4])


def derived(form: Form, values: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of the register that come from the values."""
    return {
        "title": form.title_of(values),
        "date": values[form.date_field][:10],
        "customer_unit": values.get("customer_unit", ""),
    }
