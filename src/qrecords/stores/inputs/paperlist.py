"""Reads the list of past paper records: a row for each, with the number it had and the names of its scans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qrecords.errors import InvalidInput, Problem
from qrecords.model.cell import Unreadable
from qrecords.model.field import heading_key
from qrecords.model.form import Form
from qrecords.stores.inputs.book import Book
from qrecords.stores.inputs.common import encoding_of, refuse, require_kind, require_readable, unreadable_when_refused
from qrecords.stores.inputs.nested import read_json
from qrecords.stores.inputs.separated import csv_layout, csv_rows
from qrecords.stores.inputs.table import HEAD_ROWS, Headings, KeyOf, Row, doubled, find_headings, read_row

# What a heading may be called, by what it means here; every other heading is a field of the row's form.
COLUMNS = {
    "form": ("表式", "form", "form_code"),
    "paper_no": ("记录编号", "原编号", "旧编号", "编号", "record_no", "paper_no", "old_no"),
    "date": ("日期", "date"),
    "customer_unit": ("用户单位", "customer_unit"),  # a register calls it by another label
    "title": ("题名", "title"),
    "scans": ("扫描件", "扫描件文件名", "scans", "scan"),
}
_MEANT = {heading_key(name): key for key, names in COLUMNS.items() for name in names}


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One past record as the list has it: the list's own columns by what they mean, the form's by their heading."""

    source: str
    row: int
    own: dict[str, Any]
    fields: dict[str, Any]


def read_paper_list(path: Path, forms: Sequence[Form]) -> tuple[list[PaperRow], list[str]]:
    """Return the rows of a .csv, .xlsx or .json list, and notes on columns passed over.

    InvalidInput names every place that cannot be read.
    """
    require_readable(path)
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".xlsx", ".json"}:
        refuse(path, f"不能读 {suffix or '没有扩展名的'} 文件", "请另存为 .csv、.xlsx 或 .json")
    require_kind(path, suffix)
    problems: list[Problem] = []
    notes: list[str] = []
    with unreadable_when_refused(path):
        if suffix == ".json":
            rows = [_paper_row(e.source, e.row, e.values) for e in read_json(path, forms[0], problems)]
        else:
            rows = [*_from_table(path, forms, problems, notes)]
    if problems:
        raise InvalidInput(f"{path.name} 有{len(problems)}处读不出", remedy="请按提示改正后再试", problems=problems)
    if not rows:
        refuse(path, "里没有记录", "请在表头下面填写至少一行")
    return rows, notes


def _from_table(path: Path, forms: Sequence[Form], problems: list[Problem], notes: list[str]) -> Iterator[PaperRow]:
    def key_of(heading: str) -> str | None:
        plain = heading_key(heading)
        return _MEANT.get(plain) or next((key for f in forms if (key := f.key_of(heading))), None)

    headings, table = _table(path, key_of, problems)
    if headings is None:
        refuse(path, "没有表头", "请把第一行写成：表式、记录编号、日期、用户单位、题名、扫描件，和表上的栏目")
    problems += [p.at(path.name, p.row) for p in doubled(headings)]
    notes += headings.note([], "表")
    for row in table:
        if row.number <= headings.last_row:
            continue
        values, found = read_row(headings, row, notes)
        own = [(name, v.reason) for name, v in values.items() if isinstance(v, Unreadable) and _is_own(name)]
        found += [Problem(f"「{name}」{reason}", name, row.number) for name, reason in own]
        problems += [p.at(path.name, row.number) for p in found]
        if values:
            yield _paper_row(path.name, row.number, values)


def _table(path: Path, key_of: KeyOf, problems: list[Problem]) -> tuple[Headings | None, Iterable[Row]]:
    if path.suffix.lower() == ".csv":
        encoding = encoding_of(path)
        delimiter, headings = csv_layout(path, encoding, key_of)
        return headings, [*csv_rows(path, encoding, delimiter, problems)]
    with Book.open(path) as book:
        for sheet in book.sheets:
            rows = [*sheet.rows()]
            if headings := find_headings(rows[:HEAD_ROWS], key_of):
                return headings, rows
    return None, []


def _is_own(heading: str) -> bool:
    return heading_key(heading) in _MEANT


def _paper_row(source: str, row: int, values: dict[str, Any]) -> PaperRow:
    own: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    for heading, value in values.items():
        meant = _MEANT.get(heading_key(str(heading)))
        if meant:
            own[meant] = value
        else:
            fields[heading] = value
    return PaperRow(source, row, own, fields)
