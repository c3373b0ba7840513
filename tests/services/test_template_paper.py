"""What a template keeps from the paper, though its tags are right: the check prints it and reads the pages back."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from qrecords.errors import Problem
from qrecords.office import Office
from qrecords.render.docx import Template
from qrecords.render.paper import missing_from, plain, read_pages
from qrecords.render.pdf import Converter
from qrecords.render.wordcheck import WordFile
from qrecords.services.intake.overfull import overfull_values
from qrecords.services.intake.papercheck import SAMPLE, Printable, check_papers, odd_places
from qrecords.services.intake.templatecheck import check_forms, printable_of
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.given import on_disk
from tests.conftest import FORMS, CommandLine

CATALOGUE = FormCatalogue(FORMS)
FORM = CATALOGUE.get("01A").form
TAG = "{{ info_content }}"
LABEL = "信息内容"
_WPS = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
_MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"

Edit = Callable[[dict[str, str]], None]


def template(edit: Edit) -> bytes:
    """Return the template of 01A with its XML parts changed."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(CATALOGUE.get("01A").template_bytes)) as source:
        parts = {n: source.read(n).decode() for n in source.namelist() if n.endswith((".xml", ".rels"))}
        others = {n: source.read(n) for n in source.namelist() if n not in parts}
    before = dict(parts)
    edit(parts)
    assert parts != before, "the edit found nothing to change"
    with zipfile.ZipFile(buffer, "w") as target:
        for name, data in [*parts.items(), *others.items()]:
            target.writestr(name, data)
    return buffer.getvalue()


def body(change: Callable[[str], str]) -> Edit:
    def edit(parts: dict[str, str]) -> None:
        parts["word/document.xml"] = change(parts["word/document.xml"])

    return edit


def run_setting(xml: str) -> Edit:
    """Give the tag's run a setting."""
    return body(lambda t: re.sub(rf"<w:r>(<w:t[^>]*>{re.escape(TAG)})", rf"<w:r><w:rPr>{xml}</w:rPr>\1", t))


def paragraph_setting(xml: str) -> Edit:
    """Give the tag's paragraph a setting."""
    return body(lambda t: re.sub(rf"<w:p>(<w:r><w:t[^>]*>{re.escape(TAG)})", rf"<w:p><w:pPr>{xml}</w:pPr>\1", t))


def row_of(text: str) -> tuple[int, int]:
    at = text.index(TAG)
    return text.rindex("<w:tr>", 0, at), text.index("</w:tr>", at)


def fixed_row(text: str) -> str:
    start, end = row_of(text)
    row = re.sub(r"<w:trHeight[^>]*/>", '<w:trHeight w:val="1400" w:hRule="exact"/>', text[start:end])
    return text[:start] + row + text[end:]


def around(before: str, after: str) -> Edit:
    """Put something around the tag's paragraph."""
    pattern = rf"(<w:p>(?:<w:pPr>[^p]*?</w:pPr>)?<w:r><w:t[^>]*>{re.escape(TAG)}</w:t></w:r></w:p>)"
    return body(lambda t: re.sub(pattern, lambda m: before + m[1] + after, t))


def shape(inner: str, *, wide: int, high: int, fill: str, anchor: bool) -> str:
    """Return a paragraph with a drawn box: in the line, or floating over what stands there."""
    ns = 'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    form = (
        f'<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData uri="{_WPS}">'
        f'<wps:wsp xmlns:wps="{_WPS}"><wps:cNvSpPr/><wps:spPr><a:xfrm><a:off x="0" y="0"/>'
        f'<a:ext cx="{wide}" cy="{high}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
        f'<a:solidFill><a:srgbClr val="{fill}"/></a:solidFill></wps:spPr>{inner}<wps:bodyPr><a:noAutofit/></wps:bodyPr>'
        "</wps:wsp></a:graphicData></a:graphic>"
    )
    size = f'<wp:extent cx="{wide}" cy="{high}"/>'
    if anchor:
        place = (
            f'<wp:anchor {ns} distT="0" distB="0" distL="0" distR="0" simplePos="0" relativeHeight="9" behindDoc="0" '
            'locked="0" layoutInCell="1" allowOverlap="1"><wp:simplePos x="0" y="0"/>'
            '<wp:positionH relativeFrom="page"><wp:posOffset>1000000</wp:posOffset></wp:positionH>'
            '<wp:positionV relativeFrom="page"><wp:posOffset>3000000</wp:posOffset></wp:positionV>'
            f'{size}<wp:wrapNone/><wp:docPr id="77" name="盖板"/>{form}</wp:anchor>'
        )
    else:
        place = f'<wp:inline {ns}>{size}<wp:docPr id="77" name="文本框"/>{form}</wp:inline>'
    return (
        f'<w:p><w:r><mc:AlternateContent xmlns:mc="{_MC}"><mc:Choice Requires="wps" xmlns:wps="{_WPS}"><w:drawing>'
        f"{place}</w:drawing></mc:Choice></mc:AlternateContent></w:r></w:p>"
    )


def in_text_box(text: str) -> str:
    pattern = rf"<w:p>(?:<w:pPr>[^p]*?</w:pPr>)?<w:r><w:t[^>]*>{re.escape(TAG)}</w:t></w:r></w:p>"
    return re.sub(
        pattern,
        lambda m: shape(
            f"<wps:txbx><w:txbxContent>{m[0]}</w:txbxContent></wps:txbx>",
            wide=4_500_000, high=540_000, fill="FFFFFF", anchor=False,
        ),
        text,
    )  # fmt: skip


def covered(text: str) -> str:
    cover = shape("", wide=5_500_000, high=2_500_000, fill="FFFFFF", anchor=True)
    return text.replace("<w:body>", f"<w:body>{cover}", 1)


def hidden_by_style(parts: dict[str, str]) -> None:
    style = '<w:style w:type="character" w:styleId="Off"><w:name w:val="Off"/><w:rPr><w:vanish/></w:rPr></w:style>'
    parts["word/styles.xml"] = parts["word/styles.xml"].replace("</w:styles>", f"{style}</w:styles>")
    run_setting('<w:rStyle w:val="Off"/>')(parts)


def no_picture(part: str) -> Edit:
    def edit(parts: dict[str, str]) -> None:
        parts[part] = re.sub(r"<w:drawing>.*?</w:drawing>", "", parts[part], flags=re.S)

    return edit


def even_pages(parts: dict[str, str]) -> None:
    settings = parts["word/settings.xml"]
    parts["word/settings.xml"] = settings.replace("<w:compat>", "<w:evenAndOddHeaders/><w:compat>")


def second_section(parts: dict[str, str]) -> None:
    """Give what follows the first table a section with an empty head of its own."""
    text = parts["word/document.xml"]
    last = text[text.rindex("<w:sectPr>") :].split("</w:sectPr>")[0] + "</w:sectPr>"
    bare = re.sub(r"<w:headerReference[^>]*/>", "", last).replace("<w:titlePg/>", "")
    bare = bare.replace("<w:sectPr>", '<w:sectPr><w:headerReference w:type="default" r:id="header9"/>')
    first = text.replace(last, bare)
    parts["word/document.xml"] = first.replace("<w:body>", f"<w:body><w:p><w:pPr>{last}</w:pPr></w:p>", 1)
    parts["word/header9.xml"] = re.sub(r"<w:tbl>.*</w:tbl>", "", parts["word/header2.xml"], flags=re.S)
    rels = parts["word/_rels/document.xml.rels"]
    entry = re.search(r'<Relationship Id="header2"[^>]*/>', rels)
    assert entry
    parts["word/_rels/document.xml.rels"] = rels.replace(entry[0], entry[0] + entry[0].replace("header2", "header9"))
    types = parts["[Content_Types].xml"]
    entry = re.search(r'<Override PartName="/word/header2.xml"[^>]*/>', types)
    assert entry
    parts["[Content_Types].xml"] = types.replace(entry[0], entry[0] + entry[0].replace("header2", "header9"))


def strip_of_code(parts: dict[str, str]) -> None:
    for name in ("word/header1.xml", "word/header2.xml"):
        fixed = r'<w:pPr>\1<w:spacing w:line="360" w:lineRule="exact"/></w:pPr><w:r><w:drawing>'
        parts[name] = re.sub(r"<w:pPr>(<w:pStyle[^>]*/>)</w:pPr><w:r><w:drawing>", fixed, parts[name])


def cropped_code(parts: dict[str, str]) -> None:
    for name in ("word/header1.xml", "word/header2.xml"):
        crop = '<a:srcRect l="0" t="0" r="60000" b="0"/><a:stretch>'
        parts[name] = parts[name].replace("<a:stretch>", crop)


def shifted_table(text: str) -> str:
    return text.replace("<w:tblPr>", '<w:tblPr><w:tblInd w:w="2400" w:type="dxa"/>', 1)


# name: (edit, what is said, is the place of the tag named)
ON_PAPER: dict[str, tuple[Edit, str, bool]] = {
    "row of fixed height": (body(fixed_row), "所在表格行的行高是固定值 25 毫米", True),
    "hidden": (run_setting("<w:vanish/>"), "设成了隐藏文字", True),
    "hidden by a style": (hidden_by_style, "设成了隐藏文字", True),
    "white": (run_setting('<w:color w:val="FFFFFF"/>'), "字的颜色太浅（FFFFFF）", True),
    "pale": (run_setting('<w:color w:val="E0E0E0"/>'), "字的颜色太浅（E0E0E0）", True),
    "tiny": (run_setting('<w:sz w:val="2"/>'), "字号只有 1 磅", True),
    "squeezed": (run_setting('<w:w w:val="5"/>'), "字符缩放只有 5%", True),
    "text box": (body(in_text_box), "在文本框里，写得多时印不下", True),
    "frame of fixed height": (
        paragraph_setting('<w:framePr w:w="4000" w:h="600" w:hRule="exact" w:hAnchor="page" w:x="3000" w:y="3000"/>'),
        "在高度固定的图文框里",
        True,
    ),
    "covered": (body(covered), "文件里有，纸上看不见", False),
    "table over the edge": (body(shifted_table), "表格线或图片伸出纸边", False),
    "a condition that is never true": (
        body(lambda t: t.replace(TAG, '{% if resp_unit == "从不" %}{{ info_content }}{% endif %}')),
        "前面的 if 条件是不是总不成立",
        False,
    ),
    "no code on following pages": (no_picture("word/header2.xml"), "第2、3、4、5页（共5页）没有编码", False),
    "even pages without a head": (even_pages, "没有编码，或编码扫不出来", False),
    "a section with another head": (second_section, "没有编码，或编码扫不出来", False),
    "a strip of the code": (strip_of_code, "的编码扫不出来", False),
    "part of the code": (cropped_code, "的编码扫不出来", False),
}


# These are as wrong in the sample as in the overfull record, which takes six times as long to read.
SHOWN_BY_SAMPLE = {
    "hidden", "hidden by a style", "white", "pale", "tiny", "squeezed", "covered", "table over the edge",
}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], list[Problem]]]:
    """Print all tricked templates in one go; returns what the check says of one."""
    from qrecords.services.administer import init

    with_office = init(tmp_path_factory.mktemp("paper") / "office")
    names = ["as it is", *ON_PAPER]
    files = [CATALOGUE.get("01A").template_bytes, *(template(edit) for edit, _, _ in ON_PAPER.values())]
    papers = check_papers(
        with_office,
        [shortened(printable(f)) if n in SHOWN_BY_SAMPLE else printable(f) for n, f in zip(names, files, strict=True)],
    )
    with_office.close()
    found = dict(zip(names, papers, strict=True))
    yield lambda name: found[name].problems


def printable(data: bytes) -> Printable:
    sample = FORM.check(CATALOGUE.get("01A").sample()).values
    return printable_of(FORM, Template.load(data, "试"), sample, WordFile(data).places())


def shortened(whole: Printable) -> Printable:
    return replace(whole, documents={SAMPLE: whole.documents[SAMPLE]})


@pytest.mark.office
def test_the_template_as_it_is_passes(told: Callable[[str], list[Problem]]) -> None:
    assert told("as it is") == []


@pytest.mark.office
@pytest.mark.parametrize("name", ON_PAPER)
def test_what_the_paper_lacks_is_found(name: str, told: Callable[[str], list[Problem]]) -> None:
    _, says, named = ON_PAPER[name]
    messages = "\n".join(p.message for p in told(name))
    assert says in messages
    if named:
        assert f"正文「{LABEL}」处的 {TAG}" in messages
        fields = [p.field for p in told(name) if "sample_pages" not in p.message]  # the trick may take a line more
        assert fields == ["info_content"], "only this field is told of"


def messages_of(edit: Edit) -> str:
    data = template(edit)
    found = [p.message for p in odd_places(printable(data))]
    return "\n".join([*found, *(f.message for f in WordFile(data).code_findings() if f.grave)])


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (no_picture("word/header2.xml"), "编码区：续页的页眉里没有编码图片"),
        (no_picture("word/header1.xml"), "编码区：首页的页眉里没有编码图片"),
        (even_pages, "编码区：偶数页的页眉里没有编码图片"),
        (second_section, "编码区：第2节续页的页眉里没有编码图片"),
        (strip_of_code, "页眉的编码区：所在段落的行距是固定值 18 磅"),
        (body(fixed_row), "行高是固定值 25 毫米"),
        (around('<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>', "</w:sdtContent></w:sdt>"), "提示文字"),
        (
            around('<w:sdt><w:sdtPr><w:dataBinding w:xpath="/a"/></w:sdtPr><w:sdtContent>', "</w:sdtContent></w:sdt>"),
            "绑定了数据的内容控件",
        ),
        (paragraph_setting('<w:spacing w:line="80" w:lineRule="exact"/>'), "行距是固定值 4 磅，比字号 10 磅还小"),
    ],
)  # fmt: skip
def test_the_file_itself_tells_where(edit: Edit, says: str) -> None:
    assert says in messages_of(edit)


@pytest.mark.parametrize(
    "edit",
    [
        run_setting('<w:color w:val="808080"/>'),
        run_setting("<w:vanish w:val='0'/>"),
        body(lambda t: t.replace(TAG, f"{TAG} ", 1)),
        paragraph_setting('<w:spacing w:before="20"/>'),
        body(lambda t: re.sub(r'w:hRule="atLeast"', 'w:hRule="auto"', t)),
    ],
)
def test_what_harms_nothing_is_not_told(edit: Edit) -> None:
    assert messages_of(edit) == ""


@pytest.mark.office
def test_check_and_adopt_refuse_it_and_say_why(cli: CommandLine, tmp_path: Path) -> None:
    own = tmp_path / "自制.docx"
    own.write_bytes(template(body(fixed_row)))
    before = (cli.root / "forms/QR758/01A/template.docx").read_bytes()
    checked = cli("forms", "check", "01A", "--template", own, ok=False)
    assert "行高是固定值" in checked.out
    assert "固定值" in cli("forms", "adopt", "01A", own, ok=False).err
    assert (cli.root / "forms/QR758/01A/template.docx").read_bytes() == before


def test_without_printing_the_file_is_looked_at_all_the_same(office: Office, tmp_path: Path) -> None:
    own = tmp_path / "自制.docx"
    own.write_bytes(template(body(fixed_row)))
    found = check_forms(office, ["01A"], template=on_disk(own))
    assert [p.field for p in found.problems] == ["info_content"]


# What is read from a page


def test_a_value_is_found_over_lines_cells_and_pages() -> None:
    lines = ["故障现象", "开机约20分钟", "第1页共2页", "续页", "后过热", "处理", "报警"]
    assert missing_from("开机约20分钟后过热，报警。", lines) == ""
    assert missing_from("开机约20分钟后过热，报警，冒烟。", lines) == "冒烟"
    assert missing_from("冒烟", lines) == "冒烟"
    assert missing_from("／", lines) == ""


def test_no_piece_of_an_overfull_value_is_another_ones() -> None:
    for folder in CATALOGUE.all():
        values = overfull_values(folder.form)
        texts = [v for f in folder.form.fields if f.type.value in {"text", "ltext"} and (v := values.get(f.key))]
        assert all(sum(one[:8] in other for other in texts) == 1 for one in texts)
        limits = [(f.max_length, values[f.key]) for f in folder.form.fields if f.max_length]
        assert [value for most, value in limits if len(value) > most] == []


@pytest.mark.office
def test_only_what_is_seen_is_read(tmp_path: Path) -> None:
    """A page of three lines: one plain, one white, one plain."""
    from docx import Document
    from docx.shared import RGBColor

    document = Document()
    for text, color in (("看得见的一行", 0), ("白色的一行字", 0xFF), ("最后一行", 0)):
        document.add_paragraph().add_run(text).font.color.rgb = RGBColor(color, color, color)
    document.save(str(tmp_path / "白.docx"))
    Converter().convert([tmp_path / "白.docx"], tmp_path)
    page = read_pages(tmp_path / "白.pdf")[0]
    assert page.lines == ("看得见的一行", "最后一行")
    assert page.unseen == "白色的一行字"


def test_letters_and_figures_are_compared() -> None:
    assert plain("Ａ１，。 Ω≥") == "A1Ω"


# A template to begin from


def test_a_template_to_begin_from(cli: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "新" / "06A.docx"
    done = cli.json("forms", "template", "06A", "-o", path)
    assert path.read_bytes() == (FORMS / "06A/template.docx").read_bytes()
    tags = {t["tag"] for t in done["tags"]}
    assert {"{{ fault_symptom }}", "{{ warranty_status_boxes }}", "{{ r.old_no }}", "{{ record_no }}"} <= tags
    assert "{%tr for r in parts %} … {%tr endfor %}" in tags
    assert cli("forms", "template", "06A", "-o", path, ok=False).status == 6
    assert cli("forms", "template", "06A", "-o", path.with_suffix(".doc"), ok=False).status == 2


def test_every_listed_tag_is_one_the_check_knows(office: Office) -> None:
    from qrecords.services.intake.templates import tags_of

    for code in office.forms.codes():
        folder = office.forms.get(code)
        used = Template.load(folder.template_bytes, code).used
        listed = {
            name for tag in tags_of(folder.form) for name in re.findall(r"\{\{ (?:\w+\.)?(\w+) \}\}", tag.written)
        }
        in_rows = {name for names in used.rows.values() for name in names}
        assert (used.names | in_rows) - listed - {f.key for f in folder.form.fields} - {"rows"} == set()


def test_the_original_can_be_had_back(cli: CommandLine, tmp_path: Path) -> None:
    (cli.root / "forms/QR758/01A/template.docx").write_bytes(template(body(fixed_row)))
    cli("forms", "template", "01A", "-o", tmp_path / "a.docx")
    cli("forms", "template", "01A", "-o", tmp_path / "b.docx", "--original")
    assert (tmp_path / "a.docx").read_bytes() != (tmp_path / "b.docx").read_bytes()
    assert (tmp_path / "b.docx").read_bytes() == (FORMS / "01A/template.docx").read_bytes()
