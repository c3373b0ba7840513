"""Finds the headings of a table and reads the rows below them, whether the cells come from a workbook or a CSV file."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from qrecords.errors import Problem
from qrecords.model.cell import Unreadable
from qrecords.model.field import heading_key
from qrecords.model.worksheet import NUMBER_COLUMN, is_number_heading
from qrecords.stores.inputs.remarks import is_remark
from qrecords.stores.inputs.standins import plain

NUMBER_KEY = f"#{NUMBER_COLUMN}"
HEAD_ROWS = 10  # headings are looked for in these first rows

Cells = Sequence[Any]
KeyOf = Callable[[str], str | None]


class Merge(NamedTuple):
    """A merged area of a sheet: rows from 1, columns from 0."""

    first_row: int
    last_row: int
    first: int
    last: int

    @property
    def name(self) -> str:
        """Return the area as a spreadsheet names it: A2:B4."""
        return f"{column_name(self.first)}{self.first_row}:{column_name(self.last)}{self.last_row}"


class Row(NamedTuple):
    """One row as it is read: its number from 1, and its cells, those of areas merged downwards filled in."""

    number: int
    cells: Cells
    filled: Mapping[int, Merge] = {}  # cells that show what stands further up, by column
    across: tuple[Merge, ...] = ()  # areas that go over several columns here


@dataclass(slots=True)
class Headings:
    """Which column means what: headings as written, by column from 0."""

    last_row: int
    known: dict[int, str] = field(default_factory=dict)
    unknown: dict[int, str] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    spans: dict[int, int] = field(default_factory=dict)  # columns below a merged heading → the column it stands in
    _told: set[str] = field(default_factory=set)
    _remark_row: int = 0

    def note(self, known_labels: Sequence[str], owner: str) -> tuple[str, ...]:
        """Return the notice that some columns were passed over; none when all were understood."""
        if not self.unknown:
            return ()
        words = []
        for heading in self.unknown.values():
            near = difflib.get_close_matches(heading_key(heading), known_labels, n=1, cutoff=0.6)
            words.append(f"「{heading}」" + (f"（是不是「{near[0]}」？）" if near else ""))
        return (f"这些列不是{owner}的栏目，没有读入：{'、'.join(words)}",)

    @property
    def doubled_keys(self) -> frozenset[str]:
        """Return the fields that several columns mean."""
        keys = [*self.keys.values()]
        return frozenset(key for key in keys if keys.count(key) > 1)

    def tell(self, notes: list[str], message: str) -> None:
        """Add a note, once."""
        if message not in self._told:
            self._told.add(message)
            notes.append(message)


def with_number(key_of: KeyOf) -> KeyOf:
    """Let the column of the records' own numbers count as a heading too, with a key no field has."""
    return lambda heading: key_of(heading) or (NUMBER_KEY if is_number_heading(heading) else None)


def find_headings(rows: Sequence[Row], key_of: KeyOf) -> Headings | None:
    """Return the headings found in the first rows; None when no row has any.

    The row with the most known headings counts. The row above lends its headings where this one is blank (cells merged
    downwards); a row below made of nothing but headings belongs to them too (groups, or keys below labels), unless it
    says word for word what stands above some of its cells: that is someone's entry.
    """
    found = [len(_known(row.cells, key_of)) for row in rows]
    if not any(found):
        return None
    best = found.index(max(found))
    number = rows[best].number
    texts = _texts(rows[best].cells)
    if best > 0 and found[best - 1]:
        texts = _texts(rows[best - 1].cells) | texts
    below = _texts(rows[best + 1].cells) if best + 1 < len(rows) else {}
    said_again = len(below) < len(texts) and all(texts.get(i) == text for i, text in below.items())
    if below and found[best + 1] == len(below) and not said_again:
        number = rows[best + 1].number
        texts |= {i: text for i, text in below.items() if key_of(texts.get(i, "")) is None}
    headings = Headings(number)
    for index, text in sorted(texts.items()):
        key = key_of(text)
        if key is None:
            headings.unknown[index] = text
        else:
            headings.known[index], headings.keys[index] = text, key
    across = {merge for row in rows if row.number <= number for merge in row.across if merge.first in headings.known}
    for merge in across:
        headings.spans |= {i: merge.first for i in range(merge.first + 1, merge.last + 1) if i not in texts}
    return headings


def doubled(headings: Headings) -> list[Problem]:
    """Return which columns mean the same field: which of them counts is not ours to guess."""
    found = []
    for doubled_key in sorted(headings.doubled_keys):
        indexes = [i for i, key in headings.keys.items() if key == doubled_key]
        heading, names = headings.known[indexes[0]], "、".join(map(column_name, indexes))
        others = dict.fromkeys(h for i in indexes[1:] if (h := headings.known[i]) != heading)
        also = f"（{'、'.join(f'「{other}」' for other in others)}也是这一栏）" if others else ""
        message = f"{names} 列的表头是同一栏「{heading}」{also}；请只留一列"
        found.append(Problem(message, heading, headings.last_row))
    return found


def read_row(headings: Headings, row: Row, notes: list[str]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values of a row by heading, blank cells left out, and what could not be taken; neither: no record.

    A value that must not be taken is Unreadable; fields with several columns are left out. What was passed over or
    filled in goes to `notes`.
    """
    own = [i for i, cell in enumerate(row.cells) if i not in row.filled and not is_blank(cell)]
    if not own or _is_remark(headings, row, own, notes):
        return {}, []
    values: dict[str, Any] = {}
    problems = _across(headings, row)
    for index, cell in enumerate(row.cells):
        if is_blank(cell) or index in headings.unknown or len(_spread(headings, row, index)) > 1:
            continue
        column = _column_of(headings, row, index)
        heading = headings.known.get(column)
        name = column_name(index)
        if heading is None:
            message = f"{name} 列有内容「{_shown(cell)}」，但没有表头；请补上表头，或删去这些内容"
            problems.append(Problem(message, name, row.number))
        elif heading in values:
            message = f"{column_name(column)}、{name} 列都在表头「{heading}」下面，都有内容；请合成一格"
            problems.append(Problem(message, heading, row.number))
        elif headings.keys[column] not in headings.doubled_keys:
            values[heading] = _taken(cell, name)
            if index in row.filled:
                _tell_filled(headings, row.filled[index], heading, cell, notes)
    return values, problems


@dataclass(slots=True)
class Read:
    """A row that is a record: its values by heading, what could not be taken, what to tell."""

    number: int
    values: dict[str, Any]
    found: list[Problem]
    notes: list[str]


def read_rows(headings: Headings, rows: Iterable[Row], joining: Collection[str] = ()) -> Iterator[Read]:
    """Give the records below the headings; what rows between and behind them say goes with the record before.

    A row with nothing but the number in a column of `joining` is none: an input workbook has such rows by the hundred.
    """
    held: Read | None = None
    early: list[str] = []
    for row in rows:
        if row.number <= headings.last_row:
            continue
        notes: list[str] = []
        values, found = read_row(headings, row, notes)
        if found or not values.keys() <= set(joining):
            if held:
                yield held
            held, early = Read(row.number, values, found, [*early, *notes]), []
        else:
            (held.notes if held else early).extend(notes)
    if held:
        yield held


def blocked_by(headings: Headings, found: Sequence[Problem]) -> frozenset[str]:
    """Return the fields of a row that could not be read: what the form lacks in them is no second fault."""
    keys = {heading: headings.keys[i] for i, heading in headings.known.items()}
    return headings.doubled_keys | {keys[p.field] for p in found if p.field in keys}


def _taken(cell: Any, column: str) -> Any:
    value = plain(cell)
    return Unreadable(f"（{column} 列）{value.reason}") if isinstance(value, Unreadable) else value


def _is_remark(headings: Headings, row: Row, own: Sequence[int], notes: list[str]) -> bool:
    """Tell whether a row says something about the table and is no record; what it says is told."""
    if len(headings.known) < 2:
        return False
    width = max((len(_fields_below(headings, m)) for m in row.across if m.first in own), default=0)
    wide = len(own) == 1 and (width > 2 or width == len(headings.known))
    goes_on = headings._remark_row == row.number - 1 and len(own) == 1
    if not (wide or goes_on or is_remark([row.cells[i] for i in own])):
        return False
    headings._remark_row = row.number
    headings.tell(notes, f"第{row.number}行「{_shown(row.cells[own[0]])}」是备注或合计，不是记录，没有读入")
    return True


def _across(headings: Headings, row: Row) -> list[Problem]:
    """Return a problem for every area merged over several fields: which of them its content means is unknown."""
    found = []
    for merge in row.across:
        labels = _fields_below(headings, merge)
        if len(labels) > 1:
            names = "、".join(f"「{label}」" for label in labels)
            message = f"{merge.name} 合并成一格，跨了{names}，不知道内容是哪一栏的；请取消合并，分别填写"
            found.append(Problem(message, labels[0], row.number))
    return found


def _fields_below(headings: Headings, merge: Merge) -> list[str]:
    return [headings.known[i] for i in range(merge.first, merge.last + 1) if i in headings.known]


def _spread(headings: Headings, row: Row, index: int) -> list[str]:
    """Return the fields a cell is merged over."""
    return next((_fields_below(headings, m) for m in row.across if m.first <= index <= m.last), [])


def _column_of(headings: Headings, row: Row, index: int) -> int:
    """Return the column whose heading a cell belongs to: its own, that of a merged heading, or of its merged area."""
    if index in headings.known:
        return index
    if index in headings.spans:
        return headings.spans[index]
    area = next((m for m in row.across if m.first == index), None)
    return next((i for i in range(index, area.last + 1) if i in headings.known), index) if area else index


def _tell_filled(headings: Headings, merge: Merge, heading: str, cell: Any, notes: list[str]) -> None:
    rows = f"第{merge.first_row}至{merge.last_row}行"
    headings.tell(notes, f"「{heading}」{rows}合并成一格，每行都读作「{_shown(cell)}」")


def is_blank(cell: object) -> bool:
    """Tell whether a cell has nothing in it, or only blanks."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def column_name(index: int) -> str:
    """Return a column as a spreadsheet names it: 0 is A."""
    from openpyxl.utils import get_column_letter

    return get_column_letter(index + 1)


def _shown(cell: object) -> str:
    text = "?" if isinstance(cell, Unreadable) else str(cell).strip()
    return text if len(text) <= 20 else f"{text[:20]}…"


def _texts(cells: Cells) -> dict[int, str]:
    return {i: " ".join(str(c).split()) for i, c in enumerate(cells) if not is_blank(c)}


def _known(cells: Cells, key_of: KeyOf) -> dict[int, str]:
    return {i: text for i, text in _texts(cells).items() if key_of(text) is not None}
