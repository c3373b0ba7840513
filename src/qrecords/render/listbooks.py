"""The lists the office gives out: as a workbook to print, as a workbook or CSV to work with, the register of copies."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from qrecords.render.workbook import (
    BODY,
    BOXED,
    FORMULA_SIGNS,
    HEAD,
    MAX_ROWS,
    TEXT,
    Column,
    Look,
    Page,
    Row,
    Sheet,
    as_stored,
    workbook,
)

Headed = Sequence[tuple[str, int]]  # the columns of a list: heading, and width in characters

MAX_LINES = MAX_ROWS - 1  # below the heading
COPIES_SHEET = "副本登记"

_TITLE = Look(size=14, bold=True, wrap=False, down="bottom")
_PRINTED_HEAD = Look(bold=True, fill="D9D9D9", lines=BOXED)
_PRINTED = Look(lines=BOXED)
_COPIES: Headed = (
    ("副本号", 16), ("申请号", 14), ("状态", 10), ("归档编号", 32), ("文件编号", 24), ("用途", 30), ("领用人", 18),
    ("申请人", 14), ("申请日期", 12), ("决定人", 14), ("决定日期", 12), ("可打印", 8), ("可摘录", 8), ("发出人", 14),
    ("发出日期", 12), ("应还日期", 12), ("收回日期", 12), ("收回人", 14), ("备注", 30),
)  # fmt: skip
_AS_TEXT = replace(BODY, number_format=TEXT)
_LATE = replace(_AS_TEXT, fill="F8CBAD")


def printed_list(title: str, columns: Headed, rows: Iterable[Sequence[str | int]], made: datetime) -> bytes:
    """Return an .xlsx of one sheet to print: title, headings, rows. Same input, same bytes."""
    sheet = Sheet(
        title,
        _widths(columns),
        [
            Row([title], _TITLE, joined=True),
            _headings(columns, _PRINTED_HEAD),
            *(Row(row, _PRINTED) for row in rows),
        ],
        freeze="A3",
        page=Page("A4", head_rows=2, fit_width=True),
    )
    return workbook([sheet], made=made, title=title)


def list_workbook(title: str, columns: Headed, rows: Iterable[Sequence[str]]) -> bytes:
    """Return the bytes of an .xlsx to work with: headings, and rows of texts as they are, written as they come."""

    def lines() -> Iterator[Row]:
        yield _headings(columns, HEAD)
        yield from (Row(row, _AS_TEXT) for row in rows)

    return workbook([Sheet(title, _widths(columns), lines(), freeze="A2", text=as_stored)])


def list_csv(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return the bytes of a CSV that spreadsheets read as UTF-8; a cell that could be a formula begins with '."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(headings)
    writer.writerows([f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell for cell in row] for row in rows)
    return stream.getvalue().encode("utf-8-sig", errors="replace")


def copies_workbook(requests: Sequence[Mapping[str, Any]], *, org_name: str, on: str) -> bytes:
    """Return the register of copies as .xlsx: a row a copy, or a request without one; overdue on that day coloured."""
    sheet = Sheet(
        COPIES_SHEET,
        _widths(_COPIES),
        [_headings(_COPIES, HEAD), *(row for one in requests for row in _copies_of(one, on))],
        freeze="B2",
        page=Page("A3", header=f"{org_name} 受控副本登记（{on}）"),
    )
    return workbook([sheet])


def _widths(columns: Headed) -> list[Column]:
    return [Column(width) for _, width in columns]


def _headings(columns: Headed, look: Look) -> Row:
    return Row([heading for heading, _ in columns], look)


def _copies_of(one: Mapping[str, Any], on: str) -> Iterator[Row]:
    for copy in one["copies"] or [{}]:
        is_back, is_out = bool(copy.get("returned_on")), bool(copy.get("issued_at"))
        late = bool(one["due"]) and one["due"] < on and is_out and not is_back
        state = "已收回" if is_back else "逾期未还" if late else one["state_label"]
        remark = one["reason"] or ("" if is_out or not copy else "发出时中断，请再发出一次")
        cells = [
            copy.get("copy_no", ""), one["request_no"], state, one["archive_no"], one["document_no"], one["purpose"],
            one["recipient"], one["requested_by"], one["requested_at"][:10], one["decided_by"], one["decided_at"][:10],
            "是" if one["may_print"] else "否", "是" if one["may_extract"] else "否", copy.get("issued_by", ""),
            copy.get("issued_at", "")[:10], one["due"], copy.get("returned_on", ""), copy.get("returned_by", ""),
            remark,
        ]  # fmt: skip
        yield Row(cells, _LATE if late else _AS_TEXT)
