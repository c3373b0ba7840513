"""Reads records from CSV: UTF-8, UTF-16 or GB18030; comma, tab or semicolon; headings in one of the first rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from qrecords.advice import Do, advise
from qrecords.errors import Problem
from qrecords.model.form import Form
from qrecords.stores.inputs.common import InputRecord, encoding_of, refuse
from qrecords.stores.inputs.otherform import other_form, refuse_other
from qrecords.stores.inputs.table import (
    HEAD_ROWS,
    NUMBER_KEY,
    Headings,
    KeyOf,
    Row,
    blocked_by,
    doubled,
    find_headings,
    read_rows,
    with_number,
)

DELIMITERS = ",\t;"


def read_csv(path: Path, form: Form, problems: list[Problem], others: Sequence[Form] = ()) -> Iterator[InputRecord]:
    """Read a row after the other; a row counts as a spreadsheet shows it, whatever line breaks its cells hold."""
    encoding = encoding_of(path)
    delimiter, headings = _layout(path, encoding, form, others)
    problems += [p.at(path.name, p.row) for p in doubled(headings)]
    notes = [*headings.note([f.label for f in form.input_fields], form.code)]
    for row in read_rows(headings, csv_rows(path, encoding, delimiter, problems)):
        problems += [p.at(path.name, p.row) for p in row.found]
        blocked = blocked_by(headings, row.found)
        sound = not (blocked or row.found)
        yield InputRecord(path.name, row.number, row.values, (*notes, *row.notes), sound=sound, blocked=blocked)
        notes = []


def _layout(path: Path, encoding: str, form: Form, others: Sequence[Form]) -> tuple[str, Headings]:
    """Return delimiter and headings; InvalidInput when there are none."""
    delimiter, headings = csv_layout(path, encoding, with_number(form.key_of))
    if headings is not None and set(headings.keys.values()) == {NUMBER_KEY}:
        headings = None
    if headings is None and others:
        delimiter, _ = csv_layout(
            path, encoding, lambda text: next(filter(None, (f.key_of(text) for f in others)), None)
        )
    head = list(islice(csv_rows(path, encoding, delimiter, []), HEAD_ROWS))
    if other := other_form(head, form, headings, others):
        refuse_other(path, form, other)
    if headings is None:
        remedy = advise("请把第一行写成栏目名，用 {} 看有哪些栏目", Do.SHOW_FORMS(form.code))
        refuse(path, f"前{HEAD_ROWS}行里没有 {form.code} 的表头", remedy, row=1)
    return delimiter, headings


def csv_layout(path: Path, encoding: str, key_of: KeyOf) -> tuple[str, Headings | None]:
    """Return the delimiter that makes the most headings, and the headings if there are any."""
    tried = {
        mark: find_headings(list(islice(csv_rows(path, encoding, mark, []), HEAD_ROWS)), key_of) for mark in DELIMITERS
    }
    return max(tried.items(), key=lambda entry: len(entry[1].known) if entry[1] else 0)


def csv_rows(path: Path, encoding: str, delimiter: str, problems: list[Problem]) -> Iterator[Row]:
    """Give the rows of a file, numbered from 1; where the quotes are lost it ends, and a problem tells where."""
    with path.open(encoding=encoding, newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        number = 0
        try:
            for cells in reader:
                number += 1
                yield Row(number, cells)
        except csv.Error:
            # What follows a lost quote is cut up wrongly: nothing after it can be trusted.
            message = (
                f"第{number + 1}行引号不成对，或一格内容太长，从这行起没有读；请改正引号，或用 Excel 另存为 CSV UTF-8"
            )
            problems.append(Problem(message, None, number + 1, path.name))
