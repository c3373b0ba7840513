"""The catalogue of controlled forms: list, show, schema."""

from __future__ import annotations

from typing import Any

from qrecords.model.field import Field, FieldType
from qrecords.model.schema import json_schema
from qrecords.office import Office


def list_forms(office: Office) -> list[dict[str, Any]]:
    """Return every form: code, title, layout, edition and how long it is kept."""
    return [
        {
            "code": f.form.code,
            "title": f.form.title,
            "layout": f.form.layout,
            "edition": f.form.edition,
            "valid_from": f.form.valid_from.isoformat(),
            "valid_to": f.form.valid_to.isoformat() if f.form.valid_to else None,
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
        "valid_from": form.valid_from.isoformat(),
        "valid_to": form.valid_to.isoformat() if form.valid_to else None,
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
