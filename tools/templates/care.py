"""The report of a check of the four properties (四性检测报告, DA/T 70)."""

from __future__ import annotations

from tools.templates.blocks import Cell, Paragraph, Row, Table, together
from tools.templates.document import PORTRAIT, Head, document
from tools.templates.sheet import BLANK_DATE, LABEL, LINE, Column, listing, tag

WIDTH = PORTRAIT.text_width
_CHECKS = (
    Column("性质", 18, tag("r.property")),
    Column("检查内容", 0, tag("r.label"), "Small"),
    Column("数量", 26, tag("r.count"), "Small"),
    Column("结果", 24, tag("r.result"), "Small"),
)
_PROBLEMS = (
    Column("序号", 12, tag("r.no"), "Small"),
    Column("在哪里", 58, tag("r.source"), "Small"),
    Column("问题和处理", 0, tag("r.message"), "Small"),
)


def build_report() -> bytes:
    """Return the report: what was checked, with which result, every problem, who checked."""
    half = WIDTH / 2
    facts = (
        Row((*_pair("检查单位", half, tag("unit")), *_pair("检查日期", half, tag("checked_on"))), 9),
        Row(_pair("检查范围", WIDTH, tag("scope")), 9),
        Row(_pair("检查深度", WIDTH, tag("depth")), 9),
        Row(_pair("结论", WIDTH, tag("conclusion")), 9),
    )
    hands = (
        Row((*_pair("检查人", half, tag("checked_by")), *_pair("复核人", half, BLANK_DATE)), 12),
        Row(_pair("审计链头", WIDTH, Paragraph(tag("audit_head"), "Small")), 2 * LINE),
    )
    blocks = [
        Table(facts),
        Paragraph("", "Small"),
        _listing("checks", _CHECKS),
        Paragraph("", "Small"),
        _listing("problems", _PROBLEMS),
        Paragraph("", "Small"),
        Table(together(*hands)),
    ]
    head = Head("四性检测报告", above=tag("org_name"), corner="", left="", right="", code=tag("audit_head"))
    return document(PORTRAIT, blocks, head=head, foot="")


def _listing(name: str, columns: tuple[Column, ...]) -> Table:
    heading, line = listing(name, columns, width=WIDTH, height=7)
    return Table((heading, line))


def _pair(label: str, width: float, text: str | Paragraph) -> tuple[Cell, Cell]:
    return Cell(LABEL, label, "Label", grey=True), Cell(width - LABEL, text)
