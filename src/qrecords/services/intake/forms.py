"""The catalogue of controlled forms: list, show, schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qrecords.model.answer import left_out
from qrecords.model.field import Field, FieldType
from qrecords.model.form import Form
from qrecords.model.schema import json_schema
from qrecords.office import Office


@dataclass(frozen=True, slots=True)
class FormLine:
    """A form in the list of them: how many fields are filled in, how many years it is kept."""

    code: str
    title: str
    layout: str
    edition: str
    valid_from: str
    valid_to: str | None
    fields: int
    retention_years: int


@dataclass(frozen=True, slots=True)
class FieldShown:
    """A field of a form as its definition has it."""

    key: str
    label: str
    type: str
    stage: str
    required: bool
    choices: Sequence[str] | None = left_out()
    columns: Sequence[FieldShown] | None = left_out()
    unit: str | None = left_out()
    note: str | None = left_out()


@dataclass(frozen=True, slots=True)
class FormShown:
    """A form's definition."""

    code: str
    title: str
    edition: str
    valid_from: str
    valid_to: str | None
    layout: str
    date_field: str
    stages: Sequence[Mapping[str, Any]]
    fields: Sequence[FieldShown]
    signatures: Sequence[Mapping[str, Any]]
    template_sha256: str


def list_forms(office: Office) -> list[FormLine]:
    """Return every form."""
    return [
        FormLine(
            f.form.code,
            f.form.title,
            f.form.layout,
            f.form.edition,
            *_valid(f.form),
            fields=len(f.form.input_fields),
            retention_years=f.form.retention.years,
        )
        for f in office.forms.all()
    ]


def show_form(office: Office, code: str) -> FormShown:
    """Return one form's definition: stages, fields with their choices, signatures."""
    folder = office.forms.get(code)
    form = folder.form
    return FormShown(
        form.code,
        form.title,
        form.edition,
        *_valid(form),
        layout=form.layout,
        date_field=form.date_field,
        stages=[s.model_dump() for s in form.stages],
        fields=[_field(f) for f in form.fields],
        signatures=[s.model_dump() for s in form.signatures],
        template_sha256=folder.template_sha256,
    )


def _valid(form: Form) -> tuple[str, str | None]:
    return form.valid_from.isoformat(), form.valid_to.isoformat() if form.valid_to else None


def schema(office: Office, code: str) -> dict[str, Any]:
    """Return the JSON Schema of a form's input."""
    return json_schema(office.forms.get(code).form)


def _field(field: Field) -> FieldShown:
    return FieldShown(
        field.key,
        field.label,
        field.type.value,
        field.stage,
        field.required,
        choices=list(field.choices) or None,
        columns=[_field(c) for c in field.columns] if field.type is FieldType.ROWS else None,
        unit=field.unit or None,
        note=field.note or None,
    )
