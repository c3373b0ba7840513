"""One request of someone who is signed in, and how its answer is made: pages, refusals, what was typed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from anyio import to_thread
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from qrecords.desk.session import Session
from qrecords.errors import (
    IntegrityFailure,
    InvalidInput,
    NotFound,
    NotPermitted,
    QRecordsError,
    StorageFailure,
    WrongState,
)
from qrecords.services.care.recover import recover
from qrecords.web.limits import Costly, told_to_wait
from qrecords.web.signedin import form_token
from qrecords.web.wording import worded

MOST_FILES = 500  # of one request: a stack of scans
LARGEST_FIELDS = 20_000  # inputs of one form: a register's month, a long list
LONGEST_FIELD = 1 << 20  # characters
LONGEST_REVISION = 9  # digits
STATUS: dict[type[QRecordsError], int] = {InvalidInput: 422, NotFound: 404, NotPermitted: 403, WrongState: 409}
_TOLD = 500  # characters said once: a browser drops a cookie of more than 4 KB
_LINE = re.compile(r"^(\w+)\.(\d{1,3})\.(\w+)$")


@dataclass
class Asked:
    """A request: who asks, what for, and what was sent with it."""

    request: Request
    session: Session
    sent: FormData = field(default_factory=FormData)

    @property
    def path(self) -> Mapping[str, Any]:
        """Return the parts of the address."""
        return self.request.path_params

    def query(self, name: str) -> str:
        """Return a word of the query, "" when it is not there."""
        return self.request.query_params.get(name, "")

    def text(self, name: str) -> str:
        """Return a field sent, "" when it is not there."""
        value = self.sent.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """Return all fields sent under a name."""
        return [v for v in self.sent.getlist(name) if isinstance(v, str)]

    def file(self, name: str) -> UploadFile | None:
        """Return a file sent, None when there is none."""
        value = self.sent.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    @property
    def revision(self) -> int:
        """Return the revision of a draft a page was made from; 0 for what is none, however long."""
        text = self.text("revision")
        return int(text) if text.isdecimal() and len(text) <= LONGEST_REVISION else 0

    @property
    def said(self) -> str:
        """Return a hash of what was sent, by which the same request again is known, whatever page it comes from."""
        sent = [(k, v) for k, v in self.sent.multi_items() if isinstance(v, str) and k not in {"token", "revision"}]
        return hashlib.sha256(json.dumps(sent, ensure_ascii=False).encode()).hexdigest()

    @property
    def wants_data(self) -> bool:
        """Tell whether the page's own script asks, which words the answer itself."""
        return self.request.headers.get("accept", "").startswith("application/json")

    def page(self, template: str, status: int = 200, /, **values: Any) -> Response:
        """Return a page."""
        return self.request.app.state.pages.answer(self, template, values, status)  # type: ignore[no-any-return]

    def go(self, address: str, told: str = "") -> Response:
        """Send the browser to another page, where `told` is said once."""
        response = RedirectResponse(address, 303)
        if told:
            told = told if len(told) <= _TOLD else f"{told[:_TOLD]}……"
            response.set_cookie("told", json.dumps(told), max_age=30, httponly=True, samesite="strict", path="/")
        return response

    @property
    def word(self) -> str:
        """Return what the same request again is known by: where it goes, its form's own `once` and all it says.

        "" for a form that has none.
        """
        whole = f"{self.request.url.path} {self.said}"
        return hashlib.sha256(whole.encode()).hexdigest() if self.text("once") else ""


Handler = Callable[[Asked], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def page(handler: Handler, costly: Costly | None = None, *, at_once: bool = False, one_view: bool = False) -> Endpoint:
    """Make a handler an endpoint: only for who is signed in, in a thread of its own, errors worded.

    What is `costly` an account may ask so often a minute as the settings say. A page made `at_once`, in some ms, goes
    by the roles as they are when it begins; few are made at a time, the others wait their turn. In `one_view` all that
    is read of the register, the session too, is read in one transaction: for pages that ask a dozen times and wait for
    nothing.
    """

    def look(request: Request) -> Response:
        with request.app.state.door.workspace.register.one_view() if one_view else nullcontext():
            session = _let_in(request, costly)
            if session is not None:
                session.settle()
            return _signed_out(request) if session is None else _handled(handler, Asked(request, session))

    async def looking(request: Request) -> Response:
        return await to_thread.run_sync(look, request, limiter=request.app.state.looks[costly])

    async def endpoint(request: Request) -> Response:
        session = await run_in_threadpool(_let_in, request, costly)
        if session is None:
            return _signed_out(request)
        asked = Asked(request, session)
        if request.method == "POST":
            asked.sent = await request.form(
                max_files=MOST_FILES, max_fields=LARGEST_FIELDS, max_part_size=LONGEST_FIELD
            )
            if asked.text("token") != form_token(request):
                raise HTTPException(403, "页面已过期，没有执行，请刷新后再试")
        try:
            return await run_in_threadpool(_handled, handler, asked)
        finally:
            await asked.sent.close()

    return looking if at_once else endpoint


def _handled(handler: Handler, asked: Asked) -> Response:
    torn = asked.request.app.state.torn
    if torn.is_set():  # disk or register were out of reach: what a step left half-way then is mended by who asks next
        with suppress(QRecordsError):
            recover(asked.session)
            torn.clear()
    try:
        return handler(asked)
    except QRecordsError as error:
        if isinstance(error, StorageFailure):
            torn.set()
        if isinstance(error, IntegrityFailure) and asked.request.method == "POST" and _mended(asked):
            return _handled(handler, asked)
        return refused(asked, error)


def _mended(asked: Asked) -> bool:
    """Finish or undo what another process, killed meanwhile, left half-way; tell whether there was any."""
    for _, given in asked.sent.multi_items():
        if not isinstance(given, str) and not given.file.closed:
            given.file.seek(0)  # read once already
    with suppress(QRecordsError):
        return bool(recover(asked.session))
    return False


def _signed_out(request: Request) -> Response:
    if request.headers.get("accept", "").startswith("application/json"):
        return JSONResponse({"message": "登录已结束，请在新窗口里登录，回来接着填；这里的内容没有丢"}, 401)
    if request.method != "GET":
        told = "登录已结束，没有执行。请重新登录；写在上一页的内容，按浏览器的「后退」还看得见，登录以后再办一次"
        return request.app.state.pages.bare("error.html", {"told": told}, 401)  # type: ignore[no-any-return]
    to = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?to={quote(to)}", 303)


def _let_in(request: Request, costly: Costly | None) -> Session | None:
    """Return who asks, None who must sign in; refuse what is asked too often."""
    session: Session | None = request.app.state.door.session(request)
    if session is not None:
        request.app.state.forms.heed(session.workspace)
        _require_seldom(request, session, costly)
    return session


def _require_seldom(request: Request, session: Session, costly: Costly | None) -> None:
    if costly and (seconds := request.app.state.limits.wait(costly, session.account.name)):
        told = told_to_wait(session.workspace, costly, seconds)
        raise HTTPException(429, told, {"retry-after": str(seconds)})


def refused(asked: Asked, error: QRecordsError, **more: Any) -> Response:
    """Word an error: for the page's script as data with `more`, else as a page with a way back."""
    kind = next((k for k in type(error).__mro__ if k in STATUS), type(error))
    status = STATUS.get(kind, 500 if error.exit_status in {1, 7} else 409)
    problems = [
        {"field": p.field or "", "message": worded(p.message), "source": p.source or "", "row": p.row}
        for p in error.problems
    ]
    told = {"message": worded(error.message), "remedy": worded(error.remedy), "problems": problems}
    if asked.wants_data:
        return JSONResponse({**told, **more}, status)
    return asked.page("refused.html", status, back=asked.request.headers.get("referer", "/"), **told, **more)


def typed(
    sent: FormData, multiple: frozenset[str] = frozenset(), lists: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return what was typed into the fields of a form: `multiple` hold several choices, `lists` lines of columns.

    A line's column is sent as KEY.LINE.COLUMN; lines with nothing in them fall away.
    """
    values: dict[str, Any] = {}
    lines: dict[str, dict[int, dict[str, str]]] = {key: {} for key in lists}
    for name, value in sent.multi_items():
        if not isinstance(value, str):
            continue
        if (found := _LINE.match(name)) and found[1] in lines:
            lines[found[1]].setdefault(int(found[2]), {})[found[3]] = value
        elif name in multiple:
            values.setdefault(name, []).append(value)
        else:
            values[name] = value
    for key, numbered in lines.items():
        values[key] = [line for _, line in sorted(numbered.items()) if any(v.strip() for v in line.values())]
    return values


def pdf(data: bytes, name: str) -> Response:
    """Return a PDF to be shown in a frame of our own."""
    shown = {"content-disposition": f"inline; filename*=UTF-8''{quote(name)}"}
    return Response(data, media_type="application/pdf", headers=shown)


_KINDS = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    ".csv": "text/csv; charset=utf-8",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".jsonl": "application/x-ndjson",
    ".pdf": "application/pdf",
    ".zip": "application/zip",
    ".json": "application/json",
}


def download(name: str, data: bytes) -> Response:
    """Return a file of ours to be kept by the browser, never shown in it."""
    kept = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(data, media_type=_KINDS[Path(name).suffix.lower()], headers=kept)


def data_address(path: Path) -> str:
    """Return a file as an address a page carries it by."""
    return f"data:{_KINDS[path.suffix.lower()]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def stored_upload(upload: UploadFile, folder: Path) -> Path:
    """Write a file sent into a folder under its own name, whatever path it claims, and return where it is."""
    name = re.sub(r"[\\/\x00-\x1f\x7f]", "_", upload.filename or "").strip(". ")[-120:] or "upload"
    path = folder / name
    with path.open("wb") as stream:
        while block := upload.file.read(1 << 20):
            stream.write(block)
    return path
