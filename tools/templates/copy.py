"""The watermark of a controlled copy: one small page, laid across every page of the copy (QS/PA758A 5.11.1)."""

from __future__ import annotations

from tools.templates.blocks import Paragraph
from tools.templates.document import Page, document
from tools.templates.sheet import tag

PAGE = Page(150, 44, left=2, right=2, top=2, bottom=2)


def build_watermark() -> bytes:
    """Return the band: number, recipient and days, purpose, and the ban on copying."""
    lines = [
        Paragraph(f"受控副本 {tag('copy_no')}", "Title"),
        Paragraph(f"发给：{tag('recipient')}　{tag('issued_on')}发出　应还：{tag('due')}", "Above"),
        Paragraph(f"用途：{tag('purpose')}", "Label"),
        Paragraph("未经批准不得复印", "SmallTitle"),
    ]
    return document(PAGE, lines, foot="")
