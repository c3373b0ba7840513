"""What of all records a document is about: a branch, and of it what one office looks after (F.3, R107)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from qrecords.errors import InvalidInput, Problem, UsageError
from qrecords.model.branches import Milrep
from qrecords.model.figures.management import Narrowing, narrowed, of_branch
from qrecords.model.figures.visits import Customer
from qrecords.model.record import Record
from qrecords.model.values import choice_key
from qrecords.office import Office
from qrecords.services.intake.lists import (
    customer_keys,
    customer_names,
    customers_listed,
    customers_of_list,
    product_models,
)
from qrecords.stores.documentkinds import DOCUMENTS_FILE, read_documents
from qrecords.stores.register import Transaction

_NUMBER = re.compile(r"[A-Z]{1,8}\d*-\w+-\d{4}-\d+")


@dataclass(frozen=True, slots=True)
class Of:
    """A branch ("" = all), and the office of military representatives whose part of it is meant ("" = whole)."""

    branch: str = ""
    milrep: str = ""


def scoped(
    office: Office, records: Iterable[Record], of: Of, listed: Mapping[str, Mapping[str, str]]
) -> Iterable[Record]:
    """Return the records a document is about, and of plans the lines; `listed` tells the branch of customers."""
    if not of.branch:
        return records
    found = of_branch(records, of.branch, listed)
    return narrowed(found, narrowing(office, of.milrep)) if of.milrep else found


def customers_within(office: Office, of: Of) -> list[Customer]:
    """Return the customers of the list a document is about; whose models alone are told, of none it is known."""
    found = [one for one in customers_of_list(office) if of.branch in ("", one.branch)]
    if not of.milrep:
        return found
    own = narrowing(office, of.milrep)
    return [one for one in found if own.holds({"customer_unit": one.unit, "customer_code": one.code})]


def narrowing(office: Office, milrep: str) -> Narrowing:
    """Return what an office of military representatives looks after, as customers and models are told apart."""
    one = _milrep(office, milrep)
    models = frozenset(map(choice_key, one.models))
    return Narrowing(customer_keys(office, one.customers) if one.customers else frozenset(), models)


def narrowing_told(office: Office, milrep: str) -> str:
    """Return how a document says what it counts alone."""
    one = _milrep(office, milrep)
    parts = (("单位", one.customers), ("型号", one.models))
    own = "；".join(f"{what}{'、'.join(names)}" for what, names in parts if names)
    return f"只计{milrep}分管的{own}；没有写明的不计"


def _milrep(office: Office, name: str) -> Milrep:
    return read_documents(office.settings.forms_dir).milreps[name]


def require_known(office: Office, tx: Transaction, milrep: str) -> None:
    """Refuse an office some of whose customers nobody knows: misspelt, they would leave its document empty unseen."""
    known = customers_listed(office).keys() | {choice_key(unit) for unit in tx.records.customers()}
    if unknown := [name for name in _milrep(office, milrep).customers if choice_key(name) not in known]:
        raise InvalidInput(
            f"{milrep}分管的「{'」「'.join(unknown)}」在用户清单和记录里都没有",
            remedy=f"请核对 {DOCUMENTS_FILE} 的 milreps；名称没有写错的，先加进用户清单",
        )


def require_own_words(office: Office, tx: Transaction, of: Of, texts: Sequence[str]) -> None:
    """Refuse words that name a customer, model or record the office does not look after: they stand on its paper."""
    said = "\n".join(texts)
    if of.milrep and said and (told := [Problem(f"写着「{name}」") for name in _others(office, tx, of, said)]):
        raise UsageError(
            f"说明里写着{of.milrep}不分管的，给它的文件里不能有",
            remedy=f"请改写后再试；它分管什么写在 {DOCUMENTS_FILE} 的 milreps",
            problems=told,
        )


def _others(office: Office, tx: Transaction, of: Of, said: str) -> Iterator[str]:
    """Give what is not the office's own among the numbers, customers and models that some words name."""
    own, listed = narrowing(office, of.milrep), customers_listed(office)
    numbers = dict.fromkeys(_NUMBER.findall(said.upper()))
    there = tx.records.many([*numbers])
    within = {record.record_no for record in narrowed(of_branch(there, of.branch, listed), own)}
    yield from (record.record_no for record in there if record.record_no not in within)
    documents = [found for number in numbers if (found := tx.documents.get(number))]
    yield from (d.document_no for d in documents if (d.branch, d.milrep) != (of.branch, of.milrep))

    def is_own(name: str) -> bool:
        branch = listed.get(choice_key(name), {}).get("military_branch", of.branch)
        return branch == of.branch and own.holds({"customer_unit": name}, ("customers",))

    customers = {*customer_names(office), *tx.records.customers()}
    yield from _named(said, customers, is_own)
    if own.models:
        yield from _named(said, product_models(office), lambda model: own.holds({"product_model": model}, ("models",)))


def _named(said: str, names: Iterable[str], is_own: Callable[[str], bool]) -> Iterator[str]:
    """Give the names of others that stand in some words; one that is a part of an own name is not one by that."""
    keys = {name: choice_key(name) for name in names}
    mine = {name for name in keys if is_own(name)}
    left = choice_key(said)
    for name in sorted(mine, key=len, reverse=True):
        left = left.replace(keys[name], "\n")
    yield from (name for name in sorted(keys.keys() - mine) if len(keys[name]) > 1 and keys[name] in left)
