"""档案架: years as shelves, volumes as spines; what stands against binding a year, and the volume opened at an item."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from qrecords.desk.kept import Kept
from qrecords.errors import NotFound, UsageError
from qrecords.model.job import JOB_LABELS, Job
from qrecords.model.record import Action
from qrecords.services import jobs
from qrecords.services.volumes.catalogue import catalogue_file, show_catalogue
from qrecords.services.volumes.compile import Compiled, compile_year
from qrecords.services.volumes.printset import packed_sets
from qrecords.services.volumes.shelf import VolumeListed, first_pages, list_volumes, show_volume, volume_pdf
from qrecords.services.volumes.yearreport import Line
from qrecords.web.asked import Asked, download, pdf
from qrecords.web.pages.working import begin

THICKNESSES = 12  # how many widths a spine may have
SHOWN = 300  # gaps of a kind


def shelves(asked: Asked) -> Response:
    """Show every year with its volumes."""
    years: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for volume in list_volumes(asked.session):
        years[volume.year].append(_spine(asked, volume))
    now = int(asked.session.today()[:4])
    for year in (now, now - 1):
        years.setdefault(year, [])
    binds = asked.session.allows(Action.BIND)
    checked, checking = _checks(asked)
    return asked.page(
        "shelf.html", years=sorted(years.items(), reverse=True), binds=binds, checked=checked, checking=checking,
        states_of=JOB_LABELS, volumes=any(not s["volume"].destroyed for spines in years.values() for s in spines),
    )  # fmt: skip


def _checks(asked: Asked) -> tuple[Job | None, Job | None]:
    """Return the last check of all volumes that ended, and the one under way, of those the account may see."""
    whole = [j for j in jobs.list_jobs(asked.session) if j.kind == "verify-volume" and not j.arguments.get("codes")]
    return next((j for j in whole if j.ended_at), None), next((j for j in whole if j.is_open), None)


def _spine(asked: Asked, volume: VolumeListed) -> dict[str, Any]:
    settings = asked.session.settings.volumes
    sheets = math.ceil(volume.pages / 2) if settings.double_sided else volume.pages
    thick = sheets * settings.sheet_thickness / 1000
    width = min(THICKNESSES, max(1, math.ceil(thick * THICKNESSES / settings.max_thickness)))
    state = "destroyed" if volume.destroyed else "supplement" if volume.supplement else "bound"
    return {
        "volume": volume,
        "thick": round(thick, 1),
        "width": width,
        "state": state,
        "go": _address(volume.volume_code),
    }


def _address(code: str) -> str:
    return f"/volumes/{quote(code, safe='')}"


def _year(asked: Asked) -> int:
    text = asked.path["year"]
    if not (text.isascii() and text.isdecimal() and len(text) == 4):
        raise NotFound("没有这一年", remedy="请从「档案架」里选")
    return int(text)


def year(asked: Asked) -> Response:
    """Show a year: its volumes, and what is in the way of binding it, each with where to see to it."""
    of = _year(asked)
    binds = asked.session.allows(Action.BIND)
    busy = asked.session.leases.is_alive("work/compile")
    looked = _looked(asked, of) if binds and not busy else None
    return asked.page(
        "shelf_year.html", year=of, spines=[_spine(asked, v) for v in list_volumes(asked.session, of)], binds=binds,
        busy=busy, looked=looked, gaps=[*_gaps(looked)] if looked else [], shown=SHOWN,
        in_the_way=bool(looked and (looked.left_out or looked.missing)),
        catalogue=show_catalogue(asked.session, of), exports=asked.session.allows(Action.EXPORT),
        export_folder=asked.session.settings.desk.export_folder,
    )  # fmt: skip


def _looked(asked: Asked, year: int) -> Compiled:
    """Return what binding the year would come to: kept while nothing is written into the log, as every change is."""
    session = asked.session
    with session.register.read() as tx:
        head = tx.audit.head()
    state = (head, session.today(), session.settings, session.forms, session.forms.taken_back)
    kept: Kept = asked.request.app.state.years
    return kept.get(state, (year, session.account), lambda: compile_year(session, year, dry_run=True))


def _gaps(looked: Compiled) -> Iterator[tuple[str, str, Sequence[tuple[str, str, str, str]]]]:
    """Give each kind of gap with its lines: number, why, where one sees to it, what is done there."""
    kinds = (
        ("还没有归档", "wrong", looked.left_out, "办这一份"),
        ("编号缺失", "wrong", looked.missing, "看前后的编号"),
        ("成册后才归档的，会编入补充册", "notes", looked.late, "看这一份"),
        ("归入别的年度", "notes", looked.elsewhere, "看这一份"),
    )
    for heading, how, lines, what in kinds:
        if lines:
            yield heading, how, [(g.record_no, g.why, _see_to(heading, g), what) for g in lines]
    if looked.gaps:
        yield (
            "作废的编号（印在备考表上）",
            "notes",
            [(g.record_no, g.reason, f"/records/{g.record_no}", "看这一份") for g in looked.gaps],
        )


def _see_to(heading: str, gap: Line) -> str:
    number = gap.record_no
    if heading == "编号缺失":
        return f"/records?form={gap.form_code}&year={number[-10:-6]}"
    return f"/records/{number}"


def compile_(asked: Asked) -> Response:
    """Bind a year, as a job."""
    arguments = {"year": _year(asked), "with_gaps": bool(asked.text("with_gaps")), "reason": asked.text("reason")}
    if arguments["with_gaps"] and not asked.text("reason").strip():
        raise UsageError("带缺件成册要写原因", remedy="请在「原因」里写明，它会印在备考表上")
    return begin(asked, "compile", arguments)


def export(asked: Asked) -> Response:
    """Pack a year for the company's archive, as a job."""
    return begin(asked, "export", {"year": _year(asked)})


def volume(asked: Asked) -> Response:
    """Show one volume: its contents, each opened at its page."""
    code = asked.path["code"]
    opened = show_volume(asked.session, code)
    page = asked.query("page")
    return asked.page(
        "volume.html", volume=opened, address=_address(code), pages=first_pages(asked.session, code),
        page=int(page) if page.isascii() and page.isdecimal() and len(page) < 6 else 1,
        binds=asked.session.allows(Action.BIND),
    )  # fmt: skip


def paper(asked: Asked) -> Response:
    """Give the volume as it was sealed."""
    code = asked.path["code"]
    return pdf(volume_pdf(asked.session, code), f"{code}.pdf")


def print_set(asked: Asked) -> Response:
    """Give what is printed around a volume, all parts in one file."""
    code = asked.path["code"]
    return download(f"{code} 打印件.zip", packed_sets(asked.session, [code]))


def print_sets(asked: Asked) -> Response:
    """Pack what is printed around all volumes of a year, as a job that gives the file."""
    return begin(asked, "print-set", {"year": _year(asked)})


def verify(asked: Asked) -> Response:
    """Compare a volume page by page with what was frozen, as a job."""
    return begin(asked, "verify-volume", {"codes": [show_volume(asked.session, asked.path["code"]).volume_code]})


def verify_all(asked: Asked) -> Response:
    """Compare every volume page by page, as a job."""
    return begin(asked, "verify-volume", {})


def catalogue(asked: Asked) -> Response:
    """Give a year's catalogue as a file."""
    of, kind = _year(asked), asked.path["kind"]
    data = catalogue_file(asked.session, of, kind)
    return pdf(data, f"{of}年度案卷目录.pdf") if kind == "pdf" else download(f"{of}年度案卷目录.{kind}", data)
