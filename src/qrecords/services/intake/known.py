"""Recognise the rows that were filled before: a ledger appended to for a month gives numbers to its new rows alone.

A row is known by the number it carries, by the bytes of its file, or by what it says, wherever it stands. One that
stands where a record's row stood, or names the same date, title and notice, and says something else, is that record
changed: it is told as a difference and never makes a second record. Where two readings are possible, both are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from qrecords.advice import Do, Input, Sentence, advise, joined
from qrecords.errors import InvalidInput, Problem
from qrecords.model.field import heading_key
from qrecords.model.form import Checked, Form
from qrecords.model.numbering import FormCodes, full_record_no
from qrecords.model.record import GONE, STATE_LABELS, Record, State
from qrecords.model.sameness import Difference, Placed, book_name, differences, fingerprints, resembling
from qrecords.model.worksheet import NEW_WORDS, NUMBER_COLUMN, shown
from qrecords.office import Office
from qrecords.services.intake.lists import Completed
from qrecords.stores.given import GivenFile
from qrecords.stores.inputs import TABLES, InputRecord, read_records
from qrecords.stores.register import Transaction
from qrecords.stores.register.origins import Origin

_SHOWN = 5  # numbers a message names


@dataclass(frozen=True, slots=True)
class Answers:
    """How whoever wrote rows says what they are: by a word where a row's number goes, or once for all of them."""

    at_number: str
    for_all: tuple[Sentence, ...] = (advise("加 {}", Input.SAME_AGAIN),)

    def in_number(self, word: str) -> str:
        """Return how a word, or a number, is written as the number of a row."""
        return self.at_number.format(word)


IN_TABLE = Answers(f"在这行的「{NUMBER_COLUMN}」一列写「{{}}」")
IN_RECORD = Answers(f'在这一条里写 "{NUMBER_COLUMN}": "{{}}"')


@dataclass(slots=True)
class Row:
    """One row of an input, and what it turned out to be: known, a record changed, doubtful, or (none of these) new."""

    entry: InputRecord
    checked: Checked
    key: str  # of the file's bytes and the row
    prints: list[str]
    answers: Answers
    notes: list[Sentence] = field(default_factory=list)
    known: str = ""
    seen: frozenset[str] = frozenset()  # the records that say it, as the register was read
    changed: Record | None = None
    differences: list[Difference] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_new(self) -> bool:
        """Tell whether it makes a record."""
        return not (self.known or self.changed or self.problems)

    @property
    def says_new(self) -> bool:
        """Tell whether the clerk wrote that it is a record of its own."""
        return heading_key(self.entry.number) in NEW_WORDS

    def refuse(self, message: Sentence) -> None:
        """Note why it can make no record."""
        self.problems.append(Problem(message, None, self.entry.row, self.entry.source))


def prints_of(form: Form, completed: Completed) -> list[str]:
    """Return the fingerprints of a row: as it will be stored, and as it was written, without defaults and lists."""
    return fingerprints(form, completed.checked.values, completed.written)


def origin_of(entry: InputRecord) -> Origin:
    """Return where a row stands."""
    name, _, sheet = entry.source.partition("!")
    return Origin(book_name(name), sheet, entry.row)


def entry_of(office: Office, source: GivenFile, form: Form, record: Record) -> InputRecord:
    """Return what a file says of one record: its only entry, or the row that carries the record's number."""
    with source.lent() as path:
        entries = list(read_records(path, form))
    codes = office.form_codes
    own = [e for e in entries if full_record_no(e.number, codes, record.form_code) == record.record_no]
    if len(own) == 1:
        return own[0]
    if len(entries) != 1 or len(own) > 1:
        remedy = f"一次改一份记录：请只留一条，或在「{NUMBER_COLUMN}」一列给它的那一行写上 {record.record_no}"
        raise InvalidInput(f"{source.name} 里有{len(entries)}条记录，{len(own)}条写着这个编号", remedy=remedy)
    if entries[0].number:
        remedy = f"请核对编号，或把「{NUMBER_COLUMN}」改成 {record.record_no}"
        raise InvalidInput(f"{source.name} 里写着的编号是 {entries[0].number}，不是这份记录的", remedy=remedy)
    return entries[0]


def recognise(office: Office, form: Form, rows: Sequence[Row], *, same_again: bool) -> list[str]:
    """Say of every row of one file whether it is known; returns the records whose rows the file has no more."""
    sound = [row for row in rows if row.entry.sound and not row.checked.problems]
    with office.register.read() as tx:
        found = _Found.read(office, tx, form, sound)
    for step in (found.by_number, found.by_bytes, found.by_words):
        for row in sound:
            if row.is_new:
                step(row)
    found.refuse_alike(sound, same_again=same_again)
    return found.tell_changed(office, sound, same_again=same_again)


@dataclass
class _Found:
    """What the register knows of the rows of one file, read in one go; which record each row claims."""

    form: Form
    codes: FormCodes
    keys: dict[str, str]
    said: dict[str, list[str]]
    numbered: dict[str, Record]
    origins: dict[str, Origin]
    claimed: dict[str, Row] = field(default_factory=dict)
    first: dict[str, Row] = field(default_factory=dict)  # by what it says: the first row of this file
    alike: list[tuple[Row, Row]] = field(default_factory=list)

    @classmethod
    def read(cls, office: Office, tx: Transaction, form: Form, rows: Sequence[Row]) -> _Found:
        keys = tx.records.by_source([r.key for r in rows])
        said = tx.origins.saying([p for r in rows for p in r.prints])
        codes = office.form_codes
        numbers = dict.fromkeys(full_record_no(r.entry.number, codes, form.code) for r in rows if r.entry.number)
        numbered = {r.record_no: r for r in office.only_readable(tx.records.many(list(numbers)))}
        there = set(keys.values()) | {no for found in said.values() for no in found}
        if office.readable() is not None:  # another's record that may not be read is not found again
            may = office.only_readable(tx.records.many(list(there), uncommitted=True))
            there = {r.record_no for r in may}
        keys = {key: no for key, no in keys.items() if no in there}
        said = {print_: [no for no in found if no in there] for print_, found in said.items()}
        return cls(form, codes, keys, said, numbered, tx.origins.of(there | numbered.keys()))

    def claim(self, row: Row, record_no: str) -> None:
        row.known = record_no
        self.claimed[record_no] = row

    def by_number(self, row: Row) -> None:
        """A row that carries a number is that record, or nothing."""
        if not row.entry.number or row.says_new:
            return
        number = full_record_no(row.entry.number, self.codes, self.form.code)
        record = self.numbered.get(number)
        other = self.claimed.get(number)
        clear = "要作为新的一条填写，请把这格清空（或写「新」）"
        if record is None:
            row.refuse(f"没有编号是 {row.entry.number} 的记录；请核对「{NUMBER_COLUMN}」，{clear}")
        elif record.form_code != self.form.code:
            row.refuse(f"{number} 不是 {self.form.code} 的记录；请核对「{NUMBER_COLUMN}」，{clear}")
        elif record.state in GONE:
            row.refuse(f"{number} {STATE_LABELS[record.state]}，不能再填；{clear}，或删去这一行")
        elif other is not None:
            row.refuse(f"与第{other.entry.row}行写着同一个编号 {number}；请删去多出的一行，{clear}")
        else:
            self._compare(row, record)

    def _compare(self, row: Row, record: Record) -> None:
        said = any(record.record_no in self.said.get(p, ()) for p in row.prints)
        found = [] if said else differences(self.form, record.values, row.checked.values)
        self.claim(row, record.record_no)
        if found:
            row.known, row.changed, row.differences = "", record, found

    def by_bytes(self, row: Row) -> None:
        """The same file again."""
        if (number := self.keys.get(row.key)) and number not in self.claimed:
            self.claim(row, number)

    def by_words(self, row: Row) -> None:
        """A row that says what a record says is that record; one more like it is told, or new when that was said."""
        records = dict.fromkeys(no for p in row.prints for no in self.said.get(p, ()))
        row.seen = frozenset(records)
        free = [no for no in records if no not in self.claimed]
        here = origin_of(row.entry)
        standing = [no for no in free if self.origins.get(no) == here]
        if row.says_new:
            free = standing
        if free:
            self.claim(row, (standing or free)[0])
        before = next((self.first[p] for p in row.prints if p in self.first), None)
        if before is None and not row.known and not row.says_new and records:
            before = self.claimed[next(iter(records))]  # carried by its number, further up or down
        if before is not None and row.is_new and not row.says_new:
            self.alike.append((row, before))
        for print_ in row.prints:
            self.first.setdefault(print_, row)

    def refuse_alike(self, rows: Sequence[Row], *, same_again: bool) -> None:
        """Stop at rows that are alike within the file: one written twice, or two that happened to be alike."""
        if same_again:
            if len(rows) == 1 and rows[0].known and rows[0].key not in self.keys and not rows[0].entry.number:
                rows[0].known = ""  # one record, in a file of its own: nothing else can be meant
            return
        for row, before in self.alike:
            number = before.known or (before.changed.record_no if before.changed else "")
            first = f"第{before.entry.row}行" + (f"（{number}）" if number else "")
            is_new = joined("，或", [*row.answers.for_all, row.answers.in_number("新")])
            row.refuse(advise("与{}完全相同；写重了就删去一行，确是两条就{}", first, is_new))

    def tell_changed(self, office: Office, rows: Sequence[Row], *, same_again: bool) -> list[str]:
        """Look for the records whose rows vanished among the rows that are new."""
        recognised = {no: row for no, row in self.claimed.items() if row.known or row.changed}
        news = [row for row in rows if row.is_new and not row.says_new and all(row is not a for a, _ in self.alike)]
        books = {origin_of(row.entry).book for row in rows} | {
            o.book for no in recognised if (o := self.origins.get(no))
        }
        here = {o for no in recognised if (o := self.origins.get(no)) and o.row}
        with office.register.read() as tx:
            vanished: dict[str, Origin | None] = {**tx.origins.beside(self.form.code, books)}
            if any(no not in self.origins for no in recognised):
                days = {str(row.checked.values.get(self.form.date_field, ""))[:10] for row in news}
                vanished = {**dict.fromkeys(tx.origins.unplaced(self.form.code, days)), **vanished}
            gone = {no: o for no, o in vanished.items() if no not in recognised}
            # Two records in one place: the rows of another file of that name, in another folder.
            others = {(o.book, o.sheet) for o in gone.values() if o in here}
            strange = {no for no, o in gone.items() if o and (o.book, o.sheet) in others}
            wanted = [no for no, o in gone.items() if news or (o and o.row and no not in strange)]
            records = {
                r.record_no: r
                for r in office.only_readable(tx.records.many(wanted, uncommitted=True))
                if r.state not in GONE
            }
        places = {no: o for no in records if (o := gone.get(no)) and o.row}
        olds = [Placed(r.values, _row(places.get(no)), no, no in strange) for no, r in records.items()]
        moved = {
            row.entry.row: row.entry.row - o.row
            for no, row in recognised.items()
            if (o := self.origins.get(no)) and o.row
        }
        placed = [Placed(row.checked.values, row.entry.row) for row in news]
        for row, found in zip(news, resembling(self.form, placed, olds, moved), strict=True):
            if found.sure:
                row.changed = records.pop(found.record_nos[0])
                row.differences = differences(self.form, row.changed.values, row.checked.values)
            elif found.record_nos and not same_again:
                row.refuse(_doubtful(self.form, row, [records[no] for no in found.record_nos]))
        now = {origin_of(row.entry).book for row in recognised.values()}
        # By the sheet's old name: it may have been given another one meanwhile.
        sheets = {(o.book, o.sheet) for o in here if o.book in now}
        return [no for no, o in places.items() if no in records and no not in strange and (o.book, o.sheet) in sheets]


def _row(place: Origin | None) -> int | None:
    return place.row if place else None


def tell_vanished(record_nos: Sequence[str]) -> list[Sentence]:
    """Return what is told of records whose rows a file has no more."""
    if not record_nos:
        return []
    named = "、".join(record_nos[:_SHOWN]) + ("等" if len(record_nos) > _SHOWN else "")
    return [advise("表里不再有 {} 的行；记录没有变动，要作废请用 {}", named, Do.VOID)]


def _doubtful(form: Form, row: Row, records: Sequence[Record]) -> Sentence:
    near = "、".join(r.record_no for r in records[:_SHOWN])
    found = "；".join(told(form, differences(form, records[0].values, row.checked.values)))
    is_changed = row.answers.in_number(records[0].record_no)
    is_new = joined("，或", [row.answers.in_number("新"), *row.answers.for_all])
    return advise(
        "和 {} 很像，分不清是改动还是新的一条（{}）；是改动就{}，是新的一条就{}", near, found, is_changed, is_new
    )


def answers_in(entry: InputRecord) -> Answers:
    """Return how the rows of an input file say what they are: in a table's column, or as the key of a record."""
    name = PurePath(entry.source.partition("!")[0])
    return IN_TABLE if name.suffix.lower() in TABLES else IN_RECORD


def told(form: Form, found: Iterable[Difference]) -> list[str]:
    """Return differences as people read them: 「报告人」 甲 → 乙."""
    return [f"「{d.label}」{value_told(form, d, d.old)} → {value_told(form, d, d.new)}" for d in found]


def value_told(form: Form, difference: Difference, value: Any) -> str:
    """Return one of the two values of a difference as people read it."""
    each = form.by_key[difference.field]
    if isinstance(value, list) and each.columns:
        lines = [" ".join(shown(c, line[c.key]) for c in each.columns if c.key in line) for line in value]
        return f"{len(lines)}行：{'；'.join(lines)}"
    text = shown(each, value)
    return text or "（空）"


def way_to_change(record: Record) -> Sentence:
    """Return what brings a record to what its row says."""
    reason = Input.REASON("原因")
    if record.state in (State.FILED, State.BOUND):
        return advise("{}", Do.CORRECT(record.record_no, "输入文件", reason))
    update = Do.UPDATE(record.record_no, "输入文件")
    if record.state in (State.DRAFT, State.ISSUED):
        return advise("{}", update)
    return advise("{}，再 {}", Do.RETURN(record.record_no, reason), update)
