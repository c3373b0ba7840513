"""What every request and every answer of the desk goes through, whatever page it is for."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 64 << 20  # bytes: a stack of scans; what a page types is far smaller
_UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
# Nothing inline, nothing from elsewhere, no plug-in; the PDF is shown in a frame of our own.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """Refuses requests under a foreign name, changes asked for by other sites, and bodies too large to be meant."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it; every answer gets the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refused = self._refusal(scope["method"], Headers(scope=scope))
        if refused is not None:
            await refused(scope, receive, sending)
            return
        await self._app(scope, _limited(receive), sending)

    def _refusal(self, method: str, headers: Headers) -> PlainTextResponse | None:
        host = headers.get("host", "")
        if urlsplit(f"//{host}").hostname not in self._hosts:  # another name that was made to lead here
            return PlainTextResponse("请用启动时显示的地址打开\n", 421)
        if method in _UNSAFE and not _is_own(host, headers):
            return PlainTextResponse("这个请求不是从本系统的页面发出的，没有执行\n", 403)
        if int(headers.get("content-length") or 0) > LARGEST_BODY:
            return PlainTextResponse(f"上传的内容超过 {LARGEST_BODY >> 20} MB，请分几次\n", 413)
        return None


def _is_own(host: str, headers: Headers) -> bool:
    """Tell whether a change comes from one of our own pages: browsers say so, and other sites cannot lie about it."""
    if (site := headers.get("sec-fetch-site")) is not None and site != "same-origin":
        return False
    origin = headers.get("origin")
    return site is not None if origin is None else urlsplit(origin).netloc == host


def _limited(receive: Receive) -> Receive:
    taken = 0

    async def receiving() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST_BODY:  # sent without saying how long it is
            return {"type": "http.disconnect"}
        return message

    return receiving
