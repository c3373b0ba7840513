"""What small requests made, by the request's own word: one sent again, over a lost connection, makes nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from qrecords.stores.register import tables as t

KEPT_DAYS = 7  # no browser sends a request again later than that
_A = t.answered.c


class Answered:
    """The answers of all accounts; a word is of one account. Without a word nothing is kept or known."""

    def __init__(self, connection: sa.Connection) -> None:
        self._c = connection

    def get(self, account: str, word: str) -> str | None:
        """Return what a request made; None when it made nothing yet."""
        if not word:
            return None
        asked = sa.select(_A.made).where(_A.account == account, _A.word == word)
        return self._c.execute(asked).scalar_one_or_none()

    def keep(self, account: str, word: str, made: str, now: datetime) -> None:
        """Keep what a request made, in the transaction that makes it; long past ones go."""
        if not word:
            return
        past, at = (m.astimezone(UTC).isoformat() for m in (now - timedelta(days=KEPT_DAYS), now))
        self._c.execute(t.answered.delete().where(_A.at < past))
        self._c.execute(t.answered.insert().values(account=account, word=word, made=made, at=at))
