"""Write docs/fields.md, the table of every field of every form, from the forms themselves: python -m tools.fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qrecords.model.field import BOXES, Field
from qrecords.model.form import Form
from qrecords.stores.formfiles import FormCatalogue

CHECKOUT = Path(__file__).parents[1]
TARGET = CHECKOUT / "docs" / "fields.md"
HEAD = """\
# Fields

Made from `forms/*/*/form.toml` by `python -m tools.fields`; do not edit. A star marks a field its stage requires;
rules in `form.toml` may require more. Boxes (signature, seal) are always printed empty.
"""


def fields_document() -> str:
    """Return the whole document."""
    forms = [folder.form for folder in FormCatalogue(CHECKOUT / "forms" / "QR758").all()]
    return HEAD + "".join(f"\n{line}" for form in forms for line in _form_lines(form))


def _form_lines(form: Form) -> Iterator[str]:
    yield f"## {form.code} {form.title}\n"
    yield f"{form.layout}; year and number by `{form.date_field}`; volume year by `{form.retention.year_of}`.\n"
    for stage in form.stages:
        yield f"**{stage.label}** (`{stage.key}`, {stage.by})\n"
        yield "| 栏目 | key | type | |"
        yield "|---|---|---|---|"
        for field in form.stage_fields(stage.key):
            yield _row(field, "")
            for column in field.columns:
                yield _row(column, "· ")
        yield ""


def _row(field: Field, indent: str) -> str:
    star = "*" if field.required and field.type not in BOXES else ""
    about = "、".join(field.choices) or field.note
    return f"| {indent}{field.label}{star} | `{field.key}` | {field.type.value} | {about} |"


if __name__ == "__main__":
    TARGET.write_text(fields_document(), encoding="utf-8")
