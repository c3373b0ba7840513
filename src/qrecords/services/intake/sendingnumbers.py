"""Give the clerk his own workbook with the numbers its rows got; a row that carries its number is known by it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

from qrecords.advice import Sentence
from qrecords.errors import InvalidInput
from qrecords.model.form import Form
from qrecords.model.numbering import RECORD_NO
from qrecords.services.intake.returning import SUFFIX, Outcome
from qrecords.stores.durable import make_dirs, write_file

_OWN = re.compile(r"-已编号(-[0-9]+)?$")


def send_numbers(
    outcomes: Sequence[Outcome], form: Form, made: Mapping[str, str], folder: Path, *, in_place: bool
) -> tuple[list[Path], list[Sentence]]:
    """Write the numbers into a copy of every workbook whose rows lack them, or into it; returns the files, and notes.

    `made` tells the number of what was made, by the key the outcomes name.
    """
    files: list[Path] = []
    notes: list[Sentence] = []
    for outcome in outcomes:
        numbers = {row: made.get(record, record) for row, (record, _) in outcome.records.items()}
        numbers = {row: no for row, no in numbers.items() if RECORD_NO.match(no)}
        lacking = any(no != outcome.records[row][1] for row, no in numbers.items())
        if outcome.path.suffix.lower() != SUFFIX or not lacking:
            continue
        from qrecords.stores.inputs.numbered import numbered_copy  # the library for workbooks, where there is one

        try:
            data = numbered_copy(outcome.path, form, outcome.main, numbers)
        except InvalidInput as error:
            notes.append(error.told)
            continue
        path = outcome.path if in_place else _free(folder, outcome.path.stem)
        make_dirs(path.parent)
        write_file(path, data)
        files.append(path)
    return files, notes


def _free(folder: Path, stem: str) -> Path:
    """Return a name in a folder that no file has yet: a copy made before may hold what the clerk wrote since."""
    stem = f"{_OWN.sub('', stem)}-已编号"
    names = (f"{stem}{'' if n == 1 else f'-{n}'}{SUFFIX}" for n in count(1))
    return next(p for name in names if not (p := folder / name).exists())
