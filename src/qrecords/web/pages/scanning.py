"""扫描: files given to be read, pages that wait as pictures to be turned and given to their record."""

from __future__ import annotations

from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import Any

from starlette.responses import Response

from qrecords.desk.session import Session
from qrecords.errors import InvalidInput, UsageError
from qrecords.intake.scanned import SUFFIXES, scans_of
from qrecords.model.document import PART_LABELS
from qrecords.model.job import Job
from qrecords.model.record import GONE, Action, State
from qrecords.services import jobs
from qrecords.services.finding.find import Summary, list_records
from qrecords.services.finding.search import Criteria, Hit, search
from qrecords.services.scans.assign import assign
from qrecords.services.scans.signing import paired
from qrecords.services.scans.waiting import WHY_LET_GO, let_go, page_picture, texts_of, turn, waiting_pages
from qrecords.stores.given import GivenFile
from qrecords.web.asked import Asked
from qrecords.web.pages.working import READING, begin
from qrecords.web.watching import MOST_FILES, is_watched, scanner_files
from qrecords.web.wording import worded

SHOWN = 200  # pages
CLOSE = 80  # records that may be waiting for paper
BEFORE_FILING = (State.DRAFT, State.ISSUED, State.SUBMITTED, State.REVIEWED)


def scans(asked: Asked) -> Response:
    """Show where files are given, the pages that wait, and the records they may belong to."""
    session = asked.session
    waiting = waiting_pages(session)
    words = asked.query("q").strip()
    near = _near(session, words)
    last = next((j for j in jobs.list_jobs(session) if j.kind == "scan" and j.account == session.account.name), None)
    return asked.page(
        "scans.html", waiting=waiting[:SHOWN], texts=texts_of(session, waiting[:SHOWN]), reading=READING,
        more=max(0, len(waiting) - SHOWN), near=near[:CLOSE], words=words,
        more_near=max(0, len(near) - CLOSE), folder=session.settings.desk.scan_folder,
        there=len(scanner_files(session.settings)),
        every=session.settings.desk.scan_every if is_watched(session.settings) else 0,
        last=last, kinds=_kinds(asked), wrong=_trouble(last), why=WHY_LET_GO, suffixes=",".join(sorted(SUFFIXES)),
    )  # fmt: skip


def _near(session: Session, words: str) -> list[Summary | Hit]:
    """Return the records paper may belong to: what is on its way first, then what the search finds, filed or not."""
    records = list_records(session, states=BEFORE_FILING)
    near: list[Summary | Hit] = [r for r in records if words in f"{r.record_no} {r.customer_unit} {r.title}"]
    if words and session.allows(Action.READ):
        there = {r.record_no for r in near}
        with suppress(InvalidInput):  # half a query: what has the words as they stand is found all the same
            found = search(session, words, Criteria(), limit=CLOSE, facets=False).hits
            near += [hit for hit in found if hit.record_no not in there and State(hit.state) not in GONE]
    return near


def _kinds(asked: Asked) -> list[str]:
    forms = (folder.form for folder in asked.session.forms.all())
    of_records = dict.fromkeys(s.label for form in forms for s in form.own_signatures)
    return [*of_records, *PART_LABELS.values()]  # and those of reports and briefs


def _trouble(last: Job | None) -> list[str]:
    """Return the lines of the last reading that tell of what was not attached: old and new values among them."""
    if last is None:
        return []
    start = next((n for n, line in enumerate(last.lines) if line.startswith("没有附上")), None)
    return [] if start is None else list(last.lines[start:])


def _said(asked: Asked) -> dict[str, Any]:
    """Return what was said of the signatures on the paper, one kind and who signed it after the other."""
    written = zip_longest(asked.texts("kind"), asked.texts("by"), fillvalue="")
    lines = [(kind.strip(), by.strip()) for kind, by in written if kind.strip() or by.strip()]
    said = {"kind": [kind for kind, _ in lines], "by": [by for _, by in lines], "on": asked.text("on").strip()}
    return said | ({"further": True} if asked.text("further") else {})


def upload(asked: Asked) -> Response:
    """Take files in to be read, as a job."""
    given = [f for f in asked.sent.getlist("file") if not isinstance(f, str) and f.filename]
    files = [GivenFile(file_name(f.filename or ""), f.file.read()) for f in given]
    if not files:
        raise UsageError("没有选文件", remedy="请选扫描件，或把文件拖到页面上")
    if wrong := [f.name for f in files if Path(f.name).suffix.lower() not in SUFFIXES]:
        raise UsageError(f"{wrong[0]} 不是扫描件", remedy="扫描件是 PDF、JPEG、PNG 或 TIFF 文件")
    return begin(asked, "scan", _said(asked), files)


def file_name(claimed: str) -> str:
    """Return what a file sent is called, whatever path it claims."""
    name = Path(claimed.replace("\\", "/")).name
    return "".join(c for c in name if c.isprintable())[-120:].lstrip(". ") or "scan.pdf"


def take(asked: Asked) -> Response:
    """Take what the scanner has put into its folder, as a job; the files stay until they are moved by hand."""
    if not (paths := scanner_files(asked.session.settings)):
        raise UsageError("扫描仪的文件夹里没有文件", remedy="扫描以后再取")
    return begin(asked, "scan", _said(asked), scans_of(paths[:MOST_FILES]))


def picture(asked: Asked) -> Response:
    """Give the picture of a page that waits."""
    return Response(page_picture(asked.session, asked.path["page"]), media_type="image/jpeg")


def turned(asked: Asked) -> Response:
    """Turn a page."""
    quarters = asked.text("quarters")
    fresh = turn(asked.session, asked.path["page"], int(quarters) if quarters in {"1", "2", "3"} else 0)
    return asked.go(f"/scans#{fresh}")


def gone(asked: Asked) -> Response:
    """Let pages go that belong to no record."""
    return asked.go("/scans", f"移去了{let_go(asked.session, asked.texts('page'), asked.text('why'))}页，记入日志")


def give(asked: Asked) -> Response:
    """Give pages to a record, in the order they were chosen."""
    pages = asked.texts("page")
    if not pages:
        raise UsageError("没有选中页", remedy="请先勾选，或把页拖到记录上")
    said = _said(asked)
    wanted = paired(said["kind"], said["by"], said["on"], further="further" in said)
    found = assign(asked.session, pages, asked.text("number"), wanted, recognise=False)
    told = [f"附上 {a.record_no}　{a.pages}页" for a in found.attached]
    told += [f"{u.page}：{worded(u.reason)}" for u in found.unmatched] + [worded(n) for n in found.notes]
    return asked.go("/scans", "；".join(told))
