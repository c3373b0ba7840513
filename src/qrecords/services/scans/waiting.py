"""Scanned pages that wait: which an account may see, their picture, turned when they lie on their side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO

from PIL import Image

from qrecords.errors import NotFound, UsageError
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services.scans.keeping import keep, let_pages_go
from qrecords.services.scans.sheets import Sheet, known_print

TURNS = {1: Image.Transpose.ROTATE_270, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_90}
WHY_LET_GO = {"twice": "扫重了", "strange": "不属于任何记录", "unreadable": "看不清，已重新扫描"}
QUALITY = 92  # of the picture of a turned page


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """A page that waits: where it came from, why it waits, and whose it is where that is known."""

    page: str
    file: str
    number: int
    reason: str
    subject: str
    text: str


def waiting_pages(office: Office) -> list[WaitingPage]:
    """Return the pages that wait; those of records the account may not read are left out, as if they were not there."""
    _authorise(office)
    found = []
    for sheet in _sheets(office):
        if _is_ours(office, sheet):
            subject = sheet.code.subject if sheet.code else ""
            found.append(WaitingPage(sheet.waiting, sheet.source, sheet.number, sheet.reason, subject, sheet.text))
    return found


def texts_of(office: Office, pages: Sequence[WaitingPage]) -> dict[str, str]:
    """Return the texts of pages the account sees: the file's own, else what was read off the picture, where it was."""
    read = office.papers.inbox.texts() if any(not page.text for page in pages) else {}
    return {page.page: text for page in pages if (text := page.text or read.get(page.page))}


def pages_without_place(office: Office) -> int:
    """Return how many pages the account may see wait, 0 for who may see none."""
    return len(waiting_pages(office)) if office.allows(Action.SIGN) or office.allows(Action.ATTACH) else 0


def page_picture(office: Office, page: str) -> bytes:
    """Return the picture of a page as JPEG."""
    return _one(office, page).picture()


def turn(office: Office, page: str, quarters: int) -> str:
    """Turn a page clockwise by so many quarters; returns its new id, since it shows something else now."""
    if quarters not in TURNS:
        raise UsageError("只能向右转一、二、三个直角", remedy="请再选一次")
    sheet = _one(office, page)
    with Image.open(BytesIO(sheet.picture()), formats=("JPEG",)) as image:
        stream = BytesIO()
        image.transpose(TURNS[quarters]).save(stream, "JPEG", quality=QUALITY)
    jpeg = stream.getvalue()
    points = sheet.points if quarters == 2 else (sheet.points[1], sheet.points[0])
    turned = replace(sheet, waiting="", picture=lambda: jpeg, points=points)
    with office.under_way() as step:
        (fresh,) = keep(office, step, [], [turned], instead=[sheet.waiting]).page_ids
    return fresh


def let_go(office: Office, pages: Sequence[str], why: str) -> int:
    """Let pages go that belong to no record: a strange paper, a page scanned twice. Returns how many.

    Their pictures are kept no longer; the log says which, by whom and why. Nothing of a record is among them: what is
    attached waits no more.
    """
    if why not in WHY_LET_GO:
        said = f"没有「{why}」这种移去的原因" if why else "没有选移去的原因"
        raise UsageError(said, remedy=f"请选一种：{'、'.join(WHY_LET_GO.values())}")
    wanted = list(dict.fromkeys(_one(office, page).waiting for page in pages))
    if not wanted:
        raise UsageError("没有选中页", remedy="请先勾选")
    with office.under_way() as step:
        let_pages_go(office, step, wanted, why)
    return len(wanted)


def _authorise(office: Office) -> None:
    if not office.allows(Action.SIGN):
        office.authorise(Action.ATTACH, "scans")


def _sheets(office: Office) -> list[Sheet]:
    inbox = office.papers.inbox
    return [Sheet.from_inbox(inbox, page) for page in inbox.all()]


def _is_ours(office: Office, sheet: Sheet) -> bool:
    return sheet.code is None or known_print(office, sheet.code.subject, sheet.code.print_no) is not None


def _one(office: Office, page: str) -> Sheet:
    _authorise(office)
    found = office.papers.inbox.get(page.strip().upper())
    sheet = Sheet.from_inbox(office.papers.inbox, found) if found else None
    if sheet is None or not _is_ours(office, sheet):
        raise NotFound(f"没有「{page}」这一页", remedy="它可能已经附到记录上了，请刷新")
    return sheet
