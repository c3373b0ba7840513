"""What a volume carries around its items, never page-numbered: cover, contents, file note, spine; and the catalogue.

GB/T 11822-2008. A spine's label is as wide as the volume is thick: the office cuts it out.
"""

from __future__ import annotations

from dataclasses import replace

from tools.templates.blocks import Cell, Paragraph, Row, Stack, Table, together
from tools.templates.document import LANDSCAPE, PORTRAIT, Head, Page, document
from tools.templates.sheet import BLANK_DATE, LABEL, LINE, Column, listing, tag

WIDTH = PORTRAIT.text_width
_CONTENTS = (
    Column("序号", 9, tag("r.no")),
    Column("文件编号", 38, tag("r.document_no")),  # on one line, the number of a record as that of a document
    Column("责任者", 21, tag("r.creator")),
    Column("文件题名", 0, tag("r.title"), "Small"),
    Column("日期", 18, tag("r.date")),
    Column("页号", 10, tag("r.page")),
    Column("页数", 10, tag("r.pages")),
    Column("备注", 13, tag("r.remark")),
)
_CATALOGUE = (
    Column("序号", 11, tag("r.no")),
    Column("档号", 50, tag("r.volume_code")),
    Column("案卷题名", 0, tag("r.title"), "Small"),
    Column("件数", 13, tag("r.items")),
    Column("页数", 13, tag("r.pages")),
    Column("起止日期", 36, tag("r.dates")),
    Column("保管期限", 18, tag("r.retention")),
    Column("密级", 14, tag("r.secrecy_level")),
    Column("备注", 18, tag("r.remark")),
)
SPINES = (10, 15, 20, 30, 40, 50)  # millimetres: thin volumes, and the usual boxes (DA/T 22)
STAMP = Page(48, 18.4, left=0.5, right=0.5, top=0.5, bottom=0, head=0, foot=0)
_STAMP_ROWS = (
    ((17, "全宗号", tag("fonds_no")), (14, "年度", tag("year")), (16, "件号", "")),
    ((17, "类别", tag("class_code")), (14, "保管期限", tag("retention")), (16, "页数", "")),
)
_NOTES = """\
本卷共有文件 {{ pieces }} 件，{{ pages }} 页。
{{ year_rule }}
{%p for part in parts %}
{{ part.title }}
{%p for line in part.lines %}
　　{{ line }}
{%p endfor %}
{%p endfor %}"""


def build_cover() -> bytes:
    """Return the cover (案卷封面)."""
    facts = (
        _fact("立卷单位", "compiled_by_unit"),
        _fact("起止日期", "date_from", "{{ date_from }} 至 {{ date_to }}"),
        _facts(("保管期限", "retention"), ("密级", "secrecy_level")),
        _facts(("件数", "item_count"), ("页数", "page_count")),
    )
    title = Row((Cell(LABEL, "案卷题名", "Label", grey=True), Cell(WIDTH - LABEL, tag("volume_title"), "Title")), 80)
    lines = (_fact("档号", "reference_code"), title, *facts)
    heading = [Paragraph("\n\n\n{{ org_name }}", "Above"), Paragraph("\n案卷\n\n", "Title")]
    return document(PORTRAIT, [*heading, Table(lines)], foot="")


def build_contents() -> bytes:
    """Return the list of the volume's items (卷内目录), its heading repeated on every page."""
    heading, line = listing("items", _CONTENTS, width=WIDTH, height=8)
    return document(PORTRAIT, [Table((heading, line))], head=_head("卷内目录"), foot="")


def build_file_note() -> bytes:
    """Return the file note (备考表): what the volume holds, what it lacks and why, who compiled and checked it."""
    half = WIDTH / 2
    notes = Row((Cell(WIDTH, _NOTES, valign="top"),), 150, splits=True)
    hands = (
        _facts(("立卷人", "compiled_by"), ("立卷日期", "compiled_on"), height=12),
        Row((*_label_and("检查人", half, tag("checked_by")), *_label_and("检查日期", half, BLANK_DATE)), 12),
        Row(_label_and("审计链头", WIDTH, Paragraph(tag("audit_head"), "Small")), 2 * LINE),
    )
    heading = Row((Cell(WIDTH, "本卷情况说明", "Band", grey=True),), 7, keep=True)
    return document(
        PORTRAIT,
        [Table((heading, notes, *together(*hands)))],
        head=_head("卷内备考表", code=tag("audit_head")),
        foot="",
    )


def build_spine(width: int) -> bytes:
    """Return the label of the spine (案卷脊背), so many millimetres wide."""
    narrow, large = width < 20, "SmallTitle" if width >= 15 else "Label"  # any larger, a usual title takes two lines
    code, title = (70, 140) if narrow else (80, 158)
    facts = (("保管期限", "retention", 22), ("档号", "reference_code", code), ("案卷题名", "volume_title", title))
    rows = []
    for label, name, height in facts:
        words = Paragraph(tag(name), large, "center")
        rows.append(Row((Cell(width, label, "SmallLabel", grey=True, upright=narrow),), 16 if narrow else 7))
        rows.append(Row((Cell(width, words, upright=True),), height))
    return document(replace(PORTRAIT, top=6, bottom=4), [Table(rows)], foot="")


def build_catalogue() -> bytes:
    """Return the list of the year's volumes (案卷目录), its heading repeated on every page."""
    heading, line = listing("volumes", _CATALOGUE, width=LANDSCAPE.text_width, height=8)
    head = Head("案卷目录", above=tag("org_name"), corner="", left="{{ year }}年度", right="", code="")
    foot = "立卷单位：{{ compiled_by_unit }}    共{{ volume_count }}册 {{ item_count }}件 {{ page_count }}页"
    foot += "    第#PAGE#页 共#PAGES#页"
    return document(LANDSCAPE, [Table((heading, line))], head=head, foot=foot)


def build_stamp() -> bytes:
    """Return the frame of the archive stamp (归档章), a page of its size; the figures of its third column are drawn."""
    rows = []
    for cells in _STAMP_ROWS:
        stacks = (
            (width, Stack((Paragraph(label, "Code", "left"), *([Paragraph(text, "Date")] if text else []))))
            for width, label, text in cells
        )
        rows.append(Row(tuple(Cell(width, stack, valign="top") for width, stack in stacks), 8))
    return document(STAMP, [Table(rows)], foot="")


def _head(title: str, code: str = "") -> Head:
    return Head(title, above=tag("volume_title"), corner="", left=f"档号：{tag('reference_code')}", right="", code=code)


def _fact(label: str, name: str, text: str = "") -> Row:
    return Row(_label_and(label, WIDTH, text or tag(name)), 14)


def _facts(*facts: tuple[str, str], height: float = 14) -> Row:
    share = WIDTH / len(facts)
    return Row(tuple(cell for label, name in facts for cell in _label_and(label, share, tag(name))), height)


def _label_and(label: str, width: float, text: str | Paragraph) -> tuple[Cell, Cell]:
    return Cell(LABEL, label, "Label", grey=True), Cell(width - LABEL, text)
