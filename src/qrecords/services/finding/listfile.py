"""A list as a file: workbook, CSV or JSON, with Chinese headings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from qrecords.advice import Input, advise
from qrecords.errors import InvalidInput
from qrecords.render.listbooks import MAX_LINES, list_csv, list_workbook

SUFFIXES = (".xlsx", ".csv", ".json")
Columns = Mapping[str, tuple[str, int]]  # by the key of a line: heading, width in characters


def require_room(suffix: str, count: int) -> None:
    """Refuse more lines than a worksheet holds."""
    if suffix == ".xlsx" and count > MAX_LINES:
        remedy = advise("请改存为 .csv，或加 {} 等条件分几次存", Input.YEAR)
        raise InvalidInput(f"共{count}份，一张工作表放不下", remedy=remedy)


def list_file(
    suffix: str, title: str, columns: Columns, lines: Iterable[Mapping[str, Any]], whole: Mapping[str, Any], key: str
) -> bytes:
    """Return the bytes of a list of that suffix; JSON keeps the lines whole, in `whole` under `key`."""
    if suffix == ".json":
        found = [*lines]
        told = {**whole, "total": len(found), key: found}
        return json.dumps(told, ensure_ascii=False, indent=1).encode(errors="replace")
    rows = ([line[name] for name in columns] for line in lines)
    if suffix == ".csv":
        return list_csv([heading for heading, _ in columns.values()], rows)
    return list_workbook(title, [*columns.values()], rows)
