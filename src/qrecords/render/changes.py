"""The marks a corrected record carries on paper: 更1, 更2 … at the value, and what was changed at the end (划改)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from io import BytesIO
from typing import Any

from qrecords.model.access import person_name
from qrecords.model.field import FieldType
from qrecords.model.form import Form
from qrecords.model.record import Correction, Record
from qrecords.model.rules import is_empty
from qrecords.render.context import date_text, printed
from qrecords.render.zips import join, pack

BODY = "word/document.xml"
PARAGRAPH = (
    '<w:p><w:pPr><w:spacing w:before="40" w:after="0"/></w:pPr><w:r>'
    '<w:rPr><w:sz w:val="18"/><w:szCs w:val="18"/></w:rPr>'
    '<w:t xml:space="preserve">{text}</w:t></w:r></w:p>'
)
EMPTY, LONGEST = "（空）", 60
BLANK_NAME = "　" * 6  # room to sign by hand


def marked(context: Mapping[str, Any], corrections: Sequence[Correction]) -> dict[str, Any]:
    """Return a context in which every corrected value carries the mark of its last correction."""
    result = dict(context)
    last = {key: number for number, c in enumerate(corrections, start=1) for key in c.changes}
    for key, number in last.items():
        for tag in (key, f"{key}_boxes"):
            if isinstance(result.get(tag), str):
                result[tag] = f"{result[tag]}〔更{number}〕"
    return result


def change_lines(form: Form, records: Sequence[Record]) -> Iterator[str]:
    """Give the lines that say what was changed: mark, field, old and new value, who, when, why."""
    for record in records:
        for number, c in enumerate(record.corrections, start=1):
            where = f"{record.record_no} " if form.is_register else ""
            for key, (old, new) in c.changes.items():
                what = f"「{form.label(key)}」由「{_text(form, key, old)}」改为「{_text(form, key, new)}」"
                yield f"更{number}：{where}{what}，更改人{_by(c)}，{date_text(c.at[:10])}，原因：{c.reason}"


def _by(change: Correction) -> str:
    """Return who made a change; room to sign by hand where only an account is known."""
    name = person_name(change.by, change.account or change.by)
    return f" {name}" if name else BLANK_NAME


def _text(form: Form, key: str, value: Any) -> str:
    field = form.by_key.get(key)
    if is_empty(value):
        return EMPTY
    if field is None or field.type is FieldType.ROWS:
        return f"明细{len(value)}行" if isinstance(value, list) else str(value)
    text = " ".join(printed(field, value, filled=True).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def with_changes(docx: bytes, lines: Sequence[str]) -> bytes:
    """Return a document with lines added at its end, whatever its template. Same input, same bytes."""
    with zipfile.ZipFile(BytesIO(docx)) as source:
        entries = {name: source.read(name) for name in source.namelist()}
    body = entries[BODY].decode()
    paragraphs = "".join(PARAGRAPH.format(text=escape(line, quote=False)) for line in ("更改记录", *lines))
    end = body.rfind("<w:sectPr")
    at = end if end > body.rfind("</w:p>") else body.rfind("</w:body>")
    entries[BODY] = f"{body[:at]}{paragraphs}{body[at:]}".encode()
    return join(pack(name, data) for name, data in entries.items())
