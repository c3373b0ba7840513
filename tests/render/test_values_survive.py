"""Any value a field accepts survives: into the Word document's text, and into record.json and back.

Hypothesis makes the values, python-docx reads the document; nothing here goes through LibreOffice.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qrecords.model.audit import canonical
from qrecords.model.field import BOXES, Field, FieldType
from qrecords.model.form import Form
from qrecords.render.context import SYSTEM_TAGS, boxes, form_context, printed, register_context
from qrecords.render.docx import Template
from qrecords.stores.formfiles import FormCatalogue
from tests.conftest import FORMS

CATALOGUE = FormCatalogue(FORMS)
FEW = settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow])
MANY = settings(FEW, max_examples=60)

# What a clerk may paste: markup, tags of templates, several scripts, line ends, rare and wide characters.
NASTY = st.sampled_from(
    [
        "<w:p>&amp;]]>",
        "{{ record_no }}",
        "{% for r in rows %}",
        "{_{ x }_}",
        "一\n二\n\n三",
        "𠮷野家",
        "①№℃Ω",
        "＜＆＞",
        "a\tb",
    ]
)
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), min_size=1, max_size=40) | NASTY


@cache
def template(code: str) -> Template:
    """Return a form's template; every worker imports this file, one runs it."""
    return Template.load(CATALOGUE.get(code).template_bytes, code)


def raw(field: Field) -> st.SearchStrategy[Any]:
    """Return what a clerk may write in a field, as it comes out of a workbook, a JSON file or a CSV."""
    low, high = (int(limit) if limit is not None else None for limit in (field.min, field.max))
    match field.type:
        case FieldType.DATE:
            days = st.dates(date(1990, 1, 1), date(2199, 12, 31))
            return days | days.map(date.isoformat) | days.map(lambda d: f"{d.year}年{d.month}月{d.day}日")
        case FieldType.DATETIME:
            moments = st.datetimes(datetime(1990, 1, 1), datetime(2199, 12, 31))
            return moments.map(lambda m: m.strftime("%Y-%m-%d %H:%M"))
        case FieldType.INT:
            return st.integers(low if low is not None else -(10**6), high if high is not None else 10**6)
        case FieldType.DEC:
            return st.decimals(low if low is not None else -(10**6), high if high is not None else 10**6, places=2)
        case FieldType.ENUM:
            return st.sampled_from(field.choices)
        case FieldType.MULTI:
            return st.lists(st.sampled_from(field.choices), min_size=1, unique=True)
        case FieldType.BOOL:
            return st.booleans() | st.sampled_from(["是", "否"])
        case FieldType.ROWS:
            columns = [c for c in field.columns if c.type not in BOXES and c.type is not FieldType.COMPUTED]
            return st.lists(st.fixed_dictionaries({c.key: raw(c) for c in columns}), min_size=1, max_size=3)
    return TEXT


def accepted(form: Form, written: dict[str, Any]) -> dict[str, Any]:
    """Return the stored values of those fields whose value is accepted; the others are the clerk's to correct."""
    checked = form.check(written)
    refused = {str(p.field).partition(".")[0].partition("[")[0] for p in checked.problems}
    wanted = {f.key for f in form.input_fields} - refused
    return {k: v for k, v in checked.values.items() if k in wanted}


def document_text(data: bytes) -> str:
    """Return all text of body and heads, blanks and line ends left out."""
    document = Document(BytesIO(data))
    section = document.sections[0]
    roots = [document.element.body, section.first_page_header._element]
    return solid("".join(t.text or "" for root in roots for t in root.iter(qn("w:t"))))


def solid(text: str) -> str:
    return re.sub(r"\s", "", text)


def on_paper(field: Field, value: Any) -> list[str]:
    """Return what must stand in the document for a value: as printed, or the choices with their boxes."""
    if field.type is FieldType.ROWS:
        return [text for row in value for c in field.columns if c.key in row for text in on_paper(c, row[c.key])]
    if field.type in {FieldType.ENUM, FieldType.MULTI, FieldType.BOOL}:
        return [solid(f"{printed(field, value, filled=True)}|{boxes(field, value)}")]
    return [solid(printed(field, value, filled=True))]


@pytest.mark.parametrize("code", CATALOGUE.codes())
@FEW
@given(data=st.data())
def test_a_value_survives_to_paper_and_to_record_json(code: str, data: st.DataObject) -> None:
    survives(code, data)


@pytest.mark.slow
@pytest.mark.parametrize("code", CATALOGUE.codes())
@MANY
@given(data=st.data())
def test_very_many_values_survive(code: str, data: st.DataObject) -> None:
    survives(code, data)


def survives(code: str, data: st.DataObject) -> None:
    """Draw a record, and follow it to record.json and back, and into the Word document."""
    form = CATALOGUE.get(code).form
    written = data.draw(st.fixed_dictionaries({f.key: raw(f) for f in form.input_fields}))
    values = accepted(form, written)

    frozen = canonical({"values": values})
    assert json.loads(frozen)["values"] == values
    again = form.check(json.loads(frozen)["values"])
    assert {k: again.values.get(k) for k in values} == values, "read back, it means the same"

    head = dict.fromkeys(SYSTEM_TAGS, "")
    number = f"{code}-2025-00001"
    if form.is_register:
        context = register_context(form, [(number, values)], head, "2025-03")
    else:
        context = form_context(form, values, head)
    text = document_text(template(code).render(context))
    for field in form.input_fields:
        if field.key in values:
            for wanted in on_paper(field, values[field.key]):
                assert any(part in text for part in wanted.split("|")), (field.key, wanted)


@pytest.mark.parametrize("code", CATALOGUE.codes())
def test_the_writing_is_mostly_accepted(code: str) -> None:
    """What the property test feeds in is not refused before it proves anything."""
    form = CATALOGUE.get(code).form
    sample = CATALOGUE.get(code).sample()
    assert set(accepted(form, sample)) >= {k for k in sample if k in form.by_key}
