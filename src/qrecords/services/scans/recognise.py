"""Reads the text off what lies beside the records, so that it is found by search."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from qrecords.advice import Do, Named, Sentence, advise
from qrecords.errors import InvalidInput, QRecordsError
from qrecords.model.papers import AFTER_FILING
from qrecords.model.record import Attached
from qrecords.office import Office
from qrecords.scanning import ocr
from qrecords.scanning.reader import read_file
from qrecords.services.freezing import held_papers
from qrecords.services.scans.adding import keep_texts
from qrecords.stores.durable import make_dirs, remove_tree

ABSENT = advise("没有安装文字识别（qrecords[ocr]），扫描件里的文字暂时搜不到；装上以后再{}会补上", Named(Do.SCAN))

LEFT = advise("有识别出的文字还没有存入归档件，下次{}时会存入；若每次都这样，请运行 {} 核对", Named(Do.SCAN), Do.VERIFY)

BATCH = 50  # papers whose texts go into their objects in one step

Progress = Callable[[int, int], None]


def unread(office: Office) -> tuple[list[str], list[str]]:
    """Return the papers, by SHA-256, and the waiting pages that have no text yet; none where none can be read."""
    if not ocr.is_available():
        return [], []
    with office.register.read() as tx:
        papers = [attached.sha256 for attached in tx.beside.unread()]
    return papers, _waiting(office)


def recognise_part(office: Office, papers: Sequence[str], pages: Sequence[str], *, progress: Progress) -> int:
    """Read the text of some of what is unread, with others at the rest; returns how many papers have none.

    Texts of what is filed are kept beside it, until `recognise_unread` puts all of them into the objects.
    """
    if not ocr.is_available():
        return 0
    with office.register.read() as tx:
        mine = [attached for attached in tx.beside.unread() if attached.sha256 in set(papers)]
    silent = 0
    with office.under_way() as step:
        work = office.archive.work_dir(step)
        try:
            for done, attached in enumerate(mine):
                progress(done, len(papers) + len(pages))
                silent += not _recognise(office, attached, work / f"{done:05d}", None)
            _read_pages(office, [page for page in _waiting(office) if page in set(pages)], work, progress)
        finally:
            remove_tree(work)
    progress(1, 1)
    return silent


def recognise_unread(office: Office, *, progress: Progress | None = None) -> list[Sentence]:
    """Read the text of every file that has none yet; returns notes. One that broke off goes on where it was."""
    with office.register.read() as tx:
        left = tx.beside.unread()
    if not left:
        return []
    if not ocr.is_available():
        return [ABSENT]
    with office.under_way() as step:
        work = office.archive.work_dir(step)
        try:
            found = [_recognise(office, a, work / f"{n:05d}", progress) for n, a in enumerate(left)]
        finally:
            remove_tree(work)
    notes = _of_filed(office, [a.sha256 for a in left])
    silent = found.count(False)  # not by name: whoever runs this need not be allowed to know of them
    return [*notes, f"{silent}份扫描件没有识别出文字"] if silent else notes


def recognise_waiting(office: Office, *, progress: Progress | None = None) -> list[Sentence]:
    """Read the text of every page that waits for its record and has none yet; returns notes."""
    if not (pages := _waiting(office)):
        return []
    if not ocr.is_available():
        return [ABSENT]
    with office.under_way() as step:
        work = office.archive.work_dir(step)
        try:
            _read_pages(office, pages, work, progress)
        finally:
            remove_tree(work)
    return []


def _waiting(office: Office) -> list[str]:
    """Return the pages that wait for their record and have no text yet."""
    read = office.papers.inbox.texts()
    return [page.page_id for page in office.papers.inbox.all() if not page.text and page.page_id not in read]


def _read_pages(office: Office, pages: Sequence[str], work: Path, progress: Progress | None) -> None:
    inbox = office.papers.inbox
    make_dirs(work)
    for start in range(0, len(pages), BATCH):
        part = pages[start : start + BATCH]
        pictures = [work / f"{page}.jpg" for page in part]
        for page, picture in zip(part, pictures, strict=True):
            picture.write_bytes(inbox.picture(page)())
        for page, text in zip(part, ocr.recognise(pictures, progress=progress), strict=True):
            inbox.keep_text(page, text)


def _of_filed(office: Office, hashes: Sequence[str]) -> list[Sentence]:
    """Put the texts of papers whose records are filed into their objects; what cannot be now is done the next time.

    The papers themselves are committed: nothing here may fail. The note names nothing: whoever runs this need not be
    allowed to know of all of them.
    """
    with office.register.read() as tx:
        without = {a.sha256 for a in tx.beside.unread()}
    left = [sha256 for sha256 in hashes if sha256 in without]
    notes = dict[Sentence, None]()
    for start in range(0, len(left), BATCH):
        try:
            keep_texts(office, left[start : start + BATCH])
        except QRecordsError:
            notes[LEFT] = None
    return list(notes)


def _recognise(office: Office, attached: Attached, work: Path, progress: Progress | None) -> bool:
    """Read one file's text and write it down; tell whether there was any on its pages.

    A text read before and not yet in an object is taken as it is. What is filed waits for `keep_texts`.
    """
    kept = office.papers.evidence.text(attached.sha256)
    if kept is not None:
        text, there = kept, False
    else:
        with _lent(office, attached) as path:
            texts, there = _read(path, work, progress) if path else ([], False)
        text = "\f".join(texts)
        if path:
            office.papers.evidence.keep_text(attached.sha256, text)
            kept = text
    with office.register.write() as tx:
        holders = tx.records.many([no for no, _ in tx.beside.holders([attached.sha256])])
        if kept is None or not any(r.state in AFTER_FILING for r in holders):
            tx.records.touch(tx.beside.set_text(attached.sha256, text))
    return not there or bool(text.strip("\f\n "))


@contextmanager
def _lent(office: Office, attached: Attached) -> Iterator[Path | None]:
    """Lend a file from the evidence, or, when the register was made again from the objects, from one; None: lost."""
    if office.papers.evidence.has(attached.stored):
        with office.papers.evidence.lent([attached.stored]) as lent:
            yield lent[attached.stored]
    elif held := _in_object(office, attached):
        with office.archive.lent(*held) as path:
            yield path
    else:
        yield None


def _in_object(office: Office, attached: Attached) -> tuple[str, str, int] | None:
    """Return the object, name and version a paper is kept under."""
    with office.register.read() as tx:
        holders = tx.records.many([no for no, _ in tx.beside.holders([attached.sha256])])
        rows = [tx.items.row(r.archive_no) for r in holders if r.state in AFTER_FILING]
    for row in filter(None, rows):
        with suppress(QRecordsError):  # `verify` tells of a damaged object
            for name, sha256 in held_papers(office, row.object_id, row.version).items():
                if sha256 == attached.sha256:
                    return row.object_id, name, row.version
    return None


def _read(path: Path, work: Path, progress: Progress | None) -> tuple[list[str], bool]:
    """Return the texts of a file's pages, and whether it has pages at all."""
    try:
        pages = read_file(path, work).pages
    except InvalidInput:  # a Word document, or a file gone: `verify` and `file` tell of that
        return [], False
    texts = [page.text for page in pages]
    if pages and not any(texts):  # a plain scan; a file that has its own text needs no guessing
        texts = ocr.recognise([page.image for page in pages], progress=progress)
    return texts, True
