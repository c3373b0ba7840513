"""Reads what clerks give: one or many records of a form in JSON, YAML, TOML, CSV or a workbook.

A reader only finds the records and their cells; what a value means is the form's to say (`Form.check`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from qrecords.errors import InvalidInput, Problem
from qrecords.model.form import Form
from qrecords.model.worksheet import is_number_heading
from qrecords.stores.inputs.common import InputRecord, require_kind, require_readable, unreadable_when_refused

__all__ = ["EXTENSIONS", "InputRecord", "file_sha256", "read_records"]

Reader = Callable[[Path, Form, list[Problem], Sequence[Form]], Iterator[InputRecord]]


def read_records(path: Path, form: Form, others: Sequence[Form] = ()) -> Iterator[InputRecord]:
    """Give the records of a file, in its order; formats that allow it are read as they are asked for.

    Records are given first; then InvalidInput names all that could not be read, by sheet, row and column. Cells of a
    table are text, CellNumber, a truth, or Unreadable, which the form refuses with its reason. A table that looks like
    one of `others` is refused as that.
    """
    require_readable(path)
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        known = "、".join(EXTENSIONS)
        remedy = f"请用这些格式之一：{known}" + ("；用 Excel 或 WPS 另存为 .xlsx 即可" if suffix in _OLD_BOOKS else "")
        message = f"不能读 {suffix or '没有扩展名的'} 文件"
        raise InvalidInput(
            f"{path.name}：{message}", remedy=remedy, problems=[Problem(f"{message}；{remedy}", source=path.name)]
        )
    require_kind(path, suffix)
    problems: list[Problem] = []
    count = 0
    with unreadable_when_refused(path):
        for record in _READERS[suffix]()(path, form, problems, others):
            count += 1
            yield _numbered(form, record)
    if problems:
        raise InvalidInput(f"{path.name} 有{len(problems)}处读不出", remedy="请按提示改正后再试", problems=problems)
    if not count:
        remedy = "请在表头下面填写至少一行" if suffix in TABLES else "请写入至少一条记录"
        problem = Problem(f"文件里没有记录；{remedy}", source=path.name)
        raise InvalidInput(f"{path.name} 里没有记录", remedy=remedy, problems=[problem])


def _numbered(form: Form, record: InputRecord) -> InputRecord:
    """Take the record's own number out of the values, where the form has no field of that name."""
    names = [h for h in record.values if is_number_heading(str(h)) and form.key_of(str(h)) is None]
    if not names:
        return record
    values = {h: v for h, v in record.values.items() if h not in names}
    return replace(record, values=values, number=" ".join(str(record.values[names[0]] or "").split()))


def file_sha256(path: Path) -> str:
    """Return the hash of a file's bytes; with the row it names an input."""
    require_readable(path)
    with unreadable_when_refused(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _json() -> Reader:
    from qrecords.stores.inputs.nested import read_json

    return read_json


def _yaml() -> Reader:
    from qrecords.stores.inputs.yamlfile import read_yaml

    return read_yaml


def _toml() -> Reader:
    from qrecords.stores.inputs.nested import read_toml

    return read_toml


def _csv() -> Reader:
    from qrecords.stores.inputs.separated import read_csv

    return read_csv


def _xlsx() -> Reader:
    from qrecords.stores.inputs.workbook import read_workbook

    return read_workbook


# Each brings its library only when a file of its kind comes.
_READERS: dict[str, Callable[[], Reader]] = {
    ".json": _json,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".toml": _toml,
    ".csv": _csv,
    ".xlsx": _xlsx,
}
EXTENSIONS = tuple(_READERS)
TABLES = frozenset({".csv", ".xlsx"})
_OLD_BOOKS = {".xls", ".xlsm", ".xlsb", ".et", ".ods"}
