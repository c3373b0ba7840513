"""The searches accounts keep by a name, to ask them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from qrecords.stores.register import tables as t

_S = t.saved_search.c


@dataclass(frozen=True, slots=True)
class KeptSearch:
    """A search as it was kept: the words, what narrows them, the order of the hits."""

    account: str
    name: str
    text: str
    criteria: Mapping[str, Any]
    sort: str
    saved_at: str


class SavedSearches:
    """The saved searches; each belongs to one account."""

    def __init__(self, connection: sa.Connection) -> None:
        self._c = connection

    def of_account(self, account: str) -> list[KeptSearch]:
        """Return the searches of an account, by name."""
        query = sa.select(t.saved_search).where(_S.account == account).order_by(_S.name)
        return [KeptSearch(**row._mapping) for row in self._c.execute(query)]

    def put(self, kept: KeptSearch) -> None:
        """Keep a search in place of the one of its name."""
        self.drop(kept.account, kept.name)
        self._c.execute(t.saved_search.insert().values(**{c.name: getattr(kept, c.name) for c in _S}))

    def drop(self, account: str, name: str) -> bool:
        """Let go of a search; False when there is none of this name."""
        asked = t.saved_search.delete().where(_S.account == account, _S.name == name)
        return self._c.execute(asked).rowcount == 1
