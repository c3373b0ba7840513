"""Papers that say a part of a record and are signed apart from it: what goes along with a unit under repair, by data.

A form's `excerpts` say which fields, whose hands, and when; one template beside the form prints them all. The signed
paper is attached to the record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qrecords.errors import NotFound, WrongState
from qrecords.model.field import Field
from qrecords.model.form import Excerpt, Form
from qrecords.model.record import GONE, Action
from qrecords.model.rules import holds
from qrecords.office import Office
from qrecords.render.context import date_text, printed
from qrecords.services import reading
from qrecords.services.making import sheet_of_record

TEMPLATE = "excerpt.docx"


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper a record gives, by its key."""

    key: str
    title: str
    clause: str


def papers_of(office: Office, record_no: str) -> Sequence[Paper]:
    """Return the papers a record gives as it stands."""
    record = reading.one(office, record_no)
    office.authorise(Action.READ, record.record_no, record)
    return [Paper(e.key, e.title, e.clause) for e in given(office.forms.get(record.form_code).form, record.values)]


def given(form: Form, values: Mapping[str, Any]) -> Sequence[Excerpt]:
    """Return the papers a record with these values gives."""
    return [e for e in form.excerpts if holds(e.when, values)]


def paper_file(office: Office, record_no: str, key: str, name: str) -> bytes:
    """Return one of a record's papers as Word or PDF, by the name of the file; NotFound names those it gives."""
    record = reading.one(office, record_no)
    office.authorise(Action.PRINT, record.record_no, record)
    if record.state in GONE:
        raise WrongState(f"{record.record_no} 已作废或销毁，不出随案文件", remedy="请核对编号")
    form = office.forms.get(record.form_code).form
    found = {e.key: e for e in given(form, record.values)}
    if key not in found:
        known = "、".join(f"{e.key}（{e.title}）" for e in found.values()) or "没有"
        raise NotFound(f"{record.record_no} 没有名为「{key}」的随案文件", remedy=f"现在可以出的：{known}")
    excerpt = found[key]
    drawn = {"drawn_by": office.account.person, "drawn_on": date_text(office.today())}
    told = {"org_name": office.settings.office.org_name, "record_no": record.record_no, **drawn}
    context = excerpt_context(form, excerpt, record.values, told)
    return sheet_of_record(
        office, record.record_no, key, TEMPLATE, context, name, title=excerpt.title, of_form=form.code
    )


def excerpt_context(form: Form, excerpt: Excerpt, values: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    """Return what the template of a paper says of a record; `told` is what is not of it: who drew it, and when."""
    fields = [form.by_key[key] for key in excerpt.fields]
    return {
        **told,
        "secrecy_level": str(values.get("secrecy_level") or ""),
        "title": excerpt.title,
        "clause": excerpt.clause,
        "lines": [{"label": f.label, "value": _words(f, values.get(f.key))} for f in fields],
        "hands": [{"label": hand} for hand in excerpt.hands],
    }


def _words(field: Field, value: Any) -> str:
    if not field.columns:
        return printed(field, value, filled=False)
    lines = []
    for number, row in enumerate(value or (), start=1):
        told = [f"{c.label}：{printed(c, row[c.key], filled=True)}" for c in field.columns if c.key in row]
        lines.append(f"{number}. {'；'.join(told)}")
    return "\n".join(lines)
