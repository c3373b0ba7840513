"""Scanned pages sorted into the prints they come from: grouped, in order, whole or not (QS/PA758A 5.5.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qrecords.errors import NotFound
from qrecords.model.document import Document
from qrecords.model.numbering import file_safe, parse_record_no
from qrecords.model.objects import DOCUMENT
from qrecords.model.papers import Waiting
from qrecords.model.record import Record
from qrecords.model.values import Values
from qrecords.office import Office
from qrecords.ports import Inbox
from qrecords.render.code import Code, parse_code, payload
from qrecords.render.pdflook import pages_of
from qrecords.scanning.reader import PageRead
from qrecords.services import reading
from qrecords.services.reports import kept
from qrecords.stores.inbox import page_id

NO_CODE = "没有读到记录编码"
NOT_OURS = "编码不是本工作区印的"
TWO_CODES = "一页上有几份记录的编码"


@dataclass(frozen=True, slots=True)
class Signing:
    """Which signature or seal stands on a print, whose, and of which day.

    `further`: it was said that it is none of those registered, whatever their names and days.
    """

    kind: str
    by: str
    on: str
    further: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page on its way: just scanned, or (`waiting`) from the inbox."""

    source: str
    number: int
    picture: Callable[[], bytes]
    points: tuple[float, float]
    text: str = ""
    code: Code | None = None
    reason: str = ""
    waiting: str = ""
    wanted: tuple[Signing, ...] = ()  # what was said of its signatures when it was scanned

    @property
    def page_id(self) -> str:
        """Return the id of the page: what it shows."""
        return self.waiting or page_id(self.picture())

    @classmethod
    def from_inbox(cls, inbox: Inbox, page: Waiting) -> Sheet:
        """Return a page that waits."""
        code = parse_code(page.code) if page.code else None
        picture = inbox.picture(page.page_id)
        said = tuple(Signing(*one) for one in page.wanted)
        return cls(page.source, page.number, picture, page.points, page.text, code, page.reason, page.page_id, said)


@dataclass(frozen=True, slots=True)
class Known:
    """What the office knows of a print: the values it shows, its pages with a code, and its records as they are."""

    subject: str
    number: int
    snapshot: Mapping[str, Any]
    pages: int
    records: tuple[Record, ...]
    document: Document | None = None  # whose paper it is, where it is no record's

    @property
    def print_id(self) -> str:
        """Return the id that is printed with the code."""
        return payload(self.subject, self.number)

    @property
    def file_name(self) -> str:
        """Return what the scan of this print is called."""
        return f"{file_safe(self.subject)}-{self.number}.pdf"

    def shown(self, record: Record) -> Values:
        """Return the values this print shows of one of its records."""
        values: Values = self.snapshot if record.record_no == self.subject else self.snapshot[record.record_no]
        return values


@dataclass(frozen=True, slots=True)
class Print:
    """One print with its sheets in order, as far as they are there."""

    known: Known
    sheets: tuple[Sheet, ...]
    doubles: tuple[Sheet, ...] = ()
    missing: tuple[int, ...] = ()

    @property
    def wanted(self) -> tuple[Signing, ...]:
        """Return what was said of the signatures when its pages were scanned."""
        return next((s.wanted for s in self.sheets if s.wanted), ())

    @property
    def missing_text(self) -> str:
        """Return the missing pages for people."""
        return "、".join(f"第{n}页" for n in self.missing)


Prints = dict[tuple[str, int], Known | None]


def sorted_out(office: Office, pages: Iterable[PageRead], waiting: Iterable[Sheet]) -> tuple[list[Print], list[Sheet]]:
    """Return the prints the pages belong to, pages waiting for them included, and the pages that belong to none."""
    prints: Prints = {}
    groups: dict[tuple[str, int], list[Sheet]] = {}
    lost = []
    for page in pages:
        sheet = with_code(office, page, prints)
        if sheet.code is None:
            lost.append(sheet)
        else:
            groups.setdefault(sheet.code[:2], []).append(sheet)
    for sheet in waiting:
        if sheet.code and sheet.code[:2] in groups:
            groups[sheet.code[:2]].append(sheet)
    return [in_order(known, groups[key]) for key, known in prints.items() if known and key in groups], lost


def in_order(known: Known, sheets: Sequence[Sheet]) -> Print:
    """Return a print's sheets by page; a Word print's pages have no number and stay as they were scanned."""
    numbered: dict[int, Sheet] = {}
    loose, doubles = [], []
    seen = set()
    for sheet in sheets:
        page = sheet.code.page if sheet.code else None
        if sheet.page_id in seen:
            continue  # the very same picture, scanned again from the same file
        seen.add(sheet.page_id)
        if page is None:
            loose.append(sheet)
        elif page in numbered:
            doubles.append(replace(sheet, reason=f"{known.print_id} 第{page}页扫描了不止一次"))
        else:
            numbered[page] = sheet
    last = max([known.pages, *numbered]) if not loose else 0
    missing = tuple(n for n in range(1, last + 1) if n not in numbered)
    return Print(known, (*(numbered[n] for n in sorted(numbered)), *loose), tuple(doubles), missing)


def known_print(office: Office, subject: str, number: int) -> Known | None:
    """Return what is known of a print; None when there is none, or the account may not read what it shows."""
    with office.register.read() as tx:
        row = next((p for p in tx.records.prints(subject) if p.number == number), None)
    if row is None:
        return _known_document(office, subject, number)
    try:
        parse_record_no(subject)
        numbers = [subject]
    except ValueError:
        numbers = sorted(row.snapshot) or _of_month(office, subject)  # a register's sheets: values by record number
    try:
        records = reading.many(office, numbers)
    except NotFound:
        return None
    return Known(subject, number, row.snapshot, row.pages, tuple(records))


def _known_document(office: Office, subject: str, number: int) -> Known | None:
    """Return what is known of a document's paper; of one drawn before it says no more how many pages it had."""
    try:
        document = kept.one(office, subject)
    except NotFound:
        return None
    if document.version < 1:  # destroyed
        return None
    if document.paper_number != number:
        return Known(document.document_no, number, {}, 0, (), document)
    with office.archive.lent(document.object_id, DOCUMENT.paper) as pdf:
        return Known(document.document_no, number, {}, pages_of(pdf), (), document)


def _of_month(office: Office, subject: str) -> list[str]:
    """Return the records of a sheet that shows nothing any more: its month was destroyed."""
    form_code, month = subject[:-8], subject[-7:]
    with office.register.read() as tx:
        return [r.record_no for r in tx.records.find(form_code=form_code, month=month)]


def with_code(office: Office, page: PageRead, prints: Prints) -> Sheet:
    """Return a page with the code of the print it belongs to, or why it belongs to none; `prints` are those met."""
    ours: list[Code] = []
    for text in page.codes:
        try:
            code = parse_code(text)
        except ValueError:
            continue  # some other code stands on the paper: a product's label, say
        if code[:2] not in prints:
            prints[code[:2]] = known_print(office, code.subject, code.print_no)
        if prints[code[:2]]:
            ours.append(code)
    one = ours[0] if len(ours) == 1 else None
    reason = "" if one else TWO_CODES if ours else NOT_OURS if page.codes else NO_CODE
    return Sheet(page.source, page.number, page.image.read_bytes, page.points, page.text, one, reason)
