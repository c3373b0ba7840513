"""Past paper records come into the archive as filed, with the numbers they had (QS/PA758A 5.5.6, docs/adr/0007).

Crash order: scans are read and bound into form.pdf in the step's work folder; the intent names the files about to be
kept; they are kept as evidence; then one transaction takes the numbers and puts in the records, unseen as yet. From
there on every start finishes the step: nothing but the work folder and the evidence is needed. Before it, the files are
taken back, and no number was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from qrecords.advice import Input, Sentence, advise
from qrecords.errors import InvalidInput, Problem, WrongState
from qrecords.model.answer import left_out
from qrecords.model.audit import digest
from qrecords.model.numbering import parse_record_no, record_no
from qrecords.model.objects import ITEM
from qrecords.model.record import Action, Record, State
from qrecords.office import Office
from qrecords.render.sheets import Picture, sheets_pdf
from qrecords.services.evidence import Evidence, store, take_back
from qrecords.services.file import next_archive_no
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
)
from qrecords.services.intake.fill import RejectedRow, SoundRow
from qrecords.services.intake.paper import NO_NUMBER, Paper, paper_of, wrong_together
from qrecords.services.scans.recognise import recognise_unread
from qrecords.stores import durable
from qrecords.stores.given import on_disk
from qrecords.stores.inputs.paperlist import read_paper_list
from qrecords.stores.register import Transaction
from qrecords.work.step import Run, Step, running

UNUSED = "补录时空号"
MOST_UNUSED = 1000  # a typing error in one number must not make thousands of empty ones

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class TakeInPaper(Step[Office]):
    """The papers an import keeps; its items, once their numbers are taken; the numbers that become void."""

    KIND = "past"

    files: tuple[Evidence, ...]
    filings: tuple[Filing, ...]
    unused: tuple[str, ...]

    def publishes(self) -> Iterator[str]:
        """Give the objects of the items."""
        return (filing.object_id for filing in self.filings)

    def keeps(self) -> Iterator[str]:
        """Give the scans."""
        return (file.sha256 for file in self.files)

    def standing(self, office: Office) -> TakeInPaper | None:
        """Return all of it when the numbers were taken."""
        return self if self.filings else None

    def finish(self, run: Run[Office]) -> None:
        """Freeze what is not frozen yet, and let it all appear at once."""
        office = run.desk
        left = [(n, filing) for n, filing in enumerate(self.filings) if not is_frozen(office, filing)]
        items = [
            ToFreeze(filing, {"form.pdf": run.folder / f"{n:06d}.pdf"}, _unseen(office, filing.record_nos))
            for n, filing in left
        ]
        freeze_all(office, run.key, items, "据纸质原件补录")
        durable.checkpoint("past.frozen")
        run.commit(self)

    def ready(self, office: Office) -> Callable[[Transaction], None]:
        """Read the scans back; return what lets records and void numbers appear, each with its events."""
        return partial(self._enter, office, forms_of_frozen(office, self.filings))

    def _enter(self, office: Office, forms: Sequence[FrozenForm], tx: Transaction) -> None:
        for filing, form in zip(self.filings, forms, strict=True):
            records = tx.records.many(filing.record_nos, uncommitted=True)
            item = enter(office, tx, filing, records, form)
            tx.records.touch(filing.record_nos)
            tx.audit.append([office.event(Action.CREATE, r.record_no, **_facts(r)) for r in records])
            detail: dict[str, Any] = {"archive_no": filing.archive_no, "version": 1, "form_pdf": item.sha256}
            tx.audit.append([office.event(Action.FILE, r.record_no, **detail) for r in records])
        tx.records.touch(self.unused)
        tx.audit.append([office.event(Action.VOID, number, reason=digest(UNUSED)) for number in self.unused])

    def undo(self, office: Office, key: str) -> None:
        """Take the files back: no number was taken."""
        take_back(office, key, self.files)


@dataclass(frozen=True, slots=True)
class ImportedRecord:
    """A record made of past paper, or found `again`; without its archive number then."""

    record_no: str
    paper_no: str
    archive_no: str | None = left_out()
    again: bool = False


@dataclass(slots=True)
class Imported:
    """What came of an import: records (found again ones too), rows rejected, numbers made void, and notes.

    A dry run gives the `sound` rows instead of records that would be made.
    """

    records: list[ImportedRecord] = field(default_factory=list)
    sound: list[SoundRow] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)

    def reject(self, source: str, row: int, problems: Sequence[Problem]) -> None:
        """Note a row that cannot come in."""
        self.rejected.append(RejectedRow(source, row, list(problems)))


def import_as_filed(
    office: Office,
    source: Path,
    *,
    fill_gaps: bool = False,
    keep_going: bool = False,
    dry_run: bool = False,
    recognise: bool = True,
    progress: Progress | None = None,
) -> Imported:
    """Take past paper records in as filed, all or none unless `keep_going`; the same paper again is found again.

    A number of ours on the paper stays the record's number; any other is kept beside a new one. Numbers left out below
    stop it, unless `fill_gaps` makes them void. InvalidInput lists every problem at once.
    """
    office.authorise(Action.FILE, "import")
    forms = [folder.form for folder in office.forms.all()]
    rows, notes = read_paper_list(source, forms)
    result = Imported(notes=[*notes])
    with office.exclusive("file", "归档"), running(office) as run:
        work = run.folder
        durable.make_dirs(work)
        papers = []
        for number, row in enumerate(rows, start=1):
            paper, problems = paper_of(office, row, source.parent, work / f"{number:06d}")
            if paper:
                papers.append(paper)
            else:
                result.reject(row.source, row.row, problems)
            if progress:
                progress(number, len(rows))
        fresh = _new(office, papers, result)
        office.authorise_all(Action.FILE, [p.record for p in fresh])
        missing = _missing(office, fresh, result, fill_gaps=fill_gaps, keep_going=keep_going)
        if dry_run:
            result.sound = [SoundRow(p.row.source, p.row.row, p.record.values) for p in fresh]
            result.unused = missing
        elif fresh:
            _take_in(run, fresh, missing, result)
    if recognise and not dry_run:
        result.notes += recognise_unread(office)
    follow(office)
    return result


def _new(office: Office, papers: Sequence[Paper], result: Imported) -> list[Paper]:
    """Return the papers that are not in the archive yet; those beside each other or a record wrong are rejected."""
    with office.register.read() as tx:
        known = tx.records.by_source([p.key for p in papers])
        again = [p for p in papers if p.key in known]
        rest = list({p.key: p for p in papers if p.key not in known}.values())
        there = {r.record_no: r for r in tx.records.many([p.record.record_no for p in rest])}
        olds = tx.records.by_paper_no([p.record.paper_no for p in rest if not p.record.record_no])
        months = {(p.record.form_code, p.record.month) for p in rest if _is_row(office, p.record)}
        filed = {key: row.archive_no for key in months if (row := tx.items.month(*key))}
    for paper in again:
        result.records.append(ImportedRecord(known[paper.key], paper.record.paper_no, again=True))
        result.notes.append(f"{paper.row.source} 第{paper.row.row}行：{known[paper.key]} 已经补录过，没有重复")
    taken = dict.fromkeys(there, "已在用") | {no: f"已作为 {new} 补录" for no, new in olds.items() if no != NO_NUMBER}
    wrong: dict[str, list[Problem]] = {}
    for paper, problem in wrong_together(rest, taken):
        wrong.setdefault(paper.key, []).append(problem)
    for paper in rest:
        archive_no = filed.get((paper.record.form_code, paper.record.month)) if _is_row(office, paper.record) else None
        if archive_no:
            message = f"{paper.record.form_code} {paper.record.month} 这个月已归档为 {archive_no}；请补填，再补归档"
            wrong.setdefault(paper.key, []).append(Problem(message, "date", paper.row.row, paper.row.source))
    for paper in rest:
        if problems := wrong.get(paper.key):
            result.reject(paper.row.source, paper.row.row, problems)
    return [p for p in rest if p.key not in wrong]


def _is_row(office: Office, record: Record) -> bool:
    return office.forms.get(record.form_code).form.is_register


def _missing(
    office: Office, papers: Sequence[Paper], result: Imported, *, fill_gaps: bool, keep_going: bool
) -> list[str]:
    """Return the numbers below the papers' that nobody has; raise InvalidInput for all that is wrong by now."""
    missing: list[str] = []
    problems = [p for entry in result.rejected for p in entry.problems]
    series: dict[tuple[str, int], set[int]] = {}
    for paper in papers:
        if paper.record.record_no:
            form_code, year, number = parse_record_no(paper.record.record_no)
            series.setdefault((form_code, year), set()).add(number)
    with office.register.read() as tx:
        lasts = {key: tx.counters.last(f"record/{key[0]}/{key[1]}") for key in series}
    gaps = []
    for (form_code, year), numbers in sorted(series.items()):
        beyond = max(numbers) - lasts[form_code, year] - len(numbers)
        between = (n for n in range(lasts[form_code, year] + 1, max(numbers)) if n not in numbers)
        some = [record_no(form_code, year, n) for n, _ in zip(between, range(MOST_UNUSED), strict=False)]
        missing += some
        if some and (not fill_gaps or beyond > MOST_UNUSED):
            names = "、".join(some[:5]) + ("等" if beyond > 5 else "")
            how = advise("请补进清单；确实没有的，加 {} 登记为空号", Input.FILL_GAPS)
            how = "请核对编号有没有写错" if beyond > MOST_UNUSED else how
            gaps.append(Problem(advise("编号不连续，缺{}个：{}；{}", beyond, names, how), "paper_no"))
    if (problems and not keep_going) or gaps:
        what = f"{len(result.rejected)}行有问题" if result.rejected else "编号不连续"
        remedy = advise("请按提示改正后再试；只补录没有问题的行，加 {}", Input.KEEP_GOING)
        raise InvalidInput(f"{what}，一份也没有补录", remedy=remedy, problems=[*problems, *gaps])
    return missing


def _take_in(run: Run[Office], papers: Sequence[Paper], unused: Sequence[str], result: Imported) -> None:
    office = run.desk
    scans = {s.attached.stored: s for p in papers for s in p.scans}
    files = tuple(Evidence(name, s.attached.sha256) for name, s in scans.items())
    groups = _grouped(office, papers)
    with office.register.write() as tx:
        step = run.begin(tx, TakeInPaper(files, (), tuple(unused)))
    durable.checkpoint("past.intent")
    for number, group in enumerate(groups):
        durable.write_file(run.folder / f"{number:06d}.pdf", _form_pdf(group))
    store(office, {name: on_disk(scan.path) for name, scan in scans.items()})
    durable.checkpoint("past.kept")
    with office.register.write() as tx:
        _require_free(tx, papers, unused)
        filings = tuple(_reserve(office, tx, group) for group in _numbered(tx, groups))
        _void(office, tx, unused)
        step = run.amend(tx, replace(step, filings=filings))
    durable.checkpoint("past.reserved")
    step.finish(run)
    result.unused = list(unused)
    with office.register.read() as tx:
        made = tx.records.many([no for f in filings for no in f.record_nos])
    result.records += [ImportedRecord(r.record_no, r.paper_no, r.archive_no) for r in made]


def _grouped(office: Office, papers: Iterable[Paper]) -> list[list[Paper]]:
    """Return the papers item by item: one each, or the rows of a register's month together."""
    groups: dict[tuple[str, str], list[Paper]] = {}
    for paper in papers:
        of_month = _is_row(office, paper.record)
        groups.setdefault((paper.record.form_code, paper.record.month if of_month else paper.key), []).append(paper)
    return list(groups.values())


def _form_pdf(group: Sequence[Paper]) -> bytes:
    """Return all pages of an item's scans as one PDF; a sheet that shows several rows comes once."""
    scans = {s.attached.sha256: s for paper in group for s in paper.scans}
    pages = [page for scan in scans.values() for page in scan.pages if not page.blank] or [
        page for scan in scans.values() for page in scan.pages
    ]
    title = f"据纸质原件补录 {group[0].record.title}"
    return sheets_pdf([Picture(page.image.read_bytes(), page.points) for page in pages], title)


def _require_free(tx: Transaction, papers: Sequence[Paper], unused: Sequence[str]) -> None:
    """Make sure, inside the writing transaction, that nobody took one of these numbers meanwhile."""
    wanted = [*(p.record.record_no for p in papers if p.record.record_no), *unused]
    if taken := tx.records.many(wanted, uncommitted=True):
        numbers = "、".join(r.record_no for r in taken[:5])
        raise WrongState(f"编号 {numbers} 刚被别人用了，一份也没有补录", remedy="请核对编号后再补录")


def _numbered(tx: Transaction, groups: Sequence[Sequence[Paper]]) -> list[list[Paper]]:
    """Return the papers with their numbers: those on paper are reserved first, new ones follow behind."""
    for paper in (p for group in groups for p in group if p.record.record_no):
        form_code, year, number = parse_record_no(paper.record.record_no)
        tx.counters.raise_to(f"record/{form_code}/{year}", number)
    return [[_with_number(tx, paper) for paper in group] for group in groups]


def _with_number(tx: Transaction, paper: Paper) -> Paper:
    record = paper.record
    if record.record_no:
        return paper
    (number,) = tx.counters.take(f"record/{record.form_code}/{record.year}")
    return replace(paper, record=replace(record, record_no=record_no(record.form_code, record.year, number)))


def _reserve(office: Office, tx: Transaction, group: Sequence[Paper]) -> Filing:
    """Put the records of an item into the register, unseen, with their scans and the item's number."""
    group = sorted(group, key=lambda p: p.record.record_no)
    first = group[0].record
    folder = office.forms.get(first.form_code)
    archive_no = next_archive_no(office, tx, folder, first.record_year or first.year)
    records = [replace(p.record, archive_no=archive_no) for p in group]
    tx.records.add([(record, p.key) for record, p in zip(records, group, strict=True)])
    for paper in group:
        for number, scan in enumerate(paper.scans, start=1):
            named = replace(scan.attached, name=f"{paper.record.record_no}-{number}-{scan.attached.name}")
            tx.beside.add([paper.record.record_no], named, office.now(), office.account.name)
    filing = Filing(
        form_code=first.form_code, month=first.month if folder.form.is_register else "",
        record_nos=tuple(r.record_no for r in records), record_year=first.record_year or first.year,
        archive_no=archive_no, object_id=ITEM.object_id(archive_no), version=1, print_no=0,
        filed_at=office.now(), filed_by=office.account.name,
    )  # fmt: skip
    item = item_of(office, filing, records, pages=0, sha256="", version=0)
    tx.items.reserve(item, filing.form_code, filing.record_year, filing.month, filing.filed_at, filing.filed_by)
    return filing


def _void(office: Office, tx: Transaction, unused: Sequence[str]) -> None:
    """Put a void record in the place of every number no paper was found for: it is never used again (R4)."""
    for number in unused:
        form_code, year, _ = parse_record_no(number)
        record = Record(
            record_no=number, form_code=form_code, year=year, state=State.VOID, values={}, title="",
            date=f"{year}-01-01", customer_unit="", created_at=office.now(), created_by=office.account.name,
            reason=UNUSED,
        )  # fmt: skip
        tx.records.add([(record, None)])


def _unseen(office: Office, record_nos: Sequence[str]) -> list[Record]:
    with office.register.read() as tx:
        return tx.records.many(record_nos, uncommitted=True)


def _facts(record: Record) -> dict[str, Any]:
    return {"values": digest(record.values), "paper_no": record.paper_no, "scans": [a.sha256 for a in record.attached]}
