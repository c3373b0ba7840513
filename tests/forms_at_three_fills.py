"""Every form at three fills — empty, the sample, as full as it gets — as documents and as words with their places."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qrecords.model.field import BOXES, Field, FieldType
from qrecords.model.form import Form
from qrecords.render.code import code_png
from qrecords.render.context import NOT_APPLICABLE, SYSTEM_TAGS, form_context, register_context
from qrecords.render.docx import Template
from qrecords.services.excerpts import TEMPLATE, excerpt_context
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.packs import packs
from tests.conftest import CHECKOUT, FORMS
from tests.textlayer import pdftotext


def _with_packs() -> FormCatalogue:
    """Return the forms of an office with every optional part: they stand beside each other as `packs on` puts them."""
    forms = Path(tempfile.mkdtemp(prefix="qrecords-forms-"))
    atexit.register(shutil.rmtree, forms, ignore_errors=True)
    for folder in sorted(path for path in FORMS.parent.iterdir() if path.is_dir()):
        shutil.copytree(folder, forms / folder.name)
    for pack in packs():
        shutil.copytree(CHECKOUT / "packs" / pack.name, forms / pack.code)
    return FormCatalogue(forms / FORMS.name)


CATALOGUE = _with_packs()
CODES = [code.removeprefix("QR758-") for code in CATALOGUE.codes()]
EXCERPTS = [
    (code, excerpt.key) for code in CODES for excerpt in CATALOGUE.get(code).form.excerpts
]  # papers that say a part of a record
FILLS = ("empty", "sample", "extreme")
MM = 25.4 / 72
UNIT = "示例单位名称很长" * 37 + "共三百字"  # 300 characters
_ROWS = {"trainees": 60}
_PIECE = "示例内容足够长，要在格子里换行，不许被裁掉。"
_WORD = re.compile(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>')


@dataclass(frozen=True)
class Word:
    """A word as it stands on a page, in millimetres from the upper left corner."""

    page: int
    left: float
    top: float
    right: float
    bottom: float
    text: str


def document(code: str, fill: str) -> bytes:
    """Return the Word document of a form at one of the fills."""
    folder = CATALOGUE.get(code)
    form = folder.form
    subject = f"{form.code}-2025-03" if form.is_register else f"{form.code}-2025-00001"
    head = dict.fromkeys(SYSTEM_TAGS, "") | {
        "org_name": "示例公司",
        "form_title": form.title,
        "form_code": form.code,
        "form_edition": form.edition or NOT_APPLICABLE,
        "retention": "5年",
        "record_no": subject,
        "print_id": f"{subject}/1",
    }
    if form.is_register:
        context = register_context(form, _sheet(form, folder.sample(), fill), head, "2025-03")
    else:
        context = form_context(form, _values(form, folder.sample(), fill), head)
    return Template.load(folder.template_bytes, code).render(context, code_png(head["print_id"]))


def excerpt_document(code: str, key: str, fill: str) -> bytes:
    """Return the Word document of a paper that says a part of a record, at one of the fills."""
    folder = CATALOGUE.get(code)
    form = folder.form
    excerpt = next(e for e in form.excerpts if e.key == key)
    told = {"org_name": "示例公司", "record_no": f"{form.code}-2025-00001", "drawn_by": "示例员工", "drawn_on": ""}
    context = excerpt_context(form, excerpt, _values(form, folder.sample(), fill), told)
    return Template.load(folder.path / TEMPLATE).render(context)


def words(pdf: Path) -> list[Word]:
    """Return the words of a PDF with their places, as pdftotext finds them."""
    pages = pdftotext(pdf, "-bbox").split("<page ")[1:]
    return [
        Word(number, *(float(n) * MM for n in found[:4]), text=found[4])
        for number, page in enumerate(pages, start=1)
        for found in _WORD.findall(page)
    ]


def anchors(code: str, found: list[Word]) -> list[tuple[int, int, int, str]]:
    """Return the printed labels among the words: page, left and top in whole millimetres, text."""
    form = CATALOGUE.get(code).form
    labels = {f.label for f in form.fields} | {c.label for f in form.fields for c in f.columns}
    labels |= {"主管审查意见", "主管签名", "归档编号", "归档人", "归档日期", form.title, f"{form.title}（续页）"}
    return [(w.page, round(w.left), round(w.top), w.text) for w in found if w.text in labels]


def _values(form: Form, sample: dict[str, Any], fill: str) -> dict[str, Any]:
    if fill == "empty":
        return {}
    values = form.check(sample).values
    return values | {f.key: v for f in form.fields if (v := _most(f)) is not None} if fill == "extreme" else values


def _sheet(form: Form, sample: dict[str, Any], fill: str) -> list[tuple[str, dict[str, Any]]]:
    """Return a register's rows: none, three, or twenty of which every fifth is as full as it gets."""
    count = {"empty": 0, "sample": 3, "extreme": 20}[fill]
    fills = ["extreme" if fill == "extreme" and n % 5 == 0 else "sample" for n in range(count)]
    return [(f"{form.code}-2025-{n:05d}", _values(form, sample, each)) for n, each in enumerate(fills, start=1)]


def _most(field: Field) -> Any:
    """Return about the most anyone would write in a field; None leaves the sample's value."""
    if field.key == "customer_unit":
        return UNIT
    match field.type:
        case FieldType.TEXT:
            return _cut("示例文字ABC-123" * 6, field, 60)
        case FieldType.LTEXT:
            return _cut(f"{_PIECE * 8}\n" * 4, field, 800)
        case FieldType.MULTI:
            return list(field.choices)
        case FieldType.DEC:
            return "1234567.89"
        case FieldType.ROWS:
            return [dict(_row(field, number)) for number in range(1, _ROWS.get(field.key, 40) + 1)]
    return None


def _row(field: Field, number: int) -> Iterator[tuple[str, Any]]:
    for column in field.columns:
        if column.type in BOXES:
            continue
        match column.type:
            case FieldType.DATE:
                yield column.key, "2025-12-31"
            case FieldType.DATETIME:
                yield column.key, "2025-12-31 23:59"
            case FieldType.INT:
                yield column.key, 100 + number
            case FieldType.DEC:
                yield column.key, "1234.5"
            case FieldType.COMPUTED:
                yield column.key, "1234567.89"
            case FieldType.ENUM:
                yield column.key, column.choices[-1]
            case FieldType.MULTI:
                yield column.key, list(column.choices)
            case FieldType.BOOL:
                yield column.key, True
            case _:
                yield column.key, _cut(f"示例{column.label}{number:03d}" * (3 if number % 7 == 0 else 1), column, 60)


def _cut(text: str, field: Field, most: int) -> str:
    return text[: min(field.max_length or most, most)]
