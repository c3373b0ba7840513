"""File reviewed records: number, freeze and archive them (QS/PA758A 5.5.6; DA/T 13 by item).

Crash order: the intent reserves the archive numbers; documents are made and objects staged without a lock; objects
are published one by one; then the register commits. A filing that broke off is finished from the published object,
or leaves its number reserved for the next try, so numbers have no gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from qrecords.advice import Do, Input, Sentence, advise
from qrecords.errors import Problem, WrongState
from qrecords.model.answer import left_out
from qrecords.model.objects import ITEM
from qrecords.model.record import Action, Record, State, missing_before, record_year, require_open
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.archiveclass import archive_class
from qrecords.services.documents import (
    Documents,
    Paper,
    register_print,
    register_sheet_print,
    sheet_subject,
    write_papers,
)
from qrecords.services.evidence import spoiled_papers
from qrecords.services.finding.indexing import follow
from qrecords.services.freezing import (
    Filing,
    FrozenForm,
    ToFreeze,
    enter,
    forms_of_frozen,
    freeze_all,
    is_frozen,
    item_of,
    require_heads,
)
from qrecords.services.intake.update import list_reports
from qrecords.services.obstacles import before_step
from qrecords.services.reportlist import listed
from qrecords.stores import durable
from qrecords.stores.formfiles import FormFolder
from qrecords.stores.register import Transaction
from qrecords.work.step import Step, running

BATCH = 100  # records frozen by one intent and one start of LibreOffice

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FileItems(Step[Office]):
    """The items a filing freezes, each in its object."""

    KIND = "file"

    filings: tuple[Filing, ...]

    def freezes(self) -> Iterator[str]:
        """Give the records of the items."""
        return (number for filing in self.filings for number in filing.record_nos)

    def publishes(self) -> Iterator[str]:
        """Give the objects of the items."""
        return (filing.object_id for filing in self.filings)

    def standing(self, office: Office) -> FileItems:
        """Return the items whose object was published; the others keep their reserved number for the next filing."""
        return FileItems(tuple(f for f in self.filings if is_frozen(office, f)))

    def ready(self, office: Office) -> Callable[[Transaction], None]:
        """Read back the items' PDFs; return what lets the records be filed, each with its event."""
        return partial(self._enter, office, forms_of_frozen(office, self.filings))

    def _enter(self, office: Office, forms: Sequence[FrozenForm], tx: Transaction) -> None:
        held = _by_number(tx.records.many([*self.freezes()]))
        for filing, form in zip(self.filings, forms, strict=True):
            records = [held[n] for n in filing.record_nos if n in held]
            item = enter(office, tx, filing, records, form)
            fresh = [r.record_no for r in records if r.state is State.REVIEWED]
            columns = {"archive_no": filing.archive_no, "record_year": filing.record_year, "state": State.FILED}
            tx.records.change(fresh, **columns)
            detail: dict[str, Any] = {"archive_no": filing.archive_no, "version": filing.version}
            detail["form_pdf"] = item.sha256
            tx.audit.append([office.event(Action.FILE, no, **detail) for no in fresh])


@dataclass(frozen=True, slots=True)
class Filed:
    """An item that was filed: what is in it, its number, its object and version.

    Of a month of a register: how many rows, and which were carried; notes where there is something to tell.
    """

    record_no: str
    archive_no: str
    object: str
    version: int
    rows: int | None = left_out()
    carried: Sequence[str] | None = left_out()
    notes: Sequence[Sentence] | None = left_out()


@dataclass(frozen=True, slots=True)
class Left:
    """A reviewed record that was not filed, and why."""

    record_no: str
    form_code: str
    month: str
    why: Sequence[Sentence]


def file_records(office: Office, record_nos: Sequence[str], *, progress: Progress | None = None) -> list[Filed]:
    """File reviewed records, each as an item of its own; all obstacles are told before anything is done."""
    with office.exclusive("file", "归档"):
        filed = file_each(office, reading.many(office, record_nos), progress)
    follow(office)
    return filed


def file_all(office: Office, *, progress: Progress | None = None) -> list[Filed]:
    """File every reviewed record that is not a row of a register and lacks nothing."""
    with office.exclusive("file", "归档"):
        filed = file_each(office, all_ready(office), progress)
    follow(office)
    return filed


def all_ready(office: Office) -> list[Record]:
    """Return what `file_all` files."""
    with office.register.read() as tx:
        reviewed = tx.records.find(states=[State.REVIEWED])
    return ready_of(office, reviewed)


def ready_of(office: Office, records: Sequence[Record]) -> list[Record]:
    """Return those the account may file, by record, that lack nothing."""
    mine = office.only_readable([r for r in records if r.state is State.REVIEWED], Action.FILE)
    return [r for r in mine if not office.forms.get(r.form_code).form.is_register and not _missing(office, r)]


def left_behind(office: Office) -> list[Left]:
    """Return the reviewed records that `file_all` leaves, and why: what each lacks, or that it is filed by month."""
    with office.register.read() as tx:
        reviewed = office.only_readable(tx.records.find(states=[State.REVIEWED]))
    may = {r.record_no for r in office.only_readable(reviewed, Action.FILE)}
    left = []
    for record in reviewed:
        form = office.forms.get(record.form_code).form
        why: list[Sentence] = [p.message for p in _missing(office, record)]
        if form.is_register:
            why.insert(0, f"登记簿按月归档：{form.code} {record.month}")
        if record.record_no not in may:
            why.insert(0, "您没有归档它的权限")
        left.append(Left(record.record_no, form.code, record.month, why))
    return left


def file_each(office: Office, records: Sequence[Record], progress: Progress | None) -> list[Filed]:
    """File records, each as an item of its own; who calls it holds `file`, or the part of it these belong to."""
    require_all_ready(office, records)
    told = _listed_again(office, records)
    filed: list[Filed] = []
    for start in range(0, len(records), BATCH):
        made = _file_batch(office, [("", [r.record_no]) for r in records[start : start + BATCH]])
        filed += [replace(one, notes=told.get(one.record_no)) for one in made]
        if progress:
            progress(min(start + BATCH, len(records)), len(records))
    return filed


def require_all_ready(office: Office, records: Sequence[Record]) -> None:
    """Refuse what cannot be filed as records; WrongState tells every obstacle."""
    for record in records:
        form = office.forms.get(record.form_code).form
        if form.is_register:
            how = advise("请用 {}", Do.FILE(form.code, Input.MONTH(record.month)))
            raise WrongState(f"{record.record_no} 是登记簿的一行，按月归档", remedy=how)
    _require_ready(office, records)


def _listed_again(office: Office, records: Sequence[Record]) -> dict[str, list[str]]:
    """Take into the lists of notices what came since they were submitted; returns what is told, by number."""
    behind = [r for r in records if listed(office, r).record is not r]
    if not behind:
        return {}
    with office.register.write() as tx:
        reading.require_unchanged(tx, behind)
        return {r.record_no: told for r in behind if (told := list_reports(office, tx, [r]))}


def file_months(office: Office, form_code: str, months: Sequence[str]) -> list[Filed]:
    """File months of a register, each as one item; rows still open are carried and named.

    Rows that come late make the next version of their month.
    """
    folder = office.forms.get(form_code)
    for month in months:
        office.authorise(Action.FILE, sheet_subject(folder.form.code, month))
    with office.exclusive("file", "归档"):
        found = [_rows_to_file(office, folder, month) for month in months]
        filed = _file_batch(office, [(month, whole) for month, (whole, _) in zip(months, found, strict=True)])
    follow(office)
    return [
        replace(entry, rows=len(whole), carried=carried) for entry, (whole, carried) in zip(filed, found, strict=True)
    ]


def _rows_to_file(office: Office, folder: FormFolder, month: str) -> tuple[list[str], list[str]]:
    """Return the rows a month's item holds, and those still open."""
    rows = reading.month_rows(office, folder, month)
    reviewed = [r for r in rows if r.state is State.REVIEWED]
    carried = [r.record_no for r in rows if r.state in {State.DRAFT, State.ISSUED, State.SUBMITTED}]
    if not reviewed:
        months = (folder.form.code, Input.MONTH(month))
        raise WrongState(
            f"{folder.form.title} {month} 没有可归档的行（{len(carried)}行还没有审查）",
            remedy=advise("先提交并审查：{}，再 {}", Do.SUBMIT(*months), Do.REVIEW(*months)),
        )
    _require_ready(office, reviewed)
    # What is filed stays in its month, also what this account may not read; what it may not read waits for another.
    with office.register.read() as tx:
        filed = tx.records.find(form_code=folder.form.code, month=month, states=[State.FILED, State.BOUND])
    return sorted(r.record_no for r in [*reviewed, *filed]), carried


def _missing(office: Office, record: Record) -> list[Problem]:
    missing = missing_before(office.forms.get(record.form_code).form, record, Action.FILE)
    missing += before_step(office, record, Action.FILE)
    return [*missing, *(problem for _, problem in spoiled_papers(office, [record]))]


def _require_ready(office: Office, records: Sequence[Record]) -> None:
    office.authorise_all(Action.FILE, records)
    for record in records:
        require_open(office.forms.get(record.form_code).form, record, Action.FILE)
    if problems := [p for r in records for p in _missing(office, r)]:
        raise WrongState(f"还不能归档：有{len(problems)}处没有齐备", remedy="请按提示补齐后再归档", problems=problems)


def _file_batch(office: Office, groups: Sequence[tuple[str, Sequence[str]]]) -> list[Filed]:
    """File items, each given by its month (empty for a record of its own) and its records."""
    documents = Documents(office)
    with running(office) as run:
        every = [number for _, numbers in groups for number in numbers]  # read together: an item at a time costs more
        with office.register.write() as tx:
            held = _by_number(tx.records.many(every))
            reading.require_as_logged(tx, [*held.values()])
            items = ([held[n] for n in numbers if n in held] for _, numbers in groups)
            filings = [_reserve(office, tx, those, month) for those, (month, _) in zip(items, groups, strict=True)]
            require_heads(office, tx, filings)
            step = run.begin(tx, FileItems(tuple(filings)))
        durable.checkpoint("file.intent")
        held = _by_number(reading.unfiltered(office, every))
        records = [[held[n] for n in filing.record_nos if n in held] for filing in step.filings]
        papers = [_paper(office, documents, filing, those) for filing, those in zip(step.filings, records, strict=True)]
        files = write_papers(documents, papers, run.folder, pdf=True)
        durable.checkpoint("file.papers")
        items_ready = zip(step.filings, papers, records, strict=True)
        freeze_all(office, run.key, [ToFreeze(f, files[paper.subject].by_name, r) for f, paper, r in items_ready])
        durable.checkpoint("file.frozen")
        run.commit(step)
    return [Filed(f.subject, f.archive_no, f.object_id, f.version) for f in step.filings]


def _reserve(office: Office, tx: Transaction, records: Sequence[Record], month: str) -> Filing:
    """Take an archive number for an item, or find the one reserved by a filing that broke off."""
    folder = office.forms.get(records[0].form_code)
    for record in records:
        if not month or record.state not in {State.FILED, State.BOUND}:
            require_open(folder.form, record, Action.FILE)  # another process may have moved it meanwhile
    year = int(month[:4]) if month else record_year(folder.form, records[0])
    known = tx.items.month(folder.form.code, month) if month else tx.items.row(records[0].archive_no)
    if known and known.record_year != year:
        known = None  # a filing broke off, and the review was done again in another year: that number stays unused
    archive_no = known.archive_no if known else next_archive_no(office, tx, folder, year)
    object_id = ITEM.object_id(archive_no)
    if month:
        print_no = register_sheet_print(office, tx, folder, month, records)
    else:
        print_no = register_print(office, tx, folder, records[0])
    numbers = tuple(r.record_no for r in records)
    version = (known.version if known else 0) + 1
    filing = Filing(
        folder.form.code, month, numbers, year, archive_no, object_id, version, print_no,
        office.now(), office.account.name,
    )  # fmt: skip
    tx.items.reserve(item_of(office, filing, records, pages=0, sha256="", version=0), folder.form.code, year, month,
                     office.now(), office.account.name)  # fmt: skip
    for record in records:
        if record.archive_no != archive_no:
            tx.records.reserve(record.record_no, archive_no, year)
    return filing


def next_archive_no(office: Office, tx: Transaction, folder: FormFolder, year: int) -> str:
    """Take the next archive number of a form and year."""
    form = folder.form
    archived = archive_class(office, form, year, form.retention.years)
    return archived.archive_no(tx.counters.take(f"archive/{archived}")[0])


def series_of(office: Office, record: Record) -> str:
    """Return the series a record is numbered in when it is filed: fonds, form and year."""
    form = office.forms.get(record.form_code).form
    return str(archive_class(office, form, record_year(form, record), form.retention.years))


def _by_number(records: Sequence[Record]) -> dict[str, Record]:
    return {record.record_no: record for record in records}


def _paper(office: Office, documents: Documents, filing: Filing, records: Sequence[Record]) -> Paper:
    folder = office.forms.get(filing.form_code)
    if filing.month:
        paper = documents.sheet_paper(folder, filing.month, records, filing.print_no)
    else:
        paper = documents.record_paper(folder, records[0], filing.print_no)
    return documents.archived(
        paper, archive_no=filing.archive_no, archived_by=office.account.person, archived_on=office.today()
    )
