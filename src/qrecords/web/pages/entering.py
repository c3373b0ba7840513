"""Signing in and out: the only pages for who is not signed in."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from qrecords.errors import QRecordsError
from qrecords.web.limits import ADDRESS_TIMES, Costly, Limits, told_to_wait
from qrecords.web.signedin import COOKIE, Door, give_cookie
from qrecords.web.wording import worded


async def by_link(request: Request) -> Response:
    """Let in once whom the program opened the browser for."""
    door: Door = request.app.state.door
    token = await run_in_threadpool(door.by_link, request.query_params.get("key", ""))
    if not token:
        return _form(request, "/", "这个链接用过了，或不是最近一次启动给出的", 403)
    response = RedirectResponse("/", 303)
    give_cookie(door.workspace, response, token)
    return response


async def form(request: Request) -> Response:
    """Show the page to sign in."""
    return _form(request, request.query_params.get("to", "/"))


def _form(request: Request, to: str, told: str = "", status: int = 200) -> Response:
    office = request.app.state.door.workspace.settings.office
    return request.app.state.pages.bare("login.html", {"to": to, "told": told, "office": office}, status)  # type: ignore[no-any-return]


async def by_password(request: Request) -> Response:
    """Check name and password; one answer for all that is wrong."""
    door: Door = request.app.state.door
    async with request.form(max_files=0, max_fields=10) as sent:
        name, password, to = (str(sent.get(key, "")) for key in ("name", "password", "to"))
    if seconds := _wait(request, name.strip()):
        told = told_to_wait(door.workspace, Costly.LOGIN, seconds)
        refused = _form(request, to, told, 429)
        refused.headers["retry-after"] = str(seconds)
        return refused
    try:
        token = await run_in_threadpool(door.by_password, name.strip(), password)
    except QRecordsError as error:
        return _form(request, to, worded(error.told), 403)
    response = RedirectResponse(to if to.startswith("/") and not to.startswith("//") else "/", 303)
    give_cookie(door.workspace, response, token)
    return response


def _wait(request: Request, name: str) -> int:
    """Return how long one has to wait before a password is looked at: by address first, which nobody makes up."""
    limits: Limits = request.app.state.limits
    address = request.client.host if request.client else ""
    by_address = limits.wait(Costly.LOGIN, f"address {address}", times=ADDRESS_TIMES)
    return by_address or limits.wait(Costly.LOGIN, f"name {name}")


async def leave(request: Request) -> Response:
    """End the session."""
    await run_in_threadpool(request.app.state.door.leave, request)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response
