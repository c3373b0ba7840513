"""The four registers, one record a row, a month a sheet: QR758-02A, -03A, -09A and -10A.

A column holds what belongs together, one below the other, in the order of its heading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qrecords.model.field import FieldType
from qrecords.model.form import Form
from tools.templates.blocks import Cell, Paragraph, Row, Stack, Table, together
from tools.templates.document import FOOT, LANDSCAPE, Head, document
from tools.templates.sheet import BLANK_DATE, LABEL, Column, Sheet, in_lines, listing, parted_when_long, tag
from tools.templates.standard import archive

Layout = Sequence[tuple[float, tuple[str, ...]]]  # width of a column, its lines; a line may name several fields

NUMBERS = 20.0
CHARACTER = 3.3  # the width of one
REVIEWER = f"审核（签名）：＿＿＿＿＿＿＿＿＿＿    日期：        {BLANK_DATE}\n"
PAGE = replace(LANDSCAPE, bottom=22)
HEAD = Head(corner="", right="{{ month }}    登记编号：{{ record_no }}")
SECRECY = '{{ r.secrecy_level }}{% if r.secrecy_period not in ("", "/") %}★{{ r.secrecy_period }}{% endif %}'

# Widths are such that an ordinary row is four lines high in every column, and a date stands on one line (24 mm).
_CALLS: Layout = (
    (25, ("call_at", "direction line", "answered_by")),
    (24, ("customer_unit", "military_branch")),
    (23, ("contact_person", "contact_title", "contact_phone")),
    (18, ("product_model", "serial_no")),
    (16, ("service_category",)),
    (0, ("user_need",)),
    (34, ("handling_opinion",)),
    (33, ("handling_result",)),
    (26, ("linked_record", "closed_on")),
)
_FAXES: Layout = (
    (24, ("direction fax_pages", "fax_at")),
    (22, ("customer_unit", "military_branch")),
    (22, ("contact_person", "fax_number")),
    (20, ("doc_ref", "approved_by")),
    (26, ("subject",)),
    (0, ("user_need",)),
    (26, ("handling_opinion",)),
    (22, ("handling_result",)),
    (21, ("transmission_ok", "attachment_ref")),
    (20, ("handled_by", "received_sig")),
)
_DISPATCHES: Layout = (
    (24, ("sent_on", "item_type")),
    (22, ("customer_unit", "military_branch")),
    (23, ("contact_person", "contact_phone", "customer_address")),
    (0, ("subject",)),
    (24, ("enclosures", "product_model", "serial_no")),
    (22, ("answers_record",)),
    (28, ("handling_opinion",)),
    (22, ("delivery_method", "tracking_no")),
    (27, ("delivery_result", "delivered_on")),
    (18, ("handled_by", "approved_by")),
)
_ARRIVALS: Layout = (
    (24, ("received_on", "item_type", "received_by")),
    (23, ("customer_unit", "military_branch", "contact_person", "contact_phone")),
    (18, ("doc_ref",)),
    (0, ("user_need",)),
    (21, ("enclosures", "product_model", "serial_no")),
    (21, ("return_documents", "goods_match")),
    (15, ("acceptance", "refusal_reason")),
    (23, ("handling_opinion",)),
    (20, ("resp_unit", "resp_person")),
    (21, ("handling_result",)),
    (24, ("reply_record", "closed_on")),
)


def build_calls(form: Form) -> bytes:
    """Return the template of QR758-02A 服务电话记录."""
    return build_register(form, _CALLS)


def build_faxes(form: Form) -> bytes:
    """Return the template of QR758-03A 服务传真记录."""
    return build_register(form, _FAXES)


def build_dispatches(form: Form) -> bytes:
    """Return the template of QR758-09A 客户服务发件记录."""
    return build_register(form, _DISPATCHES, volume=True)


def build_arrivals(form: Form) -> bytes:
    """Return the template of QR758-10A 客户服务收件记录."""
    return build_register(form, _ARRIVALS, volume=True)


def build_register(form: Form, layout: Layout, *, volume: bool = False) -> bytes:
    """Return a register's template with these columns."""
    sheet = Sheet(form, PAGE)
    spare = sheet.width - NUMBERS - sum(width for width, _ in layout)
    columns = [_numbers(), *(_column(sheet, width or spare, lines) for width, lines in layout)]
    heading, line = listing("rows", columns, width=sheet.width, height=14)
    line = replace(line, cells=tuple(replace(cell, valign="top") for cell in line.cells))
    widths = {
        name: cell.width
        for cell, (_, lines) in zip(line.cells[1:], layout, strict=True)
        for name in " ".join(lines).split()
    }
    rows = (heading, *parted_when_long(line, widths, character=CHARACTER))
    blank = Row((Cell(sheet.width, "以下空白", "SmallCenter"),), 7)
    # A month is one item of a volume: when and into which volume it goes is written once, by hand.
    closing = together(blank, archive(sheet), *([_volume_line(sheet)] if volume else []))
    return document(PAGE, [Table((*rows, *closing))], head=HEAD, foot=REVIEWER + FOOT)


def _numbers() -> Column:
    return Column("序号 密级\n记录编号", NUMBERS, f"{tag('r.row_no')} {SECRECY}\n{tag('r.record_no')}")


def _column(sheet: Sheet, width: float, lines: Sequence[str]) -> Column:
    labels = (in_lines(" ".join(map(sheet.label, line.split())), width, 3.18) for line in lines)
    alone = sheet.form.by_key.get(lines[0]) if len(lines) == 1 else None
    is_text = alone is not None and alone.type is FieldType.LTEXT
    style = "Small" if is_text else "SmallCenter"
    return Column("\n".join(labels), width, Stack(tuple(_line(sheet, line, style) for line in lines)))


def _line(sheet: Sheet, line: str, style: str) -> Paragraph:
    field = sheet.form.by_key.get(line)
    dated = field is not None and field.type in {FieldType.DATE, FieldType.DATETIME}
    return Paragraph(" ".join(tag(f"r.{name}") for name in line.split()), "Date" if dated else style)


def _volume_line(sheet: Sheet) -> Row:
    half = sheet.width / 2
    date = Cell(half - LABEL, BLANK_DATE, "Small", "right")
    labels = [Cell(LABEL, label, "Label", grey=True) for label in ("归卷日期", "归入卷号")]
    return Row((labels[0], date, labels[1], Cell(half - LABEL)))
