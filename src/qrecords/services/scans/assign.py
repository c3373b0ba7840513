"""Pages without a readable code, given to their record by hand (QS/PA758A 5.5.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qrecords.errors import NotFound, UsageError, WrongState
from qrecords.office import Office
from qrecords.ports import Inbox
from qrecords.render.code import Code
from qrecords.services.finding.indexing import follow
from qrecords.services.scans.keeping import Kept, keep
from qrecords.services.scans.recognise import recognise_unread
from qrecords.services.scans.scan import Scanned, told_page
from qrecords.services.scans.sheets import Known, Print, Sheet, Signing, in_order, known_print
from qrecords.services.scans.signing import Ask, require_acceptable, signings_of


def assign(
    office: Office,
    page_ids: Sequence[str],
    subject: str,
    wanted: Sequence[Signing] = (),
    *,
    ask: Ask | None = None,
    recognise: bool = True,
) -> Scanned:
    """Give waiting pages to a record (or a register's month), in the order named.

    They take the places still missing in the print whose other pages wait, else in the newest print; pages beyond are
    laid behind. A print that is whole now is attached as `scan` does it; otherwise the pages wait with their place.
    Where nothing is said of the signatures, what `scan` was told of these pages counts.
    """
    inbox = office.papers.inbox
    pages = [_page(inbox, page_id) for page_id in dict.fromkeys(p.strip().upper() for p in page_ids)]
    known, waiting = _print(office, inbox, subject.strip().upper())
    for page in pages:
        if page.code and page.code[:2] != (known.subject, known.number):
            raise WrongState(
                f"{page.waiting} 上的编码是 {page.code.subject}/{page.code.print_no}",
                remedy="请核对预览图；编码读得出的页会自己找到记录",
            )
    require_acceptable(office, known)
    found = _filled(known, pages, waiting)
    result = Scanned()
    with office.under_way() as step:
        if found.missing:
            left = [replace(s, reason=f"{known.print_id} 还缺{found.missing_text}") for s in found.sheets]
            outcome = keep(office, step, [], left, wanted)
            result.unmatched = [told_page(s, i) for s, i in zip(left, outcome.page_ids, strict=True)]
        else:
            outcome = keep(office, step, [Kept(found, signings_of(office, known, wanted or found.wanted, ask))], [])
            result.attached = [k.told(outcome.versions) for k in outcome.kept]
    if recognise and result.attached:
        result.notes += recognise_unread(office)
    follow(office)
    return result


def _page(inbox: Inbox, page_id: str) -> Sheet:
    if (page := inbox.get(page_id)) is None:
        raise NotFound(
            f"没有待处理的页 {page_id}", remedy="页号是待处理页的文件名，如 P0A1B2C3D4E5；也许这一页已经指给了记录"
        )
    return Sheet.from_inbox(inbox, page)


def _called(office: Office, subject: str) -> str:
    """Return what a subject is called in full: a register's month as it is, where that was printed; else a record."""
    known = office.form_codes
    month = subject if known.form_named(subject) else f"{known.main}-{subject}"
    with office.register.read() as tx:
        printed = bool(tx.records.prints(month))
    return month if printed else office.full_record_no(subject)


def _print(office: Office, inbox: Inbox, subject: str) -> tuple[Known, list[Sheet]]:
    """Return the print of a subject whose pages wait, with them; else its newest print."""
    subject = _called(office, subject)
    sheets = [Sheet.from_inbox(inbox, page) for page in inbox.all()]
    mine = [s for s in sheets if s.code and s.code.subject == subject]
    with office.register.read() as tx:
        numbers = [p.number for p in tx.records.prints(subject)]
    number = max((s.code.print_no for s in mine if s.code), default=max(numbers, default=0))
    if (known := known_print(office, subject, number)) is None or known.document:
        remedy = "请核对编号；登记簿写表式编号和月份，如 02A-2026-03"
        raise NotFound(f"没有 {subject} 的打印件", remedy=remedy)
    return known, [s for s in mine if s.code and s.code.print_no == number]


def _filled(known: Known, pages: Sequence[Sheet], waiting: Sequence[Sheet]) -> Print:
    """Return the print with the pages at the places still missing, and those beyond laid behind."""
    named = {p.waiting for p in pages}
    there = in_order(known, [s for s in waiting if s.waiting not in named or s.code])
    have = {s.code.page for s in there.sheets if s.code}
    places = iter([n for n in range(1, known.pages + 1) if n not in have])
    placed, behind = [], []
    for page in pages:
        if page.code and page.waiting in {s.waiting for s in there.sheets}:
            continue
        place = next(places, None)
        if place is None:
            behind.append(page)
        else:
            placed.append(replace(page, code=Code(known.subject, known.number, place)))
    if not placed and not behind:
        raise UsageError("这些页的编码读得出，正在等别的页", remedy="请指明缺的那一页，或补扫")
    whole = in_order(known, [*there.sheets, *placed])
    return replace(whole, sheets=(*whole.sheets, *behind))
