"""The desk as an application: its addresses, and what they lead to."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from threading import Event

from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from qrecords import __version__
from qrecords.desk.kept import Kept
from qrecords.web.asked import LARGEST_FIELDS, LONGEST_FIELD, MOST_FILES, Asked, Handler, page
from qrecords.web.limits import Costly
from qrecords.web.pages import entering
from qrecords.web.picturing import Pictures
from qrecords.web.printing import Printer
from qrecords.web.rendering import Pages, static_folder
from qrecords.web.security import Guard
from qrecords.web.shared import Shared, held
from qrecords.web.signedin import Door
from qrecords.web.worker import Worker

LOOKS_AT_ONCE = 2  # in a process: one after the other each is there sooner than all together
_YEAR_SECONDS = 365 * 24 * 3600


class _Kept(StaticFiles):
    """The files of the pages: their address names the release, so that browsers keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = f"public, max-age={_YEAR_SECONDS}, immutable"
        return response


# What their modules bring in, Word, Excel, PDF, takes longer than the start of a server: they come behind it.
_PAGES = (
    "today", "filling", "registers", "records", "looking", "reviewing", "searching",
    "shelf", "working", "retention", "copying", "reporting", "managing", "scanning", "papers",
    "keeping", "owing", "correcting", "spares", "tracking", "improving",
)  # fmt: skip


def load_pages() -> None:
    """Load the modules of all pages: whoever asks for one before this has come to it loads it himself."""
    for module in _PAGES:
        import_module(f"qrecords.web.pages.{module}")


def _handler(name: str) -> Handler:
    """Return the handler called MODULE.FUNCTION among the pages, its module loaded when it is first asked."""
    module, _, function = name.partition(".")

    def handler(asked: Asked) -> Response:
        found: Handler = getattr(import_module(f"qrecords.web.pages.{module}"), function)
        return found(asked)

    return handler


def _get(address: str, handler: str, costly: Costly | None = None) -> Route:
    return Route(address, page(_handler(handler), costly), methods=["GET"])


def _look(address: str, handler: str, costly: Costly | None = None) -> Route:
    """Return a page people look at all day: it reads the register as one view."""
    return Route(address, page(_handler(handler), costly, at_once=True, one_view=True), methods=["GET"])


def _post(address: str, handler: str, costly: Costly | None = None) -> Route:
    return Route(address, page(_handler(handler), costly), methods=["POST"])


ROUTES = (
    Route("/in", entering.by_link, methods=["GET"]),
    Route("/login", entering.form, methods=["GET"]),
    Route("/login", entering.by_password, methods=["POST"]),
    Route("/password", entering.password_form, methods=["GET"]),
    Route("/password", entering.change_password, methods=["POST"]),
    Route("/logout", entering.leave, methods=["POST"]),
    _look("/", "today.today"),
    _get("/fill", "filling.forms"),
    _get("/owed", "owing.ask"),
    _post("/owed", "owing.tell", Costly.UPLOAD),
    _get("/spares", "spares.ask"),
    _post("/spares", "spares.tell", Costly.UPLOAD),
    _get("/improve", "improving.offered", Costly.SEARCH),
    _post("/improve", "improving.begin", Costly.SEARCH),
    _post("/fill/{form}", "filling.begin"),
    _post("/fill/{form}/file", "filling.upload", Costly.UPLOAD),
    _get("/fill/{form}/months", "registers.this_month"),
    _get("/fill/{form}/months/{month}", "registers.month"),
    _post("/fill/{form}/months/{month}", "registers.save"),
    _post("/fill/{form}/months/{month}/make", "registers.make"),
    _post("/fill/{form}/months/{month}/clear", "registers.clear"),
    _post("/fill/{form}/months/{month}/print", "registers.printed", Costly.PREVIEW),
    _post("/fill/{form}/months/{month}/file", "registers.filed"),
    _get("/drafts/{key}", "filling.draft"),
    _post("/drafts/{key}", "filling.save"),
    _post("/drafts/{key}/make", "filling.make"),
    _post("/drafts/{key}/drop", "filling.drop"),
    _get("/drafts/{key}/page.pdf", "filling.page_pdf", Costly.PREVIEW),
    _get("/records", "records.ledger"),
    _get("/records/list.{kind}", "records.ledger_file", Costly.SEARCH),
    _look("/records/{number}", "records.record"),
    _get("/records/{number}/paper.pdf", "records.paper", Costly.PREVIEW),
    _get("/records/{number}/page", "looking.page", Costly.PREVIEW),
    _get("/records/{number}/page.png", "looking.picture", Costly.PREVIEW),
    _get("/records/{number}/correct", "correcting.form"),
    _post("/records/{number}/correct", "correcting.corrected", Costly.UPLOAD),
    _post("/records/{number}/go-on", "filling.go_on"),
    _post("/records/{number}/print", "records.printed", Costly.PREVIEW),
    _get("/records/{number}/papers", "papers.papers"),
    _get("/records/{number}/papers/{sha256}", "papers.kept", Costly.PREVIEW),
    _get("/records/{number}/papers/{sha256}/page.png", "papers.kept_page"),
    _post("/records/{number}/attach", "papers.attach_files", Costly.UPLOAD),
    _post("/records/{number}/signed", "papers.signed_page", Costly.UPLOAD),
    _post("/records/{number}/export", "papers.export"),
    _post("/records/{number}/feedback", "papers.feedback", Costly.PREVIEW),
    _post("/records/{number}/excerpt", "papers.excerpt", Costly.PREVIEW),
    _post("/records/{number}/alike", "papers.alike_units", Costly.SEARCH),
    _post("/step/{action}", "records.step"),
    _get("/review", "reviewing.queue"),
    _get("/review/rows/{form}", "reviewing.rows"),
    _look("/search", "searching.searching", Costly.SEARCH),
    _get("/search/hits.{kind}", "searching.hits_file", Costly.SEARCH),
    _get("/search/offices", "searching.offices", Costly.SEARCH),
    _post("/search/save", "searching.save"),
    _post("/search/forget", "searching.forget"),
    _get("/scans", "scanning.scans"),
    _post("/scans", "scanning.upload", Costly.UPLOAD),
    _post("/scans/take", "scanning.take", Costly.UPLOAD),
    _post("/scans/give", "scanning.give"),
    _post("/scans/let-go", "scanning.gone"),
    _get("/scans/{page}/page.jpg", "scanning.picture"),
    _post("/scans/{page}/turn", "scanning.turned"),
    _get("/shelf", "shelf.shelves"),
    _get("/shelf/{year}", "shelf.year"),
    _post("/shelf/verify", "shelf.verify_all"),
    _post("/shelf/{year}/compile", "shelf.compile_"),
    _post("/shelf/{year}/export", "shelf.export"),
    _post("/shelf/{year}/print-set", "shelf.print_sets"),
    _get("/shelf/{year}/catalogue.{kind}", "shelf.catalogue"),
    _get("/volumes/{code}", "shelf.volume"),
    _get("/volumes/{code}/volume.pdf", "shelf.paper", Costly.PREVIEW),
    _post("/volumes/{code}/print-set", "shelf.print_set"),
    _post("/volumes/{code}/verify", "shelf.verify"),
    _get("/retention", "retention.retention"),
    _post("/retention/{action}", "retention.step"),
    _get("/retention/lists/{number}", "retention.one_list"),
    _get("/retention/lists/{number}/{name}", "retention.paper"),
    _get("/copies", "copying.listed"),
    _get("/copies/list.xlsx", "copying.register_file"),
    _post("/copies/leave", "copying.leave"),
    _post("/copies/{action}", "copying.step"),
    _get("/reports", "reporting.overview"),
    _get("/reports/charts/{name}.svg", "reporting.chart"),
    _get("/reports/complaints.{kind}", "reporting.complaints_file", Costly.PREVIEW),
    _post("/reports/steps/{action}", "reporting.step"),
    _get("/reports/{number}", "reporting.document"),
    _get("/reports/{number}/file", "reporting.paper"),
    _get("/reports/{number}/chart", "reporting.document_chart"),
    _post("/reports/{number}/evaluation", "reporting.evaluated"),
    _get("/office", "managing.office"),
    _post("/office/people", "managing.name_people"),
    _post("/office/holidays", "managing.name_days"),
    _get("/office/accounts", "managing.people"),
    _post("/office/accounts/{action}", "managing.change_account"),
    _get("/office/lists/{name}", "managing.entries"),
    _post("/office/lists/{name}", "managing.add_entry"),
    _post("/office/lists/{name}/import", "managing.import_entries", Costly.UPLOAD),
    _get("/office/tracking", "tracking.listed", Costly.SEARCH),
    _get("/office/tracking/list.{kind}", "tracking.listed_file", Costly.SEARCH),
    _get("/office/forms", "managing.forms"),
    _get("/office/forms/{form}", "managing.form"),
    _get("/office/forms/{form}/page.pdf", "managing.form_page", Costly.PREVIEW),
    _get("/office/forms/{form}/tried.png", "managing.tried_page"),
    _get("/office/forms/{form}/template.docx", "managing.form_template"),
    _post("/office/forms/{form}/template", "managing.try_template", Costly.UPLOAD),
    _get("/office/packs", "managing.optional_parts"),
    _post("/office/packs/{name}", "managing.switch_part"),
    _get("/office/backups", "keeping.listed"),
    _get("/office/backups/{name}", "keeping.one", Costly.PREVIEW),
    _post("/office/backups/{name}/check", "keeping.check"),
    _post("/office/backups/{name}/restore", "keeping.restore"),
    _post("/office/restored/{name}/replay", "keeping.replay"),
    _get("/office/log", "managing.log"),
    _post("/office/log/verify", "managing.verify_log"),
    _post("/office/log/close", "managing.close_log"),
    _post("/office/log/export", "managing.export_log"),
    _get("/jobs", "working.listed"),
    _post("/jobs", "working.start"),
    _get("/jobs/{key}", "working.one"),
    _post("/jobs/{key}/stop", "working.stop"),
    _post("/jobs/{key}/made/{number}", "working.take"),
)


def desk_app(door: Door, *, hosts: Collection[str], shared: Shared | None = None) -> Starlette:
    """Return the application for an open workspace; `hosts` are the names it may be asked under.

    `shared` is what other processes of the desk have too, where there are others.
    """
    shared = shared or held(door.workspace.settings, door.link)
    app = Starlette(
        routes=[*ROUTES, Mount(f"/static/{__version__}", _Kept(directory=static_folder()), name="static")],
        middleware=[Middleware(Guard, hosts=hosts)],
        exception_handlers={HTTPException: _no_page, Exception: _broken},
    )
    app.state.door, app.state.pages, app.state.printer = door, Pages(), Printer()
    app.state.pictures = Pictures()
    # A search may wait for the index: what is looked at meanwhile does not wait behind it.
    app.state.looks = {costly: CapacityLimiter(LOOKS_AT_ONCE) for costly in (None, *Costly)}
    app.state.torn = Event()
    app.state.limits, app.state.leaving, app.state.forms = shared.limits, shared.leaving, shared.forms
    app.state.showing = shared.showing
    app.state.work = Worker(door.workspace, shared.start_work)
    app.state.years = Kept()
    return app


_TOLD = {
    400: "浏览器送来的内容不完整，没有执行，请回到上一页再办一次",
    405: "这个地址只在按页面上的按钮时用，没有执行；请从页面上办",
}
# What is too much for one request, by how the library that reads it begins to say so.
_TOO_MUCH = {
    "Too many files": f"一次最多{MOST_FILES}个文件，没有执行，请分几次",
    "Too many fields": f"一次最多送{LARGEST_FIELDS}栏，没有执行，请分几次",
    "Part exceeded": f"有一栏太长（超过{LONGEST_FIELD >> 10} KB），没有执行，请改用附件",
    "Field exceeded": f"有一栏太长（超过{LONGEST_FIELD >> 10} KB），没有执行，请改用附件",
}


async def _no_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    told = error.detail if error.status_code in {403, 429} else _TOLD.get(error.status_code, "没有这一页")
    if error.status_code == 400:
        told = next((words for what, words in _TOO_MUCH.items() if error.detail.startswith(what)), told)
    answer: Response
    if request.headers.get("accept", "").startswith("application/json"):
        answer = JSONResponse({"message": told, "remedy": "", "problems": []}, error.status_code)
    else:
        answer = request.app.state.pages.bare("error.html", {"told": told}, error.status_code)
    answer.headers.update(error.headers or {})
    return answer


async def _broken(request: Request, error: Exception) -> Response:
    told = "程序内部错误，已写入的数据没有损坏，请把时间和所做的事告诉维护人员"
    if request.headers.get("accept", "").startswith("application/json"):
        return JSONResponse({"message": told, "remedy": "", "problems": []}, 500)
    return request.app.state.pages.bare("error.html", {"told": told}, 500)  # type: ignore[no-any-return]
