"""Send rejected rows back to the clerk: a copy of his own workbook, the wrong cells coloured, each with its reason.

What the copy holds follows from what was made, so that it can be corrected and filled without doubling anything:

- With --keep-going the good rows are records already. The copy holds only the others, so that what is left to do is
  seen at a glance.
- Without it nothing was made. The copy holds every row: the clerk corrects the red cells, fills the copy, and is done;
  the rows that were good need no second command and cannot be forgotten.

The clerk's own file is never touched, nor any copy made before: it may hold his corrections by now.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Protocol

from qrecords.advice import Input, Sentence, advise
from qrecords.errors import InvalidInput, Problem
from qrecords.model.form import Form
from qrecords.office import Office
from qrecords.stores.given import GivenFile
from qrecords.stores.inputs import InputRecord

WORKBOOK = ".xlsx"


class Copies(Protocol):
    """Where copies of a clerk's own workbooks go: he said it, so the front end knows (intake/clerkcopies.py)."""

    def returned(self, source: GivenFile, data: bytes) -> str:
        """Keep a copy with what is wrong in it; returns what it is called."""
        ...

    def numbered(self, source: GivenFile, data: bytes) -> str:
        """Keep a copy with the numbers its rows got; returns what it is called."""
        ...


@dataclass(slots=True)
class Outcome:
    """What came of one input file: the rows that were good, by sheet, and all that was wrong."""

    source: GivenFile
    main: str = ""
    good: dict[str, set[int]] = field(default_factory=dict)
    wrong: list[tuple[Problem, InputRecord | None]] = field(default_factory=list)
    records: dict[int, tuple[str, str]] = field(default_factory=dict)  # by row: its record, the number it carries

    @property
    def is_workbook(self) -> bool:
        """Tell whether it is of the format that can be sent back."""
        return PurePath(self.source.name).suffix.lower() == WORKBOOK

    def accept(self, entry: InputRecord, record: str) -> None:
        """Note a good record, by its number or the key it is made under: its row, and its lines on other sheets."""
        self.records[entry.row] = (record, entry.number)
        for sheet, row in [(self._sheet(entry.source), entry.row), *entry.lines.values()]:
            self.good.setdefault(sheet, set()).add(row)
        self.main = self._sheet(entry.source)

    def refuse(self, problems: Sequence[Problem], entry: InputRecord | None = None) -> None:
        """Note what is wrong with a record, or (without one) with what could not be read."""
        self.wrong += [(problem, entry) for problem in problems]
        if entry:
            self.main = self._sheet(entry.source)

    def places(self) -> Iterator[tuple[str, int | None, str | None, Sentence]]:
        """Give what is wrong with its place: sheet, row, field (None: the whole row), message."""
        for problem, entry in self.wrong:
            sheet, row, name = self._sheet(problem.source or ""), problem.row, problem.field
            if entry and name and (found := re.match(r"(\w+\[\d+\])(?:\.(\w+))?$", name)) and found[1] in entry.lines:
                (sheet, row), name = entry.lines[found[1]], found[2]
            if sheet:
                yield sheet, row, name, problem.message

    def _sheet(self, source: str) -> str:
        return source.removeprefix(f"{self.source.name}!") if source != self.source.name else ""


def send_back(
    office: Office, outcomes: Sequence[Outcome], form: Form, copies: Copies, *, made: bool
) -> tuple[list[str], list[Sentence]]:
    """Give a copy of every workbook with rejected rows; returns where they are, and notes."""
    from qrecords.stores.inputs.returned import Mark, returned_copy

    places: list[str] = []
    notes: list[Sentence] = []
    for outcome in outcomes:
        marks = [Mark(sheet, row, name, office.words(said)) for sheet, row, name, said in outcome.places()]
        if not outcome.is_workbook or not marks:
            continue  # other formats, and files that could not be opened at all
        try:
            with outcome.source.lent() as path:
                copy = returned_copy(path, form, outcome.main, marks, outcome.good if made else {})
        except InvalidInput as error:
            notes.append(error.told)
            continue
        places.append(copies.returned(outcome.source, copy))
    return places, notes


def how_to_go_on(returned: Sequence[str]) -> Sentence:
    """Return what to do after a fill that made nothing."""
    if not returned:
        return advise("请改正后再填；只想先生成没问题的，加 {}", Input.KEEP_GOING)
    files = "、".join(returned)
    return advise(
        "请选一种办法：① 在 {} 里改正标红的格子（批注写着原因），再填它，所有行都在，原来的文件不要再填；"
        "② 加 {} 再填原来的文件，先生成没问题的，只退回有问题的行",
        files,
        Input.KEEP_GOING,
    )
