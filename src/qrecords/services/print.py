"""Print records again: docx and pdf with a new print id, registers by month (QS/PA758A 5.5.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from qrecords.stores.formfiles import FormFolder
from qrecords.stores.register import Transaction
from qrecords.stores.register.rows import ItemRow


@dataclass(frozen=True, slots=True)
class Printed:
    """A record or a month's sheet as it was printed, and where its files lie."""

    record_no: str
    print_id: str
    docx: Path | None = None
    pdf: Path | None = None


def print_records(
    office: Office, record_nos: Sequence[str], *, out: Path | None = None, word: str = ""
) -> list[Printed]:
    """Print each record; a row of a register is printed on its month's sheets.

    The same request again, known by its own `word`, takes no second print: the papers of the first are made anew.
    WrongState when one of them says something else by now.
    """
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
        papers, before = [], _before(office, tx, word)
        for n, record in enumerate(records):
            folder = office.forms.get(record.form_code)
            if before:
                number = _still_true(tx, record.record_no, before[n], record.values, folder)
            else:
                number = register_print(office, tx, folder, record)
            paper = documents.record_paper(folder, record, number)
            item = tx.items.row(record.archive_no) if record.state in {State.FILED, State.BOUND} else None
            papers.append(_with_archive_block(tx, documents, paper, item) if item else paper)
        if not before:
            _note(office, tx, papers, word)
    return _written(office, documents, papers, out)


def print_month(
    office: Office, form_code: str, month: str, *, out: Path | None = None, word: str = ""
) -> list[Printed]:
    """Print the sheets of a register's month, all rows that are not void; `word` as for `print_records`."""
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
        if before := _before(office, tx, word):
            number = _still_true(tx, subject, before[0], {r.record_no: r.values for r in rows}, folder)
        else:
            number = register_sheet_print(office, tx, folder, month, rows)
        paper = documents.sheet_paper(folder, month, rows, number)
        if not before:
            _note(office, tx, [paper], word)
    return _written(office, documents, [paper], out)


def _with_archive_block(tx: Transaction, documents: Documents, paper: Paper, item: ItemRow) -> Paper:
    filed_on, filed_by = item.filed_at[:10], tx.accounts.person(item.filed_by)
    return documents.archived(paper, archive_no=item.archive_no, archived_by=filed_by, archived_on=filed_on)


def _note(office: Office, tx: Transaction, papers: Sequence[Paper], word: str) -> None:
    tx.audit.append([office.event(Action.PRINT, p.subject, print_id=p.print_id) for p in papers])
    tx.answered.keep(office.account.name, word, " ".join(str(p.print_no) for p in papers), office.clock())


def _before(office: Office, tx: Transaction, word: str) -> list[int]:
    """Return the numbers of the prints the same request took before, in its order; none when it is a new one."""
    return [int(number) for number in (tx.answered.get(office.account.name, word) or "").split()]


def _still_true(tx: Transaction, subject: str, number: int, shown: Mapping[str, Any], folder: FormFolder) -> int:
    """Return the number of a print that can be made anew: a code never stands on a paper that says something else."""
    taken = next(row for row in tx.records.prints(subject) if row.number == number)
    if taken.snapshot != shown or taken.template_sha256 != folder.template_sha256:
        raise WrongState(f"{subject} 打印以后又改过", remedy="请刷新页面，看过现在的内容再打印")
    return number


def _written(office: Office, documents: Documents, papers: Sequence[Paper], out: Path | None) -> list[Printed]:
    files = write_papers(documents, papers, out or office.papers.drafts, pdf=True)
    return [Printed(p.subject, p.print_id, *files[p.subject]) for p in papers]
