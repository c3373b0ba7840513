"""Keep the lists of customers, products and spare parts, and fill what a record leaves empty from them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from qrecords.advice import Sentence, advise
from qrecords.errors import InvalidInput, NotFound, Problem
from qrecords.model.field import Field, heading_key
from qrecords.model.figures.management import unit_of
from qrecords.model.figures.visits import Customer
from qrecords.model.fleet import Delivery
from qrecords.model.form import Checked, Form
from qrecords.model.lists import (
    CUSTOMERS,
    KINDS,
    NOT_IN_USE,
    PARTS,
    PRODUCTS,
    Catalogue,
    Entry,
    ListKind,
    merge,
    take,
    take_lines,
    told_twice,
)
from qrecords.model.production import STATUS, Series, plain, series_by_model, with_status
from qrecords.model.record import Action
from qrecords.model.rules import is_empty
from qrecords.model.spares import Part, PartList
from qrecords.model.values import choice_key
from qrecords.office import Office
from qrecords.services.intake.putting import put
from qrecords.stores.given import GivenFile
from qrecords.stores.lists import list_file, read_list, read_rows_of

SERIES = "series"  # what `products list` says beside the columns: in series production or not, and why
_BRANCH = "branch:"  # how a scope says that records are of a branch (model/access.py)
_COMMA = re.compile(r"\s*[、，,；;]\s*")
# Of a customer, for reports.
BESIDE = (
    "customer_unit",
    "customer_code",
    "military_branch",
    "region",
    "service_point",
    "service_level",
    "in_use",
    "visit_interval_months",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of a change to a list."""

    added: int
    changed: int
    total: int
    notes: tuple[Sentence, ...] = ()


def list_fields(office: Office, kind: ListKind) -> tuple[Field, ...]:
    """Return the columns of a list; an older blocks.toml may lack those the list alone has."""
    try:
        fields = office.forms.block(kind.block)
    except NotFound as error:
        raise NotFound(f"本单位没有{kind.label}", remedy=f"要用的请在 blocks.toml 里加上 [{kind.block}]") from error
    with suppress(NotFound):
        fields += office.forms.block(kind.more) if kind.more else ()
    return fields


def kinds_of(office: Office) -> list[ListKind]:
    """Return the lists the office may keep: an older blocks.toml, or another procedure's, may not have one."""
    found = []
    for kind in KINDS.values():
        with suppress(NotFound):
            list_fields(office, kind)
            found.append(kind)
    return found


def series_of(office: Office, entries: Sequence[Entry]) -> dict[str, Series]:
    """Return what a product list knows of the production of each model (clause 3)."""
    return series_by_model(entries, office.forms.procedure.batch_kinds)


def list_entries(office: Office, kind: ListKind, containing: str = "") -> list[Entry]:
    """Return the entries of a list, or those with some words in them.

    Who reads the records of some branches alone is told of their customers alone, and of the units delivered to them.
    """
    office.authorise(Action.READ, kind.file_name)
    wanted = heading_key(containing)
    entries: list[Entry] = [*_read(office, kind)]
    if kind is PRODUCTS:
        series = series_of(office, entries)
        entries = [{**e, **({SERIES: told} if (told := _told(e, series)) else {})} for e in entries]
    shown = _of_branches(office, kind, entries)
    return [e for e in shown if any(wanted in heading_key(str(value)) for value in e.values())]


def _of_branches(office: Office, kind: ListKind, entries: list[Entry]) -> list[Entry]:
    """Leave out what is of other branches than those an account may read of; a customer without one is of none."""
    mine: set[str] = set()
    for scope in office.readable() or ():
        tags = {tag for group in scope.tags for tag in group if tag.startswith(_BRANCH)}
        if not tags:
            return entries
        mine |= {tag.removeprefix(_BRANCH) for tag in tags}
    if not mine or kind is PARTS:
        return entries
    if kind is CUSTOMERS:
        return [e for e in entries if e.get("military_branch") in mine]
    listed = customers_listed(office)
    users = [choice_key(str(e.get("delivered_to") or "")) for e in entries]  # a unit without one tells of no customer
    return [
        e
        for e, user in zip(entries, users, strict=True)
        if not user or listed.get(user, {}).get("military_branch") in mine
    ]


def _told(entry: Entry, series: Mapping[str, Series]) -> str:
    return str(entry.get(STATUS) or series[plain(entry.get("product_model"))].told)


def add_entry(office: Office, kind: ListKind, written: Mapping[str, str]) -> Kept:
    """Add an entry, or change what it says of one that is there; values by label or key."""
    fields = list_fields(office, kind)
    names = {heading_key(name): f for f in fields for name in (f.label, f.key)}
    entry: dict[str, Any] = {}
    problems: list[Problem] = []
    for heading, value in written.items():
        column = names.get(heading_key(heading))
        if column is None:
            known = "、".join(f.label for f in fields)
            problems.append(Problem(f"{kind.label}没有「{heading}」这一栏，可用：{known}", heading))
            continue
        try:
            entry[column.key] = column.parse(value)
        except ValueError as error:
            problems.append(Problem(f"「{column.label}」{error}", column.key))
    missing = [f for f in fields if f.key in kind.required and is_empty(entry.get(f.key))]
    problems += [Problem(f"没有写「{f.label}」", f.key) for f in missing if f.key not in {p.field for p in problems}]
    if problems:
        raise InvalidInput(f"没有加入{kind.label}", remedy="请写成 栏目=内容 的样子", problems=problems)
    return _keep(office, kind, [{key: value for key, value in entry.items() if not is_empty(value)}])


def import_entries(office: Office, kind: ListKind, source: GivenFile) -> Kept:
    """Take a .csv or .xlsx file into a list: new entries are added, known ones changed; all or none."""
    fields = list_fields(office, kind)
    with source.lent() as path:
        rows, notes = read_rows_of(path, fields, kind.required)
    if not rows:
        raise InvalidInput(f"{source.name} 里没有内容", remedy="请在表头下面填写至少一行")
    labels = {f.key: f.label for f in fields}
    known_by = {row: "、".join(f"「{labels[key]}」" for key in kind.known_by(entry)) for row, entry in rows}
    problems = [
        Problem(f"与第{before}行是同一条（{known_by[row]}相同），「{labels[key]}」却写得不同", key, row, source.name)
        for row, before, key in told_twice(kind, rows)
    ]
    if problems:
        message = f"{source.name} 有{len(problems)}处前后写得不同，一条也没有读入"
        raise InvalidInput(message, remedy="请合并成一行，或改正其中一行", problems=problems)
    return _keep(office, kind, [entry for _, entry in rows], notes)


def _keep(office: Office, kind: ListKind, new: Sequence[Entry], notes: tuple[Sentence, ...] = ()) -> Kept:
    office.authorise(Action.KEEP_LISTS, kind.file_name)
    path = office.settings.root / kind.file_name
    with office.exclusive("lists", f"改{kind.label}"):
        entries, added, changed = merge(kind, _read(office, kind), new)
        if added or changed:
            put(office, kind.file_name, list_file(list_fields(office, kind), entries), Action.KEEP_LISTS)
        elif path.exists():
            _log(office, kind, hashlib.sha256(path.read_bytes()).hexdigest())
    if kind is PARTS:
        notes = (*notes, *_doubtful(entries))
    return Kept(added, changed, len(entries), notes)


def _doubtful(entries: Sequence[Entry]) -> Iterator[Sentence]:
    """Tell the names of parts that mean several: what was used under such a name counts as the first of them."""
    for name, model, parts in _part_list(entries).doubtful():
        called = f"{name} {model}".strip()
        several = f"「{called}」在清单里指{len(parts)}种备件（{'、'.join(parts)}）"
        yield f"{several}，消耗都算作「{parts[0]}」的，请改名称、别名或型号"


def _log(office: Office, kind: ListKind, sha256: str) -> None:
    """Log what the list says now, unless the log knows: the file may have been edited by hand."""
    with office.register.write() as tx:
        told = [e for e in tx.audit.events(kind.file_name) if e.action == Action.KEEP_LISTS and e.outcome == "done"]
        if not told or told[-1].detail.get("sha256") != sha256:
            tx.audit.append([office.event(Action.KEEP_LISTS, kind.file_name, sha256=sha256)])


def customers_listed(office: Office) -> dict[str, dict[str, str]]:
    """Return what the list says of its customers beside (branch, region …, in use or not), by code and by unit."""
    return {
        choice_key(name): said
        for entry in _read(office, CUSTOMERS)
        if (said := {key: str(entry[key]) for key in BESIDE if entry.get(key)})
        for key in ("customer_unit", "customer_code")
        if (name := str(entry.get(key) or ""))
    }


def customers_of_list(office: Office) -> list[Customer]:
    """Return the customers of the list, each once, with what it says of visits."""
    return [Customer.of(said) for said in {id(said): said for said in customers_listed(office).values()}.values()]


def customer_keys(office: Office, names: Iterable[str]) -> frozenset[str]:
    """Return how some customers, called by name or code, are told apart: by name and code, as the list has them."""
    wanted = {choice_key(name) for name in names}
    found = set(wanted)
    for entry in _read(office, CUSTOMERS):
        keys = {choice_key(str(entry[key])) for key in ("customer_unit", "customer_code") if entry.get(key)}
        if keys & wanted:
            found |= keys
    return frozenset(found)


def customer_names(office: Office) -> list[str]:
    """Return the names the list has of its customers."""
    return [str(entry["customer_unit"]) for entry in _read(office, CUSTOMERS) if entry.get("customer_unit")]


def product_models(office: Office) -> set[str]:
    """Return the models the product list has."""
    return {str(entry["product_model"]) for entry in _read(office, PRODUCTS) if entry.get("product_model")}


def customers_mark(office: Office) -> tuple[int, int]:
    """Return what tells one state of the customer list from another, for what is kept of it."""
    try:
        held = (office.settings.root / CUSTOMERS.file_name).stat()
    except FileNotFoundError:
        return 0, 0
    return held.st_mtime_ns, held.st_size


def delivered_units(office: Office) -> dict[tuple[str, str], str]:
    """Return the day each unit of the product list was delivered, by model and serial number, where it says so."""
    return {
        unit_of(entry): str(entry["delivery_date"])[:10]
        for entry in _read(office, PRODUCTS)
        if entry.get("delivery_date")
    }


def parts_listed(office: Office) -> PartList:
    """Return the office's list of spare parts; an empty one where it keeps none."""
    return _part_list(_read(office, PARTS))


def _part_list(entries: Sequence[Entry]) -> PartList:
    found = []
    for entry in entries:
        said = {f.removeprefix("part_"): value for f, value in entry.items() if not is_empty(value)}
        said["aliases"] = tuple(part for part in _COMMA.split(str(said.get("aliases") or "")) if part)
        found.append(Part(**said))
    return PartList(found)


def deliveries_listed(office: Office) -> list[Delivery]:
    """Return the units of the product list: since their acceptance, else their delivery, else ever since.

    Those of a user whom the customer list has as not in use any more are so in the years to come.
    """
    listed = customers_listed(office)
    found = []
    for entry in _read(office, PRODUCTS):
        user = listed.get(choice_key(str(entry.get("delivered_to") or "")), {})
        since = str(entry.get("accepted_on") or entry.get("delivery_date") or "")[:10]
        left = user.get("in_use") == NOT_IN_USE
        found.append(Delivery(str(entry.get("product_model") or ""), since, left=left))
    return found


def _read(office: Office, kind: ListKind) -> list[dict[str, Any]]:
    path = office.settings.root / kind.file_name
    if not path.exists():
        return []
    return read_list(path, list_fields(office, kind), kind.required)[0]


@dataclass(frozen=True, slots=True)
class Completed:
    """A record checked with what the lists add to it; `written` are its own values alone, `notes` for its clerk."""

    checked: Checked
    written: Mapping[str, Any]
    notes: Sequence[Sentence]


@dataclass
class Completion:
    """The lists during one fill: read once; a list that cannot be read is told once and gives nothing."""

    office: Office
    notes: list[Sentence] = field(default_factory=list)

    def check(self, form: Form, raw: Mapping[str, Any]) -> Completed:
        """Check a record with what the lists add to it."""
        checked = form.check(raw)
        written, notes = checked.written, [*checked.notes]
        if not any(catalogue.entries for catalogue in self._catalogues):
            return Completed(checked, written, notes)
        given = {form.key_of(str(heading)) or "" for heading, value in raw.items() if not is_empty(value)}
        added: dict[str, Any] = {}
        for catalogue in self._catalogues:
            taken = take(catalogue, form, checked.values, given)
            added |= taken.values
            lines = take_lines(catalogue, form, checked.values, {str(p.field).split("[")[0] for p in checked.problems})
            added |= lines.values
            notes += [note for note in (taken.note, lines.note) if note]
        if not added:
            return Completed(checked, written, notes)
        blank = {heading for heading in raw if form.key_of(str(heading)) in added}
        checked = form.check({h: v for h, v in raw.items() if h not in blank} | added)
        return Completed(checked, written, notes)

    @cached_property
    def _catalogues(self) -> list[Catalogue]:
        found: list[Catalogue] = []
        for kind in (k for k in KINDS.values() if k.found_by):
            try:
                entries = _read(self.office, kind)
                if kind is PRODUCTS:
                    entries = with_status(entries, series_of(self.office, entries))
                found.append(Catalogue(kind, entries))
            except InvalidInput as error:
                self.notes.append(advise("{} 读不出，没有从{}带出内容：{}", kind.file_name, kind.label, error.message))
        return found
