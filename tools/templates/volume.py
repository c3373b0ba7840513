"""What a bound volume carries around its items: cover, contents, file note (GB/T 11822-2008). Never page-numbered."""

from __future__ import annotations

from dataclasses import replace

from tools.templates.blocks import Cell, Paragraph, Row, Table, together
from tools.templates.document import PORTRAIT, Head, document
from tools.templates.sheet import BLANK_DATE, LABEL, LINE, Column, listing, tag

WIDTH = PORTRAIT.text_width
_CONTENTS = (
    Column("序号", 9, tag("r.no")),
    Column("文件编号", 24, tag("r.document_no")),
    Column("责任者", 21, tag("r.creator")),
    Column("文件题名", 0, tag("r.title"), "Small"),
    Column("日期", 18, tag("r.date")),
    Column("页号", 10, tag("r.page")),
    Column("页数", 10, tag("r.pages")),
    Column("备注", 13, tag("r.remark")),
)
_NOTES = """\
本卷共有文件 {{ pieces }} 件，{{ pages }} 页。
{{ year_rule }}
{%p for note in notes %}
{{ note }}
{%p endfor %}
{%p if gaps %}
缺号：
{%p for gap in gaps %}
{{ gap }}
{%p endfor %}
{%p endif %}"""


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
    return document(PORTRAIT, [Table((heading, replace(line, splits=False)))], head=_head("卷内目录"), foot="")


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
    return document(PORTRAIT, [Table((heading, notes, *together(*hands)))], head=_head("卷内备考表"), foot="")


def _head(title: str) -> Head:
    return Head(title, above=tag("volume_title"), corner="", left=f"档号：{tag('reference_code')}", right="", code="")


def _fact(label: str, name: str, text: str = "") -> Row:
    return Row(_label_and(label, WIDTH, text or tag(name)), 14)


def _facts(*facts: tuple[str, str], height: float = 14) -> Row:
    share = WIDTH / len(facts)
    return Row(tuple(cell for label, name in facts for cell in _label_and(label, share, tag(name))), height)


def _label_and(label: str, width: float, text: str | Paragraph) -> tuple[Cell, Cell]:
    return Cell(LABEL, label, "Label", grey=True), Cell(width - LABEL, text)
