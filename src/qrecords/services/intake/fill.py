"""Fill a form from structured input (QS/PA758A 5.1.2.2, 5.5.5)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from qrecords.advice import Sentence, advise
from qrecords.errors import InvalidInput, NotPermitted, Problem
from qrecords.model import numbering
from qrecords.model.access import Subject, decide
from qrecords.model.answer import left_out
from qrecords.model.audit import digest
from qrecords.model.form import Checked, Form
from qrecords.model.record import OPEN_STATES, Action, Record, State
from qrecords.model.sameness import Difference
from qrecords.office import Office
from qrecords.services.checking import beyond_rules, derived, reminders, year_of
from qrecords.services.documents import (
    Documents,
    Paper,
    Written,
    register_prints,
    register_sheet_print,
    require_means,
    sheet_subject,
    write_papers,
)
from qrecords.services.finding.indexing import follow
from qrecords.services.intake.kepttemplates import kept
from qrecords.services.intake.known import (
    Answers,
    Row,
    answers_in,
    origin_of,
    prints_of,
    recognise,
    tell_vanished,
    told,
    way_to_change,
)
from qrecords.services.intake.lists import Completion
from qrecords.services.intake.returning import Copies, Outcome, how_to_go_on, send_back
from qrecords.services.intake.sendingnumbers import send_numbers
from qrecords.services.neighbours import Neighbours
from qrecords.stores import durable
from qrecords.stores.formfiles import FormFolder
from qrecords.stores.given import GivenFile
from qrecords.stores.inputs import TABLES, InputRecord, file_sha256, read_records
from qrecords.stores.register import Transaction
from qrecords.stores.register.origins import Origin
from qrecords.work.step import Run, Step, running

CHUNK = 200  # records made by one intent: what a broken run may have to finish

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FillRecords(Step[Office]):
    """The records a fill makes: in the register from the start, unseen until their papers are made."""

    KIND = "fill"

    records: tuple[str, ...]

    def standing(self, office: Office) -> FillRecords:
        """Return all of it: its papers can be printed again any time."""
        return self

    def commit(self, office: Office, tx: Transaction) -> None:
        """Let the records appear, each with its event."""
        _appear(office, tx, tx.records.many(self.records, uncommitted=True))


@dataclass(frozen=True, slots=True)
class Ready:
    """One record of the input that passed every check; `known` is its number when it has one already."""

    source: str
    row: int
    key: str
    values: dict[str, Any]
    prints: list[str]
    origin: Origin
    known: str = ""
    seen: frozenset[str] = frozenset()  # the records that say the same, as the register was read


@dataclass(frozen=True, slots=True)
class FilledRecord:
    """A record a fill made, or found `again`, and the papers it has in the folder papers go to."""

    record_no: str
    docx: Path | None
    pdf: Path | None
    again: bool | None = left_out()


@dataclass(frozen=True, slots=True)
class SoundRow:
    """A row of the input that passed every check; `record_no` when it is a record already."""

    source: str
    row: int
    values: Mapping[str, Any]
    record_no: str | None = left_out()


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row of the input, or all of it, and what is wrong with it."""

    source: str
    row: int | None
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that says something else than the record made of it: what differs, in words too, and how to change it."""

    source: str
    row: int
    record_no: str
    differences: Sequence[Difference]
    told: Sequence[Sentence]
    remedy: Sentence


@dataclass(slots=True)
class Filled:
    """What came of a fill: records made or found again, rows rejected or changed since, what was forgiven.

    A dry run gives the `sound` rows instead of records.
    """

    records: list[FilledRecord] = field(default_factory=list)
    sound: list[SoundRow] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    changed: list[ChangedRow] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    numbered: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # the records whose rows their file has no more


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a fill is to go: where papers and copies go, as PDF too, what of rows that are alike."""

    out: Path
    pdf: bool = False
    same_again: bool = False
    progress: Progress | None = None


def fill(
    office: Office,
    form_code: str,
    inputs: Sequence[GivenFile],
    *,
    out: Path | None = None,
    pdf: bool = False,
    dry_run: bool = False,
    keep_going: bool = False,
    copies: Copies | None = None,
    same_again: bool = False,
    progress: Progress | None = None,
) -> Filled:
    """Make a record of every entry of the inputs that has none yet: all or none, unless `keep_going`.

    A row that was filled before is found again (services/intake/known.py); one changed since is told and makes nothing.
    InvalidInput lists all problems at once. Workbooks with rejected rows come back marked (returning.py), and
    those whose rows lacked their numbers with them, where `copies` puts them. Papers go to the folder `out`, or to the
    drafts. `same_again`: rows that are alike are records of their own.
    """
    folder = office.forms.get(office.forms.full_code(form_code))
    office.authorise(Action.CREATE, folder.form.code)
    documents = Documents(office)
    wishes = Wishes(out or office.papers.drafts, pdf, same_again, progress)
    if not dry_run:
        require_means(documents, folder, wishes.out, pdf=pdf)
    result = Filled()
    ready = _check_all(office, folder.form, inputs, result, same_again=same_again)
    _require_rights(office, folder.form, [r for r in ready if not r.known])
    if result.rejected and not keep_going:
        _send_back(office, folder.form, result, copies, made=False)
        raise InvalidInput(
            f"{len(result.rejected)}条记录有问题，没有生成任何记录",
            remedy=how_to_go_on(result.returned),
            problems=[p for entry in result.rejected for p in entry.problems],
        )
    if dry_run:
        result.sound = [SoundRow(r.source, r.row, r.values, r.known or None) for r in ready]
    else:
        numbers = _make_all(documents, folder, ready, result, wishes)
        if copies:
            result.numbered, notes = send_numbers(result.outcomes, folder.form, numbers, copies)
            result.notes += notes
    _send_back(office, folder.form, result, copies, made=not dry_run)
    return result


def _send_back(office: Office, form: Form, result: Filled, copies: Copies | None, *, made: bool) -> None:
    if copies and result.rejected:
        result.returned, notes = send_back(office, result.outcomes, form, copies, made=made)
        result.notes += notes


def _check_all(
    office: Office, form: Form, inputs: Sequence[GivenFile], result: Filled, *, same_again: bool
) -> list[Ready]:
    ready: dict[str, Ready] = {}
    lists, around = Completion(office), Neighbours(office, form)
    with_tables = any(PurePath(given.name).suffix.lower() in TABLES for given in inputs)
    others = [folder.form for folder in office.forms.all()] if with_tables else []
    for given in inputs:
        outcome = Outcome(given)
        result.outcomes.append(outcome)
        rows: list[Row] = []
        try:
            with given.lent() as path:
                sha256 = file_sha256(path)
                for entry in read_records(path, form, others):
                    rows.append(read_row(form, lists, sha256, entry))
        except InvalidInput as error:
            problems = list(error.problems) or [Problem(error.message, source=given.name)]
            result.rejected.append(RejectedRow(given.name, None, problems))
            outcome.refuse(problems)
        gone = recognise(office, form, rows, same_again=same_again)
        result.gone += gone
        result.notes += tell_vanished(gone)
        around.look_up([row.checked.values for row in rows if row.is_new])
        for row, twin in zip(rows, _twins(rows, ready), strict=True):
            _sort_row(around, row, twin, ready, result, outcome)
    result.notes += lists.notes
    if not ready and not result.rejected and not result.changed:
        raise InvalidInput("输入里没有记录", remedy="请在表头下面填写至少一行")
    return list(ready.values())


def read_row(form: Form, lists: Completion, sha256: str, entry: InputRecord, answers: Answers | None = None) -> Row:
    """Return an entry of a file of these bytes as a row, checked with what the lists add to it."""
    completed = lists.check(form, entry.values)
    prints = [] if completed.checked.problems or not entry.sound else prints_of(form, completed)
    slim = replace(entry, values={})  # what was read is held once
    key, notes = source_key(form, sha256, entry), [*entry.notes, *completed.notes]
    return Row(slim, completed.checked, key, prints, answers or answers_in(entry), notes)


def _twins(rows: Sequence[Row], ready: Mapping[str, Ready]) -> list[str]:
    """Return for each row the earlier input of this command that says the same, each such input once; "" for none."""
    said: dict[str, list[str]] = {}
    for key, one in ready.items():
        for print_ in one.prints if not one.known else ():
            said.setdefault(print_, []).append(key)
    found, used = [], set[str]()
    for row in rows:
        there = [k for p in row.prints for k in said.get(p, ()) if k not in used] if not row.says_new else []
        twin = row.key if row.key in ready else next(iter(there), "") if row.is_new else ""
        used.add(twin)
        found.append(twin)
    return found


def _sort_row(
    around: Neighbours, row: Row, twin: str, ready: dict[str, Ready], result: Filled, outcome: Outcome
) -> None:
    """Put one row where it belongs: ready, found again, changed, or rejected with all that is wrong with it."""
    office, form, entry, values = around.office, around.form, row.entry, row.checked.values
    where = f"{entry.source} 第{entry.row}行"
    # What the reader passed over is told of rows known too: a sheet not read may hold new ones.
    told_always = {*entry.notes}
    result.notes += [f"{where}：{note}" for note in row.notes if row.is_new or note in told_always]
    if row.changed is not None:
        outcome.accept(entry, row.changed.record_no)
        result.changed.append(_changed(form, row, row.changed))
        return
    problems = row.problems
    if not row.known and not twin and not problems:
        problems = _check_one(around, entry, row.checked)
    if problems:
        result.rejected.append(RejectedRow(entry.source, entry.row, problems))
        outcome.refuse(problems, entry)
        return
    if not entry.sound:
        return  # what the reader could not take is told already
    outcome.accept(entry, row.known or twin or row.key)
    if twin:
        result.notes.append(f"{where}：与前面的输入相同，只生成一份")
        return
    if row.is_new:
        told = reminders(office, form, values, around=around)
        result.notes += [advise("{}：提醒：{}", where, p.message) for p in told]
    key = row.known or row.key
    if key not in ready:
        ready[key] = Ready(entry.source, entry.row, row.key, values, row.prints, origin_of(entry), row.known, row.seen)
        if not row.known:
            around.take_in(values)


def _changed(form: Form, row: Row, record: Record) -> ChangedRow:
    return ChangedRow(
        row.entry.source,
        row.entry.row,
        record.record_no,
        differences=row.differences,
        told=told(form, row.differences),
        remedy=way_to_change(record),
    )


def _check_one(around: Neighbours, entry: InputRecord, checked: Checked) -> list[Problem]:
    office, form, problems = around.office, around.form, [*checked.problems]
    # A wrong value is reported once, as wrong, not a second time as missing.
    wrong = {*(p.field for p in problems), *entry.blocked}
    problems += form.incomplete(checked.values, [form.stages[0].key], wrong)
    problems += beyond_rules(office, form, checked.values, around=around)
    return [p.at(entry.source, entry.row) for p in problems]


def source_key(form: Form, sha256: str, entry: InputRecord) -> str:
    """Return what a row is known by whose file has the same bytes."""
    sheet = entry.source.partition("!")[2]
    return hashlib.sha256(f"{form.code}\0{sha256}\0{sheet}\0{entry.row}".encode()).hexdigest()


def _require_rights(office: Office, form: Form, ready: Sequence[Ready]) -> None:
    """Refuse records the account may not make: of another unit, of another's notice, above its clearance."""
    problems = []
    account, allowed = office.account, office.rules
    for entry in ready:
        made = Subject.of(_new_record(office, form, entry.values, ""), account)
        decision = decide(account, Action.CREATE, made, allowed)
        if not decision.allowed:
            problems.append(Problem(decision.reason, source=entry.source, row=entry.row))
            remedy = decision.remedy
    if problems:
        with office.register.write() as tx:
            tx.audit.append([office.event(Action.CREATE, form.code, outcome="refused", rows=len(problems))])
        raise NotPermitted(f"有{len(problems)}条记录不能由您填写，没有生成任何记录", remedy=remedy, problems=problems)


def _make_all(
    documents: Documents, folder: FormFolder, ready: list[Ready], result: Filled, wishes: Wishes
) -> dict[str, str]:
    """Make the records chunk by chunk, and let go of each: `ready` is empty then. Returns their numbers by key."""
    office = documents.office
    kept(office, folder)
    numbers: dict[str, str] = {}
    total = len(ready)
    size = max(total, 1) if folder.form.is_register else CHUNK
    while ready:
        part = ready[:size]
        del ready[:size]
        with running(office) as run:
            chunk = _begin(run, folder, part, {*numbers.values()}, documents, wishes)
            durable.checkpoint("fill.intent")
            files = write_papers(documents, chunk.papers, wishes.out, pdf=wishes.pdf)
            durable.checkpoint("fill.papers")
            with run.committing(chunk.step) as tx:
                _appear(office, tx, chunk.records)
        for entry, record in zip(part, chunk.records, strict=True):
            subject = _paper_subject(folder.form, record)
            docx, pdf = files.get(subject) or _there(subject, wishes)
            again = True if record.record_no in chunk.again else None
            result.records.append(FilledRecord(record.record_no, docx, pdf, again))
            numbers[entry.key] = record.record_no
        if wishes.progress:
            wishes.progress(total - len(ready), total)
    if result.gone:
        with office.register.write() as tx:
            tx.origins.leave(result.gone)
    follow(office)
    return numbers


def _there(subject: str, wishes: Wishes) -> Written:
    """Return the papers a record has already in the folder papers go to."""
    files = (wishes.out / f"{subject}.{kind}" for kind in ("docx", "pdf"))
    return Written(*(path if path.exists() else None for path in files))


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The records of one intent, those that were there before, and the papers to be made."""

    step: FillRecords
    records: list[Record]
    again: frozenset[str]
    papers: list[Paper]


def _begin(
    run: Run[Office],
    folder: FormFolder,
    part: Sequence[Ready],
    own: Collection[str],
    documents: Documents,
    wishes: Wishes,
) -> _Chunk:
    """Write the intent: numbers taken, values in the register, prints written down."""
    office, form = run.desk, folder.form
    with office.register.write() as tx:
        known = {r.key: r.known for r in part if r.known} | _made_meanwhile(office, tx, part, own)
        old = {r.record_no: r for r in tx.records.many(list(known.values()), uncommitted=True)}
        fresh = [r for r in part if r.key not in known]
        # A key may belong to a record that may not be read; then the input makes one of its own, without a key.
        taken = tx.records.by_source([r.key for r in fresh])
        numbers = iter(_take_numbers(tx, form, fresh))
        made = {r.key: _new_record(office, form, r.values, next(numbers)) for r in fresh}
        said = {made[r.key].record_no: r.prints for r in fresh}
        tx.records.add([(record, None if key in taken else key) for key, record in made.items()], said)
        records = [made.get(r.key) or old[known[r.key]] for r in part]
        _place(tx, part, records)
        step = run.begin(tx, FillRecords(tuple(r.record_no for r in made.values())))
        papers = [*_papers(office, tx, folder, records, frozenset(old), documents, wishes)]
    return _Chunk(step, records, frozenset(old), papers)


def _made_meanwhile(office: Office, tx: Transaction, part: Sequence[Ready], own: Collection[str]) -> dict[str, str]:
    """Return the records another process made of the same rows since they were read, by key; `own` are ours."""
    fresh = [r for r in part if not r.known]
    by_key, said = tx.records.by_source([r.key for r in fresh]), tx.origins.saying([p for r in fresh for p in r.prints])
    candidates = {r.key: [by_key[r.key]] if r.key in by_key else [] for r in fresh}
    for entry in fresh:
        candidates[entry.key] += [no for p in entry.prints for no in said.get(p, ()) if no not in entry.seen]
    there = dict.fromkeys(no for numbers in candidates.values() for no in numbers if no not in own)
    free = {r.record_no for r in office.only_readable(tx.records.many(list(there), uncommitted=True))}
    found: dict[str, str] = {}
    for key, numbers in candidates.items():
        if number := next((no for no in numbers if no in free), ""):
            found[key] = number
            free.discard(number)
    return found


def _place(tx: Transaction, part: Sequence[Ready], records: Sequence[Record]) -> None:
    """Write down where the rows stand now: by it a row changed later is known."""
    before = tx.origins.of([r.record_no for r in records])
    now = {record.record_no: entry.origin for entry, record in zip(part, records, strict=True)}
    tx.origins.place({no: origin for no, origin in now.items() if before.get(no) != origin})


def _take_numbers(tx: Transaction, form: Form, fresh: Iterable[Ready]) -> Iterator[str]:
    years = [year_of(form, entry.values) for entry in fresh]
    series = {year: iter(tx.counters.take(f"record/{form.code}/{year}", n)) for year, n in Counter(years).items()}
    for year in years:
        yield numbering.record_no(form.code, year, next(series[year]))


def _new_record(office: Office, form: Form, values: dict[str, Any], record_no: str) -> Record:
    return Record(
        record_no=record_no,
        form_code=form.code,
        year=year_of(form, values),
        state=State.DRAFT,
        values=values,
        created_at=office.now(),
        created_by=office.account.name,
        **derived(form, values),
    )


def _papers(
    office: Office,
    tx: Transaction,
    folder: FormFolder,
    records: Sequence[Record],
    again: Collection[str],
    documents: Documents,
    wishes: Wishes,
) -> Iterator[Paper]:
    """Give the papers of what is new, and of what was there but has no paper in the folder and is still open."""
    wanted = [r for r in records if r.record_no not in again or _lacks_paper(folder.form, r, wishes)]
    if not folder.form.is_register:
        numbers = register_prints(office, tx, folder, wanted)
        for record in wanted:
            yield documents.record_paper(folder, record, numbers[record.record_no])
        return
    for month in dict.fromkeys(r.month for r in wanted):
        rows = [r for r in records if r.month == month]
        number = register_sheet_print(office, tx, folder, month, rows)
        yield documents.sheet_paper(folder, month, rows, number)


def _lacks_paper(form: Form, record: Record, wishes: Wishes) -> bool:
    there = _there(_paper_subject(form, record), wishes)
    return record.state in OPEN_STATES and (there.docx is None or (wishes.pdf and there.pdf is None))


def _paper_subject(form: Form, record: Record) -> str:
    return sheet_subject(form.code, record.month) if form.is_register else record.record_no


def _appear(office: Office, tx: Transaction, records: Sequence[Record]) -> None:
    """Let records appear, each with its event; those that appeared before stay as they are."""
    hidden = tx.records.hidden([r.record_no for r in records])  # another process may have filled the same rows
    records = [r for r in records if r.record_no in hidden]
    tx.records.touch([r.record_no for r in records])
    tx.audit.append([office.event(Action.CREATE, r.record_no, values=digest(r.values)) for r in records])
