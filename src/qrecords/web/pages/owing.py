"""表1: which records a planned task would owe, typed in or as a file, before there is a notice."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

from starlette.responses import Response

from qrecords.errors import InvalidInput
from qrecords.model.field import FieldType
from qrecords.model.requirements import Required
from qrecords.model.tasktable import TASK_FIELDS, TASK_HEADINGS
from qrecords.services.intake.taskfiles import require
from qrecords.stores.given import GivenFile
from qrecords.web.asked import Asked, typed
from qrecords.web.pages.scanning import file_name
from qrecords.web.wording import worded

PER = {"task": "一次一份", "unit": "一台一份", "model": "同型号一份", "period": "同期同一单位一份"}
UNIT_KEYS = ("product_model", "serial_no", "quantity", "fault", "parts_replaced")
UNITS = "units"
BLANK_LINES = 3
OF_UNIT = tuple(f for f in TASK_FIELDS if f.key in UNIT_KEYS)
OF_TASK = tuple(f for f in TASK_FIELDS if f.key not in UNIT_KEYS)


def ask(asked: Asked) -> Response:
    """Show where a task is described."""
    return _page(asked, {})


def tell(asked: Asked) -> Response:
    """Tell what the task described, or the file given, would owe."""
    upload = asked.file("file")
    said = typed(asked.sent, frozenset(f.key for f in OF_TASK if f.type is FieldType.MULTI), frozenset({UNITS}))
    source = GivenFile(file_name(upload.filename or ""), upload.file.read()) if upload else _as_table(said)
    try:
        required, notes = require(asked.session, source)
    except InvalidInput as error:
        return _page(asked, said, 422, wrong=error)
    told = [worded(note) for note in notes]
    return _page(asked, said, required=[*_lines(asked, required)], notes=told, asked_for=True)


def _page(asked: Asked, said: Mapping[str, Any], status: int = 200, **more: Any) -> Response:
    shown = {"required": (), "notes": (), "wrong": None, "asked_for": False} | more
    return asked.page(
        "owed.html", status, said=said, of_task=OF_TASK, of_unit=OF_UNIT, units=UNITS, blank_lines=BLANK_LINES, **shown
    )


def _as_table(said: Mapping[str, Any]) -> GivenFile:
    """Return what was typed as the table the command line reads: what holds for the whole task in its first row."""
    text = StringIO()
    out = csv.writer(text)
    out.writerow(TASK_HEADINGS)
    for n, unit in enumerate(said.get(UNITS) or [{}]):
        row = {**unit, **({f.key: said.get(f.key, "") for f in OF_TASK} if n == 0 else {})}
        values = [row.get(f.key, "") for f in TASK_FIELDS]
        out.writerow(["、".join(v) if isinstance(v, list) else str(v) for v in values])
    return GivenFile("任务.csv", text.getvalue().encode("utf-8-sig"))


def _lines(asked: Asked, required: Sequence[Required]) -> Iterator[dict[str, Any]]:
    titles = asked.session.outlines.titles()
    for one in required:
        codes = [code for code in (one.form_code, *one.alternatives) if code]
        full = [asked.session.forms.full_code(code) for code in codes]
        units = "、".join(one.units) or (f"{one.count}台" if one.count > 1 else "")
        yield {
            "forms": [(code, titles.get(code, "")) for code in full],
            "document": one.document,
            "per": PER[one.per],
            "about": " ".join(part for part in (one.product_model, units) if part),
            "reason": one.reason,
            "rule": one.rule,
            "inferred": one.source == "inferred",
        }
