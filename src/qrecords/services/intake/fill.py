"""Fill a form from structured input (QS/PA758A 5.1.2.2, 5.5.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qrecords.errors import InvalidInput, NotPermitted, Problem
from qrecords.model import numbering
from qrecords.model.access import Subject, decide
from qrecords.model.audit import digest
from qrecords.model.form import Checked, Form
from qrecords.model.record import Action, Record, State
from qrecords.office import Office
from qrecords.services.checking import beyond_rules, derived, reminders, year_of
from qrecords.services.documents import (
    Documents,
    Paper,
    register_print,
    register_sheet_print,
    require_means,
    sheet_subject,
    write_papers,
)
from qrecords.services.finding.indexing import follow
from qrecords.services.intake.lists import Completion
from qrecords.services.intake.returning import Outcome, how_to_go_on, require_place, send_back
from qrecords.services.intake.templates import kept
from qrecords.stores import durable
from qrecords.stores.formfiles import FormFolder
from qrecords.stores.inputs import TABLES, InputRecord, file_sha256, read_records
from qrecords.stores.register import Transaction

CHUNK = 200  # records made by one intent: what a broken run may have to finish

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Ready:
    """One record of the input that passed every check."""

    source: str
    row: int
    key: str
    values: dict[str, Any]


@dataclass(slots=True)
class Filled:
    """What came of a fill: the records made (or found again), what was rejected, what was forgiven."""

    records: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    returned: list[Path] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


def fill(
    office: Office,
    form_code: str,
    inputs: Sequence[Path],
    *,
    out: Path | None = None,
    pdf: bool = False,
    dry_run: bool = False,
    keep_going: bool = False,
    rejected: Path | None = None,
    progress: Progress | None = None,
) -> Filled:
    """Make a record of every entry of the inputs: all or none, unless `keep_going`.

    The same input (same bytes, same row) run again gives the same numbers. InvalidInput lists all problems at once.
    Workbooks with rejected rows come back marked (services/intake/returning.py) to `rejected`, a file or
    folder, or to `out`.
    """
    require_place(inputs, rejected)
    folder = office.forms.get(form_code)
    office.authorise(Action.CREATE, folder.form.code)
    if not dry_run:
        require_means(office, folder, out or office.drafts_dir, pdf=pdf)
    result = Filled()
    ready = _check_all(office, folder.form, inputs, result)
    _require_rights(office, folder.form, ready)
    out = out or office.drafts_dir
    back_to = rejected or (None if dry_run else out)
    if result.rejected and not keep_going:
        _send_back(folder.form, result, back_to, made=False)
        raise InvalidInput(
            f"{len(result.rejected)}条记录有问题，没有生成任何记录",
            remedy=how_to_go_on(result.returned),
            problems=[p for entry in result.rejected for p in entry["problems"]],
        )
    if dry_run:
        result.records = [{"source": r.source, "row": r.row, "values": r.values} for r in ready]
    else:
        _make_all(office, folder, ready, result, out, pdf=pdf, progress=progress)
    _send_back(folder.form, result, back_to, made=not dry_run)
    return result


def _send_back(form: Form, result: Filled, place: Path | None, *, made: bool) -> None:
    if place is not None and result.rejected:
        result.returned, notes = send_back(result.outcomes, form, place, made=made)
        result.notes += notes


def _check_all(office: Office, form: Form, inputs: Sequence[Path], result: Filled) -> list[Ready]:
    ready: dict[str, Ready] = {}
    lists = Completion(office)
    with_tables = any(path.suffix.lower() in TABLES for path in inputs)
    others = [folder.form for folder in office.forms.all()] if with_tables else []
    for path in inputs:
        outcome = Outcome(path)
        result.outcomes.append(outcome)
        try:
            sha256 = file_sha256(path)
            for entry in read_records(path, form, others):
                checked, taken = lists.check(form, entry.values)
                result.notes += [f"{entry.source} 第{entry.row}行：{note}" for note in (*entry.notes, *taken)]
                key, values = _source_key(form, sha256, entry), checked.values
                own, beside = _beside(office, form, key, ready)
                problems = _check_one(office, form, entry, checked, own, beside)
                if problems:
                    result.rejected.append({"source": entry.source, "row": entry.row, "problems": problems})
                    outcome.refuse(problems, entry)
                    continue
                if not entry.sound:
                    continue  # what the reader could not take is told below
                outcome.accept(entry)
                result.notes += _reminders(office, form, entry, values, own)
                if key in ready:
                    result.notes.append(f"{entry.source} 第{entry.row}行：与前面的输入相同，只生成一份")
                ready.setdefault(key, Ready(entry.source, entry.row, key, values))
        except InvalidInput as error:
            problems = list(error.problems) or [Problem(error.message, source=path.name)]
            result.rejected.append({"source": path.name, "row": None, "problems": problems})
            outcome.refuse(problems)
    result.notes += lists.notes
    if not ready and not result.rejected:
        raise InvalidInput("输入里没有记录", remedy="请在表头下面填写至少一行")
    return list(ready.values())


def _beside(office: Office, form: Form, key: str, ready: Mapping[str, Ready]) -> tuple[str, list[dict[str, Any]]]:
    """Return the number an input made before, if it did, and the values of the records that come in with it."""
    if not form.relations:
        return "", []
    with office.register.read() as tx:
        made = tx.records.by_source([key])
    return made.get(key, ""), [r.values for r in ready.values() if r.key != key]


def _reminders(office: Office, form: Form, entry: InputRecord, values: dict[str, Any], own: str) -> list[str]:
    return [f"{entry.source} 第{entry.row}行：提醒：{p.message}" for p in reminders(office, form, values, own=own)]


def _check_one(
    office: Office, form: Form, entry: InputRecord, checked: Checked, own: str, beside: Sequence[dict[str, Any]]
) -> list[Problem]:
    problems = [*checked.problems]
    # A wrong value is reported once, as wrong, not a second time as missing.
    wrong = {*(p.field for p in problems), *entry.blocked}
    problems += form.incomplete(checked.values, [form.stages[0].key], wrong)
    problems += beyond_rules(office, form, checked.values, own=own, beside=beside)
    return [p.at(entry.source, entry.row) for p in problems]


def _source_key(form: Form, sha256: str, entry: InputRecord) -> str:
    sheet = entry.source.partition("!")[2]
    return hashlib.sha256(f"{form.code}\0{sha256}\0{sheet}\0{entry.row}".encode()).hexdigest()


def _require_rights(office: Office, form: Form, ready: Sequence[Ready]) -> None:
    """Refuse records the account may not make: of another unit, of another's notice, above its clearance."""
    problems = []
    for entry in ready:
        made = Subject.of(_new_record(office, form, entry.values, ""), office.account)
        decision = decide(office.account, Action.CREATE, made, office.rules)
        if not decision.allowed:
            problems.append(Problem(decision.reason, source=entry.source, row=entry.row))
            remedy = decision.remedy
    if problems:
        with office.register.write() as tx:
            tx.audit.append([office.event(Action.CREATE, form.code, outcome="refused", rows=len(problems))])
        raise NotPermitted(f"有{len(problems)}条记录不能由您填写，没有生成任何记录", remedy=remedy, problems=problems)


def _make_all(
    office: Office,
    folder: FormFolder,
    ready: list[Ready],
    result: Filled,
    out: Path,
    *,
    pdf: bool,
    progress: Progress | None,
) -> None:
    """Make the records chunk by chunk, and let go of each: `ready` is empty afterwards."""
    documents = Documents(office)
    kept(office, folder)
    total = len(ready)
    size = max(total, 1) if folder.form.is_register else CHUNK
    while ready:
        part = ready[:size]
        del ready[:size]
        with office.under_way() as intent:
            records, papers = _begin(office, folder, intent, part, documents)
            durable.checkpoint("fill.intent")
            files = write_papers(documents, papers, out, pdf=pdf)
            durable.checkpoint("fill.papers")
            commit_filled(office, intent, [r.record_no for r in records])
            durable.checkpoint("fill.committed")
        result.records += [{"record_no": r.record_no, **files[_paper_subject(folder.form, r)]} for r in records]
        if progress:
            progress(total - len(ready), total)
    follow(office)


def _begin(
    office: Office, folder: FormFolder, intent: str, part: Sequence[Ready], documents: Documents
) -> tuple[list[Record], list[Paper]]:
    """Write the intent: numbers taken, values in the register, prints written down."""
    form = folder.form
    with office.register.write() as tx:
        existing = tx.records.by_source([r.key for r in part])
        old = {r.record_no: r for r in tx.records.many(list(existing.values()), uncommitted=True)}
        # Another's record that may not be read is not found again; then the input makes one of its own, without a key.
        mine = {r.record_no for r in office.only_readable(old.values())}
        hidden = {key for key, number in existing.items() if number not in mine}
        fresh = [r for r in part if r.key not in existing or r.key in hidden]
        numbers = iter(_take_numbers(tx, form, fresh))
        made = {r.key: _new_record(office, form, r.values, next(numbers)) for r in fresh}
        tx.records.add([(record, None if key in hidden else key) for key, record in made.items()])
        office.begin(tx, intent, "fill", {"records": [r.record_no for r in made.values()]})
        records = [made.get(r.key) or old[existing[r.key]] for r in part]
        papers = [*_papers(office, tx, folder, records, documents)]
    return records, papers


def _take_numbers(tx: Transaction, form: Form, fresh: Iterable[Ready]) -> Iterator[str]:
    for entry in fresh:
        year = year_of(form, entry.values)
        yield numbering.record_no(form.code, year, tx.counters.take(f"record/{form.code}/{year}")[0])


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
    office: Office, tx: Transaction, folder: FormFolder, records: Sequence[Record], documents: Documents
) -> Iterator[Paper]:
    if not folder.form.is_register:
        for record in records:
            yield documents.record_paper(folder, record, register_print(office, tx, folder, record))
        return
    for month in dict.fromkeys(r.month for r in records):
        rows = [r for r in records if r.month == month]
        number = register_sheet_print(office, tx, folder, month, rows)
        yield documents.sheet_paper(folder, month, rows, number)


def _paper_subject(form: Form, record: Record) -> str:
    return sheet_subject(form.code, record.month) if form.is_register else record.record_no


def commit_filled(office: Office, intent: str, record_nos: Sequence[str]) -> None:
    """Close a fill: the records appear, each with its event; those that appeared before stay as they are."""
    with office.register.write() as tx:
        records = [r for r in tx.records.many(record_nos, uncommitted=True) if r.seq == 0]
        tx.records.touch([r.record_no for r in records])
        tx.audit.append([office.event(Action.CREATE, r.record_no, values=digest(r.values)) for r in records])
        tx.intents.close(intent)
