"""How passwords fared, by account and by where they came from: a person at the machine, a browser, an address."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from qrecords.stores.register import tables as t

_T = t.login_try.c


@dataclass(frozen=True, slots=True)
class Tries:
    """What was tried on an account from one place; `succeeded_at` is "" of a stranger. Moments in UTC."""

    account: str
    origin: str
    failures: int = 0
    locked_until: str = ""
    succeeded_at: str = ""
    tried_at: str = ""


class LoginTries:
    """The tries of all accounts."""

    def __init__(self, connection: sa.Connection) -> None:
        self._c = connection

    def get(self, account: str, origin: str) -> Tries:
        """Return what was tried from a place; nothing yet where it is not known."""
        row = self._c.execute(sa.select(t.login_try).where(_T.account == account, _T.origin == origin)).first()
        return Tries(*row) if row else Tries(account, origin)

    def put(self, tries: Tries) -> None:
        """Write down how a place stands."""
        self._c.execute(t.login_try.delete().where(_T.account == tries.account, _T.origin == tries.origin))
        self._c.execute(t.login_try.insert().values(**{c.name: getattr(tries, c.name) for c in _T}))

    def forgive(self, account: str) -> None:
        """End every lock of an account."""
        self._c.execute(t.login_try.update().where(_T.account == account).values(failures=0, locked_until=""))

    def forget(self, account: str, *, before: str, now: str) -> None:
        """Let go of places not tried from since `before` and not locked any more."""
        old = (_T.account == account, _T.tried_at < before, _T.locked_until <= now)
        self._c.execute(t.login_try.delete().where(*old))
