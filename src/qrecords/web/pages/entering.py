"""Signing in and out: the only pages for who is not signed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from qrecords.errors import InvalidInput, QRecordsError
from qrecords.services.access import deskaccess
from qrecords.services.access.deskaccess import network_of
from qrecords.web.limits import ADDRESS_TIMES, Costly, told_to_wait
from qrecords.web.signedin import COOKIE, Door, give_cookie, give_known, whence
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


def _form(request: Request, to: str, told: str = "", status: int = 200, *, good: bool = False) -> Response:
    office = request.app.state.door.workspace.settings.office
    values = {"to": to, "told": told, "office": office, "good": good}
    return request.app.state.pages.bare("login.html", values, status)  # type: ignore[no-any-return]


async def by_password(request: Request) -> Response:
    """Check name and password; one answer for all that is wrong."""
    door: Door = request.app.state.door
    async with request.form(max_files=0, max_fields=10) as sent:
        name, password, to = (str(sent.get(key, "")) for key in ("name", "password", "to"))
    name = name.strip()
    if seconds := await run_in_threadpool(_wait, request, name):
        return _too_often(request, seconds, partial(_form, request, to))
    try:
        token, word = await run_in_threadpool(door.by_password, name, password, whence(request, name))
    except QRecordsError as error:
        return _form(request, to, worded(error.told), 403)
    response = RedirectResponse(to if to.startswith("/") and not to.startswith("//") else "/", 303)
    give_cookie(door.workspace, response, token)
    give_known(response, name, word)
    return response


async def password_form(request: Request) -> Response:
    """Show the page to change one's password, for who is signed in and who may not be before he has done so."""
    return _password_form(request, request.query_params.get("name", ""))


def _password_form(
    request: Request, name: str, told: str = "", status: int = 200, problems: Sequence[str] = ()
) -> Response:
    rules = request.app.state.door.workspace.settings.access
    values = {"name": name, "told": told, "problems": problems, "rules": rules}
    return request.app.state.pages.bare("password.html", values, status)  # type: ignore[no-any-return]


async def change_password(request: Request) -> Response:
    """Change a password for who knows the present one; he signs in with the new one."""
    door: Door = request.app.state.door
    async with request.form(max_files=0, max_fields=10) as sent:
        name, old, new, again = (str(sent.get(key, "")) for key in ("name", "password", "new", "again"))
    name = name.strip()
    if seconds := await run_in_threadpool(_wait, request, name):
        return _too_often(request, seconds, partial(_password_form, request, name))
    if new != again:
        return _password_form(request, name, "两次写的新密码不同，没有修改", 422)
    try:
        await run_in_threadpool(deskaccess.change_password, door.workspace, name, old, new, whence(request, name))
    except InvalidInput as error:
        return _password_form(request, name, worded(error.message), 422, [worded(p.message) for p in error.problems])
    except QRecordsError as error:
        return _password_form(request, name, worded(error.told), 403)
    response = _form(request, "/", "密码已修改，请用新密码登录", good=True)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


def _too_often(request: Request, seconds: int, page: Callable[[str, int], Response]) -> Response:
    refused = page(told_to_wait(request.app.state.door.workspace, Costly.LOGIN, seconds), 429)
    refused.headers["retry-after"] = str(seconds)
    return refused


def _wait(request: Request, name: str) -> int:
    """Return how long one has to wait before a password is looked at: by address, and by name from this address.

    A name alone is not counted: whoever likes could use up its tries.
    """
    limits = request.app.state.limits
    address = network_of(request.client.host) if request.client else ""
    by_address: int = limits.wait(Costly.LOGIN, f"address {address}", times=ADDRESS_TIMES)
    return by_address or int(limits.wait(Costly.LOGIN, f"name {name} from {address}"))


async def leave(request: Request) -> Response:
    """End the session."""
    await run_in_threadpool(request.app.state.door.leave, request)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response
