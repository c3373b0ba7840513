"""For the quality department: the check list of complaints (5.6) and the 用户信息反馈/处理表 (5.7.2).

Neither is one of the eleven forms: no form code, no page code, no retention in their foot.
"""

from __future__ import annotations

from dataclasses import replace

from tools.templates.blocks import Cell, Row, Table, together
from tools.templates.document import LANDSCAPE, PORTRAIT, Head, document
from tools.templates.sheet import BLANK_DATE, LABEL, LINE, Column, band, listing, tag

_PAGES = "第#PAGE#页 共#PAGES#页"
_COMPLAINTS = (
    Column("序号", 9, tag("r.no")),
    Column("记录编号", 37, tag("r.record_no")),
    Column("接收日期", 28, tag("r.received_on")),
    Column("用户单位", 26, tag("r.customer_unit")),
    Column("类别和内容", 0, tag("r.content"), "Small"),
    Column("责任部门\n责任人", 23, tag("r.who")),
    Column("办理情况", 29, tag("r.standing")),
    Column("检查人", 17, ""),
    Column("检查日期", 19, ""),
    Column("检查结果", 27, ""),
)
_ITEMS = (
    Column("序号", 10, tag("r.no")),
    Column("型号/编号", 30, tag("r.product")),
    Column("问题描述", 0, tag("r.problem"), "Small"),
    Column("原因", 34, tag("r.cause"), "Small"),
    Column("处理情况", 34, tag("r.handling"), "Small"),
)


def build_complaints() -> bytes:
    """Return the check list: one line a complaint, room for who looked, when, and what was found."""
    width = LANDSCAPE.text_width
    heading, line = listing("complaints", _COMPLAINTS, width=width, height=16)
    summary = Row((Cell(width, "共{{ total }}件，其中未办结{{ open }}件。", "Small"),), 7)
    opinion = Row(_named("检查意见", width, ""), 16)
    half = width / 2
    hands = Row(tuple(cell for name in ("检查人签名", "质量部负责人") for cell in _signed(name, half)), 13)
    head = Head(
        "用户投诉处理情况检查表",
        corner="密级：{{ secrecy_level }}",
        left="接收日期：{{ since }} 至 {{ until }}",
        right="编制：{{ drawn_by }}  {{ drawn_on }}",
        code="",
    )
    rows = (heading, line, *together(summary, opinion, hands))
    return document(LANDSCAPE, [Table(rows)], head=head, foot=f"依据 QS/PA758A 5.6    {_PAGES}")


def build_feedback() -> bytes:
    """Return the transmittal: what was reported, who handed it over and took it, what the quality department found."""
    width = PORTRAIT.text_width
    half = width / 2
    facts = (
        band("一、信息来源", width),
        Row((*_named("来源记录", half, tag("record_no")), *_named("信息日期", half, tag("informed_on"))), 8),
        Row(
            (*_named("用户单位", half, tag("customer_unit")), *_named("用户类别/兵种", half, tag("branch"))),
            8,
            splits=True,
        ),
        Row((*_named("联系人", half, tag("contact")), *_named("联系电话", half, tag("phone"))), 8),
        Row((*_named("信息渠道", half, tag("channel")), *_named("严重程度", half, tag("severity"))), 8),
        Row(_named("信息类别", width, tag("topics")), 8),
        Row(_named("产品", width, tag("products")), 8, splits=True),
    )
    told = (
        band("二、反馈内容", width),
        Row(_named("信息内容", width, Cell(0, tag("content"), valign="top")), 5 * LINE, splits=True),
        Row(_named("原因分析", width, Cell(0, tag("cause"), valign="top")), 2 * LINE, splits=True),
        Row(_named("处理意见和\n措施", width, Cell(0, tag("handling"), valign="top")), 3 * LINE, splits=True),
    )
    # Without items their heading is left out too: `heads` holds one entry or none.
    items_heading, item = listing("items", _ITEMS, width=width, height=8)
    handed = together(
        band("三、移交", width),
        Row((*_signed("移交人", half), *_signed("质量部接收人", half)), 13),
    )
    result = together(
        band("四、质量部处理和跟踪", width),
        Row(_named("处理意见", width, ""), 4 * LINE),
        Row(_named("处理结果", width, ""), 4 * LINE),
        Row(_named("跟踪验证", width, ""), 4 * LINE),
        Row((*_signed("经办人", half), *_signed("质量部负责人", half)), 13),
    )
    items_heading = replace(items_heading, heading=False, loop="heads")
    rows = (*facts, *told, items_heading, item, *handed, *result)
    head = Head(
        "用户信息反馈/处理表",
        left="外部编号：{{ external_code }}",
        right="打印：{{ drawn_by }}  {{ drawn_on }}",
        code="",
    )
    foot = f"本表随转质量部，不属于 QR758 受控表式；依据 QS/PA758A 5.7.2    {_PAGES}"
    return document(PORTRAIT, [Table(rows)], head=head, foot=foot)


def _named(label: str, width: float, content: str | Cell) -> tuple[Cell, Cell]:
    style = "SmallLabel" if len(label) > 6 and "\n" not in label else "Label"
    if isinstance(content, Cell):
        return Cell(LABEL, label, style, grey=True), Cell(width - LABEL, content.text, valign=content.valign)
    return Cell(LABEL, label, style, grey=True), Cell(width - LABEL, content)


def _signed(label: str, width: float) -> tuple[Cell, Cell]:
    return Cell(LABEL, label, "Label", grey=True), Cell(width - LABEL, BLANK_DATE, "Small", "right", "bottom")
