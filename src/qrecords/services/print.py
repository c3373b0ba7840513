"""Print records again: docx and pdf with a new print id, registers by month (QS/PA758A 5.5.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qrecords.advice import Do, Input, advise
from qrecords.errors import WrongState
from qrecords.model.record import Action, Record, State, require_open
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.documents import (
    Documents,
    Paper,
    register_print,
    register_sheet_print,
    sheet_subject,
    write_papers,
)
from qrecords.services.intake.kepttemplates import kept
from qrecords.stores.register import Transaction
from qrecords.stores.register.rows import ItemRow


@dataclass(frozen=True, slots=True)
class Printed:
    """A record or a month's sheet as it was printed, and where its files lie."""

    record_no: str
    print_id: str
    docx: Path | None = None
    pdf: Path | None = None


def print_records(office: Office, record_nos: Sequence[str], *, out: Path | None = None) -> list[Printed]:
    """Print each record; a row of a register is printed on its month's sheets."""
    records = reading.many(office, record_nos)
    office.authorise_all(Action.PRINT, records)
    for record in records:
        require_open(office.forms.get(record.form_code).form, record, Action.PRINT)
        if record.paper_no:
            raise WrongState(
                f"{record.record_no} 据纸质原件补录，不另印表",
                remedy=advise("请打开或打印它的扫描件：{}", Do.SHOW(record.record_no, Input.HISTORY)),
            )
        if office.forms.get(record.form_code).form.is_register:
            raise WrongState(
                f"{record.record_no} 是登记簿的一行，不单独打印",
                remedy=advise("请打印整月：{}", Do.PRINT(record.form_code, Input.MONTH(record.month))),
            )
    documents = Documents(office)
    for code in dict.fromkeys(r.form_code for r in records):
        kept(office, office.forms.get(code))
    with office.register.write() as tx:
        papers = []
        for record in records:
            folder = office.forms.get(record.form_code)
            paper = documents.record_paper(folder, record, register_print(office, tx, folder, record))
            item = tx.items.row(record.archive_no) if record.state in {State.FILED, State.BOUND} else None
            papers.append(_with_archive_block(tx, documents, paper, item) if item else paper)
        tx.audit.append([_printed(office, p) for p in papers])
    return _written(office, documents, papers, out)


def print_month(office: Office, form_code: str, month: str, *, out: Path | None = None) -> list[Printed]:
    """Print the sheets of a register's month, all rows that are not void."""
    folder = office.forms.get(form_code)
    subject = sheet_subject(folder.form.code, month)
    office.authorise(Action.PRINT, subject)
    rows: list[Record] = [r for r in reading.month_rows(office, folder, month) if r.state is not State.VOID]
    office.authorise_all(Action.PRINT, rows)
    if not rows:
        raise WrongState(f"{folder.form.title} {month} 没有记录", remedy="请核对月份，如 2026-03")
    documents = Documents(office)
    kept(office, folder)
    with office.register.write() as tx:
        number = register_sheet_print(office, tx, folder, month, rows)
        paper = documents.sheet_paper(folder, month, rows, number)
        tx.audit.append([_printed(office, paper)])
    return _written(office, documents, [paper], out)


def _with_archive_block(tx: Transaction, documents: Documents, paper: Paper, item: ItemRow) -> Paper:
    filed_on, filed_by = item.filed_at[:10], tx.accounts.person(item.filed_by)
    return documents.archived(paper, archive_no=item.archive_no, archived_by=filed_by, archived_on=filed_on)


def _printed(office: Office, paper: Paper) -> Any:
    return office.event(Action.PRINT, paper.subject, print_id=paper.print_id)


def _written(office: Office, documents: Documents, papers: Sequence[Paper], out: Path | None) -> list[Printed]:
    files = write_papers(documents, papers, out or office.papers.drafts, pdf=True)
    return [Printed(p.subject, p.print_id, *files[p.subject]) for p in papers]
