"""Who is at the browser: a session of the register, its token in a cookie no script can read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from qrecords.desk.session import Session
from qrecords.desk.workspace import Workspace
from qrecords.services.access.deskaccess import (
    Whence,
    account_of,
    close_session,
    known_browser,
    open_session,
    password_account,
)
from qrecords.stores.secrets import token_hash
from qrecords.web.shared import Link, Once
from qrecords.web.wording import worded

COOKIE = "qrecords_desk"
VIA = "desk"
_KNOWN_SECONDS = 365 * 24 * 3600


@dataclass
class Door:
    """Lets people in by password, or once by the link the program opened the browser with."""

    workspace: Workspace
    link_account: str = ""  # whose session the one-time link opens
    link: Once = field(default_factory=Link)

    @property
    def key(self) -> str:
        """Return what the link says that lets in once, where it is held by this process."""
        assert isinstance(self.link, Link)
        return self.link.key

    def by_link(self, key: str) -> str:
        """Return a new token for the link's key, "" for a wrong or a used one."""
        if not self.link_account or not self.link.use(key):
            return ""
        return open_session(self.workspace, self.link_account, via=VIA)

    def by_password(self, name: str, password: str, whence: Whence) -> tuple[str, str]:
        """Return a new token for a name and its password, and the browser's word; NotPermitted else."""
        account = password_account(self.workspace, name, password, whence)
        known = whence.origin(self.workspace, account.name).startswith("browser/")
        word = whence.word if known else known_browser(self.workspace, account.name)
        return open_session(self.workspace, account.name, via=VIA), word

    def session(self, request: Request) -> Session | None:
        """Return the session of a request's cookie, with the account as it now is; None for who must sign in."""
        token = request.cookies.get(COOKIE, "")
        self.workspace.notice_forms()
        account = account_of(self.workspace, token) if token else None
        origin = f"{VIA}/{request.client.host}" if request.client else ""
        return Session(self.workspace, account, VIA, origin, worded) if account else None

    def leave(self, request: Request) -> None:
        """End the session of a request."""
        if session := self.session(request):
            close_session(session, request.cookies[COOKIE])


def give_cookie(workspace: Workspace, response: Response, token: str) -> None:
    """Put a session's token into an answer."""
    seconds = int(timedelta(hours=workspace.settings.access.session_hours).total_seconds())
    response.set_cookie(COOKIE, token, max_age=seconds, httponly=True, samesite="strict", path="/")


def whence(request: Request, name: str) -> Whence:
    """Return where a request comes from that brings a name's password."""
    address = request.client.host if request.client else ""
    return Whence(address, request.cookies.get(_known_cookie(name), ""))


def give_known(response: Response, name: str, word: str) -> None:
    """Let the browser be known again when it next brings this name's password."""
    kept = {"max_age": _KNOWN_SECONDS, "httponly": True, "path": "/"}
    response.set_cookie(_known_cookie(name), word, samesite="strict", **kept)  # type: ignore[arg-type]


def _known_cookie(name: str) -> str:
    """Return one cookie for each name: several people share a machine."""
    return f"known_{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def form_token(request: Request) -> str:
    """Return what the forms of this session carry: another site cannot know it."""
    return hashlib.sha256(f"form {token_hash(request.cookies.get(COOKIE, ''))}".encode()).hexdigest()[:32]
