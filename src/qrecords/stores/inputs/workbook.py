"""Reads records from a workbook: the sheet whose headings fit the form best, and a sheet for each field of rows.

A sheet named like a field of type rows holds its lines. Which record a line belongs to is said by a column 记录序号,
equal to the main sheet's column of that name, or by a column 主表行号, the row on the main sheet; with one record alone
neither is needed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from qrecords.advice import Do, advise
from qrecords.errors import Problem
from qrecords.model.cell import Unreadable
from qrecords.model.field import Field, heading_key
from qrecords.model.form import Form
from qrecords.model.worksheet import RECORD_COLUMN, ROW_COLUMN, is_sheet_of
from qrecords.stores.inputs.book import Book, Sheet
from qrecords.stores.inputs.common import InputRecord, refuse
from qrecords.stores.inputs.otherform import other_form, refuse_other
from qrecords.stores.inputs.table import (
    HEAD_ROWS,
    Headings,
    KeyOf,
    blocked_by,
    doubled,
    find_headings,
    is_blank,
    read_row,
    read_rows,
    with_number,
)

_JOINS = {name: f"#{name}" for name in (RECORD_COLUMN, ROW_COLUMN)}  # keys; no field's begins with #


@dataclass(slots=True)
class Entry:
    """A row of the main sheet, and whether it could be read."""

    row: int
    values: dict[str, Any]
    sound: bool
    blocked: frozenset[str] = frozenset()
    record_id: str = ""
    lines: dict[str, tuple[str, int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Details:
    """The lines of one field of rows: by what they say they belong to, each with its row."""

    key: str
    sheet: str
    source: str
    join: str = ""  # the joining column's name; "" when there is none
    lines: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)


def read_workbook(
    path: Path, form: Form, problems: list[Problem], others: Sequence[Form] = ()
) -> Iterator[InputRecord]:
    """Read the main sheet row by row; with sheets of lines it is read whole, to join them."""
    with Book.open(path) as book:
        fields = {s.title: f for s in book.sheets for f in form.fields if is_sheet_of(s.title, f)}
        main, headings, notes = _main_sheet(book, form, others, skip=set(fields))
        source = f"{path.name}!{main.title}"
        # What is wrong with headings or lines concerns every record: none may be taken without its lines.
        concerns_all = [p.at(source, p.row) for p in doubled(headings)]
        blocked = set(headings.doubled_keys)
        entries: Iterable[Entry] = _entries(main, headings, source, problems)
        if fields:
            entries = [*entries]
            for sheet in (s for s in book.sheets if s.title in fields):
                found: list[Problem] = []
                part = _read_details(sheet, fields[sheet.title], path.name, found, notes)
                _join(entries, part, source, found)
                blocked |= {part.key} if found else set()
                concerns_all += found
        problems += concerns_all
        for entry in entries:
            yield InputRecord(
                source, entry.row, entry.values, (*notes, *entry.notes), entry.lines,
                sound=entry.sound and not concerns_all, blocked=entry.blocked | blocked,
            )  # fmt: skip
            notes = []


def _main_sheet(book: Book, form: Form, others: Sequence[Form], skip: set[str]) -> tuple[Sheet, Headings, list[str]]:
    """Return the sheet whose headings fit best, the first of several; its headings; what to tell about the rest."""
    fitting: list[tuple[int, Sheet, Headings]] = []
    key_of = with_number(with_joins(form.key_of))
    for sheet in book.sheets:
        if sheet.title not in skip and (found := find_headings(list(islice(sheet.rows(), HEAD_ROWS)), key_of)):
            fields = sum(not key.startswith("#") for key in found.keys.values())
            fitting += [(fields, sheet, found)] if fields else []
    best = max(fitting, key=lambda entry: entry[0], default=None)
    for sheet in [best[1]] if best else book.sheets:
        if other := other_form(list(islice(sheet.rows(), HEAD_ROWS)), form, best[2] if best else None, others):
            refuse_other(book.path, form, other)
    if not fitting:
        remedy = advise("请把栏目名写在第一行，用 {} 看有哪些栏目", Do.SHOW_FORMS(form.code))
        refuse(book.path, f"没有一个工作表的前{HEAD_ROWS}行里有 {form.code} 的表头", remedy)
    most = max(fields for fields, _, _ in fitting)
    (_, main, headings), *alike = [entry for entry in fitting if entry[0] == most]
    notes = list(headings.note([f.label for f in form.input_fields], form.code))
    if alike:
        titles = "、".join(f"「{sheet.title}」" for _, sheet, _ in alike)
        notes.append(f"只读了工作表「{main.title}」；{titles}的表头也相符，没有读入，请另存为单独的文件再填")
    return main, headings, notes


def column_keys(rows_field: Field) -> KeyOf:
    """Return what tells which column of a field of rows a heading means."""
    columns = {heading_key(name): c.key for c in rows_field.columns for name in (c.label, c.key)}
    return lambda heading: columns.get(heading_key(heading))


def with_joins(key_of: KeyOf) -> KeyOf:
    """Let the joining columns count as headings too, with keys no field has."""
    return lambda heading: key_of(heading) or _JOINS.get(heading_key(heading))


def _entries(sheet: Sheet, headings: Headings, source: str, problems: list[Problem]) -> Iterator[Entry]:
    joining = _joining(headings)
    for row in read_rows(headings, sheet.rows(), joining):
        ids = [_id_of(row.values, name, row.number, row.found) for name in joining if name in row.values]
        problems += [p.at(source, p.row) for p in row.found]
        blocked = blocked_by(headings, row.found)
        yield Entry(row.number, row.values, not row.found, blocked, ids[0] if ids else "", notes=tuple(row.notes))


def _read_details(
    sheet: Sheet, rows_field: Field, file_name: str, problems: list[Problem], notes: list[str]
) -> Details:
    """Read the sheet of a field of rows."""
    details = Details(rows_field.key, sheet.title, f"{file_name}!{sheet.title}")
    head = list(islice(sheet.rows(), HEAD_ROWS))
    headings = find_headings(head, with_joins(column_keys(rows_field)))
    if headings is None:
        if any(not is_blank(cell) for row in head for cell in row.cells):
            known = "、".join(c.label for c in rows_field.columns)
            problems.append(
                Problem(f"没有「{rows_field.label}」的表头；请把第一行写成：{known}", None, 1, details.source)
            )
        return details
    problems += [p.at(details.source, p.row) for p in doubled(headings)]
    notes += headings.note([c.label for c in rows_field.columns], f"「{rows_field.label}」")
    joining = _joining(headings)
    details.join = joining[0] if joining else ""
    for row in sheet.rows():
        if row.number <= headings.last_row:
            continue
        told: list[str] = []
        values, found = read_row(headings, row, told)
        notes += [f"工作表「{sheet.title}」：{note}" for note in told]
        owners = [_id_of(values, name, row.number, found) for name in joining]
        if values and joining and not owners[0] and not found:
            found.append(Problem(f"没有写「{details.join}」，不知道属于哪份记录；请填上", details.join, row.number))
        problems += [p.at(details.source, p.row) for p in found]
        if values and not found:
            details.lines.setdefault(owners[0] if owners else "", []).append((row.number, values))
    return details


def _joining(headings: Headings) -> list[str]:
    return [headings.known[i] for i, key in headings.keys.items() if key in _JOINS.values()]


def _join(entries: list[Entry], part: Details, source: str, problems: list[Problem]) -> None:
    """Give every record its lines; lines of no record, and records that cannot be told apart, are problems."""
    owners = _owners(entries, part, source, problems) if part.lines else {}
    for owner, lines in part.lines.items() if owners else ():
        if owner in owners:
            for row, values in lines:
                written = owners[owner].values.setdefault(part.key, [])
                written.append(values)
                owners[owner].lines[f"{part.key}[{len(written)}]"] = (part.sheet, row)
        else:
            message = f"主表里没有「{part.join}」是 {owner} 的记录；请核对"
            problems += [Problem(message, part.join, row, part.source) for row, _ in lines]


def _owners(entries: list[Entry], part: Details, source: str, problems: list[Problem]) -> dict[str, Entry]:
    """Return the records by what the lines call them; empty, with a problem told, when that cannot be known."""
    if heading_key(part.join) == ROW_COLUMN:
        return {str(e.row): e for e in entries}
    numbered = any(e.record_id for e in entries)
    if len(entries) == 1 and len(part.lines) == 1 and not (part.join and numbered):
        return dict.fromkeys(part.lines, entries[0])
    if not part.join or not numbered:
        where = "这里没有写明各行属于哪一份" if not part.join else f"主表没有「{RECORD_COLUMN}」这一列"
        remedy = f"请在这里加一列「{ROW_COLUMN}」写主表的行号，或在两处都加「{RECORD_COLUMN}」"
        problems.append(Problem(f"主表有{len(entries)}份记录，{where}；{remedy}", None, 1, part.source))
        return {}
    owners: dict[str, Entry] = {}
    for entry in entries:
        if entry.record_id in owners:
            other = owners[entry.record_id].row
            message = f"「{RECORD_COLUMN}」与第{other}行的相同，或都没有写；请给每份记录写不同的序号"
            problems.append(Problem(message, RECORD_COLUMN, entry.row, source))
        owners.setdefault(entry.record_id, entry)
    return owners


def _id_of(values: dict[str, Any], name: str, row: int, found: list[Problem]) -> str:
    """Take what joins a row to its record out of its values."""
    value = values.pop(name, "")
    if isinstance(value, Unreadable):
        found.append(Problem(f"「{name}」{value.reason}", name, row))
        return ""
    return unicodedata.normalize("NFKC", str(value)).strip()
