"""The lists of customers and products: CSV files in the workspace, which a spreadsheet opens; and lists to import."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from qrecords.errors import InvalidInput, Problem
from qrecords.model.field import Field, heading_key
from qrecords.stores.inputs.common import encoding_of, refuse, require_kind, require_readable, unreadable_when_refused
from qrecords.stores.inputs.separated import csv_layout, csv_rows
from qrecords.stores.inputs.table import HEAD_ROWS, Headings, KeyOf, Row, blocked_by, doubled, find_headings, read_row

Entries = list[dict[str, Any]]


def read_list(path: Path, fields: Sequence[Field], required: Sequence[str]) -> tuple[Entries, tuple[str, ...]]:
    """Return the entries of a .csv or .xlsx file by key, and notes on columns passed over.

    Headings are labels or keys. InvalidInput names every row that cannot be taken; then none is.
    """
    rows, notes = read_rows_of(path, fields, required)
    return [entry for _, entry in rows], notes


def read_rows_of(
    path: Path, fields: Sequence[Field], required: Sequence[str]
) -> tuple[list[tuple[int, dict[str, Any]]], tuple[str, ...]]:
    """Return the same, each entry with its row of the file."""
    require_readable(path)
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".xlsx"}:
        refuse(path, f"不能读 {suffix or '没有扩展名的'} 文件", "请另存为 .csv 或 .xlsx")
    require_kind(path, suffix)
    names = {heading_key(name): f.key for f in fields for name in (f.label, f.key)}
    problems: list[Problem] = []
    with unreadable_when_refused(path):
        rows = _csv_table if suffix == ".csv" else _book_table
        notes: list[str] = []
        headings, table = rows(path, lambda heading: names.get(heading_key(heading)), problems, notes)
        if headings is None:
            refuse(path, "没有表头", f"请把第一行写成：{'、'.join(f.label for f in fields)}")
        problems += [p.at(path.name, p.row) for p in doubled(headings)]
        entries = [*_entries(path, headings, table, fields, required, problems, notes)]
    if problems:
        message = f"{path.name} 有{len(problems)}处不对，一条也没有读入"
        raise InvalidInput(message, remedy="请按提示改正后再试", problems=problems)
    return entries, (*headings.note([f.label for f in fields], "清单"), *notes)


def list_file(fields: Sequence[Field], entries: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a list as its file, headings as labels; the byte-order mark lets Excel see that it is UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([f.label for f in fields])
    writer.writerows([[entry.get(f.key, "") for f in fields] for entry in entries])
    return text.getvalue().encode("utf-8-sig")


def _csv_table(path: Path, key_of: KeyOf, problems: list[Problem], _: list[str]) -> tuple[Headings | None, list[Row]]:
    encoding = encoding_of(path)
    delimiter, headings = csv_layout(path, encoding, key_of)
    return headings, [*csv_rows(path, encoding, delimiter, problems)]


def _book_table(path: Path, key_of: KeyOf, _: list[Problem], notes: list[str]) -> tuple[Headings | None, list[Row]]:
    """Read the first visible sheet with headings; note the others that have some too."""
    from qrecords.stores.inputs.book import Book  # its library takes as long to load as a hundred records to fill

    with Book.open(path) as book:
        heads = [(sheet, find_headings([*islice(sheet.rows(), HEAD_ROWS)], key_of)) for sheet in book.sheets]
        fitting = [(sheet, headings) for sheet, headings in heads if headings]
        if not fitting:
            return None, []
        (sheet, headings), *others = fitting
        if others:
            titles = "、".join(f"「{other.title}」" for other, _ in others)
            notes.append(f"只读了工作表「{sheet.title}」；{titles}的表头也相符，没有读入，请另存为单独的文件再读")
        return headings, [*sheet.rows()]


def _entries(
    path: Path,
    headings: Headings,
    table: Sequence[Row],
    fields: Sequence[Field],
    required: Sequence[str],
    problems: list[Problem],
    notes: list[str],
) -> Iterator[tuple[int, dict[str, Any]]]:
    by_heading = {headings.known[i]: key for i, key in headings.keys.items()}
    by_key = {f.key: f for f in fields}
    for row in table:
        if row.number <= headings.last_row:
            continue
        values, found = read_row(headings, row, notes)
        blocked = blocked_by(headings, found)
        if not values and not found:
            continue
        entry: dict[str, Any] = {}
        for heading, value in values.items():
            field = by_key[by_heading[heading]]
            try:
                entry[field.key] = field.parse(value)
            except ValueError as error:
                found.append(Problem(f"「{field.label}」{error}", field.key, row.number))
        found += [
            Problem(f"没有写「{by_key[key].label}」", key, row.number)
            for key in required
            if key not in entry and key not in blocked and key not in {p.field for p in found}
        ]
        problems += [p.at(path.name, row.number) for p in found]
        yield row.number, entry
