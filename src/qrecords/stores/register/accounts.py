"""The people known to the office: accounts, the roles granted to them, their passwords and logins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from qrecords.model.access import Account, Grant, person_name
from qrecords.stores.register import tables as t
from qrecords.stores.register.rows import GrantRow
from qrecords.stores.register.seals import COUNTING, Seals, account_seal

_GRANT = [t.role_grant.c[name] for name in Grant.__dataclass_fields__]

# Asked for with every page of the desk: built once.
_SESSION = (
    sa.select(t.account, t.session.c.token_sha256, t.session.c.expires_at)
    .join(t.session, t.session.c.account == t.account.c.name)
    .where(t.session.c.token_sha256 == sa.bindparam("token"))
)
_HELD = (
    sa.select(*_GRANT)
    .where(t.role_grant.c.account == sa.bindparam("account"), t.role_grant.c.revoked_at == "")
    .order_by(t.role_grant.c.id)
)
_OF_ACCOUNT, _OF_GRANT = ([c.name for c in table.c] for table in (t.account, t.role_grant))
_SIGNED_IN = (
    sa.select(t.session.c.expires_at, *t.account.c, *t.role_grant.c)
    .join(t.account, t.session.c.account == t.account.c.name)
    .outerjoin(t.role_grant, t.role_grant.c.account == t.account.c.name)
    .where(t.session.c.token_sha256 == sa.bindparam("token"))
    .order_by(t.role_grant.c.id)
)
_BY_NAME = sa.select(t.account).where(t.account.c.name == sa.bindparam("name"))


@dataclass(frozen=True, slots=True)
class Password:
    """What the register knows of a password: its argon2id hash ("" = none), since when, and how it fared."""

    hash: str
    set_at: str = ""
    must_change: bool = False
    failures: int = 0
    locked_until: str = ""


class Accounts:
    """Accounts with their grants; nothing is ever deleted here but logins."""

    def __init__(self, connection: sa.Connection, seals: Seals) -> None:
        self._c = connection
        self._seals = seals

    def add(self, account: Account, at: str, by: str = "") -> None:
        """Add an account with its grants."""
        self._seals.touch("account", account.name)
        self._c.execute(
            t.account.insert().values(
                name=account.name, display_name=account.display_name, uid=account.uid, active=account.active,
                unit=account.unit, clearance=account.clearance, expires_on=account.expires_on, created_at=at,
                password="", password_set_at="", must_change=False, failures=0, locked_until="",
            )
        )  # fmt: skip
        for grant in account.grants:
            self.grant(account.name, grant, at, by or account.name)

    def by_uid(self, uid: str) -> Account | None:
        """Return the account of an operating-system user."""
        return self._one(t.account.c.uid == uid)

    def by_name(self, name: str) -> Account | None:
        """Return the account of this name."""
        return self._made(self._c.execute(_BY_NAME, {"name": name}).first())

    def by_display_name(self, display_name: str) -> Account | None:
        """Return the account of the person of this name."""
        return self._one(t.account.c.display_name == display_name)

    def person(self, account: str) -> str:
        """Return the name of an account's person as papers print it; "" while nobody's is known."""
        found = self.by_name(account)
        return found.person if found else person_name(account, account)

    def by_token(self, token_sha256: str, now: str) -> tuple[Account | None, str]:
        """Return whose login this is and the hash kept of it; None when it has ended or there is none."""
        row = self._c.execute(_SESSION, {"token": token_sha256}).first()
        return (self._made(row), row.token_sha256) if row and row.expires_at > now else (None, "")

    def signed_in(self, token_sha256: str, now: str) -> tuple[Account | None, str]:
        """Return whose login this is, and the seal of the account as it is now; None when it has ended."""
        rows = self._c.execute(_SIGNED_IN, {"token": token_sha256}).all()
        if not rows or rows[0][0] <= now:
            return None, ""
        end = 1 + len(_OF_ACCOUNT)
        a = dict(zip(_OF_ACCOUNT, rows[0][1:end], strict=True))
        held = [dict(zip(_OF_GRANT, row[end:], strict=True)) for row in rows if row[end] is not None]
        grants = tuple(Grant(*(g[name] for name in Grant.__dataclass_fields__)) for g in held if g["revoked_at"] == "")
        account = Account(
            a["name"], a["display_name"], a["uid"], a["active"], a["unit"], a["clearance"], grants, a["expires_on"]
        )
        return account, account_seal(a, held)

    def all(self) -> list[Account]:
        """Return every account, by name."""
        names = self._c.execute(sa.select(t.account.c.name).order_by(t.account.c.name)).scalars().all()
        return [found for name in names if (found := self.by_name(name)) is not None]

    def any(self) -> bool:
        """Tell whether there is an account at all."""
        return self._c.execute(sa.select(sa.func.count()).select_from(t.account)).scalar_one() > 0

    def change(self, name: str, **columns: Any) -> None:
        """Set columns of an account."""
        if columns.keys() - COUNTING:
            self._seals.touch("account", name)
        self._c.execute(t.account.update().where(t.account.c.name == name).values(**columns))

    def grant(self, name: str, grant: Grant, at: str, by: str) -> None:
        """Give a role to an account."""
        self._seals.touch("account", name)
        limits = {c.name: getattr(grant, c.name) for c in _GRANT}
        self._c.execute(
            t.role_grant.insert().values(
                account=name, **limits, granted_by=by, granted_at=at, revoked_by="", revoked_at=""
            )
        )

    def revoke(self, name: str, role: str, at: str, by: str) -> int:
        """Take a role back, with all its limits; returns how many grants ended."""
        self._seals.touch("account", name)
        g = t.role_grant.c
        held = t.role_grant.update().where(g.account == name, g.role == role, g.revoked_at == "")
        return self._c.execute(held.values(revoked_at=at, revoked_by=by)).rowcount

    def grants(self, name: str) -> list[GrantRow]:
        """Return every grant an account ever had, oldest first."""
        query = sa.select(t.role_grant).where(t.role_grant.c.account == name).order_by(t.role_grant.c.id)
        return [GrantRow(**row._mapping) for row in self._c.execute(query)]

    def password(self, name: str) -> Password | None:
        """Return what is known of an account's password; None when there is no such account."""
        a = t.account.c
        query = sa.select(a.password, a.password_set_at, a.must_change, a.failures, a.locked_until)
        row = self._c.execute(query.where(a.name == name)).first()
        return Password(*row) if row else None

    def open_session(self, name: str, token_sha256: str, expires_at: str, now: str) -> None:
        """Write down a login; those that have ended go."""
        self._end(t.session.c.expires_at <= now)
        self._seals.touch("session", token_sha256)
        self._c.execute(t.session.insert().values(token_sha256=token_sha256, account=name, expires_at=expires_at))

    def close_sessions(self, *, token_sha256: str = "", name: str = "") -> None:
        """End one login, or all of an account."""
        s = t.session.c
        self._end(s.token_sha256 == token_sha256 if token_sha256 else s.account == name)

    def _end(self, which: sa.ColumnElement[bool]) -> None:
        self._seals.touch("session", *self._c.execute(sa.select(t.session.c.token_sha256).where(which)).scalars())
        self._c.execute(t.session.delete().where(which))

    def _one(self, condition: sa.ColumnElement[bool]) -> Account | None:
        return self._made(self._c.execute(sa.select(t.account).where(condition)).first())

    def _made(self, row: sa.Row[Any] | None) -> Account | None:
        if row is None:
            return None
        grants = tuple(Grant(*grant) for grant in self._c.execute(_HELD, {"account": row.name}))
        return Account(row.name, row.display_name, row.uid, row.active, row.unit, row.clearance, grants, row.expires_on)
