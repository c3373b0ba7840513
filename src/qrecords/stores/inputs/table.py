"""Finds the headings of a table and reads the rows below them, whether the cells come from a workbook or a CSV file."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from qrecords.errors import Problem
from qrecords.model.field import heading_key

HEAD_ROWS = 10  # headings are looked for in these first rows
# What a spreadsheet writes into a cell whose formula failed.
ERROR_VALUES = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!"}
)

Cells = Sequence[Any]
NumberedRow = tuple[int, Cells]
KeyOf = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell whose value must not be taken; `reason` says why and what to do."""

    reason: str


@dataclass(slots=True)
class Headings:
    """Which column means what: headings as written, by column from 0."""

    last_row: int
    known: dict[int, str] = field(default_factory=dict)
    unknown: dict[int, str] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)

    def note(self, known_labels: Sequence[str], owner: str) -> tuple[str, ...]:
        """Return the notice that some columns were passed over; none when all were understood."""
        if not self.unknown:
            return ()
        words = []
        for heading in self.unknown.values():
            near = difflib.get_close_matches(heading_key(heading), known_labels, n=1, cutoff=0.6)
            words.append(f"「{heading}」" + (f"（是不是「{near[0]}」？）" if near else ""))
        return (f"这些列不是{owner}的栏目，没有读入：{'、'.join(words)}",)


def find_headings(rows: Sequence[NumberedRow], key_of: KeyOf) -> Headings | None:
    """Return the headings found in the first rows; None when no row has any.

    The row with the most known headings counts. The row above lends its headings where this one is blank (cells merged
    downwards); a row below made of nothing but headings belongs to them too (groups, or keys below labels).
    """
    found = [len(_known(cells, key_of)) for _, cells in rows]
    if not any(found):
        return None
    best = found.index(max(found))
    number, cells = rows[best]
    texts = _texts(cells)
    if best > 0 and found[best - 1]:
        texts = _texts(rows[best - 1][1]) | texts
    below = _texts(rows[best + 1][1]) if best + 1 < len(rows) else {}
    if below and found[best + 1] == len(below):
        number = rows[best + 1][0]
        texts |= {i: text for i, text in below.items() if key_of(texts.get(i, "")) is None}
    headings = Headings(number)
    for index, text in sorted(texts.items()):
        key = key_of(text)
        if key is None:
            headings.unknown[index] = text
        else:
            headings.known[index], headings.keys[index] = text, key
    return headings


def doubled(headings: Headings) -> list[Problem]:
    """Return which columns mean the same field: which of them counts is not ours to guess."""
    columns: dict[str, list[int]] = {}
    for index, key in headings.keys.items():
        columns.setdefault(key, []).append(index)
    found = []
    for indexes in columns.values():
        if len(indexes) > 1:
            heading, names = headings.known[indexes[0]], "、".join(map(column_name, indexes))
            message = f"{names} 列的表头是同一栏「{heading}」；请只留一列"
            found.append(Problem(message, heading, headings.last_row))
    return found


def read_row(headings: Headings, row: NumberedRow) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values of a row by heading, blank cells left out, and what could not be taken; both empty is blank."""
    number, cells = row
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for index, cell in enumerate(cells):
        if is_blank(cell) or index in headings.unknown:
            continue
        heading = headings.known.get(index)
        if heading is None:
            message = f"{column_name(index)} 列有内容「{_shown(cell)}」，但没有表头；请补上表头，或删去这些内容"
            problems.append(Problem(message, None, number))
        elif reason := _refusal(cell):
            problems.append(Problem(f"「{heading}」（{column_name(index)} 列）{reason}", heading, number))
        else:
            values[heading] = cell
    return values, problems


def is_blank(cell: object) -> bool:
    """Tell whether a cell has nothing in it, or only blanks."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def column_name(index: int) -> str:
    """Return a column as a spreadsheet names it: 0 is A."""
    from openpyxl.utils import get_column_letter

    return get_column_letter(index + 1)


def _refusal(cell: object) -> str:
    if isinstance(cell, Unreadable):
        return cell.reason
    if isinstance(cell, str) and cell.strip().upper() in ERROR_VALUES:
        return f"是公式错误 {cell.strip()}；请改正公式，或直接填写内容"
    return ""


def _shown(cell: object) -> str:
    text = "?" if isinstance(cell, Unreadable) else str(cell).strip()
    return text if len(text) <= 20 else f"{text[:20]}…"


def _texts(cells: Cells) -> dict[int, str]:
    return {i: " ".join(str(c).split()) for i, c in enumerate(cells) if not is_blank(c)}


def _known(cells: Cells, key_of: KeyOf) -> dict[int, str]:
    return {i: text for i, text in _texts(cells).items() if key_of(text) is not None}
