"""Tells what a table is before it is read."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from qrecords.model.form import Form
from qrecords.stores.inputs.book import Book
from qrecords.stores.inputs.common import encoding_of, require_kind, require_readable
from qrecords.stores.inputs.otherform import lacking
from qrecords.stores.inputs.separated import csv_layout
from qrecords.stores.inputs.table import HEAD_ROWS, find_headings


def is_table_of(path: Path, form: Form) -> bool:
    """Tell whether a .csv or .xlsx file has, on some sheet, the headings a record of a form needs."""
    require_readable(path)
    suffix = path.suffix.lower()
    require_kind(path, suffix)
    if suffix == ".csv":
        found = [csv_layout(path, encoding_of(path), form.key_of)[1]]
    else:
        with Book.open(path) as book:
            found = [find_headings([*islice(s.rows(), HEAD_ROWS)], form.key_of) for s in book.sheets]
    return any(headings and lacking(form, set(headings.keys.values())) < 2 for headings in found)
