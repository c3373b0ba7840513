"""Keeps scanned prints with their records, and pages that fit nowhere in the inbox: all of it, or none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qrecords.model.audit import digest
from qrecords.model.papers import AFTER_FILING, Added, Waiting
from qrecords.model.record import Action, Attached, Record, Signed
from qrecords.office import Office
from qrecords.render.code import payload
from qrecords.render.sheets import Picture, preview_png, sheets_pdf
from qrecords.services import reading
from qrecords.services.evidence import Evidence, proving, register, store, take_back
from qrecords.services.scans.adding import add
from qrecords.services.scans.answers import PrintKept, Source, VersionMade
from qrecords.services.scans.nextversion import Late
from qrecords.services.scans.sheets import Print, Sheet, Signing
from qrecords.stores import durable
from qrecords.stores.given import GivenFile, on_disk
from qrecords.stores.register import Transaction
from qrecords.work.step import Run, TidiedStep


@dataclass(frozen=True)
class KeepScans(TidiedStep[Office]):
    """The papers a scan keeps, the inbox pages that become part of them, and the pages it lays into the inbox."""

    KIND = "scan"

    files: tuple[Evidence, ...]
    taken: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()

    def keeps(self) -> Iterator[str]:
        """Give the papers."""
        return (file.sha256 for file in self.files)

    def standing(self, office: Office) -> KeepScans | None:
        """Return all of it when its sheets are in the register."""
        return self if self.committed else None

    def tidy(self, office: Office) -> None:
        """Let go of the pages that are attached now."""
        office.papers.inbox.remove(*self.taken)

    def undo(self, office: Office, key: str) -> None:
        """Take back the papers and the pages."""
        office.papers.inbox.remove(*self.fresh)
        take_back(office, key, self.files)


@dataclass(frozen=True, slots=True)
class Kept:
    """A whole print about to be kept, with the signings it shows."""

    found: Print
    signings: tuple[Signing, ...]

    @property
    def taken(self) -> list[str]:
        """Return the inbox pages it is made of."""
        return [s.waiting for s in self.found.sheets if s.waiting]

    def told(self, versions: Mapping[str, int] | None = None) -> PrintKept:
        """Return what is answered of it; `versions` are those it made of filed items, by archive number."""
        known = self.found.known
        made = {no: v for no, v in (versions or {}).items() if any(r.archive_no == no for r in known.records)}
        return PrintKept(
            record_no=known.subject,
            records=[r.record_no for r in known.records],
            print_id=known.print_id,
            file=self.found.sheets[0].source,
            pages=len(self.found.sheets),
            sources=[Source(s.source, s.number) for s in self.found.sheets],
            kind="、".join(s.kind for s in self.signings),
            kinds=[s.kind for s in self.signings],
            versions=[VersionMade(no, version) for no, version in sorted(made.items())],
        )


@dataclass(frozen=True, slots=True)
class _Bound:
    """A print bound into one PDF in the step's work folder."""

    kept: Kept
    path: Path
    attached: Attached

    @property
    def open_records(self) -> list[Record]:
        """Return the records that are not filed yet."""
        return [r for r in self.kept.found.known.records if r.state not in AFTER_FILING]

    def signed(self) -> list[Signed]:
        """Return the signatures it shows."""
        scan = self.attached
        return [Signed(s.kind, s.by, s.on, scan.name, scan.sha256) for s in self.kept.signings]

    def late(self, at: str, account: str) -> Iterator[Late]:
        """Give what it adds to the filed records that do not have it."""
        taken = tuple(self.kept.taken)
        attached = replace(self.attached, added_at=at, added_by=account)
        signed = [replace(s, recorded_at=at, recorded_by=account) for s in self.signed()]
        for record in self.kept.found.known.records:
            if record.state in AFTER_FILING and not self._has(record):
                added = Added(record.record_no, attached, signed[0] if signed else None)
                yield Late(record, added, self.attached.stored, on_disk(self.path), taken)
                for further in signed[1:]:
                    yield Late(
                        record, Added(record.record_no, signed=further), self.attached.stored, on_disk(self.path)
                    )

    def is_there(self) -> bool:
        """Tell whether every record of the print has this very scan already, as evidence of this signing."""
        return all(self._has(record) for record in self.kept.found.known.records)

    def _has(self, record: Record) -> bool:
        scan = self.attached
        proved = {s.kind for s in record.signatures if s.evidence_sha256 == scan.sha256}
        return any(a.sha256 == scan.sha256 for a in record.attached) and all(
            s.kind in proved for s in self.kept.signings
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was kept, what was there already, and the inbox ids of the pages that wait, in their order."""

    kept: list[Kept]
    there: list[Kept]
    page_ids: list[str]
    versions: dict[str, int]  # made of filed items, by archive number


def keep(
    office: Office, key: str, ready: Sequence[Kept], lost: Sequence[Sheet], wanted: Sequence[Signing] = (),
    instead: Sequence[str] = (),
) -> Outcome:  # fmt: skip
    """Keep prints with their records, and pages in the inbox; the same scan a second time changes nothing.

    Of records not filed yet all or none; then those of each filed item with the next version of its object. What was
    said of the signatures (`wanted`) waits with the pages; those they stand for (`instead`) wait no more.
    """
    lost = [replace(sheet, wanted=tuple(wanted) or sheet.wanted) for sheet in lost]
    work = office.archive.work_dir(key)
    durable.make_dirs(work)
    made = [_bind(kept, work / f"{number:05d}.pdf") for number, kept in enumerate(ready)]
    bound = [b for b in made if not b.is_there()]
    late = [one for b in bound for one in b.late(office.now(), office.account.name)]
    waiting = {page for one in late for page in one.taken}
    taken = [page for kept in ready for page in kept.taken if page not in waiting]
    ids = [s.page_id for s in lost]
    taken += [page for page in instead if page not in ids]
    _keep(office, key, [b for b in bound if b.open_records], list(zip(ids, lost, strict=True)), taken)
    versions = add(office, late)
    return Outcome([b.kept for b in bound], [b.kept for b in made if b not in bound], ids, versions)


def _keep(
    office: Office, key: str, bound: Sequence[_Bound], lost: Sequence[tuple[str, Sheet]], taken: Sequence[str]
) -> None:
    inbox = office.papers.inbox
    fresh = [page for page, _ in lost if inbox.get(page) is None]
    files = tuple(Evidence(b.attached.stored, b.attached.sha256) for b in bound)
    run = Run(office, key)
    with office.register.write() as tx:
        step = run.begin(tx, KeepScans(files, tuple(taken), tuple(fresh)))
    durable.checkpoint("scan.intent")
    for page, sheet in lost:
        jpeg = sheet.picture()
        code = payload(*sheet.code) if sheet.code else ""
        said = tuple((s.kind, s.by, s.on) for s in sheet.wanted)
        known = Waiting(page, sheet.source, sheet.number, sheet.reason, sheet.points, code, sheet.text, said)
        inbox.put(known, jpeg, preview_png(jpeg))
    if bound:
        store(office, {one.attached.stored: on_disk(one.path) for one in bound})
    durable.checkpoint("scan.kept")
    with run.committing(step) as tx:
        for one in bound:
            _write_down(office, tx, one)


def keep_files(office: Office, key: str, record: Record, files: Sequence[tuple[Attached, GivenFile]]) -> None:
    """Keep files beside a record, all of them or none."""
    with kept_evidence(office, key, {a.stored: file for a, file in files}) as tx:
        reading.require_unchanged(tx, [record])
        for attached, _ in files:
            tx.beside.add([record.record_no], attached, office.now(), office.account.name)
        tx.records.touch([record.record_no])
        detail: dict[str, Any] = {"files": [a.sha256 for a, _ in files]}
        tx.audit.append([office.event(Action.ATTACH, record.record_no, **detail)])


def let_pages_go(office: Office, key: str, pages: Sequence[str], why: str) -> None:
    """Let waiting pages go that belong to nothing; the log says which, by what they show."""
    run = Run(office, key)
    with office.register.write() as tx:
        step = run.begin(tx, KeepScans((), tuple(pages)))
    durable.checkpoint("scan.intent")
    with run.committing(step) as tx:
        detail: dict[str, Any] = {"let_go": list(pages), "why": why}
        tx.audit.append([office.event(Action.ATTACH, "scans", **detail)])


@contextmanager
def kept_evidence(office: Office, key: str, files: Mapping[str, GivenFile]) -> Iterator[Transaction]:
    """Keep files by the names they are stored under; give the transaction that commits what they are evidence of.

    Broken off before it is committed, the files are taken back. InvalidInput for one whose bytes are not those named.
    """
    run = Run(office, key)
    with office.register.write() as tx:
        step = run.begin(tx, KeepScans(Evidence.stored_as(files)))
    durable.checkpoint("scan.intent")
    store(office, files)
    durable.checkpoint("scan.kept")
    with run.committing(step) as tx:
        yield tx


def _bind(kept: Kept, path: Path) -> _Bound:
    known = kept.found.known
    pictures = [Picture(s.picture(), s.points) for s in kept.found.sheets]
    data = sheets_pdf(pictures, known.print_id)
    path.write_bytes(data)
    attached = Attached("sheet", known.file_name, hashlib.sha256(data).hexdigest(), len(pictures), known.print_id)
    return _Bound(kept, path, attached)


def _write_down(office: Office, tx: Transaction, one: _Bound) -> None:
    known, signed = one.kept.found.known, one.signed()
    reading.require_unchanged(tx, known.records)
    numbers = [r.record_no for r in one.open_records]
    tx.beside.add(numbers, one.attached, office.now(), office.account.name)
    detail: dict[str, Any] = {"print_id": known.print_id, "pages": one.attached.pages, "evidence": one.attached.sha256}
    for number, each in enumerate(signed):
        fresh = [r.record_no for r in one.open_records if not _shows(r, each)]
        first = register(office, tx, fresh, each)
        # The first event tells of the scan; each signature has one of its own.
        what = {"kind": each.kind, "by": digest(each.by), "on": each.on}
        told = detail | what if number == 0 else what | {"evidence": one.attached.sha256}
        tx.audit.append([office.event(Action.SIGN, no, **told, **proving(first.get(no))) for no in numbers])
    tx.records.touch(numbers)
    if not signed:
        tx.audit.append([office.event(Action.ATTACH, no, **detail) for no in numbers])


def _shows(record: Record, signed: Signed) -> bool:
    """Tell whether a record has this signature with this very paper."""
    what = (signed.kind, signed.by, signed.on, signed.evidence_sha256, "")
    return what in {(s.kind, s.by, s.on, s.evidence_sha256, s.lapsed) for s in record.signatures}
