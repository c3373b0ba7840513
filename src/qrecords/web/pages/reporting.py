"""报表: the figures of the office, each leading to what it counts; documents drawn, looked at, signed, sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlencode

from starlette.responses import Response

from qrecords.errors import NotFound, UsageError
from qrecords.model.record import Action
from qrecords.render.charts.chart import in_words
from qrecords.render.charts.svg import svg
from qrecords.services.complaints import checklist_file
from qrecords.services.intake import drafting
from qrecords.services.reports import draw, kept, progress
from qrecords.services.reports.evaluated import evaluation, evaluation_form, is_evaluated, units_of
from qrecords.services.reports.shown import ShownDocument
from qrecords.stores.given import GivenFile
from qrecords.web.asked import Asked, download, pdf
from qrecords.web.pages import figures, working

SHOWN = 200
RIGHTS = (
    Action.REPORT_DRAW, Action.REPORT_REVIEW, Action.REPORT_APPROVE, Action.REPORT_ISSUE, Action.REPORT_RECEIPT,
)  # fmt: skip


def overview(asked: Asked) -> Response:
    """Show how the office stands, and the documents: of both what the account may read."""
    session, year = asked.session, figures.year_asked(asked)
    documents = kept.list_documents(session) if session.allows(Action.REPORT_READ) else []
    reads = session.allows(Action.READ) or not session.allows(Action.REPORT_READ)
    found = figures.figures(asked, year) if reads else None
    return asked.page(
        "reports.html", year=year, figures=found, counted=figures.counted(asked, found) if found else None,
        address=partial(figures.address, year), own=figures.OWN, documents=documents[::-1][:SHOWN],
        kinds=kept.series_of(session).kinds, milreps=draw.offices(session),
        may={a.value for a in RIGHTS if session.allows(a)},
    )  # fmt: skip


def chart(asked: Asked) -> Response:
    """Give one of the page's charts: no more than its table says."""
    made = figures.CHARTS.get(asked.path["name"])
    if made is None:
        raise NotFound("没有这张图", remedy="请从「报表」里看")
    return Response(svg(made(asked)), media_type="image/svg+xml")


def complaints_file(asked: Asked) -> Response:
    """Give a year's complaints as the quality department's check list, the inspector's part empty (QS/PA758A 5.6)."""
    year = figures.year_asked(asked)
    found = figures.complaints_of(asked, year)
    name = f"{year}年投诉检查表.{asked.path['kind']}"
    return download(name, checklist_file(asked.session, found, name))


def document(asked: Asked) -> Response:
    """Show one document: its tables, each figure leading to its records, its papers, the steps that are open."""
    number = asked.path["number"]
    one = kept.show_document(asked.session, number)
    shown = kept.outline(asked.session, number)
    wanted = asked.query("figure")
    address = f"/reports/{quote(one.document_no)}"
    return asked.page(
        "report.html", one=one, wanted=wanted, address=address, figures=shown.figures,
        charts=[(f"{address}/chart?{urlencode({'name': n})}", in_words(chart)) for n, chart in shown.charts.items()],
        drilled=kept.figures_of(asked.session, number, wanted) if wanted and shown.figures else [],
        files=[(name, f"{address}/file?{urlencode({'name': name})}") for name in _names(one)],
        may={a.value for a in RIGHTS if asked.session.allows(a)}, evaluated=is_evaluated(asked.session, one),
        units=units_of(one),
    )  # fmt: skip


def evaluated(asked: Asked) -> Response:
    """Begin the evaluation's paper with what a report says."""
    found = evaluation(asked.session, asked.path["number"], asked.text("unit"))
    return asked.go(f"/drafts/{drafting.begin(asked.session, evaluation_form(asked.session).code, found.values).key}")


def document_chart(asked: Asked) -> Response:
    """Give a chart of a document: the drawing its paper's picture is made of."""
    found, name = kept.outline(asked.session, asked.path["number"]).charts, asked.query("name")
    if name not in found:
        raise NotFound("文件里没有这张图", remedy="请从文件的页面上看")
    return Response(svg(found[name]), media_type="image/svg+xml")


def _names(one: ShownDocument) -> list[str]:
    """Return the files of a document worth a button: papers and tables; the charts stand in them."""
    return [name for name in (one.files or ()) if "/" not in name]


def paper(asked: Asked) -> Response:
    """Give a file of a document."""
    name = asked.query("name")
    data = kept.document_file(asked.session, asked.path["number"], name)
    called = f"{asked.path['number']} {name.rpartition('/')[2]}"
    if name.endswith(".svg"):
        return Response(data, media_type="image/svg+xml")
    return pdf(data, called) if name.endswith(".pdf") else download(called, data)


def step(asked: Asked) -> Response:
    """Take a step of a document, or draw one."""
    session, number, reason = asked.session, asked.text("number"), asked.text("reason")
    match asked.path["action"]:
        case "draw":
            answer, remarks = asked.text("answer"), _lines(asked.text("remark"))
            kind, period, branch, milrep = (asked.text(key) for key in ("kind", "period", "branch", "milrep"))
            answers = _answers(asked)
            if asked.text("later"):
                said = {"answer": answer, "answers": answers, "remarks": remarks}
                of = {"kind": kind, "period": period, "branch": branch, "milrep": milrep}
                return working.begin(asked, "report", of | said)
            done = draw.draw(
                session, kind, period, branch=branch, milrep=milrep, answer=answer, answers=answers, remarks=remarks
            )
            told = "已拟制"
        case "correct":
            answer = asked.text("answer")
            done = draw.correct(session, number, reason, answer=answer, answers=_answers(asked))
            told = "已做更正的一版："
        case "sign":
            part = asked.text("part")
            if part not in progress.SIGNING:
                raise UsageError("没有这种签署", remedy="请从文件的页面上选")
            done, told = progress.sign(session, number, part, _hand(asked)), "已登记签署："
        case "return":
            done, told = progress.send_back(session, number, reason), "已退回"
        case "void":
            done, told = progress.make_void(session, number, reason), "已作废"
        case "issue":
            to = [name for name in re.split(r"[，,、；;\n]+", asked.text("to")) if name.strip()]
            done = progress.issue(session, number, to=to, on=asked.text("on"), mail_no=asked.text("mail"))
            told = "已报送"
        case "receipt":
            by, on = asked.text("by"), asked.text("on")
            done, told = progress.receive(session, number, asked.text("recipient"), by=by, on=on), "已登记签收："
        case _:
            raise UsageError("没有这一步", remedy="请从「报表」里选")
    return asked.go(f"/reports/{quote(done.document_no)}", f"{told} {done.document_no}　{done.title}")


def _hand(asked: Asked) -> progress.Hand:
    upload = asked.file("evidence")
    evidence = GivenFile(Path(upload.filename or "").name, upload.file.read()) if upload else None
    return progress.Hand(asked.text("by"), asked.text("on"), evidence)


def _answers(asked: Asked) -> dict[str, str]:
    """Return what is said to each alarm, a line each: its key, 「=」 or 「：」, and the reason."""
    found: dict[str, str] = {}
    for line in _lines(asked.text("answers")):
        key, sign, text = re.split(r"([=＝：])", line, maxsplit=1) if re.search(r"[=＝：]", line) else (line, "", "")
        if not (key.strip() and sign and text.strip()):
            raise UsageError(f"「{line[:40]}」没有写成 告警=说明", remedy="告警的编号见拟制时的提示，一行一条")
        if found.get(key.strip(), text.strip()) != text.strip():
            raise UsageError(f"告警 {key.strip()} 写了两条不同的说明", remedy="请只留一条")
        found[key.strip()] = text.strip()
    return found


def _lines(text: str) -> Sequence[str]:
    return [line for line in text.splitlines() if line.strip()]
