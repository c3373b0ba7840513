"""The papers of one record: files handed in with it, a copy asked for."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from starlette.responses import Response

from qrecords.errors import NotFound, UsageError
from qrecords.model.papers import right_for
from qrecords.model.record import GONE, Action
from qrecords.services import reading
from qrecords.services.alike import alike, is_fault, item_form
from qrecords.services.excerpts import given, paper_file
from qrecords.services.feedback import feedback_file, is_fed_back
from qrecords.services.finding.find import Shown, shown
from qrecords.services.finding.viewing import kept_paper, texts_read_off
from qrecords.services.intake import drafting
from qrecords.services.scans.attach import attach
from qrecords.services.steps import sign
from qrecords.stores.given import GivenFile
from qrecords.web.asked import Asked, download, pdf
from qrecords.web.pages.scanning import file_name
from qrecords.web.pages.working import begin
from qrecords.web.wording import worded

SHEETS = ("docx", "pdf")
PICTURES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}  # what every browser shows


def papers(asked: Asked) -> Response:
    """Show what lies beside a record, and what can be done with its paper."""
    session = asked.session
    one = reading.one(session, asked.path["number"])
    form = session.forms.get(one.form_code).form
    rights = (Action.ATTACH, Action.SIGN, Action.FILE, Action.COPY_REQUEST)
    may = {a.value for a in rights if session.only_readable([one], a)}
    prints = bool(session.only_readable([one], Action.PRINT))
    told = is_fed_back(session, one) and prints
    going_along = given(form, one.values) if prints and one.state not in GONE else ()
    record = shown(session, one)
    return asked.page(
        "papers.html", record=record, form=form, may=may, feedback=told, going_along=going_along,
        fault=is_fault(session, one), read=_read_off(asked, record),
        signed=[s for s in record.signatures if s.evidence_sha256],
        kinds=form.signatures if right_for(Action.SIGN, one.state).value in may and one.state not in GONE else (),
        exports=bool(record.archive_no) and session.allows(Action.EXPORT),
        export_folder=session.settings.desk.export_folder,
    )  # fmt: skip


def _read_off(asked: Asked, record: Shown) -> dict[str, list[tuple[str, str]]]:
    """Return by paper the picture of each page and the text read off it; a paper not read yet is left out."""
    found = texts_read_off(asked.session, record.record_no)
    read = {}
    for paper in record.attached:
        if (text := found.get(paper.sha256)) is None:
            continue
        address, kind = f"/records/{record.record_no}/papers/{paper.sha256}", Path(paper.name).suffix.lower()
        pages = enumerate(text.split("\f"), start=1)
        if kind == ".pdf":
            read[paper.sha256] = [(f"{address}/page.png?page={n}", one.strip()) for n, one in pages]
        else:
            read[paper.sha256] = [(address if kind in PICTURES else "", one.strip()) for _, one in pages]
    return read


def kept_page(asked: Asked) -> Response:
    """Give the picture of a page of a PDF beside a record."""
    name, data = kept_paper(asked.session, asked.path["number"], asked.path["sha256"])
    number = asked.query("page")
    if not name.lower().endswith(".pdf") or not (number.isascii() and number.isdecimal() and 0 < len(number) < 6):
        raise NotFound("没有这一页", remedy="请从记录的页面上选")
    shown_page = asked.request.app.state.pictures.page(data, (), int(number))
    return Response(shown_page.picture, media_type="image/png")


def feedback(asked: Asked) -> Response:
    """Give the sheet the quality department gets of a record (QS/PA758A 5.7.2)."""
    number = asked.session.full_record_no(asked.path["number"])
    name = f"{number}-反馈.{_sheet(asked)}"
    return download(name, feedback_file(asked.session, number, name))


def excerpt(asked: Asked) -> Response:
    """Give a paper that goes along with a unit, to be signed and attached."""
    number, key = asked.session.full_record_no(asked.path["number"]), asked.text("name")
    name = f"{number}-{file_name(key)}.{_sheet(asked)}"
    return download(name, paper_file(asked.session, number, key, name))


def alike_units(asked: Asked) -> Response:
    """Begin an item of improvement with the units like that of a fault, each to be looked at."""
    found = alike(asked.session, asked.path["number"])
    return asked.go(f"/drafts/{drafting.begin(asked.session, item_form(asked.session).code, found.values).key}")


def _sheet(asked: Asked) -> str:
    if (kind := asked.text("kind")) not in SHEETS:
        raise UsageError("没有选 Word 还是 PDF", remedy="请从记录的「附件、副本」页上选")
    return kind


def export(asked: Asked) -> Response:
    """Pack a filed record for the company's archive, as a job."""
    one = reading.one(asked.session, asked.path["number"])
    return begin(asked, "export", {"numbers": [one.record_no]})


def kept(asked: Asked) -> Response:
    """Give a paper as it was handed in: a PDF or a picture to be looked at, any other file to be kept."""
    name, data = kept_paper(asked.session, asked.path["number"], asked.path["sha256"])
    kind = PICTURES.get(Path(name).suffix.lower())
    if name.lower().endswith(".pdf"):
        return pdf(data, name)
    called = f"filename*=UTF-8''{quote(name)}"
    how = f"inline; {called}" if kind else f"attachment; {called}"
    return Response(data, media_type=kind or "application/octet-stream", headers={"content-disposition": how})


def signed_page(asked: Asked) -> Response:
    """Register a signature with the scan that shows it, of a page without a code or another paper than the form."""
    if (upload := asked.file("evidence")) is None:
        raise UsageError("没有选文件", remedy="请选签署页的扫描件；没有扫描件的，在记录的页面上登记签名")
    scan = GivenFile(file_name(upload.filename or ""), upload.file.read())
    said = {name: asked.text(name) for name in ("kind", "by", "on")}
    further = bool(asked.text("further"))
    number = asked.path["number"]
    (record,) = sign(asked.session, [number], **said, evidence=scan, word=asked.word, further=further)
    return asked.go(f"/records/{record.record_no}/papers", f"已登记 {said['by']} 的签署，附上扫描件")


def attach_files(asked: Asked) -> Response:
    """Put files beside a record; their text is read as a job."""
    given = [f for f in asked.sent.getlist("file") if not isinstance(f, str) and f.filename]
    if not given:
        raise UsageError("没有选文件", remedy="请选要附的文件")
    files = [GivenFile(file_name(f.filename or ""), f.file.read()) for f in given]
    record, version, notes = attach(asked.session, asked.path["number"], files, recognise=False)
    into = f"，存为归档件的第{version}版" if version else ""
    told = "；".join([f"附上{len(files)}个文件{into}", *map(worded, notes)])
    return asked.go(f"/records/{record.record_no}/papers", told)
