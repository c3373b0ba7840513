"""A paper that says a part of a record: its fields one below the other, room for each hand (services/excerpts.py)."""

from __future__ import annotations

from dataclasses import replace

from tools.templates.blocks import Cell, Table
from tools.templates.document import PORTRAIT, Head, document
from tools.templates.sheet import BLANK_DATE, Column, listing, tag

_LABEL = 46  # the longest label of a field on one line


def build() -> bytes:
    """Return the template: what it is called, of which record, its lines, and who signs."""
    width = PORTRAIT.text_width
    columns = (Column("栏目", _LABEL, tag("r.label"), "Label"), Column("内容", 0, tag("r.value")))
    heading, line = listing("lines", columns, width=width, height=8)
    value = Cell(width - _LABEL, tag("r.value"))
    line = replace(line, splits=True, cells=(replace(line.cells[0], grey=True), value))
    _, hand = listing("hands", columns, width=width, height=14)
    signed = Cell(width - _LABEL, BLANK_DATE, "Small", "right", "bottom")
    hand = replace(hand, cells=(replace(hand.cells[0], grey=True), signed))
    head = Head(
        "{{ title }}",
        corner="密级：{{ secrecy_level }}",
        left="记录编号：{{ record_no }}",
        right="打印：{{ drawn_by }}  {{ drawn_on }}",
        code="",
    )
    foot = "依据：{{ clause }}；签好后附回 {{ record_no }}    第#PAGE#页 共#PAGES#页"
    return document(PORTRAIT, [Table((heading, line, hand))], head=head, foot=foot)
