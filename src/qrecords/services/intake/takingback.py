"""Go on with many records from one table: every row by the number it carries, all of them or none.

A workbook given out (givingout.py) tells which cells the clerk changed, so that what others entered meanwhile stays. Of
any other table with numbers, such as a ledger, each cell that is written and says something else is a change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qrecords.advice import Do, Sentence, advise, joined
from qrecords.errors import InvalidInput, Problem, QRecordsError
from qrecords.model.field import heading_key
from qrecords.model.form import Form
from qrecords.model.givenrows import UNTAKEN, Said, returned
from qrecords.model.numbering import full_record_no
from qrecords.model.record import Action, Record, require_open
from qrecords.model.sameness import Difference
from qrecords.model.worksheet import NEW_WORDS, NUMBER_COLUMN
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.finding.indexing import follow
from qrecords.services.intake.known import told
from qrecords.services.intake.returning import Copies, Outcome, send_back
from qrecords.services.intake.update import commit_update, merged
from qrecords.stores.given import GivenFile
from qrecords.stores.inputs import TABLES, InputRecord, read_records
from qrecords.stores.inputs.givenrows import columns_of, given_rows


@dataclass(slots=True)
class TakenBack:
    """What came of a table: the records changed with what changed in each, those that say it already, notes."""

    changed: list[tuple[str, list[str]]] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)


@dataclass(slots=True)
class _Change:
    record: Record
    values: dict[str, Any]
    differences: Sequence[Difference]


def take_back(
    office: Office, code: str, source: GivenFile, *, copies: Copies | None = None, dry_run: bool = False
) -> TakenBack:
    """Bring the records a table names to what their rows say; nothing submitted may change.

    InvalidInput lists every problem of every row, and nothing is changed; a workbook comes back marked,
    where `copies` has it.
    """
    form = office.forms.get(code).form
    office.authorise(Action.READ, "list")
    work = _Work(office, form, Outcome(source))
    with source.lent() as path:
        work.read(path)
    if work.outcome.wrong:
        raise _refused(office, work, copies)
    if not dry_run and work.changes:
        with office.register.write() as tx:
            reading.require_unchanged(tx, [c.record for c in work.changes])
            for change in work.changes:
                commit_update(office, tx, form, change.record, change.values)
        follow(office)
    changed = [(c.record.record_no, told(form, c.differences)) for c in work.changes]
    return TakenBack(changed, work.unchanged, work.notes)


def _refused(office: Office, work: _Work, copies: Copies | None) -> InvalidInput:
    problems = [problem for problem, _ in work.outcome.wrong]
    places, notes = send_back(office, [work.outcome], work.form, copies, made=False) if copies else ([], [])
    how = f"请在 {places[0]} 里改正标红的格子（批注写着原因），再用它续填" if places else "请改正后再续填"
    rows = len({p.row for p in problems})
    return InvalidInput(f"{rows}行有问题，没有改动任何记录", remedy=joined("；", [how, *notes]), problems=problems)


@dataclass(slots=True)
class _Work:
    office: Office
    form: Form
    outcome: Outcome
    changes: list[_Change] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)

    def read(self, source: Path) -> None:
        """Read the table whole; what is wrong goes to the outcome."""
        entries: list[InputRecord] = []
        said: Mapping[str, Said] = {}
        columns: Collection[str] = ()
        is_table = source.suffix.lower() in TABLES
        try:
            others = [f.form for f in self.office.forms.all()] if is_table else []
            for entry in read_records(source, self.form, others):
                entries.append(entry)
        except InvalidInput as error:
            self.outcome.refuse(list(error.problems) or [Problem(error.message, source=source.name)])
        if entries and is_table:
            said, columns = given_rows(source), columns_of(source, self.form, entries[0].source)
        records, codes = self._records(entries), self.office.form_codes
        seen: dict[str, int] = {}
        for entry in entries:
            self.notes += [f"{entry.source} 第{entry.row}行：{note}" for note in entry.notes]
            number = full_record_no(entry.number, codes, self.form.code)
            record = records.get(number)
            problems = self._numbers(entry, number, record, seen)
            if record and not problems:
                problems = self._compare(entry, record, columns, said.get(number))
            if problems:
                self.outcome.refuse([p.at(entry.source, entry.row) for p in problems], entry)

    def _records(self, entries: Sequence[InputRecord]) -> dict[str, Record]:
        codes = self.office.form_codes
        numbers = [full_record_no(e.number, codes, self.form.code) for e in entries if e.number]
        with self.office.register.read() as tx:
            found = tx.records.many(list(dict.fromkeys(numbers)))
        readable = {r.record_no: r for r in self.office.only_readable(found)}
        if hidden := sorted({r.record_no for r in found} - readable.keys()):
            self.office.note([self.office.event(Action.READ, no, outcome="refused") for no in hidden])
        return readable

    def _numbers(self, entry: InputRecord, number: str, record: Record | None, seen: dict[str, int]) -> list[Problem]:
        """Return what is wrong with the number a row carries."""
        short = self.office.form_codes.short(self.form.code)
        if not entry.number or heading_key(entry.number) in NEW_WORDS:
            new = advise("是新的一行，先用 {} 填写，已有编号的行不会重复", Do.FILL(short))
            why = advise("没有写「{}」，不知道续填哪一份；{}", NUMBER_COLUMN, new)
        elif record is None:
            why = f"没有编号是 {entry.number} 的记录；请核对「{NUMBER_COLUMN}」，或删去这一行"
        elif record.form_code != self.form.code:
            why = f"{number} 不是 {self.form.code} 的记录；请核对「{NUMBER_COLUMN}」，或删去这一行"
        elif number in seen:
            why = f"与第{seen[number]}行写着同一个编号 {number}；请删去多出的一行"
        else:
            seen[number] = entry.row
            return []
        return [Problem(why, NUMBER_COLUMN)]

    def _compare(
        self, entry: InputRecord, record: Record, columns: Collection[str], said: Said | None
    ) -> list[Problem]:
        """Note what a row asks of its record; returns what is wrong with it."""
        read = self.form.check(entry.values, as_it_was=True)
        untaken = {k for k, was in (said or {}).items() if was == UNTAKEN}
        if wrong := [p for p in read.problems if p.field not in untaken]:
            return wrong
        written = columns or read.values.keys()
        found = returned(self.form, record.values, read.values, written, said)
        if found.conflicts:
            return [self._conflict(record, d) for d in found.conflicts]
        if not found.changes:
            if entry.sound:
                self.unchanged.append(record.record_no)
            return []
        try:
            require_open(self.form, record, Action.UPDATE)
            self.office.authorise(Action.UPDATE, record.record_no, record)
        except QRecordsError as error:
            what = "；".join(told(self.form, found.changes))
            way = advise("；{}", error.remedy) if error.remedy else ""
            return [Problem(advise("{}（{}）{}", error.message, what, way), found.changes[0].field)]
        patch = replace(entry, values={d.field: read.values.get(d.field) for d in found.changes}, number="")
        values, problems = merged(self.office, self.form, patch, record)
        if entry.sound and not problems:
            self.changes.append(_Change(record, values, found.changes))
        return problems

    def _conflict(self, record: Record, difference: Difference) -> Problem:
        (what,) = told(self.form, [difference])
        message = advise(
            "导出以后 {} 又登记过：{}，不知道以哪个为准；请把这格改成登记的内容，或先用 {} 单独改",
            record.record_no,
            what,
            Do.UPDATE(record.record_no),
        )
        return Problem(message, difference.field)
