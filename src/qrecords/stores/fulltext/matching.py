"""Whether one record fits a query and filters, for engines that look into what they stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from qrecords.model.access import Scope
from qrecords.model.query import AllOf, AnyOf, Between, Is, Node, Not, Word, form_names
from qrecords.model.textnorm import normalise
from qrecords.stores.fulltext.interface import Document, Filters, order_of
from qrecords.stores.fulltext.places import DAY_SHIFT, day_number


class Facts(NamedTuple):
    """What an engine stores of a record beside its texts; `keys` are the fields of the texts, in their order.

    `owners`, where some belong to one unit, are the units of the last of them.
    """

    record_no: str
    order: int
    form_code: str
    year: int
    state: str
    unit: str
    secrecy: int
    customer_unit: str
    models: tuple[str, ...]
    keys: tuple[str, ...]
    tags: tuple[str, ...] = ()
    other_units: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()

    @classmethod
    def of(cls, document: Document, keys: tuple[str, ...], owners: tuple[str, ...] = ()) -> Facts:
        """Return the facts of a document whose normal texts have these keys, and the last of them these owners."""
        unit, secrecy = normalise(document.unit), document.secrecy_level
        order, customer = order_of(document), document.customer_unit.strip()
        named = (document.form_code, document.year, document.state, unit, secrecy, customer, document.models())
        others = tuple(map(normalise, document.other_units))
        return cls(document.record_no, order, *named, keys, document.tags, others, owners)

    @classmethod
    def from_bytes(cls, stored: bytes) -> Facts:
        """Return the facts as they were stored."""
        return cls(*json.loads(stored.decode()))

    def of_facet(self, name: str) -> tuple[str, ...]:
        """Return under which names of a facet the record counts."""
        if name == "model":
            return self.models
        return (found,) if (found := str(getattr(self, name))) else ()

    def to_bytes(self) -> bytes:
        """Return the facts as an engine stores them."""
        return json.dumps(self, ensure_ascii=False).encode()


def passes(facts: Facts, filters: Filters) -> bool:
    """Tell whether a record passes the filters."""
    day = facts.order >> DAY_SHIFT
    return (
        _within(facts, Scope(filters.forms, (), filters.max_secrecy))
        and (not filters.years or facts.year in filters.years)
        and (not filters.states or facts.state in filters.states)
        and (not filters.date_from or day >= day_number(filters.date_from))
        and (not filters.date_to or day <= day_number(filters.date_to))
        and (not filters.unit or normalise(filters.unit) in (facts.unit, *facts.other_units))
        and (not filters.customer.strip() or facts.customer_unit == filters.customer.strip())
        and (not filters.model.strip() or filters.model.strip() in facts.models)
        and (filters.readable is None or any(_within(facts, scope) for scope in filters.readable))
    )


def sights(facts: Facts, filters: Filters) -> Iterator[frozenset[str] | None]:
    """Give of which units the texts of a record may be looked into, once for each scope it is in; None: of all."""
    if not facts.owners or filters.readable is None:
        yield None
        return
    for scope in filters.readable:
        if _within(facts, scope):
            yield frozenset(map(normalise, scope.units)) if scope.units else None


def fits(node: Node, facts: Facts, has: Callable[[Word], bool]) -> bool:
    """Tell whether a record fits a query; `has` tells whether a word is in its texts."""
    match node:
        case Word():
            return has(node)
        case Is(fact, value):
            return value == facts.state if fact == "state" else value in form_names(facts.form_code)
        case Between(fact, first, last):
            if fact == "year":
                return int(first) <= facts.year <= int(last)
            return day_number(first) <= facts.order >> DAY_SHIFT <= day_number(last)
        case Not(part):
            return not fits(part, facts, has)
        case AllOf(parts):
            return all(fits(part, facts, has) for part in parts)
        case AnyOf(parts):
            return any(fits(part, facts, has) for part in parts)


def _within(facts: Facts, scope: Scope) -> bool:
    return (
        (not scope.forms or any(normalise(form) in form_names(facts.form_code) for form in scope.forms))
        and facts.form_code not in scope.but
        and (not scope.units or not {facts.unit, *facts.other_units}.isdisjoint(map(normalise, scope.units)))
        and (scope.max_secrecy is None or facts.secrecy <= scope.max_secrecy)
        and (not scope.states or facts.state in scope.states)
        and all(not set(group).isdisjoint(facts.tags) for group in scope.tags)
    )
