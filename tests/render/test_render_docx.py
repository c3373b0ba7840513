"""Templates to Word documents, with docxtpl itself and python-docx as judges."""

from __future__ import annotations

import csv
import random
import re
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import jinja2
import pytest
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docxtpl import DocxTemplate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from qrecords.errors import InvalidInput
from qrecords.render.code import code_png
from qrecords.render.context import form_context, register_context
from qrecords.render.docx import CODE_ALT_TEXT, Template
from qrecords.render.zips import join, pack
from qrecords.stores.formfiles import FormCatalogue
from tests.conftest import CHECKOUT

FAULTS = CHECKOUT.parent / "shared" / "data" / "fault_records.csv"


def saved(document: Any) -> bytes:
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def form_template() -> bytes:
    """A form as an office makes it: coded header, texts, a table with a merged row and a looped one, a foot."""
    document = Document()
    section = document.sections[0]
    section.header.paragraphs[0].text = "{{ org_name }} {{ record_no }}"
    picture = section.header.add_paragraph().add_run().add_picture(BytesIO(code_png("A/1")))
    picture._inline.docPr.set("descr", CODE_ALT_TEXT)
    section.footer.paragraphs[0].text = "{{ org_name }}"
    document.add_paragraph("{{ value }}")
    document.add_paragraph("单位:{{ value }} 型号 {{ record_no }}。")
    document.add_paragraph("{%p if value %}")
    document.add_paragraph("有内容")
    document.add_paragraph("{%p else %}")
    document.add_paragraph("没有内容")
    document.add_paragraph("{%p endif %}")
    table = document.add_table(rows=5, cols=3)
    table.cell(0, 1).merge(table.cell(0, 2)).text = "{{ value }}"
    table.cell(1, 0).text = "{%tr for p in parts %}"
    for column, tag in enumerate(("no", "name", "qty")):
        table.cell(2, column).text = f"{{{{ p.{tag} }}}}"
    table.cell(3, 0).text = "{%tr endfor %}"
    table.cell(4, 0).text = "{% if parts|length > 2 %}多{% elif parts %}少{% else %}无{% endif %}"
    return saved(document)


def repaired_template() -> bytes:
    """What docxtpl has to mend after Jinja: looped columns, a grid wider than its rows, pictures in the body."""
    document = Document()
    document.add_picture(BytesIO(code_png("B/1")))
    document.add_picture(BytesIO(code_png("C/1")))
    table = document.add_table(rows=1, cols=3)
    table.cell(0, 0).text = "{%tc for p in parts %}"
    table.cell(0, 1).text = "{{ p.name }}"
    table.cell(0, 2).text = "{%tc endfor %}"
    wide = document.add_table(rows=4, cols=3)
    wide.cell(0, 0).merge(wide.cell(0, 2)).text = "{{ value }}"
    wide.rows[0]._tr.tc_lst[0].tcPr.remove(wide.rows[0]._tr.tc_lst[0].tcPr.find(qn("w:gridSpan")))
    wide.cell(1, 0).text = "{%tr for p in parts %}"
    wide.cell(2, 0).text = "{{ p.no }}"
    wide.cell(3, 0).text = "{%tr endfor %}"
    return saved(document)


FORM, REPAIRED = form_template(), repaired_template()


def context(value: str = "", rows: int = 2) -> dict[str, Any]:
    parts = [{"no": str(n), "name": f"{value}{n}", "qty": "1"} for n in range(rows)]
    return {"org_name": "示例公司", "record_no": "QR758-06A-2026-00001", "value": value, "parts": parts}


def by_docxtpl(template: bytes, values: Mapping[str, Any]) -> bytes:
    judge = DocxTemplate(BytesIO(template))
    judge.render(dict(values), jinja2.Environment(undefined=jinja2.StrictUndefined), autoescape=True)
    out = BytesIO()
    judge.save(out)
    return out.getvalue()


def canonical(docx: bytes) -> dict[str, bytes]:
    """The body, headers and footers of a document, as canonical XML."""
    with zipfile.ZipFile(BytesIO(docx)) as archive:
        names = [n for n in archive.namelist() if n.startswith(("word/document", "word/header", "word/footer"))]
        return {n: etree.tostring(etree.fromstring(archive.read(n)), method="c14n") for n in names}


VALUES = [
    "",
    "无故障",
    "第一行\n第二行\n\n第四行",
    "甲\t乙\t丙",
    "&<>\"' &amp; &lt;b&gt;",
    "{{ 7*7 }} {% x %} {# y #} }} %}",
    "  前有空格  中有  空格  后有空格  ",
    "全角,。:;“引”‘号’!(1)",
    "\n开头换行和结尾换行\t\n",
    "</w:t></w:r></w:p><w:p>",
    "雷达" * 10_000,
]


@pytest.mark.parametrize("template", [FORM, REPAIRED], ids=["form", "repaired"])
@pytest.mark.parametrize("rows", [0, 3])
@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_documents_are_what_docxtpl_writes(template: bytes, rows: int, value: str) -> None:
    values = context(value, rows)
    assert canonical(Template.load(template).render(values)) == canonical(by_docxtpl(template, values))


def test_the_two_ways_are_both_tried() -> None:
    assert not Template.load(FORM).repairs
    assert Template.load(REPAIRED).repairs


# docxtpl turns a carriage return into blank and {_{ into {{; what is printed here is what was written.
texts = st.text(
    st.one_of(
        st.sampled_from("\n\t &<>\"'{}%#_ 　“”‘’,;é𠮷☑Ω"),
        st.characters(exclude_categories=["Cc", "Cs", "Cn"]),
    ),
    max_size=60,
).filter(lambda t: not any(x in t for x in ("{_{", "}_}", "{_%", "%_}")))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts, texts)
def test_any_text_prints_as_docxtpl_prints_it(value: str, name: str) -> None:
    values = context(value) | {"org_name": name}
    assert canonical(Template.load(FORM).render(values)) == canonical(by_docxtpl(FORM, values))


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=80))
def test_what_is_printed_reads_back_as_the_value(value: str) -> None:
    read = Document(BytesIO(LOADED.render(context(value, 1))))
    assert read.paragraphs[0].text == value
    assert read.tables[0].cell(0, 1).text == value
    assert read.tables[0].cell(1, 1).text == f"{value}0"


LOADED = Template.load(FORM)


@pytest.mark.parametrize("value", ["{_{ x }_}", "a\r\nb\rc", *VALUES])
def test_values_are_never_tags_and_line_ends_are_one(value: str) -> None:
    read = Document(BytesIO(LOADED.render(context(value))))
    assert read.paragraphs[0].text == value.replace("\r\n", "\n").replace("\r", "\n")


def test_braces_written_in_a_template_print_as_docxtpl_prints_them() -> None:
    document = Document()
    document.add_paragraph("{_{ x }_} {_% y %_} {{ value }}")
    template = saved(document)
    assert canonical(Template.load(template).render(context("v"))) == canonical(by_docxtpl(template, context("v")))


@pytest.mark.skipif(not FAULTS.exists(), reason="the customer's real records lie beside the checkout only")
@pytest.mark.parametrize("template", [FORM, REPAIRED], ids=["form", "repaired"])
def test_real_records_print_as_docxtpl_prints_them(template: bytes) -> None:
    with FAULTS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    loaded = Template.load(template)
    for row in random.Random(758).sample(rows, 25):
        values = context(row["处理过程"] or "/", 2) | {"org_name": row["用户单位"]}
        assert canonical(loaded.render(values)) == canonical(by_docxtpl(template, values))


CATALOGUE = FormCatalogue(CHECKOUT / "forms" / "QR758")


@pytest.mark.parametrize("code", CATALOGUE.codes())
def test_the_controlled_forms_print_as_docxtpl_prints_them_the_fast_way(code: str) -> None:
    folder = CATALOGUE.get(code)
    loaded = Template.load(folder.template)
    present = folder.form.check(folder.sample()).values
    head = {"org_name": "示例<&>公司", "form_title": folder.form.title}
    values = form_context(folder.form, present, head)
    if "rows" in loaded.tags():
        values = register_context(folder.form, [(f"{code}-2025-{n:05d}", present) for n in range(30)], head, "2025-03")
    assert not loaded.repairs
    assert loaded.code_pictures
    assert canonical(loaded.render(values)) == canonical(by_docxtpl(folder.template.read_bytes(), values))


HOSTILE = [
    "{{ ''.__class__.__mro__ }}",
    "{{ value.__globals__ }}",
    "{{ value['__class__'] }}",
    "{{ value|attr('__class__') }}",
    "{{ value|safe }}",
    "{{ value|map('upper')|list }}",
    "{{ value.upper() }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ range(10) }}",
    "{{ 'a' * 1000000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ _private }}",
    "{% for x in range(10**9) %}{{ x }}{% endfor %}",
    "{% for x in 'abc' %}{{ x }}{% endfor %}",
    "{% for a in parts %}{% for b in parts %}{{ b }}{% endfor %}{% endfor %}",
    "{% for a in parts recursive %}{{ a }}{% endfor %}",
    "{% include 'secret.txt' %}",
    "{% import 'os' as os %}",
    "{% from 'os' import path %}",
    "{% extends 'base' %}",
    "{% set x = 1 %}",
    "{% macro m() %}{% endmacro %}",
    "{% block b %}{% endblock %}",
    "{% filter upper %}x{% endfilter %}",
    "{% unknown %}",
    "{% if value %}",
    "{{ value",
    "{{ value | nosuch }}",
    "{{ value is divisibleby 3 }}",
]


def one_paragraph(text: str) -> bytes:
    document = Document()
    document.add_paragraph("正常的段落 {{ value }}")
    document.add_paragraph(text)
    return saved(document)


@pytest.mark.parametrize("tag", HOSTILE)
def test_a_tag_outside_the_closed_list_is_refused_by_name(tag: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Template.load(one_paragraph(tag), "表式.docx")
    said = refused.value
    assert "表式.docx" in said.message
    assert said.remedy
    first = re.search(r"\{[{%].*?[}%]\}", tag)
    assert (first[0] if first else tag) in "".join(p.message for p in said.problems)


def test_the_environment_gives_data_only_even_if_the_list_had_a_gap() -> None:
    class Secret:
        open_to_all = "geheim"

    for tag in ("{{ value.open_to_all }}", "{{ value.mro }}", "{{ parts.append }}", "{{ value[0] }}", "{{ range }}"):
        template = Template.load(one_paragraph(tag))
        with pytest.raises(InvalidInput, match="没有对应的栏目"):
            template.render(context() | {"value": Secret()})


@pytest.mark.parametrize(
    ("tag", "named"), [("{{ no_such_field }}", "no_such_field"), ("{{ parts[0].nothing }}", "nothing")]
)
def test_a_tag_without_data_is_named(tag: str, named: str) -> None:
    with pytest.raises(InvalidInput, match=named) as refused:
        Template.load(one_paragraph(tag), "表式.docx").render(context())
    assert "表式.docx" in refused.value.message


@pytest.mark.parametrize(
    "tag", ["{% if value > 3 %}x{% endif %}", "{% for p in number %}x{% endfor %}", "{{ number|first }}"]
)
def test_a_tag_that_does_not_fit_its_data_is_refused(tag: str) -> None:
    template = Template.load(one_paragraph(tag), "表式.docx")
    with pytest.raises(InvalidInput, match=r"表式\.docx 填不出"):
        template.render(context("文字") | {"number": 3})


@pytest.mark.parametrize("char", ["\x00", "\x07", "\x0c", "\x1b", "\ufffe", "\ud800"])
def test_what_xml_cannot_hold_is_refused_not_written(char: str) -> None:
    with pytest.raises(InvalidInput, match="控制字符"):
        LOADED.render(context(f"甲{char}乙"))


def test_tags_are_the_names_a_template_takes_from_its_data() -> None:
    assert LOADED.tags() == {"org_name", "record_no", "value", "parts"}


def test_the_code_picture_is_found_by_its_words_and_replaced() -> None:
    assert LOADED.code_pictures == {"word/media/image1.png"}
    png = code_png("QR758-06A-2026-00001/1")
    with zipfile.ZipFile(BytesIO(LOADED.render(context(), png))) as archive:
        assert archive.read("word/media/image1.png") == png
    with zipfile.ZipFile(BytesIO(LOADED.render(context()))) as archive:
        assert archive.read("word/media/image1.png") == code_png("A/1")


def test_same_input_same_bytes_and_every_other_part_as_it_was() -> None:
    first, again = LOADED.render(context("甲")), Template.load(FORM).render(context("甲"))
    assert first == again
    with zipfile.ZipFile(BytesIO(first)) as made, zipfile.ZipFile(BytesIO(FORM)) as source:
        assert made.testzip() is None
        assert made.namelist()[0] == "[Content_Types].xml"
        assert sorted(made.namelist()) == sorted(source.namelist())
        assert {i.date_time for i in made.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        filled = {n for n in made.namelist() if made.read(n) != source.read(n)}
    assert filled == {"word/document.xml", "word/header1.xml", "word/footer1.xml"}


def test_tags_in_footnotes_and_properties_are_filled() -> None:
    document = Document()
    document.add_paragraph("正文")
    document.core_properties.title = "{{ value }}"
    filled = Document(BytesIO(Template.load(saved(document)).render(context("<甲&乙>"))))
    assert filled.core_properties.title == "<甲&乙>"


def with_part(docx: bytes, name: str, data: bytes) -> bytes:
    with zipfile.ZipFile(BytesIO(docx)) as source:
        parts = {n: source.read(n) for n in source.namelist()} | {name: data}
    return join(pack(n, d) for n, d in parts.items())


def test_a_template_that_would_fetch_something_is_refused() -> None:
    with zipfile.ZipFile(BytesIO(FORM)) as source:
        rels = source.read("word/_rels/document.xml.rels")
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"
    link = f'<Relationship Id="x9" Type="{kind}" Target="http://example.invalid/t.dotm" TargetMode="External"/>'
    evil = with_part(
        FORM, "word/_rels/document.xml.rels", rels.replace(b"</Relationships>", link.encode() + b"</Relationships>")
    )
    with pytest.raises(InvalidInput, match=r"example\.invalid"):
        Template.load(evil)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not a document", FORM[:2000], FORM[: len(FORM) // 2]])
def test_a_damaged_template_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"表式\.docx 不是完好的 Word 文档"):
        Template.load(data, "表式.docx")


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="没有这个文件"):
        Template.load(tmp_path / "template.docx")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(FORM) - 1), st.binary(min_size=1, max_size=40))
def test_a_template_changed_anywhere_loads_or_is_refused(place: int, junk: bytes) -> None:
    try:
        Template.load(FORM[:place] + junk + FORM[place + len(junk) :]).render(context())
    except InvalidInput as refused:
        assert refused.remedy


def test_unbalanced_tags_are_refused_or_mended_as_docxtpl_mends_them() -> None:
    document = Document()
    document.add_paragraph("{% if value %}甲")
    document.add_paragraph("乙{% endif %}")
    template = saved(document)
    loaded = Template.load(template)
    assert loaded.repairs
    assert canonical(loaded.render(context("有"))) == canonical(by_docxtpl(template, context("有")))


@pytest.mark.parametrize("rows", [0, 3])
def test_grid_spans_and_vertical_merges_made_by_tags(rows: int) -> None:
    document = Document()
    table = document.add_table(rows=3, cols=3)
    table.cell(0, 0).text = "{%tr for p in parts %}"
    table.cell(1, 0).text = "{% vm %}合并"
    table.cell(1, 1).text = "{% cellbg p.no %}{{ p.name }}"
    table.cell(2, 0).text = "{%tr endfor %}"
    spare = parse_xml(
        f"<w:tr {nsdecls('w')}><w:tc><w:tcPr/><w:p><w:r><w:t>{{% colspan 3 %}}x</w:t></w:r></w:p></w:tc></w:tr>"
    )
    table._tbl.append(spare)
    template = saved(document)
    values = context("v", rows)
    assert canonical(Template.load(template).render(values)) == canonical(by_docxtpl(template, values))


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text("abc甲乙/", min_size=1, max_size=9), st.binary(max_size=300), max_size=6))
def test_zips_are_read_by_zipfile(files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(BytesIO(join(pack(n, d) for n, d in files.items()))) as archive:
        assert archive.testzip() is None
        assert {n: archive.read(n) for n in archive.namelist()} == files
