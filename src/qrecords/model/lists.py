"""The office's lists of customers, products and spare parts, and what a record takes from them.

A record that names a customer or a product of a list gets the fields its clerk left empty. What he wrote is never
changed; what could mean two entries, or says otherwise than the entry, takes nothing, and he is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from qrecords.model.field import Field
from qrecords.model.form import Form
from qrecords.model.rules import is_empty
from qrecords.model.values import choice_key

Entry = Mapping[str, Any]

PERSON = "contact_person"
NOT_IN_USE = "否"  # of a customer, in the list's column 在用
CONTACT = frozenset({"contact_title", "contact_phone"})  # belong to the person, not to the unit


@dataclass(frozen=True, slots=True)
class ListKind:
    """One list: its name, its label, the block of fields it holds, and which of them tell its entries apart."""

    name: str
    label: str
    block: str
    found_by: tuple[str, ...]  # the first of these a record gives finds the entry
    required: tuple[str, ...]
    more: str = ""  # a block of fields the list alone has
    in_rows: tuple[str, ...] = ()  # what the lines of a form take too, where they name the entry
    of_model: tuple[str, ...] = ()  # … and those that hold for a whole model, whatever the serial number
    same_by: tuple[str, ...] = ()  # what makes entries the same, where it is not what they need
    own: tuple[
        str, ...
    ] = ()  # what says something of the entry alone: no record takes it, whatever its fields are called

    @property
    def file_name(self) -> str:
        """Return the name of its file in the workspace."""
        return f"{self.name}.csv"

    def known_by(self, entry: Entry) -> tuple[str, ...]:
        """Return the fields that tell an entry from others: a customer's code or unit, a unit's number and model."""
        if self.name == CUSTOMERS.name:
            return ("customer_code",) if _plain(entry.get("customer_code")) else ("customer_unit",)
        return self.same_by or self.required

    def identity(self, entry: Entry) -> tuple[tuple[str, str], ...]:
        """Return what an entry is known by: those fields and what they say."""
        return tuple((key, _plain(entry.get(key))) for key in self.known_by(entry))


CUSTOMERS = ListKind(
    "customers", "用户清单", "customer", ("customer_code", "customer_unit"), ("customer_unit",), "customer_service"
)
PRODUCTS = ListKind(
    "products", "产品清单", "product", ("serial_no",), ("serial_no", "product_model"), "product_series",
    ("product_name", "product_model", "production_status"), ("production_status",),
    own=("delivered_to", "accepted_on"),
)  # fmt: skip
# Nothing of it goes into records: it tells the plan of spare parts apart by name and model (K.1).
PARTS = ListKind("parts", "备件清单", "part", (), ("part_name",), same_by=("part_name", "part_model"))
KINDS = {kind.name: kind for kind in (CUSTOMERS, PRODUCTS, PARTS)}


@dataclass(frozen=True)
class Catalogue:
    """A list ready to be looked up."""

    kind: ListKind
    entries: Sequence[Entry]

    @cached_property
    def _places(self) -> dict[tuple[str, str], list[Entry]]:
        places: dict[tuple[str, str], list[Entry]] = {}
        for entry in self.entries:
            for key in self.kind.found_by:
                places.setdefault((key, _plain(entry.get(key))), []).append(entry)
        return places

    @cached_property
    def _models(self) -> dict[str, list[Entry]]:
        models: dict[str, list[Entry]] = {}
        for entry in self.entries:
            models.setdefault(_plain(entry.get("product_model")), []).append(entry)
        return models

    def of_model(self, model: Any) -> list[Entry]:
        """Return the entries of a model."""
        return self._models.get(plain, []) if (plain := _plain(model)) else []

    def named(self, key: str, value: Any) -> list[Entry]:
        """Return the entries that have this value; width, case and blanks are forgiven."""
        return self._places.get((key, plain), []) if (plain := _plain(value)) else []


@dataclass(frozen=True, slots=True)
class Taken:
    """What a record takes from a list: values by key, and a note for the clerk ("" when there is nothing to tell)."""

    values: Mapping[str, Any]
    note: str = ""


def take(catalogue: Catalogue, form: Form, present: Entry, written: Collection[str]) -> Taken:
    """Return what an entry of a list adds to a record; `written` are the keys its clerk wrote, right or wrong."""
    entry, note = _find(catalogue, form, present)
    if entry is None:
        return Taken({}, note)
    its_own = catalogue.kind.own
    added = {
        key: value
        for key, value in entry.items()
        if key in form.by_key
        and key not in its_own
        and key not in written
        and is_empty(present.get(key))
        and _fits(form.by_key[key], value)
    }
    if not _same_person(form, present, entry):
        added = {key: value for key, value in added.items() if key != PERSON and key not in CONTACT}
    if not added:
        return Taken({})
    told = "、".join(f"{form.label(key)}「{value}」" for key, value in added.items())
    return Taken(added, f"从{catalogue.kind.label}带出：{told}")


def take_lines(catalogue: Catalogue, form: Form, present: Entry, wrong: Collection[str]) -> Taken:
    """Return the lines (rows) of a record with what they leave empty filled in; `wrong` are fields with problems.

    A line is known by its serial number; one whose number is not on the list by what all of its model have in common.
    """
    kind = catalogue.kind
    added: dict[str, Any] = {}
    told: list[str] = []
    for field in form.fields:
        if not field.columns or not kind.in_rows or field.key in wrong:
            continue
        if not {c.key for c in field.columns}.issuperset(kind.required):
            continue
        lines = []
        for number, row in enumerate(present.get(field.key) or (), start=1):
            more = _of_line(catalogue, field, row)
            lines.append({c.key: v for c in field.columns if (v := row.get(c.key, more.get(c.key))) is not None})
            told += [f"第{number}行{form.label(f'{field.key}.{key}')}「{value}」" for key, value in more.items()]
        if lines != (present.get(field.key) or []):
            added[field.key] = lines
    return Taken(added, f"从{kind.label}带出：{'、'.join(told)}" if told else "")


def _of_line(catalogue: Catalogue, field: Field, row: Entry) -> dict[str, Any]:
    kind = catalogue.kind
    agreeing = [e for e in catalogue.named("serial_no", row.get("serial_no")) if _agree(e, row, "product_model")]
    keys = kind.in_rows
    if len(agreeing) != 1:
        agreeing, keys = catalogue.of_model(row.get("product_model")), kind.of_model
    found: dict[str, Any] = {}
    for column in field.columns:
        if column.key in keys and is_empty(row.get(column.key)):
            said = {e[column.key] for e in agreeing if not is_empty(e.get(column.key))}
            if len(said) == 1 and _fits(column, value := said.pop()):
                found[column.key] = value
    return found


def merge(kind: ListKind, old: Sequence[Entry], new: Iterable[Entry]) -> tuple[list[Entry], int, int]:
    """Return a list with new entries put in, and how many were added and changed; what an entry leaves out stays.

    A customer's code given later joins the entry his unit has; entries the list already has twice stay both.
    """
    merged = [*old]
    places = {kind.identity(entry): place for place, entry in enumerate(merged)}
    added: set[int] = set()
    changed: set[int] = set()
    for entry in new:
        place = places.get(kind.identity(entry))
        if place is None and kind.name == CUSTOMERS.name:
            place = _same_unit(merged, entry)
        before = merged[place] if place is not None else None
        if place is None:
            place = len(merged)
            added.add(place)
            merged.append(entry)
        else:
            merged[place] = {**merged[place], **entry}
        places[kind.identity(merged[place])] = place
        if before is not None and merged[place] != before:
            changed.add(place)
    return merged, len(added), len(changed - added)


def _same_unit(entries: Sequence[Entry], entry: Entry) -> int | None:
    """Return where the one entry of a customer's unit is, where it or the new one has no code; None for none."""
    unit, code = _plain(entry.get("customer_unit")), _plain(entry.get("customer_code"))
    found = [place for place, e in enumerate(entries) if _plain(e.get("customer_unit")) == unit]
    if len(found) != 1 or (code and _plain(entries[found[0]].get("customer_code"))):
        return None
    return found[0]


def told_twice(kind: ListKind, rows: Iterable[tuple[int, Entry]]) -> Iterator[tuple[int, int, str]]:
    """Give the rows of one file that say otherwise of an entry than an earlier row: row, that row, the field."""
    said: dict[tuple[tuple[str, str], ...], dict[str, tuple[int, str]]] = {}
    for number, entry in rows:
        known = said.setdefault(kind.identity(entry), {})
        for key, value in entry.items():
            row, before = known.setdefault(key, (number, _plain(value)))
            if before != _plain(value):
                yield number, row, key


def _find(catalogue: Catalogue, form: Form, present: Entry) -> tuple[Entry | None, str]:
    """Return the one entry a record means, or why none can be taken."""
    kind = catalogue.kind
    for key in kind.found_by:
        if not (found := catalogue.named(key, present.get(key))):
            continue
        telling = (*kind.found_by, *kind.required)
        agreeing = [e for e in found if all(_agree(e, present, other) for other in telling)]
        if len(agreeing) == 1:
            return agreeing[0], ""
        name = f"{form.label(key)}「{present[key]}」"
        if agreeing:
            return None, f"{kind.label}里有{len(agreeing)}个{name}，分不清是哪个，没有带出"
        return None, f"{kind.label}里的{name}与这里写的不一致，没有带出，请核对"
    return None, ""


def _agree(entry: Entry, present: Entry, key: str) -> bool:
    ours, theirs = _plain(present.get(key)), _plain(entry.get(key))
    return not ours or not theirs or ours == theirs


def _same_person(form: Form, present: Entry, entry: Entry) -> bool:
    """Tell whether the contact of the list is meant: named, or left out where the form asks for just that contact."""
    if is_empty(present.get(PERSON)):
        # Some forms ask who called or who receives: that is not for a list to say.
        return PERSON in form.by_key and form.by_key[PERSON].label == "联系人"
    return _plain(present.get(PERSON)) == _plain(entry.get(PERSON))


def _fits(field: Field, value: Any) -> bool:
    try:
        field.parse(value)
    except ValueError:
        return False
    return True


def _plain(value: Any) -> str:
    return choice_key("" if value is None else str(value))
