"""Whether a printed paper still says what the record says (QS/PA758A 5.5.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qrecords.model.field import BOXES, Field, FieldType
from qrecords.model.form import Form
from qrecords.model.rules import is_empty


@dataclass(frozen=True, slots=True)
class Changed:
    """A value the paper shows and the record no longer has."""

    label: str
    printed: Any
    now: Any


def outdated(form: Form, printed: Mapping[str, Any], now: Mapping[str, Any]) -> list[Changed]:
    """Return every printed value that has been changed since.

    What was left blank on the paper, to be written by hand, may have come since; what was struck out with 「/」
    because its stage was done may not.
    """
    struck = {s for s in form.begun(printed) if not form.incomplete(printed, [s])}
    found: list[Changed] = []
    for field in form.fields:
        if field.type not in BOXES:
            found += _changed(field, printed.get(field.key), now.get(field.key), struck=field.stage in struck)
    return found


def _changed(field: Field, before: Any, after: Any, *, struck: bool) -> Iterator[Changed]:
    if before == after or (is_empty(before) and (is_empty(after) or not struck)):
        return
    if field.type is not FieldType.ROWS or is_empty(before):
        yield Changed(field.label, before, after)
        return
    rows = after or []
    if len(rows) < len(before) or (struck and len(rows) > len(before)):
        yield Changed(field.label, f"{len(before)}行", f"{len(rows)}行")
        return
    for number, (old, new) in enumerate(zip(before, rows, strict=False), start=1):
        for column in field.columns:
            for change in _changed(column, old.get(column.key), new.get(column.key), struck=struck):
                yield Changed(f"{field.label}第{number}行的{change.label}", change.printed, change.now)
