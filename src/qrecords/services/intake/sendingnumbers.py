"""Give the clerk his own workbook with the numbers its rows got; a row that carries its number is known by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qrecords.advice import Sentence
from qrecords.errors import InvalidInput
from qrecords.model.form import Form
from qrecords.model.numbering import RECORD_NO
from qrecords.services.intake.returning import Copies, Outcome


def send_numbers(
    outcomes: Sequence[Outcome], form: Form, made: Mapping[str, str], copies: Copies
) -> tuple[list[str], list[Sentence]]:
    """Give a copy, with the numbers, of every workbook whose rows lack them; returns where they are, and notes.

    `made` tells the number of what was made, by the key the outcomes name.
    """
    files: list[str] = []
    notes: list[Sentence] = []
    for outcome in outcomes:
        numbers = {row: made.get(record, record) for row, (record, _) in outcome.records.items()}
        numbers = {row: no for row, no in numbers.items() if RECORD_NO.match(no)}
        lacking = any(no != outcome.records[row][1] for row, no in numbers.items())
        if not outcome.is_workbook or not lacking:
            continue
        from qrecords.stores.inputs.numbered import numbered_copy  # the library for workbooks, where there is one

        try:
            with outcome.source.lent() as path:
                data = numbered_copy(path, form, outcome.main, numbers)
        except InvalidInput as error:
            notes.append(error.told)
            continue
        files.append(copies.numbered(outcome.source, data))
    return files, notes
