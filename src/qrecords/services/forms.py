"""The catalogue of controlled forms: list, show, schema, and whether definition and template agree."""

from __future__ import annotations

from typing import Any

from qrecords.errors import Problem, QRecordsError
from qrecords.model.field import BOXES, Field, FieldType
from qrecords.model.form import Form
from qrecords.model.schema import json_schema
from qrecords.office import Office
from qrecords.render.code import code_png
from qrecords.render.context import REGISTER_TAGS, SYSTEM_TAGS, form_context, register_context
from qrecords.render.docx import Template
from qrecords.stores.formfiles import FormFolder


def list_forms(office: Office) -> list[dict[str, Any]]:
    """Return every form: code, title, layout, edition and how long it is kept."""
    return [
        {
            "code": f.form.code,
            "title": f.form.title,
            "layout": f.form.layout,
            "edition": f.form.edition,
            "fields": len(f.form.input_fields),
            "retention_years": f.form.retention.years,
        }
        for f in office.forms.all()
    ]


def show_form(office: Office, code: str) -> dict[str, Any]:
    """Return one form's definition: stages, fields with their choices, signatures."""
    folder = office.forms.get(code)
    form = folder.form
    return {
        "code": form.code,
        "title": form.title,
        "edition": form.edition,
        "layout": form.layout,
        "date_field": form.date_field,
        "stages": [s.model_dump() for s in form.stages],
        "fields": [_field(f) for f in form.fields],
        "signatures": [s.model_dump() for s in form.signatures],
        "template_sha256": folder.template_sha256,
    }


def schema(office: Office, code: str) -> dict[str, Any]:
    """Return the JSON Schema of a form's input."""
    return json_schema(office.forms.get(code).form)


def check_forms(office: Office, codes: list[str]) -> list[Problem]:
    """Return where definition, template and sample of forms do not agree; all forms when none is named."""
    problems: list[Problem] = []
    for code in codes or office.forms.codes():
        try:
            problems += [p.at(office.forms.full_code(code), None) for p in _check(office.forms.get(code))]
        except QRecordsError as error:
            problems += [*error.problems] or [Problem(error.message, source=code)]
    return problems


def _check(folder: FormFolder) -> list[Problem]:
    form = folder.form
    checked = form.check(folder.sample())
    problems = [Problem(f"示例 sample.json:{p.message}", p.field) for p in checked.problems]
    missing = form.incomplete(checked.values, [s.key for s in form.stages])
    problems += [Problem(f"示例 sample.json:{p.message}", p.field) for p in missing]
    template = Template.load(folder.template)
    problems += _check_tags(form, template.tags())
    head = dict.fromkeys(SYSTEM_TAGS, "")
    if form.is_register:
        context = register_context(form, [(f"{form.code}-2025-00001", checked.values)], head, "2025-01")
    else:
        context = form_context(form, checked.values, head)
    template.render(context, code_png(f"{form.code}-2025-00001/1"))
    return problems


def _check_tags(form: Form, tags: set[str]) -> list[Problem]:
    """Return tags the definition does not know, and fields no tag prints; a register's columns are read by `rows`."""
    named = {k for f in form.fields if f.type not in BOXES for k in (f.key, f"{f.key}_boxes")}
    known = set(REGISTER_TAGS if form.is_register else named) | set(SYSTEM_TAGS)
    problems = [Problem(f"模板里的标签 {tag} 在定义里没有", tag) for tag in sorted(tags - known)]
    if not form.is_register:
        printed = {f.key for f in form.fields if {f.key, f"{f.key}_boxes"} & tags}
        unprinted = [f for f in form.fields if f.type not in BOXES and f.key not in printed]
        problems += [Problem(f"栏目「{f.label}」没有标签印出它", f.key) for f in unprinted]
    return problems


def _field(field: Field) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "key": field.key,
        "label": field.label,
        "type": field.type.value,
        "stage": field.stage,
        "required": field.required,
    }
    if field.choices:
        shown["choices"] = list(field.choices)
    if field.type is FieldType.ROWS:
        shown["columns"] = [_field(c) for c in field.columns]
    for name in ("unit", "note"):
        if value := getattr(field, name):
            shown[name] = value
    return shown
