"""Reads what a workbook of rows given out keeps beside them: what each cell held, and which columns are left."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from qrecords.model.form import Form
from qrecords.model.givenrows import Said, parse_said
from qrecords.model.worksheet import GIVEN_SHEET
from qrecords.stores.inputs.book import Book, Sheet
from qrecords.stores.inputs.common import encoding_of, refuse
from qrecords.stores.inputs.separated import csv_layout
from qrecords.stores.inputs.table import HEAD_ROWS, find_headings, with_number


def columns_of(path: Path, form: Form, source: str) -> frozenset[str]:
    """Return the fields a table has a column for; `source` names the sheet as its records do."""
    key_of = with_number(form.key_of)
    if path.suffix.lower() == ".csv":
        headings = csv_layout(path, encoding_of(path), key_of)[1]
    else:
        with Book.open(path) as book:
            main = next(s for s in book.sheets if f"{path.name}!{s.title}" == source)
            headings = find_headings([*islice(main.rows(), HEAD_ROWS)], key_of)
    return frozenset(headings.keys.values()) if headings else frozenset()


def given_rows(path: Path) -> dict[str, Said]:
    """Return what the rows of a workbook said when they were given out, by number; nothing of other files."""
    if path.suffix.lower() != ".xlsx":
        return {}
    with Book.open(path) as book:
        kept = next((s for s in book.hidden if s.title == GIVEN_SHEET), None)
        return dict(_kept(path, kept)) if kept else {}


def _kept(path: Path, sheet: Sheet) -> Iterator[tuple[str, Said]]:
    for row in sheet.rows():
        number, text, *_ = (*map(str, row.cells), "", "")
        said = parse_said(text)
        if said is None:
            what = f"隐藏的工作表「{GIVEN_SHEET}」第{row.number}行被改动过，看不出哪些格是您改的"
            refuse(path, what, "请把改动写进新导出的一份，或删去那个工作表：那时凡与登记不同的格都算改动")
        yield number, said
