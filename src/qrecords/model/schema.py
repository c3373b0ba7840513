"""The JSON Schema of a form's input, for whoever prepares it by program."""

from __future__ import annotations

from typing import Any

from qrecords.model.field import BOXES, MAX_LENGTH, MAX_ROWS, Field, FieldType
from qrecords.model.form import Form

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(form: Form) -> dict[str, Any]:
    """Return the schema of one record as `fill` takes it; the first stage's required fields are required."""
    first = form.stages[0].key
    return {
        "$schema": DIALECT,
        "title": f"{form.code} {form.title}",
        "type": "object",
        "properties": {f.key: _described(f) for f in form.fields if f.type not in BOXES},
        "required": [f.key for f in form.fields if f.stage == first and f.required and f.type not in BOXES],
        "additionalProperties": False,
    }


def _described(field: Field) -> dict[str, Any]:
    described = {"title": field.label, **_typed(field)}
    if field.note:
        described["description"] = field.note
    if field.default is not None:
        described["default"] = field.default
    if field.compute:
        described["readOnly"] = True
    return described


def _typed(field: Field) -> dict[str, Any]:
    match field.type:
        case FieldType.TEXT | FieldType.LTEXT:
            return {"type": "string", "maxLength": field.max_length or MAX_LENGTH[field.type]}
        case FieldType.DATE:
            return {"type": "string", "format": "date"}
        case FieldType.DATETIME:
            return {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})?$"}
        case FieldType.INT:
            return {"type": "integer"} | _limits(field)
        case FieldType.DEC:
            return {"type": ["string", "number"]} | _limits(field)
        case FieldType.ENUM:
            return {"enum": list(field.choices)}
        case FieldType.MULTI:
            return {"type": "array", "items": {"enum": list(field.choices)}, "uniqueItems": True}
        case FieldType.BOOL:
            return {"type": "boolean"}
        case FieldType.ROWS:
            columns = {c.key: _described(c) for c in field.columns}
            required = [c.key for c in field.columns if c.required]
            row = {"type": "object", "properties": columns, "required": required, "additionalProperties": False}
            return {"type": "array", "items": row, "maxItems": MAX_ROWS}
        case _:
            return {}


def _limits(field: Field) -> dict[str, Any]:
    limits = {"minimum": field.min, "maximum": field.max}
    return {k: int(v) if v == v.to_integral_value() else float(v) for k, v in limits.items() if v is not None}
