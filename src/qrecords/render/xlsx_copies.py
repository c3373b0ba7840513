"""The register of controlled copies as a workbook: one row a copy, or a request without copies."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill

from qrecords.model.neutral import neutral

SHEET = "副本登记"
_COLUMNS = (
    ("副本号", 16), ("申请号", 14), ("状态", 10), ("归档编号", 32), ("文件编号", 24), ("用途", 30), ("领用人", 18),
    ("申请人", 14), ("申请日期", 12), ("决定人", 14), ("决定日期", 12), ("可打印", 8), ("可摘录", 8), ("发出人", 14),
    ("发出日期", 12), ("应还日期", 12), ("收回日期", 12), ("收回人", 14), ("备注", 30),
)  # fmt: skip
_HEAD_FONT, _HEAD_FILL = (
    Font(name="微软雅黑", size=11, bold=True, color="FFFFFF"),
    PatternFill("solid", fgColor="2F5597"),
)
_FONT, _LATE = Font(name="微软雅黑", size=11), PatternFill("solid", fgColor="F8CBAD")


def copies_workbook(requests: Sequence[Mapping[str, Any]], *, org_name: str, on: str) -> bytes:
    """Return the bytes of an .xlsx; copies overdue on that day are coloured."""
    book = Workbook()
    del book[book.sheetnames[0]]
    sheet = book.create_sheet(SHEET)
    sheet.append([name for name, _ in _COLUMNS])
    for cell, (_, width) in zip(sheet[1], _COLUMNS, strict=True):
        cell.font, cell.fill = _HEAD_FONT, _HEAD_FILL
        sheet.column_dimensions[cell.column_letter].width = width
    for number, (row, late) in enumerate((r for one in requests for r in _rows(one, on)), start=2):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(number, column, neutral(value))
            # What someone wrote is text, also when it begins like a formula.
            cell.data_type, cell.number_format, cell.font = "s", "@", _FONT
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            if late:
                cell.fill = _LATE
    sheet.freeze_panes = "B2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A3
    sheet.oddHeader.center.text = f"{org_name.replace('&', '&&')} 受控副本登记（{on}）"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _rows(one: Mapping[str, Any], on: str) -> Iterator[tuple[list[str], bool]]:
    copies = one["copies"] or [{}]
    for copy in copies:
        is_back, is_out = bool(copy.get("returned_on")), bool(copy.get("issued_at"))
        late = bool(one["due"]) and one["due"] < on and is_out and not is_back
        state = "已收回" if is_back else "逾期未还" if late else one["state_label"]
        remark = one["reason"] or ("" if is_out or not copy else "发出时中断，请再发出一次")
        yield [
            copy.get("copy_no", ""), one["request_no"], state, one["archive_no"], one["document_no"], one["purpose"],
            one["recipient"], one["requested_by"], one["requested_at"][:10], one["decided_by"], one["decided_at"][:10],
            "是" if one["may_print"] else "否", "是" if one["may_extract"] else "否", copy.get("issued_by", ""),
            copy.get("issued_at", "")[:10], one["due"], copy.get("returned_on", ""), copy.get("returned_by", ""),
            remark,
        ], late  # fmt: skip
