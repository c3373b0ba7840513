"""Sheets of the four registers and the matter around a volume: what they say, and how they run over pages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from docxtpl import DocxTemplate

from qrecords.errors import InvalidInput
from qrecords.model.audit import short_head, typed_head
from qrecords.model.field import FieldType
from qrecords.render.code import code_png
from qrecords.render.context import SYSTEM_TAGS, register_context
from qrecords.render.docx import Template
from qrecords.render.pdf import Converter
from qrecords.stores.formfiles import FormCatalogue
from tests.conftest import CHECKOUT
from tests.paper import drawn
from tests.textlayer import pdftotext

FORMS = CHECKOUT / "forms" / "QR758"
CATALOGUE = FormCatalogue(FORMS)
REGISTERS = [c for c in CATALOGUE.codes() if CATALOGUE.get(c).form.is_register]
LONG = "".join(chr(0x4E00 + n) for n in range(300))
ROWS = 60
ORDINARY = "按示例办理，一句为限。"

HEAD = {"reference_code", "volume_title"}
MATTER = {
    "cover": HEAD
    | {
        "org_name",
        "compiled_by_unit",
        "date_from",
        "date_to",
        "retention",
        "secrecy_level",
        "item_count",
        "page_count",
    },
    "contents": HEAD | {"items"},
    "file_note": HEAD
    | {"pieces", "pages", "parts", "year_rule", "compiled_by", "compiled_on", "checked_by", "audit_head"},
}
ITEM = ("no", "document_no", "creator", "title", "date", "page", "pages", "remark")


def sample_of(code: str) -> dict[str, Any]:
    return CATALOGUE.get(code).form.check(CATALOGUE.get(code).sample()).values


def wordy(code: str) -> tuple[str, str]:
    """Return the form's two fields that take most: of the long texts the one its sample says most in, a text beside."""
    form, sample = CATALOGUE.get(code).form, sample_of(code)
    long = [f.key for f in form.fields if f.type is FieldType.LTEXT]
    beside = [f.key for f in form.fields if f.type is FieldType.TEXT and not f.max_length]
    return max(long, key=lambda key: len(sample.get(key) or "")), beside[0]


def sheet(code: str, rows: list[tuple[str, Mapping[str, Any]]]) -> bytes:
    form = CATALOGUE.get(code).form
    head = dict.fromkeys(SYSTEM_TAGS, "") | {"form_code": code, "form_edition": "A", "form_title": form.title}
    context = register_context(form, rows, head, "2025-03")
    return Template.load(CATALOGUE.get(code).template).render(context, code_png(f"{code}-2025-03/1"))


def number(code: str, n: int) -> str:
    return f"{code}-2025-{n:05d}"


def matter(name: str, **given: Any) -> dict[str, Any]:
    return dict.fromkeys(MATTER[name], "示例") | {"items": [], "parts": []} | given


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """Convert full sheets, empty ones and volume matter in one go; returns the text of each page, blanks dropped."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    papers: dict[str, bytes] = {}
    for code in REGISTERS:
        text, beside = wordy(code)
        rows = [(number(code, n), sample_of(code) | {text: ORDINARY}) for n in range(1, ROWS + 1)]
        rows[29] = (rows[29][0], sample_of(code) | {text: LONG, beside: LONG})
        papers[code] = sheet(code, rows)
        papers[f"{code}-empty"] = sheet(code, [])
    items = [dict.fromkeys(ITEM, "") | {"no": str(n), "title": f"示例题名{n:03d}号"} for n in range(1, ROWS + 1)]
    gaps = [f"QR758-06A-2025-{n:05d}：作废，重复填写。" for n in range(80)]
    for name, given in {
        "cover": {},
        "contents": {"items": items},
        "file_note": {"parts": [{"title": "缺号、缺件：", "lines": gaps}]},
    }.items():
        papers[name] = Template.load(FORMS / "volume" / f"{name}.docx").render(matter(name, **given), None)
    folder = tmp_path_factory.mktemp("sheets")
    for name, data in papers.items():
        (folder / f"{name}.docx").write_bytes(data)
    pdfs = {p.stem: p for p in Converter(workers=1).convert([folder / f"{n}.docx" for n in papers], folder)}

    def pages(name: str) -> list[str]:
        return [re.sub(r"\s", "", page) for page in pdftotext(pdfs[name], "-raw").split("\f")[:-1]]

    return pages


@pytest.mark.parametrize("name", MATTER)
def test_volume_matter_takes_what_binding_gives(name: str) -> None:
    template = FORMS / "volume" / f"{name}.docx"
    assert DocxTemplate(template).get_undeclared_template_variables() == MATTER[name]
    assert Template.load(template).render(matter(name), None)
    with pytest.raises(InvalidInput, match="reference_code"):
        Template.load(template).render({k: v for k, v in matter(name).items() if k != "reference_code"}, None)


@pytest.mark.parametrize("code", REGISTERS)
def test_a_secret_row_says_so_with_its_period(code: str, tmp_path: Path) -> None:
    for period, mark in (("10年", "秘密★10年"), ("", "秘密")):  # a record from before the period had to be written
        values = sample_of(code) | {"secrecy_level": "秘密", "secrecy_period": period}
        path = tmp_path / "sheet.docx"
        path.write_bytes(sheet(code, [(number(code, 1), values)]))
        cells = [c.text for row in DocxTemplate(path).get_docx().tables[0].rows for c in row.cells]
        assert f"1 {mark}\n{number(code, 1)}" in cells


@pytest.mark.office
@pytest.mark.parametrize("code", REGISTERS)
def test_a_month_of_rows_runs_over_pages(code: str, printed: Callable[[str], list[str]]) -> None:
    pages = printed(code)
    form = CATALOGUE.get(code).form
    assert ROWS // 8 <= len(pages) <= ROWS // 5
    for position, page in enumerate(pages, start=1):
        assert "记录编号" in page, "the heading is repeated"
        assert form.label(wordy(code)[0]) in page
        assert "审核（签名）" in page
        assert f"第{position}页共{len(pages)}页" in page
        assert ("（续页）" in page) is (position > 1)
        assert ("以下空白" in page) is (position == len(pages))
    everything = "".join(pages)
    for n in range(1, ROWS + 1):
        assert number(code, n) in everything
    for char in LONG:
        assert everything.count(char) >= 2, "a long text lost a character"


@pytest.mark.office
@pytest.mark.parametrize("code", REGISTERS)
def test_an_ordinary_row_is_not_parted(code: str, printed: Callable[[str], list[str]]) -> None:
    for page in printed(code):
        whole = page.count(ORDINARY)
        long = 1 if number(code, 30) in page else 0
        assert page.count(f"{code}-2025-0") == whole + long


@pytest.mark.office
@pytest.mark.parametrize("code", REGISTERS)
def test_an_empty_month_is_one_page_with_its_columns(code: str, printed: Callable[[str], list[str]]) -> None:
    (page,) = printed(f"{code}-empty")
    form = CATALOGUE.get(code).form
    for field in form.fields:
        assert form.label(field.key) in page or field.key == "secrecy_period"
    assert "以下空白" in page
    assert "归档编号" in page
    # A month of parcels is one item of its volume: the two columns of the paper registers stand once, on the sheet.
    assert ("归卷日期" in page and "归入卷号" in page) is (code in {"QR758-09A", "QR758-10A"})


@pytest.mark.office
def test_contents_and_file_note_run_over_pages(printed: Callable[[str], list[str]]) -> None:
    assert len(printed("cover")) == 1
    contents = printed("contents")
    assert len(contents) > 1
    assert all("文件题名" in page and "页数" in page for page in contents)
    assert [n for n in range(1, ROWS + 1) if f"示例题名{n:03d}号" not in "".join(contents)] == []
    note = printed("file_note")
    assert all(f"2025-{n:05d}" in "".join(note) for n in range(80))
    assert "检查人" in note[-1]
    assert not any(re.search(r"第\d+页", page) for page in contents + note), "these pages carry no number"


@pytest.mark.office
def test_the_code_of_a_file_note_is_the_whole_head_of_the_log(tmp_path: Path) -> None:
    head = "0123456789abcdef" * 4
    made = Template.load(FORMS / "volume" / "file_note.docx").render(
        matter("file_note", audit_head=short_head(head)), code_png(head)
    )
    (tmp_path / "note.docx").write_bytes(made)
    (pdf,) = Converter(workers=1).convert([tmp_path / "note.docx"], tmp_path)
    (page,) = drawn(pdf, 150)
    (read,) = zxingcpp.read_barcodes(page)
    assert typed_head(read.text) == head
    assert head not in pdftotext(pdf)
