"""The paper of documents computed from records: head and foot around 「〔正文〕」, where what one says is put."""

from __future__ import annotations

from tools.templates.blocks import Paragraph
from tools.templates.document import PORTRAIT, Head, document


def build_report() -> bytes:
    """Return the template of reports and briefs: title, period, number and secrecy above, page numbers below."""
    head = Head(
        "{{ title }}",
        corner="密级：{{ secrecy_level }}",
        left="{{ period }}",
        right="编号：{{ document_no }}{{ edition }}",
        code="",
    )
    foot = "{{ document_no }}    第#PAGE#页 共#PAGES#页    保存期限：{{ retention }}"
    return document(PORTRAIT, [Paragraph("〔正文〕")], head=head, foot=foot)
