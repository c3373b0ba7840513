"""The desk's own logins: the accounts, passwords, locks and sessions of the command line, without its files."""

from __future__ import annotations

from datetime import UTC, timedelta

from qrecords.acting import authenticate, in_use
from qrecords.desk.session import Session
from qrecords.desk.workspace import Workspace
from qrecords.errors import NotPermitted
from qrecords.model.access import Account
from qrecords.model.audit import Event
from qrecords.stores.secrets import new_token, token_hash


def password_account(workspace: Workspace, name: str, password: str) -> Account:
    """Return whose password this is; NotPermitted, the same for an unknown account, a wrong password and a lock."""
    return authenticate(workspace.register, workspace.settings.access, name, password, workspace.clock())


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
        account, _ = tx.accounts.by_token(token_hash(token), now.astimezone(UTC).isoformat())
        if account is None:
            return None
        try:
            return in_use(tx, account, now)
        except NotPermitted:
            return None


def close_session(session: Session, token: str) -> None:
    """End a session."""
    with session.register.write() as tx:
        tx.accounts.close_sessions(token_sha256=token_hash(token))
        tx.audit.append([session.event("logout", session.account.name)])
