"""The Word templates: what tools.templates builds, complete by the definitions, laid out as a controlled form is."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm
from docxtpl import DocxTemplate

from qrecords.model.field import BOXES, Field, FieldType
from qrecords.model.form import Form
from qrecords.render.code import code_png
from qrecords.render.context import REGISTER_TAGS, SYSTEM_TAGS, form_context
from qrecords.render.docx import CODE_ALT_TEXT, Template
from qrecords.render.pdf import Converter
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.packs import packs
from tests.conftest import CHECKOUT
from tests.textlayer import pdftotext
from tools.templates.__main__ import build_all, entries, is_current
from tools.templates.blocks import Cell, Row, Table
from tools.templates.document import FIXED_DATE
from tools.templates.sheet import in_halves, in_lines

FORMS = CHECKOUT / "forms" / "QR758"
CATALOGUE = FormCatalogue(FORMS)
BUILT = build_all()
RECORD_FORMS = [c for c in CATALOGUE.codes() if not CATALOGUE.get(c).form.is_register]
MOST_BYTES = 12 * 1024
# Sheets of paper a sample record takes, front sides: a form that grows past them is no longer the same form.
MOST_PAGES = {"01A": 2, "04A": 2, "05A": 2, "06A": 2, "07A": 2, "08A": 2, "11A": 2}

every_template = pytest.mark.parametrize("path", BUILT, ids=lambda p: f"{p.parent.name}-{p.stem}")
every_form = pytest.mark.parametrize("code", CATALOGUE.codes())
every_record_form = pytest.mark.parametrize("code", RECORD_FORMS)


def template_of(code: str) -> bytes:
    return CATALOGUE.get(code).template.read_bytes()


def form_of(code: str) -> Form:
    return CATALOGUE.get(code).form


def text_of(data: bytes) -> str:
    """Return all text of body, heads and foot, one paragraph a line."""
    parts = [xml.decode() for name, xml in entries(data).items() if re.match(r"word/(document|header|footer)", name)]
    paragraphs = "".join(parts).split("</w:p>")
    return "\n".join("".join(re.findall(r"<w:t[^>]*>([^<]*)</w:t>", p)) for p in paragraphs)


# Building


@every_template
def test_forms_holds_what_the_tool_builds(path: Path) -> None:
    assert is_current(path, BUILT[path]), "run: python -m tools.templates"


def test_every_form_and_volume_part_has_its_template() -> None:
    papers = {"volume", "copy", "verify", "disposition", "quality", "KF"}
    of_packs = {p for p in BUILT if p.is_relative_to(CHECKOUT / "packs")}
    forms = {c.rpartition("-")[2] for c in CATALOGUE.codes()}
    assert {p.parent.name for p in BUILT.keys() - of_packs} == forms | papers
    assert {p.parents[1].name for p in of_packs} == {p.name for p in packs()}


def test_building_twice_gives_the_same_bytes() -> None:
    assert build_all() == BUILT


@every_template
def test_template_is_slim_and_undated(path: Path) -> None:
    data = path.read_bytes()
    assert len(data) <= MOST_BYTES
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert {i.date_time for i in archive.infolist()} == {FIXED_DATE}
        assert not [n for n in archive.namelist() if "theme" in n]


def test_a_changed_template_is_noticed(tmp_path: Path) -> None:
    path, data = next(iter(BUILT.items()))
    copy = tmp_path / path.name
    copy.write_bytes(data)
    assert is_current(copy, data)
    other = next(d for p, d in BUILT.items() if p != path)
    assert not is_current(copy, other)
    assert not is_current(tmp_path / "missing.docx", data)


# Tags and definitions


@every_form
def test_every_field_is_printed_and_no_tag_is_unknown(code: str) -> None:
    form, data = form_of(code), template_of(code)
    tags = DocxTemplate(BytesIO(data)).get_undeclared_template_variables()  # docxtpl's own reading
    in_rows = set(re.findall(r"\br\.(\w+)", text_of(data)))
    if form.is_register:
        assert tags <= {*SYSTEM_TAGS, *REGISTER_TAGS}
        assert in_rows <= {*names_of(form.fields), "record_no", "row_no"}
        assert not [f.key for f in form.fields if not is_named(f, in_rows)]
        return
    assert tags <= {*SYSTEM_TAGS, *names_of(form.fields)}
    assert not [f.key for f in form.fields if not is_named(f, tags)]
    for field in form.fields:
        if field.type is FieldType.ROWS:
            columns = set(re.findall(r"\br\.(\w+)", loop_of(field.key, text_of(data))))
            assert columns <= {*names_of(field.columns), "no"}
            assert not [c.key for c in field.columns if not is_named(c, columns)], field.key


def loop_of(key: str, text: str) -> str:
    return text.split(f"{{%tr for r in {key} %}}")[1].split("{%tr endfor %}", maxsplit=1)[0]


def names_of(fields: tuple[Field, ...]) -> Iterator[str]:
    for field in fields:
        if field.type not in BOXES:
            yield field.key
        if field.type in {FieldType.ENUM, FieldType.MULTI, FieldType.BOOL}:
            yield f"{field.key}_boxes"


def is_named(field: Field, tags: set[str]) -> bool:
    return field.type in BOXES or bool({field.key, f"{field.key}_boxes"} & tags)


@every_record_form
def test_labels_are_those_of_the_definition(code: str) -> None:
    form, lines = form_of(code), text_of(template_of(code)).split("\n")
    in_head = {"secrecy_level", "secrecy_period"}
    labels = {f.label for f in form.fields if f.key not in in_head}
    labels |= {c.label for f in form.fields for c in f.columns}
    in_two_lines = {above + below for above, below in pairwise(lines)}
    assert not labels - set(lines) - in_two_lines


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("归档编号", "归档编号"),
        ("注意事项（保密/安全）", "注意事项\n（保密/安全）"),
        ("携带资料/备件/仪器", "携带资料/\n备件/仪器"),
        ("这个名称既长又没有可断的地方", "这个名称既长又没有可断的地方"),
    ],
)
def test_a_label_is_parted_where_it_reads_well(label: str, shown: str) -> None:
    assert in_lines(label, 27, 3.53) == shown


@every_record_form
def test_the_archive_block_is_there(code: str) -> None:
    text = text_of(template_of(code))
    for label in ("主管审查意见", "主管签名", "归档编号", "归档人", "归档日期"):
        assert label in text


@every_template
def test_punctuation_beside_chinese_is_full_width(path: Path) -> None:
    text = re.sub(r"\{[{%].*?[%}]\}", "", text_of(path.read_bytes()))
    assert not re.findall(r"[\u4e00-\u9fff][,:;()]|[,:;()][\u4e00-\u9fff]", text)


# Layout


@every_form
def test_every_page_carries_code_edition_number_and_picture(code: str) -> None:
    document = Document(BytesIO(template_of(code)))
    (section,) = document.sections
    assert section.different_first_page_header_footer
    assert section.left_margin >= Mm(25)
    turned = form_of(code).layout != "portrait"
    assert (section.page_width > section.page_height) is turned
    for head in (section.first_page_header, section.header):
        drawings = list(head._element.iter(qn("wp:inline")))
        assert [d.find(qn("wp:docPr")).get("descr") for d in drawings] == [CODE_ALT_TEXT]
        extent = drawings[0].find(qn("wp:extent"))
        assert min(int(extent.get("cx")), int(extent.get("cy"))) >= Mm(20)
        (blip,) = head._element.iter(qn("a:blip"))
        assert head.part.related_parts[blip.get(qn("r:embed"))].partname == "/word/media/code.png"
        text = "".join(t.text for t in head._element.iter(qn("w:t")))
        for tag in ("form_title", "form_code", "form_edition", "record_no", "print_id"):
            assert f"{{{{ {tag} }}}}" in text
    assert "续页" in "".join(t.text for t in section.header._element.iter(qn("w:t")))
    for foot in (section.first_page_footer, section.footer):
        fields = [f.get(qn("w:instr")) for f in foot._element.iter(qn("w:fldSimple"))]
        assert fields == ["PAGE", "NUMPAGES"]
        assert "{{ retention }}" in "".join(t.text for t in foot._element.iter(qn("w:t")))


@every_template
def test_every_row_fills_the_grid_of_its_table(path: Path) -> None:
    section = Document(BytesIO(path.read_bytes())).sections[0]
    room = (section.page_width - section.left_margin - section.right_margin) // 635
    for table in Document(BytesIO(path.read_bytes())).element.body.iter(qn("w:tbl")):
        grid = [int(c.get(qn("w:w"))) for c in table.find(qn("w:tblGrid"))]
        assert min(grid) > 0
        assert sum(grid) <= room + 2
        for row in table.iter(qn("w:tr")):
            spans = [int(s.get(qn("w:val"))) if (s := c.find(f".//{qn('w:gridSpan')}")) is not None else 1
                     for c in row.iter(qn("w:tc"))]  # fmt: skip
            assert sum(spans) == len(grid)
            widths = [int(c.find(f".//{qn('w:tcW')}").get(qn("w:w"))) for c in row.iter(qn("w:tc"))]
            assert sum(widths) == sum(grid)


@pytest.mark.parametrize("code", [c for c in RECORD_FORMS if "user_seal" in form_of(c).by_key])
def test_a_seal_has_45_mm_each_way_on_one_page(code: str) -> None:
    rows = list(Document(BytesIO(template_of(code))).element.body.iter(qn("w:tr")))
    merged = [[c for c in row.iter(qn("w:tc")) if c.find(f".//{qn('w:vMerge')}") is not None] for row in rows]
    start = next(n for n, cells in enumerate(merged) if cells and "用户公章" in "".join(cells[-1].itertext()))
    assert int(merged[start][-1].find(f".//{qn('w:tcW')}").get(qn("w:w"))) * 635 >= Mm(45)
    block = [start]
    while merged[block[-1] + 1] and merged[block[-1] + 1][-1].find(f".//{qn('w:vMerge')}").get(qn("w:val")) is None:
        block.append(block[-1] + 1)
    heights = [int(rows[n].find(f".//{qn('w:trHeight')}").get(qn("w:val"))) for n in block]
    assert sum(heights) * 635 >= Mm(45)
    for n in block[:-1]:
        assert rows[n].find(f".//{qn('w:keepNext')}") is not None


@every_form
def test_a_template_needs_no_repair_after_filling(code: str) -> None:
    assert not Template.load(template_of(code), code).repairs


def test_cells_that_share_an_edge_are_flush_though_their_widths_do_not_round_alike() -> None:
    thirds = Row(tuple(Cell(56 / 3, "x") for _ in range(3)))
    table = Table((thirds, Row((Cell(56, "y"),)))).xml()
    columns = [int(w) for w in re.findall(r'<w:gridCol w:w="(\d+)"', table)]
    assert len(columns) == 3
    assert f'<w:tcW w:w="{sum(columns)}" w:type="dxa"/><w:gridSpan w:val="3"/>' in table


# On paper

LINES = [f"第{n:03}行" for n in range(300)]
UNIT = "".join(chr(0x4E00 + n) for n in range(300))


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """Convert the samples and one overfull record in one go; returns the text of each page."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    folder = tmp_path_factory.mktemp("printed")
    papers = {code.removeprefix("QR758-"): (code, sample_of(code)) for code in RECORD_FORMS}
    papers["overfull"] = ("QR758-06A", overfull(sample_of("QR758-06A")))
    paths = []
    for name, (code, values) in papers.items():
        paths.append(folder / f"{name}.docx")
        paths[-1].write_bytes(filled(code, values))
    pdfs = {p.stem: p for p in Converter(workers=1).convert(paths, folder)}

    def pages(name: str) -> list[str]:
        return [re.sub(r"\s", "", page) for page in pdftotext(pdfs[name], "-raw").split("\f")[:-1]]

    return pages


def sample_of(code: str) -> dict[str, Any]:
    return form_of(code).check(CATALOGUE.get(code).sample()).values


def overfull(values: dict[str, Any]) -> dict[str, Any]:
    parts = [dict(values["parts"][0], new_no=f"X{n:03}") for n in range(40)]
    parts[7]["position"] = UNIT
    return values | {"customer_unit": UNIT, "fault_symptom": "\n".join(LINES), "parts": parts}


def filled(code: str, values: dict[str, Any]) -> bytes:
    form = form_of(code)
    head = dict.fromkeys(SYSTEM_TAGS, "") | {
        "org_name": "示例公司",
        "form_title": form.title,
        "form_code": form.code,
        "form_edition": form.edition,
        "retention": "5年",
        "record_no": f"{code}-2025-00001",
        "print_id": f"{code}-2025-00001/1",
    }
    return Template.load(template_of(code), code).render(form_context(form, values, head), code_png(head["print_id"]))


@pytest.mark.office
@pytest.mark.parametrize("name", MOST_PAGES)
def test_a_sample_takes_the_pages_of_an_office_form(name: str, printed: Callable[[str], list[str]]) -> None:
    pages = printed(name)
    assert 1 <= len(pages) <= MOST_PAGES[name]
    for number, page in enumerate(pages, start=1):
        assert f"QR758-{name}版本：A" in page
        assert f"第{number}页共{len(pages)}页" in page
        assert ("（续页）" in page) is (number > 1)
        assert len(page) > 200, "a page with hardly anything on it"


@pytest.mark.office
def test_what_is_too_long_for_its_cell_flows_on(printed: Callable[[str], list[str]]) -> None:
    pages = printed("overfull")
    text = "".join(pages)
    assert not [line for line in LINES if line not in text]
    assert not [n for n in range(40) if f"X{n:03}" not in text]
    assert UNIT in text
    assert not [c for c in UNIT if text.count(c) < 2], "the narrow cell that is longer than a page"
    for page in pages:
        if re.search(r"X\d{3}", page):
            assert "旧件去向" in page, "the heading is repeated on every page of a list"


@pytest.mark.parametrize(
    ("heading", "width", "printed"),
    [
        ("适用产品", 14.2, "适用产品"),  # four characters of 3.18 mm and the sides of the cell
        ("适用产品", 14.0, "适用\n产品"),
        ("需质量部跟踪", 16, "需质量\n部跟踪"),
        ("与建议之差原因", 20, "与建议之\n差原因"),
        ("近12月", 11.5, "近12月"),  # figures take half the width
        ("近12月", 9, "近12\n月"),  # and are not parted
        ("平台/舷号", 12, "平台/\n舷号"),  # at the stroke, where there is one
        ("原文号/\n单号", 12, "原文号/\n单号"),  # lines somebody else made
        ("用户代表签名", 6, "用户代表签名"),  # three lines and more part themselves
    ],
)
def test_a_heading_too_narrow_is_parted_in_halves(heading: str, width: float, printed: str) -> None:
    assert in_halves(heading, width) == printed
