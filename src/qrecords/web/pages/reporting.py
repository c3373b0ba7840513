"""报表: the figures of the office, each leading to what it counts; documents drawn, looked at, signed, sent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from qrecords.desk.session import Session
from qrecords.errors import InvalidInput, NotFound, UsageError
from qrecords.model.record import STATE_LABELS, Action, State
from qrecords.render.charts.chart import Chart, Kind, Series, Value, in_words
from qrecords.render.charts.svg import svg
from qrecords.services.administer import status
from qrecords.services.arrivals import arrivals
from qrecords.services.complaints import checklist_file, complaints
from qrecords.services.due import due
from qrecords.services.intake import drafting
from qrecords.services.reports import draw, kept, progress
from qrecords.services.reports.evaluated import evaluation, evaluation_form, is_evaluated
from qrecords.services.reports.shown import ShownDocument
from qrecords.stores.given import GivenFile
from qrecords.web.asked import Asked, download, pdf

SHOWN = 200
RIGHTS = (
    Action.REPORT_DRAW, Action.REPORT_REVIEW, Action.REPORT_APPROVE, Action.REPORT_ISSUE, Action.REPORT_RECEIPT,
)  # fmt: skip


def overview(asked: Asked) -> Response:
    """Show how the office stands, and the documents: of both what the account may read."""
    session, year = asked.session, _year(asked)
    documents = kept.list_documents(session) if session.allows(Action.REPORT_READ) else []
    figures = _figures(session, year) if session.allows(Action.READ) or not session.allows(Action.REPORT_READ) else None
    return asked.page(
        "reports.html", year=year, figures=figures, documents=documents[::-1][:SHOWN],
        kinds=kept.series_of(session).kinds, may={a.value for a in RIGHTS if session.allows(a)},
    )  # fmt: skip


def _figures(session: Session, year: int) -> dict[str, Any]:
    stands, late = status(session), due(session)
    rates, told = arrivals(session, year), complaints(session, since=f"{year}-01-01", until=f"{year}-12-31")
    return {
        "stands": stands,
        "due": late,
        "by_rule": Counter(d.label for d in late.due).most_common(),
        "rates": rates,
        "complaints": told.complaints[:SHOWN],
        "complaints_open": told.open,
        "complaints_all": len(told.complaints),
    }


def _year(asked: Asked) -> int:
    text = asked.query("year") or asked.session.today()[:4]
    if not (text.isascii() and text.isdecimal() and len(text) == 4):
        raise InvalidInput(f"年度「{text[:20]}」不是四位数字", remedy="请写成 2026 的样子")
    return int(text)


def chart(asked: Asked) -> Response:
    """Give one of the page's charts: no more than its table says."""
    made = CHARTS.get(asked.path["name"])
    if made is None:
        raise NotFound("没有这张图", remedy="请从「报表」里看")
    return Response(svg(made(asked)), media_type="image/svg+xml")


def _by_state(asked: Asked) -> Chart:
    found = status(asked.session).records
    labels = {STATE_LABELS[State(state)]: count for state, count in found.items()}
    return _bars("各状态的记录", "份", labels, "states")


def _by_month(asked: Asked) -> Chart:
    year = _year(asked)
    found = complaints(asked.session, since=f"{year}-01-01", until=f"{year}-12-31").complaints
    counted = Counter(int(c.received_on[5:7]) for c in found)
    return _bars(f"{year}年各月的投诉", "件", {f"{m}月": counted[m] for m in range(1, 13)}, "months", Kind.MONTHS)


def _by_unit(asked: Asked) -> Chart:
    found = arrivals(asked.session, _year(asked))
    return _bars("各单位按期到达", "次", {r.name or "本中心": r.in_time for r in found.units}, "units")


def _bars(title: str, unit: str, counted: Mapping[str, int], name: str, kind: Kind = Kind.PARTS) -> Chart:
    values = tuple(Value(n, str(n)) for n in counted.values())
    return Chart(kind, title, unit, tuple(counted), (Series(title, values),), name=name)


def complaints_file(asked: Asked) -> Response:
    """Give a year's complaints as the quality department's check list, the inspector's part empty (QS/PA758A 5.6)."""
    year = _year(asked)
    found = complaints(asked.session, since=f"{year}-01-01", until=f"{year}-12-31")
    name = f"{year}年投诉检查表.{asked.path['kind']}"
    return download(name, checklist_file(asked.session, found, name))


CHARTS: Mapping[str, Callable[[Asked], Chart]] = {"states": _by_state, "complaints": _by_month, "arrivals": _by_unit}


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
    )  # fmt: skip


def evaluated(asked: Asked) -> Response:
    """Begin the evaluation's paper with what a report says."""
    found = evaluation(asked.session, asked.path["number"])
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
            kind, period, branch = (asked.text(key) for key in ("kind", "period", "branch"))
            done, told = draw.draw(session, kind, period, branch=branch, answer=answer, remarks=remarks), "已拟制"
        case "correct":
            done, told = draw.correct(session, number, reason, answer=asked.text("answer")), "已做更正的一版："
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
            to = [name for name in re.split(r"[，,、\s]+", asked.text("to")) if name]
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


def _lines(text: str) -> Sequence[str]:
    return [line for line in text.splitlines() if line.strip()]
