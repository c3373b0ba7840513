"""Fill in later stages of a record not yet filed (QS/PA758A 5.1.2.2, 5.5.5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from qrecords.errors import InvalidInput, Problem
from qrecords.model.audit import digest
from qrecords.model.form import Form, root
from qrecords.model.record import Action, Record, require_open, shows, unchangeable
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.checking import beyond_rules, derived, year_of
from qrecords.services.finding.indexing import follow
from qrecords.services.intake.known import entry_of
from qrecords.services.reportlist import listed
from qrecords.stores.given import GivenFile
from qrecords.stores.inputs import InputRecord
from qrecords.stores.register import Transaction


def update(office: Office, record_no: str, source: GivenFile) -> Record:
    """Fill in later stages of a record not yet filed; nothing submitted may change."""
    record, form, values = _checked(office, record_no, source)
    with office.register.write() as tx:
        reading.require_unchanged(tx, [record])
        commit_update(office, tx, form, record, values)
    follow(office)
    return reading.one(office, record_no)


def commit_update(office: Office, tx: Transaction, form: Form, record: Record, values: dict[str, Any]) -> None:
    """Write a record's new values with their event; signatures on papers that show others lapse."""
    changed = {k: digest(v) for k, v in values.items() if record.values.get(k) != v}
    changed |= {k: "" for k in record.values if k not in values}
    tx.records.change([record.record_no], values=values, **derived(form, values))
    detail: dict[str, Any] = {"values": changed, "whole": digest(values)}
    # What the records themselves list, the customer does not answer for.
    signed = [key for key in changed if key not in form.by_key or not form.by_key[key].listed_by]
    if lapsed := _lapse(tx, record.record_no, signed, office.today()):
        detail["lapsed"] = lapsed
    tx.audit.append([office.event(Action.UPDATE, record.record_no, **detail)])


def list_reports(office: Office, tx: Transaction, records: Sequence[Record]) -> list[str]:
    """Bring the lists of notices up to date with the records that name them; returns what was changed, to be told."""
    told: list[str] = []
    for record in records:
        found = listed(office, record)
        if found.record is not record:
            commit_update(office, tx, office.forms.get(record.form_code).form, record, found.record.values)
            told += found.told
    return told


def _lapse(tx: Transaction, record_no: str, changed: Collection[str], day: str) -> list[str]:
    """Let the signatures lapse whose paper shows a value now changed: nobody signed the new one (5.5.5)."""
    showing = [p.printed_at for p in tx.records.prints(record_no) if shows(p.snapshot, changed)]
    return tx.records.lapse(record_no, since=min(showing), day=day) if showing else []


def check_update(office: Office, record_no: str, source: GivenFile) -> None:
    """Check what would be filled in, and change nothing."""
    _checked(office, record_no, source)


def _checked(office: Office, record_no: str, source: GivenFile) -> tuple[Record, Form, dict[str, Any]]:
    """Return the record, its form and the values it would have; InvalidInput lists all that is wrong."""
    record = reading.one(office, record_no)
    form = office.forms.get(record.form_code).form
    office.authorise(Action.UPDATE, record.record_no, record)
    require_open(form, record, Action.UPDATE)
    entry = entry_of(office, source, form, record)
    hidden = {root(path) for path in record.withheld}
    # What is another unit's is not told, and stays as it is.
    whole = reading.unfiltered(office, [record.record_no])[0] if hidden else record
    values, problems = merged(office, form, entry, whole)
    if hidden:
        named = {key for heading in entry.values if (key := form.key_of(str(heading)))} & hidden
        problems = [*(_not_yours(form, key) for key in sorted(named)), *_veiled(form, problems, hidden)]
    if problems:
        remedy = "请改正后再续填，原记录没有变动"
        raise InvalidInput(f"{record_no} 的续填内容有问题", remedy=remedy, problems=problems)
    return whole, form, values


def _not_yours(form: Form, key: str) -> Problem:
    return Problem(f"「{form.label(key)}」里有别的单位的，请由能看这些栏目的人办理", key)


def _veiled(form: Form, problems: Iterable[Problem], hidden: Collection[str]) -> list[Problem]:
    """Return the problems; of those with what is another unit's only that there is one, once a field."""
    told = [_not_yours(form, root(p.field)) if root(p.field) in hidden else p for p in problems]
    return [*dict.fromkeys(told)]


def merged(office: Office, form: Form, entry: InputRecord, record: Record) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values a record would have with what an input says of it, and all that is wrong with them."""
    checked = form.check(entry.values, record.values)
    problems = [*checked.problems, *beyond_rules(office, form, checked.values, own=record.record_no)]
    changed = [k for k in {**record.values, **checked.values} if record.values.get(k) != checked.values.get(k)]
    problems += unchangeable(form, record, [k for k in changed if form.by_key[k].compute is None])
    problems += form.incomplete(checked.values, [form.stages[0].key])
    if not problems and year_of(form, checked.values) != record.year:
        label = form.label(form.date_field)
        problems.append(Problem(f"「{label}」不能改到另一年，编号里的年份是{record.year}", form.date_field))
    return checked.values, [p if p.source else p.at(entry.source, entry.row) for p in problems]
