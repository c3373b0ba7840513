"""Signed paper comes home: scanned pages find their record by the printed code (QS/PA758A 5.5.5).

Crash order: the pages are read and bound without a lock; the intent names the files about to be kept; evidence and
waiting pages are written; the register commits signatures, sheets and events together; then the pages that no longer
wait are let go. `services/care/recover.py` finishes what was committed and takes back what was not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from qrecords.advice import Sentence
from qrecords.errors import InvalidInput, Problem
from qrecords.office import Office
from qrecords.scanning.reader import FileRead, PageRead, read_file
from qrecords.services.door import carried, looked_at
from qrecords.services.finding.indexing import follow
from qrecords.services.scans import documents
from qrecords.services.scans.answers import PageWaiting, PrintKept, PrintRefused, Source
from qrecords.services.scans.keeping import Kept, keep
from qrecords.services.scans.recognise import recognise_unread
from qrecords.services.scans.sheets import Print, Prints, Sheet, Signing, sorted_out, with_code
from qrecords.services.scans.signing import Ask, refusal, signings_of
from qrecords.stores.durable import remove_tree
from qrecords.stores.given import GivenFile

Progress = Callable[[int, int], None]
BLANK = "空白页"


@dataclass(frozen=True, slots=True)
class PageSeen:
    """A page just read: what it belongs to (a record, a register's month, a document), or why to nothing yet."""

    file: str
    number: int
    subject: str
    reason: str


Seen = Callable[[PageSeen], None]


@dataclass(slots=True)
class Scanned:
    """What came of a scan: prints attached, pages that wait, prints refused with every reason, and notes."""

    attached: list[PrintKept] = field(default_factory=list)
    unmatched: list[PageWaiting] = field(default_factory=list)
    refused: list[PrintRefused] = field(default_factory=list)
    notes: list[Sentence] = field(default_factory=list)


def scan(
    office: Office,
    files: Sequence[GivenFile],
    wanted: Sequence[Signing] = (),
    *,
    ask: Ask | None = None,
    dry_run: bool = False,
    recognise: bool = True,
    progress: Progress | None = None,
    seen: Seen | None = None,
) -> Scanned:
    """Attach every whole print found on the pages to its record; keep the pages that fit nowhere.

    A file that cannot be read stops all of them: InvalidInput names each, and nothing is attached. A print is refused
    when a value it shows was changed since, its record is void or destroyed, or not the account's to add to (logged);
    the others are attached all the same. Of a document's paper the signatures named in `wanted` are registered.
    `seen` is told each page as it is read, before anything is attached.
    """
    result = Scanned()
    with office.under_way() as step, ExitStack() as stack:
        work = office.archive.work_dir(step)
        paths = [stack.enter_context(file.lent()) for file in dict.fromkeys(files)]
        try:
            read = _read_all(paths, work / "pages", progress, _telling(office, seen) if seen else None)
            prints, lost = _sorted(office, read, result)
            papers = documents.bound([p for p in prints if p.known.document], wanted)
            result.refused += [one.refused() for one in papers if one.problems and not dry_run]
            of_records = [p for p in prints if not p.known.document]
            ready = _accepted(office, of_records, wanted, None if dry_run else ask, result, dry_run=dry_run)
            lost += _left_over(prints, result)
            if dry_run:
                result.attached = [*(k.told() for k in ready), *(one.kept() for one in papers)]
                result.unmatched = [told_page(s, "") for s in lost]
                return result
            outcome = keep(office, step, ready, lost, wanted)
        finally:
            remove_tree(work)
    result.attached = [k.told(outcome.versions) for k in outcome.kept]
    _register(office, [one for one in papers if not one.problems], result)
    result.unmatched = [told_page(s, i) for s, i in zip(lost, outcome.page_ids, strict=True)]
    result.notes += [f"{k.found.known.print_id} 的这份扫描件已经附过，没有重复" for k in outcome.there]
    if recognise:
        result.notes += recognise_unread(office, progress=progress)
    follow(office)
    return result


def _register(office: Office, papers: Sequence[documents.Bound], result: Scanned) -> None:
    """Register what stands on papers of documents; what of it is refused is told beside what was registered."""
    for one in papers:
        documents.register(office, one)
        if one.done:
            result.attached.append(one.kept())
        if one.problems:
            result.refused.append(one.refused())


def _telling(office: Office, seen: Seen) -> Callable[[PageRead], None]:
    """Return what tells of each page where it belongs, as far as the account may know."""
    prints: Prints = {}

    def told(page: PageRead) -> None:
        if page.blank:
            seen(PageSeen(page.source, page.number, "", BLANK))
        else:
            sheet = with_code(office, page, prints)
            seen(PageSeen(page.source, page.number, sheet.code.subject if sheet.code else "", sheet.reason))

    return told


def _read_all(
    files: Sequence[Path], folder: Path, progress: Progress | None, seen: Callable[[PageRead], None] | None = None
) -> list[FileRead]:
    read: list[FileRead] = []
    errors: list[tuple[Path, InvalidInput]] = []
    for number, path in enumerate(files, start=1):
        try:
            read.append(read_file(path, folder / f"{number:05d}", progress=progress, seen=seen))
        except InvalidInput as error:
            errors.append((path, error))
    read = _with_what_is_left_behind(read, [path for path in files if path not in dict(errors)])
    if len(errors) == 1:
        raise errors[0][1]
    if errors:
        problems = [Problem(e.told, source=path.name) for path, e in errors]
        remedy = "请按各条提示处理后再试；没有附上任何一页"
        raise InvalidInput(f"有{len(errors)}个文件读不了", remedy=remedy, problems=problems)
    return read


def _with_what_is_left_behind(read: Sequence[FileRead], files: Sequence[Path]) -> list[FileRead]:
    """Note what a file carries beside its pages: only pictures of these go on."""
    told = []
    for file, verdict in zip(read, looked_at([(path, path.name) for path in files]), strict=True):
        what = carried(verdict)
        notes = (*file.notes, f"{file.source} 夹带{what}，已去掉，只留页面的图像") if what else file.notes
        told.append(replace(file, notes=notes))
    return told


def _sorted(office: Office, read: Sequence[FileRead], result: Scanned) -> tuple[list[Print], list[Sheet]]:
    inbox = office.papers.inbox
    for file in read:
        result.notes += file.notes
        if blank := sum(page.blank for page in file.pages):
            result.notes.append(f"{file.source} 有{blank}个空白页，已略去")
    pages = [page for file in read for page in file.pages if not page.blank]
    return sorted_out(office, pages, [Sheet.from_inbox(inbox, page) for page in inbox.all()])


def _accepted(
    office: Office,
    prints: Sequence[Print],
    wanted: Sequence[Signing],
    ask: Ask | None,
    result: Scanned,
    *,
    dry_run: bool,
) -> list[Kept]:
    """Return the whole prints with their signing; those refused are told with every reason."""
    ready = []
    for found in prints:
        problems = refusal(office, found.known)
        signings: tuple[Signing, ...] = ()
        if not problems and not found.missing and not dry_run:
            try:
                signings = signings_of(office, found.known, wanted or found.wanted, ask)
            except InvalidInput as error:
                problems = [Problem(error.told, source=found.known.subject)]
        if problems:
            sources = [Source(s.source, s.number) for s in found.sheets]
            result.refused.append(PrintRefused(found.known.print_id, sources, problems))
        elif not found.missing:
            ready.append(Kept(found, signings))
    return ready


def _left_over(prints: Sequence[Print], result: Scanned) -> list[Sheet]:
    """Return the pages that wait: scanned twice, or their print is not whole; those of a refused print do not wait."""
    refused = {r.print_id for r in result.refused}
    left: list[Sheet] = []
    for found in prints:
        if found.known.print_id in refused:
            continue
        left += [s for s in found.doubles if not s.waiting]
        if found.missing:
            reason = f"{found.known.print_id} 还缺{found.missing_text}"
            left += [replace(s, reason=reason) for s in found.sheets]
    return left


def told_page(sheet: Sheet, page_id: str) -> PageWaiting:
    """Return what is answered of a page that waits."""
    return PageWaiting(page_id, sheet.source, sheet.number, sheet.reason)
