"""What accounts type at the desk before it is a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from qrecords.stores.register import tables as t

# No field's key begins so: what a draft of a register's month holds.
MONTH, LINES, MADE = "#month", "#lines", "#made"

_D = t.desk_draft.c
_OF_ACCOUNT = sa.select(t.desk_draft).where(_D.account == sa.bindparam("account")).order_by(_D.saved_at.desc(), _D.key)


@dataclass(frozen=True, slots=True)
class DeskDraft:
    """A draft as it was last saved: `values` as typed, `record_no` of the record it goes on with or has become.

    The lines of a register's month are one draft: then `values` hold the month, the lines, and what was made last.
    """

    key: str
    account: str
    form_code: str
    record_no: str
    values: Mapping[str, Any]
    revision: int
    saved_at: str
    base: Mapping[str, Any] = field(default_factory=dict)

    @property
    def month(self) -> str:
        """Return the month of a register it holds the lines of, "" of a draft of one record."""
        return str(self.values.get(MONTH, ""))

    @property
    def made(self) -> Mapping[str, str]:
        """Return the number of the record a draft of one record has become, and what was said then; {} before."""
        return {} if self.month else self.values.get(MADE, {})


class DeskDrafts:
    """The drafts of the desk; each belongs to one account."""

    def __init__(self, connection: sa.Connection) -> None:
        self._c = connection

    def add(self, draft: DeskDraft) -> None:
        """Keep a new draft."""
        self._c.execute(t.desk_draft.insert().values(**{c.name: getattr(draft, c.name) for c in _D}))

    def get(self, key: str, account: str) -> DeskDraft | None:
        """Return a draft of an account."""
        row = self._c.execute(sa.select(t.desk_draft).where(_D.key == key, _D.account == account)).first()
        return DeskDraft(**row._mapping) if row else None

    def of_account(self, account: str) -> list[DeskDraft]:
        """Return the drafts of an account, the one saved last first."""
        return [DeskDraft(**row._mapping) for row in self._c.execute(_OF_ACCOUNT, {"account": account})]

    def save(self, key: str, values: Mapping[str, Any], *, after: int, at: str) -> bool:
        """Keep what was typed since revision `after`; False when another saving came between."""
        asked = t.desk_draft.update().where(_D.key == key, _D.revision == after)
        return self._c.execute(asked.values(values=dict(values), revision=after + 1, saved_at=at)).rowcount == 1

    def rebase(self, key: str, base: Mapping[str, Any]) -> None:
        """Note what the record says by now, once it was told."""
        self._c.execute(t.desk_draft.update().where(_D.key == key).values(base=dict(base)))

    def made(self, draft: DeskDraft, number: str, said: str, at: str) -> None:
        """Keep of a draft what it has become, so that the same request again is answered; only the account's last."""
        for other in self.of_account(draft.account):
            if other.made:
                self.drop(other.key, draft.account)
        values = {MADE: {"number": number, "said": said}}
        asked = t.desk_draft.update().where(_D.key == draft.key)
        self._c.execute(asked.values(values=values, record_no="", base={}, saved_at=at))

    def drop(self, key: str, account: str) -> bool:
        """Let go of a draft; False when there is none."""
        return self._c.execute(t.desk_draft.delete().where(_D.key == key, _D.account == account)).rowcount == 1
