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
from itertools import count
from pathlib import Path

from qrecords.advice import Input, Sentence, advise
from qrecords.errors import InvalidInput, Problem, UsageError, WrongState
from qrecords.model.form import Form
from qrecords.office import Office
from qrecords.stores.durable import make_dirs, write_file
from qrecords.stores.inputs import InputRecord

SUFFIX = ".xlsx"


@dataclass(slots=True)
class Outcome:
    """What came of one input file: the rows that were good, by sheet, and all that was wrong."""

    path: Path
    main: str = ""
    good: dict[str, set[int]] = field(default_factory=dict)
    wrong: list[tuple[Problem, InputRecord | None]] = field(default_factory=list)
    records: dict[int, tuple[str, str]] = field(default_factory=dict)  # by row: its record, the number it carries

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
        return source.removeprefix(f"{self.path.name}!") if source != self.path.name else ""


def require_place(inputs: Sequence[Path], place: Path | None) -> None:
    """Refuse a place for returned copies that cannot serve, before anything is made."""
    if place is None:
        return
    books = [p for p in inputs if p.suffix.lower() == SUFFIX]
    if not books:
        raise UsageError(advise("{} 只用于 .xlsx 输入", Input.REJECTED), remedy="其他格式请按列出的行和栏目改正")
    if place.suffix.lower() == SUFFIX:
        if len(books) > 1:
            remedy = advise("请在 {} 后面写一个文件夹", Input.REJECTED)
            raise UsageError("有几个工作簿，退回的不能写进同一个文件", remedy=remedy)
        if place.exists():
            raise WrongState(f"{place} 已经有了，里面可能有改正好的内容", remedy="请换一个文件名，或先移走那个文件")


def send_back(
    office: Office, outcomes: Sequence[Outcome], form: Form, place: Path, *, made: bool
) -> tuple[list[Path], list[Sentence]]:
    """Write a copy of every workbook with rejected rows into a folder or file; returns the copies, and notes."""
    from qrecords.stores.inputs.returned import Mark, returned_copy

    copies: list[Path] = []
    notes: list[Sentence] = []
    for outcome in outcomes:
        marks = [Mark(sheet, row, name, office.words(said)) for sheet, row, name, said in outcome.places()]
        if outcome.path.suffix.lower() != SUFFIX or not marks:
            continue  # other formats, and files that could not be opened at all
        try:
            copy = returned_copy(outcome.path, form, outcome.main, marks, outcome.good if made else {})
        except InvalidInput as error:
            notes.append(error.told)
            continue
        path = place if place.suffix.lower() == SUFFIX else _free(place, outcome.path.stem)
        make_dirs(path.parent)
        write_file(path, copy)
        copies.append(path)
    return copies, notes


def how_to_go_on(returned: Sequence[Path]) -> Sentence:
    """Return what to do after a fill that made nothing."""
    if not returned:
        return advise("请改正后再填；只想先生成没问题的，加 {}", Input.KEEP_GOING)
    files = "、".join(map(str, returned))
    return advise(
        "请选一种办法：① 在 {} 里改正标红的格子（批注写着原因），再填它，所有行都在，原来的文件不要再填；"
        "② 加 {} 再填原来的文件，先生成没问题的，只退回有问题的行",
        files,
        Input.KEEP_GOING,
    )


def _free(folder: Path, stem: str) -> Path:
    """Return a name in a folder that no file has yet."""
    stem = f"{re.sub(r'-退回(-[0-9]+)?$', '', stem)}-退回"
    names = (f"{stem}{'' if n == 1 else f'-{n}'}{SUFFIX}" for n in count(1))
    return next(p for name in names if not (p := folder / name).exists())
