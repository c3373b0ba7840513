"""The desk's own logins: the accounts, passwords, locks and sessions of the command line, without its files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from ipaddress import ip_address, ip_network

from qrecords.acting import authenticate, in_use
from qrecords.desk.session import Session
from qrecords.desk.workspace import Workspace
from qrecords.errors import NotPermitted
from qrecords.model.access import Account
from qrecords.model.audit import Event
from qrecords.services.access.login import change_own_password
from qrecords.stores.register.logintries import Tries
from qrecords.stores.secrets import new_token, token_hash


@dataclass(frozen=True, slots=True)
class Whence:
    """Where a password comes from: the browser's own word, given to it when it last brought the right one, and address.

    A browser known by its word is a place of its own, so that nobody behind the same door shuts it out.
    """

    address: str
    word: str = ""

    def origin(self, workspace: Workspace, name: str) -> str:
        """Return what tries are counted under."""
        browser = f"browser/{token_hash(self.word)}"
        with workspace.register.read() as tx:
            is_known = self.word and tx.login_tries.get(name, browser).succeeded_at
        return browser if is_known else f"address/{network_of(self.address)}"


def network_of(address: str) -> str:
    """Return what one person can be said to come from: of IPv6 the whole network he chooses his addresses in."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ip_network(f"{found}/64", strict=False)) if found.version == 6 else str(found)


def password_account(workspace: Workspace, name: str, password: str, whence: Whence) -> Account:
    """Return whose password this is; NotPermitted, the same for an unknown account, a wrong password and a lock."""
    origin = whence.origin(workspace, name)
    return authenticate(workspace.register, workspace.settings.access, name, password, workspace.clock(), origin=origin)


def known_browser(workspace: Workspace, name: str) -> str:
    """Return a new word by which a browser that brought the right password is known."""
    word, at = new_token(), workspace.clock().astimezone(UTC).isoformat()
    with workspace.register.write() as tx:
        tx.login_tries.put(Tries(name, f"browser/{token_hash(word)}", succeeded_at=at, tried_at=at))
    return word


def change_password(workspace: Workspace, name: str, old: str, new: str, whence: Whence) -> None:
    """Change one's own password; NotPermitted as for a login, InvalidInput for a new one that will not do."""
    origin = whence.origin(workspace, name)
    change_own_password(
        workspace.register, workspace.settings.access, name, old, new, now=workspace.clock(), origin=origin
    )


def open_session(workspace: Workspace, name: str, *, via: str) -> str:
    """Open a session for an account and return its token, which is kept nowhere."""
    now, token = workspace.clock(), new_token()
    until = now + timedelta(hours=workspace.settings.access.session_hours)
    with workspace.register.write() as tx:
        utc = [moment.astimezone(UTC).isoformat() for moment in (until, now)]
        tx.accounts.open_session(name, token_hash(token), *utc)
        tx.audit.append([Event(0, now.isoformat(), name, "login", name, "done", {"via": via})])
    return token


def account_of(workspace: Workspace, token: str) -> Account | None:
    """Return the account of a session that has not ended and may still be used; None else."""
    now = workspace.clock()
    with workspace.register.read() as tx:
        account, seal = tx.accounts.signed_in(token_hash(token), now.astimezone(UTC).isoformat())
        if account is None:
            return None
        try:
            return in_use(tx, account, now, seal)
        except NotPermitted:
            return None


def close_session(session: Session, token: str) -> None:
    """End a session."""
    with session.register.write() as tx:
        tx.accounts.close_sessions(token_sha256=token_hash(token))
        tx.audit.append([session.event("logout", session.account.name)])
