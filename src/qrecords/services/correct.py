"""Correct a record after filing: a new version beside the old one, with who, when, why (QS/PA758A 5.11.2).

Crash order as in filing: the intent holds the new values and the version to be made; the object's new version is
published; then the register commits values, correction and event at once. A correction that broke off before its
version was published leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from qrecords.advice import Do, Input, advise
from qrecords.errors import InvalidInput, Problem, UsageError
from qrecords.model import values as parsing
from qrecords.model.audit import digest
from qrecords.model.form import Form
from qrecords.model.record import Action, Correction, Record, State, require_open
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.checking import beyond_rules, derived, year_of
from qrecords.services.documents import (
    Documents,
    Paper,
    register_print,
    register_sheet_print,
    require_means,
    write_papers,
)
from qrecords.services.finding.indexing import follow
from qrecords.services.freezing import (
    Filing,
    FrozenForm,
    ToFreeze,
    enter,
    forms_of_frozen,
    freeze_all,
    is_frozen,
    item_row,
)
from qrecords.services.intake.known import entry_of
from qrecords.services.volumes.arranging import FORM_DOCX, FORM_PDF
from qrecords.stores import durable
from qrecords.stores.formfiles import FormFolder
from qrecords.stores.given import GivenFile
from qrecords.stores.inputs import InputRecord
from qrecords.stores.register import Transaction
from qrecords.stores.register.rows import ItemRow
from qrecords.work.step import Step, running

REASON_LENGTH = 500


@dataclass(frozen=True)
class CorrectRecord(Step[Office]):
    """The next version of a record's item, the record's new values, and the correction itself."""

    KIND = "correct"

    filings: tuple[Filing]
    record_no: str
    values: dict[str, Any]
    correction: Correction

    def freezes(self) -> tuple[str, ...]:
        """Return the records of the item."""
        return self.filings[0].record_nos

    def publishes(self) -> tuple[str]:
        """Return the item's object."""
        return (self.filings[0].object_id,)

    def standing(self, office: Office) -> CorrectRecord | None:
        """Return all of it when the version was published."""
        return self if is_frozen(office, self.filings[0]) else None

    def ready(self, office: Office) -> Callable[[Transaction], None]:
        """Read the item's PDF back; return what lets values, correction and item change together, with the event."""
        (read,) = forms_of_frozen(office, self.filings)
        return partial(self._enter, office, read)

    def _enter(self, office: Office, read: FrozenForm, tx: Transaction) -> None:
        (filing,), correction, number = self.filings, self.correction, self.record_no
        form = office.forms.get(filing.form_code).form
        (before,) = tx.records.many([number])
        tx.records.change([number], values=self.values, **_follows(form, before, self.values))
        tx.records.correct(number, correction)
        item = enter(office, tx, filing, tx.records.many(filing.record_nos), read)
        detail: dict[str, Any] = {
            "archive_no": filing.archive_no,
            "version": filing.version,
            "form_pdf": item.sha256,
            "reason": digest(correction.reason),
            "values": {key: [digest(old), digest(new)] for key, (old, new) in correction.changes.items()},
        }
        tx.audit.append([office.event(Action.CORRECT, number, **detail)])


def correctable(office: Office, record_no: str) -> Record:
    """Return a filed record the account may correct; errors are those of `correct`."""
    record = reading.one(office, record_no)
    office.authorise(Action.CORRECT, record.record_no, record)
    require_open(office.forms.get(record.form_code).form, record, Action.CORRECT)
    return record


def correct(office: Office, record_no: str, source: GivenFile, *, reason: str) -> Record:
    """Correct a filed record from an input that holds the fields to change; everything else stays.

    A row of a register makes the next version of its month. Values that leave their month or year are refused.
    """
    why = _reason(reason)
    record = reading.one(office, record_no)
    folder = office.forms.get(record.form_code)
    office.authorise(Action.CORRECT, record.record_no, record)
    require_open(folder.form, record, Action.CORRECT)
    if not record.paper_no:
        require_means(Documents(office), folder, office.papers.drafts, pdf=True)
    values = _corrected_values(office, folder.form, source, record)
    with office.exclusive("file", "归档"):
        _make_version(office, folder, record, values, why)
    follow(office)
    return reading.one(office, record.record_no)


def _corrected_values(office: Office, form: Form, source: GivenFile, record: Record) -> dict[str, Any]:
    entry = entry_of(office, source, form, record)
    values, problems = _checked(office, form, entry, record)
    if problems:
        how = "请改正后再更正，归档的内容没有变动"
        raise InvalidInput(f"{record.record_no} 的更正内容有问题", remedy=how, problems=problems)
    if values == record.values:
        remedy = advise("用 {} 核对", Do.SHOW(record.record_no))
        raise InvalidInput("与归档的内容相同，没有要更正的", remedy=remedy)
    return values


def _checked(office: Office, form: Form, entry: InputRecord, record: Record) -> tuple[dict[str, Any], list[Problem]]:
    checked = form.check(entry.values, record.values, as_it_was=bool(record.paper_no))
    problems = [*checked.problems]
    if not record.paper_no:  # past paper is as it is, whatever it lacks
        problems += beyond_rules(office, form, checked.values, own=record.record_no)
        step = form.steps.get(Action.FILE.value)
        problems += form.lost(record.values, checked.values)
        problems += form.incomplete(checked.values, step.stages if step else [form.stages[0].key])
    if not problems:
        label, day = form.label(form.date_field), str(checked.values[form.date_field])
        if form.is_register and day[:7] != record.month:
            problems.append(Problem(f"「{label}」不能改到另一个月，这一行已随 {record.month} 归档", form.date_field))
        elif year_of(form, checked.values) != record.year:
            problems.append(Problem(f"「{label}」不能改到另一年，编号里的年份是{record.year}", form.date_field))
    return checked.values, [p if p.source else p.at(entry.source, entry.row) for p in problems]


def _make_version(office: Office, folder: FormFolder, record: Record, values: dict[str, Any], why: str) -> None:
    keys = [k for k in {**record.values, **values} if record.values.get(k) != values.get(k)]
    changes = {k: [record.values.get(k), values.get(k)] for k in keys}
    documents = Documents(office)
    with running(office) as run:
        with office.register.write() as tx:
            reading.require_unchanged(tx, [record])
            item = item_row(office, tx, record)
            correction = Correction(item.version + 1, office.now(), office.account.person, why, changes,
                                    office.account.name)  # fmt: skip
            records = _as_corrected(folder.form, _held(tx, item), record.record_no, values, correction)
            filing = _filing(office, tx, folder, item, records)
            step = run.begin(tx, CorrectRecord((filing,), record.record_no, values, correction))
            filed_by = tx.accounts.person(item.filed_by)
        durable.checkpoint("correct.intent")
        with ExitStack() as lent:
            if filing.print_no:
                paper = documents.archived(
                    _paper(documents, folder, filing, records),
                    archive_no=filing.archive_no, archived_by=filed_by, archived_on=item.filed_at[:10],
                )  # fmt: skip
                made = write_papers(documents, [paper], run.folder, pdf=True)[paper.subject].by_name
            else:  # past paper: the scan stays what it shows
                made = {FORM_PDF: lent.enter_context(office.archive.lent(filing.object_id, FORM_PDF, item.version))}
            durable.checkpoint("correct.papers")
            message = f"更正 {record.record_no}：{why}"
            freeze_all(office, run.key, [ToFreeze(filing, made, records)], message)
        durable.checkpoint("correct.frozen")
        run.commit(step)


def _held(tx: Transaction, item: ItemRow) -> list[Record]:
    """Return the records an item holds: one, or the rows of a month."""
    return [r for r in tx.records.find(archive_no=item.archive_no) if r.state in {State.FILED, State.BOUND}]


def _as_corrected(
    form: Form, records: Sequence[Record], record_no: str, values: dict[str, Any], correction: Correction
) -> list[Record]:
    """Return the records with one of them as it will be: its title and date follow its values."""
    return [
        replace(r, values=values, corrections=(*r.corrections, correction), **_follows(form, r, values))
        if r.record_no == record_no
        else r
        for r in records
    ]


def _follows(form: Form, record: Record, values: dict[str, Any]) -> dict[str, Any]:
    """Return what of a record follows its values; the title of past paper was given by hand."""
    return derived(form, values) | ({"title": record.title} if record.paper_no else {})


def _filing(office: Office, tx: Transaction, folder: FormFolder, item: ItemRow, records: Sequence[Record]) -> Filing:
    month = item.month
    if FORM_DOCX not in office.archive.names(item.object_id, item.version):
        print_no = 0  # past paper, never printed from here
    elif month:
        print_no = register_sheet_print(office, tx, folder, month, records)
    else:
        print_no = register_print(office, tx, folder, records[0])
    numbers = tuple(r.record_no for r in records)
    return Filing(
        folder.form.code, month, numbers, item.record_year, item.archive_no, item.object_id,
        item.version + 1, print_no, item.filed_at, item.filed_by,
    )  # fmt: skip


def _paper(documents: Documents, folder: FormFolder, filing: Filing, records: Sequence[Record]) -> Paper:
    if filing.month:
        return documents.sheet_paper(folder, filing.month, records, filing.print_no)
    return documents.record_paper(folder, records[0], filing.print_no)


def _reason(reason: str) -> str:
    try:
        text = " ".join(parsing.parse_text(reason, REASON_LENGTH).split())
    except ValueError as error:
        raise InvalidInput(f"原因：{error}", remedy="请改写后再试") from None
    if not text:
        raise UsageError("没有写原因", remedy=advise("请用 {} 写明为什么更正，它会印在表上", Input.REASON))
    return text
