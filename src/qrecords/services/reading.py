"""Gets records for the other services; what is not there and what may not be read is one answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qrecords.advice import Do, Named, advise
from qrecords.errors import IntegrityFailure, Problem, UsageError, WrongState
from qrecords.model.numbering import full_record_no
from qrecords.model.record import Action, Record
from qrecords.model.replay import as_logged
from qrecords.office import Office, missing_records
from qrecords.services.intents import being_filed
from qrecords.stores.register import Transaction

if TYPE_CHECKING:
    from qrecords.model.volume import Item
    from qrecords.stores.formfiles import FormFolder


def one(office: Office, record_no: str) -> Record:
    """Return one record; NotFound when there is none of this number."""
    return many(office, [record_no])[0]


def many(office: Office, record_nos: Sequence[str]) -> list[Record]:
    """Return records in the order asked for, each once; NotFound names all that are not there or may not be read."""
    codes = office.form_codes
    wanted = list(dict.fromkeys(full_record_no(no, codes) for no in record_nos if no.strip()))
    if not wanted:
        remedy = advise("请写上编号，如 06A-2026-00123；用 {} 查看", Do.LIST)
        raise UsageError("没有给出记录编号", remedy=remedy)
    there = unfiltered(office, wanted)
    records = office.only_readable(there)
    if len(records) < len(wanted):
        if hidden := {r.record_no for r in there} - {r.record_no for r in records}:
            office.note([office.event(Action.READ, no, outcome="refused") for no in sorted(hidden)])
        raise missing_records([no for no in wanted if no not in {r.record_no for r in records}])
    return records


def unfiltered(office: Office, record_nos: Sequence[str]) -> list[Record]:
    """Return records whoever asks: for steps already authorised, which must take an item whole."""
    with office.register.read() as tx:
        return tx.records.many(record_nos)


def whole(office: Office, tx: Transaction, archive_nos: Sequence[str]) -> set[str]:
    """Return which of these items may be read whole: every record in them, and all that is kept apart in those."""
    if not (wanted := [no for no in dict.fromkeys(archive_nos) if no]):
        return set()
    hidden = hidden_documents(office, tx)
    asked = [no for no in wanted if no not in hidden]
    if office.sees_all():
        return set(asked)
    documents = {d.progress.archive_no for d in tx.documents.all()}
    held = {no: tx.records.find(archive_no=no) for no in asked if no not in documents}
    may = {r.record_no for r in office.only_readable([r for rs in held.values() for r in rs]) if not r.withheld}
    readable = {no for no, records in held.items() if all(r.record_no in may for r in records)}
    return readable | documents.intersection(asked)


def hidden_documents(office: Office, tx: Transaction) -> set[str]:
    """Return the items that are documents the account may not read, by archive number."""
    documents = [d for d in tx.documents.all() if d.progress.archive_no]
    return {d.progress.archive_no for d in documents if not office.may_document(Action.REPORT_READ, d.scope)}


def whole_items(office: Office, tx: Transaction, year: int, form_code: str) -> list[Item]:
    """Return a form's items of a year not yet bound that may be read whole; the others wait for one who may."""
    items = tx.items.of_year(year, form_code)
    may = whole(office, tx, [item.archive_no for item in items])
    return [item for item in items if item.archive_no in may]


def reads_month(office: Office, record: Record) -> bool:
    """Tell whether every record of this form and month may be read, and all that is kept apart in them."""
    if office.sees_all():
        return True
    with office.register.read() as tx:
        rows = tx.records.find(form_code=record.form_code, month=record.month)
    return reads_whole(office, rows)


def reads_whole(office: Office, records: Sequence[Record]) -> bool:
    """Tell whether all of these may be read, and all that is kept apart in them."""
    seen = office.only_readable(records)
    return len(seen) == len(records) and not any(r.withheld for r in seen)


def require_unchanged(tx: Transaction, records: Sequence[Record]) -> None:
    """Make sure, inside the writing transaction, that records are as they were read; else WrongState."""
    now = {r.record_no: r.seq for r in tx.records.many([r.record_no for r in records])}
    if moved := [r.record_no for r in records if now.get(r.record_no) != r.seq]:
        raise WrongState(f"{'、'.join(moved[:10])} 刚被别人改过", remedy=advise("请先{}再重做这一步", Named(Do.SHOW)))
    require_free(tx, [r.record_no for r in records])


def require_as_logged(tx: Transaction, records: Sequence[Record]) -> None:
    """Make sure that the register says of records what the log says, before they are frozen; IntegrityFailure."""
    logged = as_logged(tx.audit.of([r.record_no for r in records]))
    problems = [
        Problem(f"登记库里的{'、'.join(found)}与日志不同", source=record.record_no)
        for record in records
        if record.record_no in logged and (found := logged[record.record_no].differing(record))
    ]
    if problems:
        raise IntegrityFailure(
            f"有{len(problems)}份记录被改动过，没有办理",
            remedy=advise("有人绕过 qrecords 改了登记库：请运行 {}，核对日志和备份", Do.VERIFY),
            problems=problems,
        )


def require_free(tx: Transaction, record_nos: Sequence[str]) -> None:
    """Make sure, inside the writing transaction, that no filing under way holds these records; else WrongState."""
    if held := sorted(being_filed(tx).intersection(record_nos)):
        raise WrongState(f"{'、'.join(held[:10])} 正在归档", remedy="请等归档结束后再看，已归档的不再改动")


def month_rows(office: Office, folder: FormFolder, month: str) -> list[Record]:
    """Return all rows of a register's month that may be read, void ones too, by number."""
    if not folder.form.is_register:
        raise UsageError(
            f"{folder.form.code}「{folder.form.title}」不是登记簿，没有按月的页",
            remedy="请直接给出记录编号；按月处理的是 02A、03A、09A、10A",
        )
    with office.register.read() as tx:
        rows = tx.records.find(form_code=folder.form.code, month=month)
    return office.only_readable(rows)
