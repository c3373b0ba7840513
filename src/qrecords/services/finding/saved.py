"""Searches an account asks again and again, kept by a name; nobody else sees them."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass, replace

from qrecords.errors import InvalidInput, NotFound
from qrecords.model.neutral import neutral
from qrecords.office import Office
from qrecords.services.finding.search import Criteria, understood
from qrecords.stores.fulltext.interface import Sort
from qrecords.stores.register.savedsearches import KeptSearch

LONGEST_NAME = 40  # characters
LONGEST_CONDITION = 200  # characters of one condition: with the words it stands in an address
MOST = 100  # of one account


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search with its name."""

    name: str
    text: str
    criteria: Criteria
    sort: Sort = "date"

    def narrowed(self, text: str, criteria: Criteria) -> SavedSearch:
        """Return the search with further words, and with other conditions where some are given."""
        given = {key: value for key, value in asdict(criteria).items() if value}
        return replace(self, text=f"{self.text} {text}".strip(), criteria=replace(self.criteria, **given))


def save_search(office: Office, search: SavedSearch) -> SavedSearch | None:
    """Keep a search for the account; returns the one of this name it replaces. InvalidInput when it cannot be asked."""
    understood(office, search.text, search.criteria)
    name = _name(search.name)
    if any(len(str(value)) > LONGEST_CONDITION for value in asdict(search.criteria).values()):
        raise InvalidInput(f"检索的一个条件最多{LONGEST_CONDITION}个字，没有存下", remedy="请只留要紧的字")
    row = KeptSearch(
        office.account.name, name, search.text, {k: v for k, v in asdict(search.criteria).items() if v}, search.sort,
        office.now(),
    )  # fmt: skip
    with office.register.write() as tx:
        there = {one.name: one for one in tx.saved_searches.of_account(row.account)}
        if name not in there and len(there) >= MOST:
            raise InvalidInput(f"存过的检索已有{MOST}个", remedy="请先删去不用的")
        tx.saved_searches.put(row)
    return _search(there[name]) if name in there else None


def saved_searches(office: Office) -> list[SavedSearch]:
    """Return the account's searches, by name."""
    with office.register.read() as tx:
        return [_search(one) for one in tx.saved_searches.of_account(office.account.name)]


def saved_search(office: Office, name: str) -> SavedSearch:
    """Return the account's search of a name; NotFound names those there are."""
    found = saved_searches(office)
    for one in found:
        if one.name == _name(name):
            return one
    raise _none(name, found)


def forget_search(office: Office, name: str) -> None:
    """Let go of a search; NotFound names those there are."""
    with office.register.write() as tx:
        dropped = tx.saved_searches.drop(office.account.name, _name(name))
    if not dropped:
        raise _none(name, saved_searches(office))


def _name(text: str) -> str:
    name = " ".join(neutral(unicodedata.normalize("NFC", text)).split())
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInput(f"检索的名称要有1到{LONGEST_NAME}个字", remedy="例如：逾期的维修")
    return name


def _search(row: KeptSearch) -> SavedSearch:
    return SavedSearch(row.name, row.text, Criteria(**row.criteria), "relevance" if row.sort == "relevance" else "date")


def _none(name: str, there: list[SavedSearch]) -> NotFound:
    listed = "、".join(one.name for one in there)
    return NotFound(
        f"没有存过叫「{name}」的检索", remedy=f"存过的有：{listed}" if listed else "还没有存过检索，请先存一个"
    )
