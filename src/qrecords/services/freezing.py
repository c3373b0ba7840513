"""Freeze one item: what its object holds, how it gets into the archive, what the register notes of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar, TypeVar

from qrecords.advice import Do, advise
from qrecords.errors import IntegrityFailure
from qrecords.model.access import secrecy_rank
from qrecords.model.formats import FrozenRecord, RecordJson
from qrecords.model.numbering import parse_record_no
from qrecords.model.record import Record
from qrecords.model.volume import Item
from qrecords.office import Office
from qrecords.render.code import payload
from qrecords.render.pdflook import pages_of
from qrecords.services.documents import sheet_subject
from qrecords.services.intake.kepttemplates import keep_template
from qrecords.services.strays import taken_back_to
from qrecords.stores.formfiles import FormFolder
from qrecords.stores.register import Transaction
from qrecords.stores.register.rows import ItemRow
from qrecords.work.step import EXACT

PAPERS = ("scans/", "attachments/")  # where an object keeps what is no form

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Filing:
    """One item about to be frozen: its records, its number, and the version its object will have."""

    __pydantic_config__: ClassVar = EXACT

    form_code: str
    month: str
    record_nos: tuple[str, ...]
    record_year: int
    archive_no: str
    object_id: str
    version: int
    print_no: int
    filed_at: str
    filed_by: str

    @property
    def subject(self) -> str:
        """Return what the item's paper is called: a record number, or form and month."""
        return sheet_subject(self.form_code, self.month) if self.month else self.record_nos[0]

    @property
    def print_id(self) -> str:
        """Return the id printed with the code; past paper has none."""
        return payload(self.subject, self.print_no) if self.print_no else ""


@dataclass(frozen=True, slots=True)
class ToFreeze:
    """An item that is ready to be frozen: its documents by name, its records as they will be."""

    filing: Filing
    documents: dict[str, Path]
    records: Sequence[Record]


def freeze_all(office: Office, intent: str, items: Sequence[ToFreeze], message: str = "") -> None:
    """Freeze items: stage the files of each, and move the object into the archive."""
    for form_code in dict.fromkeys(item.filing.form_code for item in items):
        keep_template(office, intent, office.forms.get(form_code))
    _each(office, lambda item: _freeze(office, intent, item, message), items)


def _freeze(office: Office, intent: str, item: ToFreeze, message: str) -> None:
    filing = item.filing
    folder = office.forms.get(filing.form_code)
    files: dict[str, bytes | Path] = {
        RecordJson.FILE: _record_json(folder, filing, item.records).to_bytes(),
        **item.documents,
    }
    with _scans(office, filing, item.records) as scans:
        staged = office.archive.stage(
            filing.object_id,
            files | scans,
            message=message or ("归档" if filing.version == 1 else "补归档"),
            user=office.account.display_name,
            created=office.clock(),
            intent=intent,
            expected_head=filing.version - 1,
        )
    office.archive.publish(staged)


def require_heads(office: Office, tx: Transaction, filings: Sequence[Filing]) -> None:
    """Refuse filings whose objects are not at the version before; IntegrityFailure names the first."""
    heads = _each(office, lambda filing: office.archive.head(filing.object_id), filings)
    for filing, head in zip(filings, heads, strict=True):
        before = filing.version - 1
        if head != before and not taken_back_to(office, tx, filing.object_id, before):
            raise IntegrityFailure(
                f"归档编号 {filing.archive_no} 在档案库里已有内容，与登记库不符",
                remedy=advise("登记库可能是从旧备份恢复的；请先运行 {} 核对，不要继续归档", Do.VERIFY),
            )


def _each(office: Office, work: Callable[[Given], Made], things: Sequence[Given]) -> list[Made]:
    """Do something for each thing, some at a time where the objects are on a store: most of it is waiting."""
    at_once = office.archive.at_once // 2  # each publication goes several ways by itself
    if at_once < 2 or len(things) < 2:
        return [work(thing) for thing in things]
    with ThreadPoolExecutor(at_once) as pool:
        return [*pool.map(work, things)]


def is_frozen(office: Office, filing: Filing) -> bool:
    """Tell whether the archive holds just this filing: its version, of its number, with its records and print."""
    if office.archive.head(filing.object_id) < filing.version:
        return False
    held = office.archive.read_as(RecordJson, filing.object_id, filing.version)
    return held.record_nos == filing.record_nos and held.print_id == filing.print_id


@dataclass(frozen=True, slots=True)
class FrozenForm:
    """What was read back of an item's PDF: its pages, its SHA-256."""

    pages: int
    sha256: str


def forms_of_frozen(office: Office, filings: Sequence[Filing]) -> list[FrozenForm]:
    """Read back the PDFs of published items."""

    def read(filing: Filing) -> FrozenForm:
        with office.archive.lent(filing.object_id, "form.pdf", filing.version) as pdf, pdf.open("rb") as stream:
            return FrozenForm(pages_of(pdf), hashlib.file_digest(stream, "sha256").hexdigest())

    return _each(office, read, filings)


def enter(office: Office, tx: Transaction, filing: Filing, records: Sequence[Record], form: FrozenForm) -> Item:
    """Let the register know of an item whose object is published: its version, the pages and the hash of its form."""
    item = item_of(office, filing, records, pages=form.pages, sha256=form.sha256, version=filing.version)
    tx.items.filed(item, filing.filed_at, filing.filed_by)
    return item


def _record_json(folder: FormFolder, filing: Filing, records: Sequence[Record]) -> RecordJson:
    return RecordJson(
        archive_no=filing.archive_no,
        form_code=filing.form_code,
        form_title=folder.form.title,
        template_sha256=folder.template_sha256,
        month=filing.month,
        record_year=filing.record_year,
        retention_years=folder.form.retention.years,
        filed_at=filing.filed_at,
        filed_by=filing.filed_by,
        print_id=filing.print_id,
        records=tuple(FrozenRecord.of(r) for r in records),
    )


def papers_of(records: Iterable[Record]) -> dict[str, str]:
    """Return the signed papers and what else lies beside records: the name in the object, and the stored file's."""
    kept: dict[str, str] = {}
    for name, stored in (paper for record in records for paper in _papers(record)):
        kept[free_name(kept, name, stored)] = stored
    return kept


def _papers(record: Record) -> Iterator[tuple[str, str]]:
    evidence = set()
    for number, signed in enumerate(record.signatures, start=1):
        if signed.evidence_sha256 and not signed.lapsed:
            evidence.add(signed.evidence_sha256)
            suffix = Path(signed.evidence).suffix.lower()
            yield f"scans/{record.record_no}-{number}-{signed.kind}{suffix}", signed.stored
    for number, attached in enumerate(record.standing_papers, start=1):
        if attached.kind == "file":
            yield f"attachments/{record.record_no}-{number}-{attached.name}", attached.stored
        elif attached.sha256 not in evidence:  # a register's sheet: one for all the rows on it
            yield f"scans/{attached.name}", attached.stored


def shown_kind(name: str) -> str:
    """Return the kind of signature a scan in an object shows, by the name it got above; empty for a print's sheet."""
    found = re.search(r"-\d{5,}-\d+-(\D.*?)(?:-\d+)?$", PurePosixPath(name).stem)
    return found[1] if found else ""


def free_name(taken: Mapping[str, str], name: str, content: str) -> str:
    """Return a name that is free or has this very content: a second scan of a print gets a name of its own."""
    path, number, free = PurePosixPath(name), 1, name
    while taken.get(free, content) != content:
        number += 1
        free = str(path.with_stem(f"{path.stem}-{number}"))
    return free


@contextmanager
def _scans(office: Office, filing: Filing, records: Iterable[Record]) -> Iterator[dict[str, Path]]:
    """Lend the papers of an item's records by the name they get in the object, with the texts read off them.

    One that no longer waits among the evidence (the register was made again from the objects) is in the version before.
    NotFound when it is in neither.
    """
    evidence, stored = office.papers.evidence, papers_of(records)
    waiting = {name: kept for name, kept in stored.items() if filing.version == 1 or evidence.has(kept)}
    held = _of_before(office, filing, {n: _sha256_in(kept) for n, kept in stored.items() if n not in waiting})
    wanted = waiting | {name: kept for name, kept in stored.items() if name not in waiting and name not in held}
    wanted |= {
        f"{name}.txt": text
        for name, kept in stored.items()
        if f"{name}.txt" not in held and evidence.has(text := f"{_sha256_in(kept)}.txt")
    }
    before = [(filing.object_id, name, filing.version - 1) for name in held.values()]
    with office.archive.lent_all(before) as files, evidence.lent([*wanted.values()]) as lent:
        yield dict(zip(held, files, strict=True)) | {name: lent[kept] for name, kept in wanted.items()}


def _of_before(office: Office, filing: Filing, lost: Mapping[str, str]) -> dict[str, str]:
    """Return what papers, known by SHA-256, and their texts are called in the item's version before."""
    if not lost:
        return {}
    at = (filing.object_id, filing.version - 1)
    there, where = office.archive.names(*at), {sha256: name for name, sha256 in held_papers(office, *at).items()}
    found = {name: where[sha256] for name, sha256 in lost.items() if sha256 in where}
    return found | {f"{name}.txt": f"{held}.txt" for name, held in found.items() if f"{held}.txt" in there}


def _sha256_in(stored: str) -> str:
    return Path(stored).stem


def held_papers(office: Office, object_id: str, version: int) -> dict[str, str]:
    """Return the papers in a version of an object, without the texts read off them: the SHA-256 of each by its name."""
    names = set(office.archive.names(object_id, version))
    papers = [n for n in sorted(names) if n.startswith(PAPERS) and n.removesuffix(".txt") not in names - {n}]
    return {name: office.archive.sha256(object_id, name, version) for name in papers}


def item_row(office: Office, tx: Transaction, record: Record) -> ItemRow:
    """Return what the register knows of a record's item; IntegrityFailure when the archive is at another version."""
    item = tx.items.row(record.archive_no)
    if item is None or not taken_back_to(office, tx, item.object_id, item.version):
        raise IntegrityFailure(
            f"{record.record_no} 的归档件与登记库不符", remedy=advise("请先运行 {} 核对，不要再改动这一件", Do.VERIFY)
        )
    return item


def item_of(
    office: Office, filing: Filing, records: Sequence[Record], *, pages: int, sha256: str, version: int
) -> Item:
    """Return what the register and the volumes know of an item."""
    form = office.forms.get(filing.form_code).form
    if filing.month:
        last = parse_record_no(records[-1].record_no)[2]
        document_no = f"{records[0].record_no} 至 {last:05d}" if len(records) > 1 else records[0].record_no
        title = f"{form.title} {filing.month}"
    else:
        document_no, title = records[0].record_no, f"{form.title} {records[0].customer_unit} {records[0].title}"
    levels = [str(r.values.get("secrecy_level", "内部")) for r in records]
    return Item(
        archive_no=filing.archive_no,
        document_no=document_no,
        title=" ".join(title.split()),
        creator=str(records[0].values.get("performing_unit") or office.settings.office.unit),
        date_from=min(r.date for r in records),
        date_to=max(r.date for r in records),
        pages=pages,
        secrecy_level=max(levels, key=secrecy_rank),
        object_id=filing.object_id,
        version=version,
        sha256=sha256,
    )
