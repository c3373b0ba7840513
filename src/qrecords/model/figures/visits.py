"""Customers with their last contact and visit, those of the list too whom no record names (domain L.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from qrecords.model.deadlines import add_months
from qrecords.model.figures.entries import Entry, Fact, Surroundings
from qrecords.model.lists import NOT_IN_USE
from qrecords.model.record import Record, State
from qrecords.model.values import choice_key

OWN_FACTS = frozenset({"@last_visit", "@visited", "@expected", "@unlisted", "@met"})
KNOWN_MONTHS = 36  # without a list: who was met in so many is to be visited
YEARLY = 12  # months from one visit to the next, where the list says nothing: once a calendar year
_EVER = "0001-01-01"


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of the list, with what it says of his visits."""

    unit: str
    code: str = ""
    branch: str = ""
    in_use: bool = True
    interval: int = YEARLY

    @classmethod
    def of(cls, said: Mapping[str, str]) -> Customer:
        """Read an entry of the list."""
        interval = int(said.get("visit_interval_months") or YEARLY)
        branch, in_use = said.get("military_branch", ""), said.get("in_use") != NOT_IN_USE
        return cls(said.get("customer_unit", "").strip(), said.get("customer_code", ""), branch, in_use, interval)

    @property
    def key(self) -> str:
        """Return how he is told apart."""
        return choice_key(self.unit)

    def next_visit(self, last: str) -> str:
        """Return the last day a visit is due on after one, or after none (""), within its calendar year where yearly.

        "" says that the year of the day asked about decides: he is seen once in each.
        """
        if self.interval == YEARLY or not last:
            return ""
        return add_months(date.fromisoformat(last), self.interval).isoformat()

    def is_visited(self, last: str, on: str) -> bool:
        """Tell whether his last visit is recent enough on a day: of this calendar year, else within his interval."""
        if not last:
            return False
        return last[:4] == on[:4] if self.interval == YEARLY else on <= self.next_visit(last)


class Customers:
    """The list, looked up as a record names its customer: by code, else by unit."""

    def __init__(self, customers: Iterable[Customer] = ()) -> None:
        """Take the customers of the list; of two of one name the first."""
        self.all: dict[str, Customer] = {}
        self._by: dict[str, Customer] = {}
        for one in customers:
            known = self.all.setdefault(one.key, one)
            for name in (one.unit, one.code):
                if key := choice_key(name):
                    self._by.setdefault(key, known)

    def named(self, values: Mapping[str, object]) -> Customer | None:
        """Return the customer of the list a record's values mean."""
        keys = (choice_key(str(values.get(key) or "")) for key in ("customer_code", "customer_unit"))
        return next((self._by[key] for key in keys if key in self._by), None)

    @property
    def longest(self) -> int:
        """Return the longest interval between visits, in months."""
        return max((one.interval for one in self.all.values()), default=YEARLY)


def customers(
    entries: Sequence[Entry], listed: Sequence[Customer], near: Surroundings, facts: Mapping[str, Fact]
) -> Iterator[Entry]:
    """Give an entry for each customer met until the period's end, or on the list, with his last contact and visit.

    `@expected`: he is to be visited, as one of the list in use, without a list as one met in thirty-six months;
    `@visited`: he was, this calendar year or within the interval the list gives him; `@unlisted`: there is a list
    without him. An entry rests on the records of his last contact and visit alone.
    """
    known, last = Customers(listed), near.last
    met: dict[str, list[Entry]] = {key: [] for key in known.all}
    for entry in entries:
        day = str(entry.get("@date") or "")
        if day and day <= last and (unit := choice_key(str(entry.get("customer_unit") or ""))):
            named = known.named(entry.record.values)
            met.setdefault(named.key if named else unit, []).append(entry)
    since = add_months(date.fromisoformat(last), -KNOWN_MONTHS).isoformat()
    for key, found in met.items():
        customer = known.all.get(key) or Customer("")
        newest = max(found, key=_order, default=None)
        visits = [e for e in found if e.get("@visit")]
        visit = max(visits, key=_order, default=None)
        contact, seen = (str(e.get("@date")) if e else "" for e in (newest, visit))
        own = {
            "@date": contact,
            "@met": _EVER,
            "@last_visit": seen,
            "@visited": customer.is_visited(seen, last),
            "@expected": (key in known.all and customer.in_use) if known.all else contact > since,
            "@unlisted": bool(known.all) and key not in known.all,
        }
        numbers = tuple(dict.fromkeys(e.record.record_no for e in (visit, newest) if e))
        if customer.unit:
            own["customer_unit"] = customer.unit
        if customer.branch:
            own["military_branch"] = customer.branch
        record = newest.record if newest else _nothing(customer)
        yield Entry(record, near, facts, own, numbers)


def _order(entry: Entry) -> tuple[str, str]:
    return str(entry.get("@date")), entry.record.record_no


def _nothing(customer: Customer) -> Record:
    """Return a record that stands for what no record says: the customer's name alone."""
    values = {"customer_unit": customer.unit, "customer_code": customer.code, "military_branch": customer.branch}
    return Record("", "", 0, State.SUBMITTED, values, "", "", customer.unit, "", "")
