"""The paper of documents computed from records: head and foot around 「〔正文〕」, where what one says is put."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from tools.templates.blocks import CODE_SIZE, Cell, CodePicture, Paragraph, Row, Stack, Table, gap
from tools.templates.document import PORTRAIT, Head, document

CODE = "{{ paper_id }}"


def build_report() -> bytes:
    """Return the template of reports and briefs: title, period, number and secrecy above, page numbers below."""
    head = Head(
        "{{ title }}",
        corner="密级：{{ secrecy_level }}",
        left="{{ period }}{{ edition }}",  # beside the number it would break the line
        right="编号：{{ document_no }}",
        code=CODE,
    )
    foot = "{{ document_no }}    第#PAGE#页 共#PAGES#页    保存期限：{{ retention }}"
    return document(PORTRAIT, [Paragraph("〔正文〕")], head=head, foot=foot)


@dataclass(frozen=True, slots=True)
class Banner:
    """A line of large type across the middle."""

    text: str
    half_points: int
    colour: str = "000000"

    def xml(self) -> str:
        """Return its w:p."""
        face = '<w:rFonts w:ascii="黑体" w:eastAsia="黑体" w:hAnsi="黑体" w:cs="黑体"/>'
        size = f'<w:sz w:val="{self.half_points}"/><w:szCs w:val="{self.half_points}"/>'
        words = f'<w:t xml:space="preserve">{escape(self.text)}</w:t>'
        run = f'<w:rPr>{face}<w:color w:val="{self.colour}"/>{size}</w:rPr>{words}'
        spaced = '<w:spacing w:before="160" w:after="160" w:line="240" w:lineRule="auto"/><w:jc w:val="center"/>'
        return f"<w:p><w:pPr>{spaced}</w:pPr><w:r>{run}</w:r></w:p>"


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the page, as stands below the head of an issue."""

    colour: str = "C00000"

    def xml(self) -> str:
        """Return its w:p."""
        line = f'<w:pBdr><w:bottom w:val="single" w:sz="12" w:space="1" w:color="{self.colour}"/></w:pBdr>'
        return f'<w:p><w:pPr><w:pStyle w:val="Gap"/>{line}</w:pPr></w:p>'


def build_brief() -> bytes:
    """Return the template of briefs: the name large, the issue below it, who makes it and the day above a rule."""
    half, side = PORTRAIT.text_width / 2, CODE_SIZE + 1
    number = Cell(half - side, "{{ document_no }}{{ edition }}", "Small", "right", valign="top")
    code = Cell(side, CodePicture(1, CODE), valign="top")
    above = Table(
        (Row((Cell(half, "密级：{{ secrecy_level }}", "Small", valign="top"), number, code), 6),), lines=False
    )
    below = Table(
        (Row((Cell(half, "{{ unit }}"), Cell(half, "　　　　年　　月　　日", align="right")), 8),), lines=False
    )
    issued = Paragraph("{{ issue }}", align="center")
    first = Stack((above, Banner("售后服务简报", 84, "C00000"), issued, below, Rule(), gap()))
    head = Head(
        "{{ title }}",
        corner="密级：{{ secrecy_level }}",
        left="{{ period }}{{ edition }}",
        right="编号：{{ document_no }}",
        code=CODE,
        first=first,
    )
    foot = "{{ document_no }}    第#PAGE#页 共#PAGES#页    保存期限：{{ retention }}"
    return document(PORTRAIT, [Banner("{{ title }}", 44), Paragraph("〔正文〕")], head=head, foot=foot)
