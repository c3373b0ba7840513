"""举一反三: the units of the model and batch a fault was found in, to be looked at one by one (R176).

A unit is known by the product list and by the reports of repair and commissioning (06A, 07A, 08A) the account may read.
They go into an item of improvement (KF758-GJ), each 未查: who looks at them, and what he finds, people write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qrecords.errors import WrongState
from qrecords.model.access import Subject
from qrecords.model.figures.management import unit_of
from qrecords.model.form import Form
from qrecords.model.lists import PRODUCTS
from qrecords.model.numbering import form_number
from qrecords.model.record import GONE, Action, Record
from qrecords.model.values import choice_key
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.intake.lists import list_entries
from qrecords.services.intake.sheet import begun_file, form_to_begin

ITEM, REPORTS, FAULTS = "GJ", ("06", "07", "08"), ("01", "06", "11")
# Where a fault says what is wrong, by field; of 11A by the lines for the quality department.
_PROBLEM = ("fault_symptom", "info_content")
_BATCH = "production_batch"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the model: its batch, "" where nobody wrote it, whose it is as last told, and what names it."""

    product_model: str
    serial_no: str
    batch: str
    customer_unit: str
    told_by: str


@dataclass(frozen=True, slots=True)
class Alike:
    """The units like those of a fault; `unknown` of them have no batch, and cannot be left out for that."""

    record_no: str
    models: Sequence[str]
    batches: Sequence[str]
    units: Sequence[Unit]
    unknown: int
    values: Mapping[str, Any]


def is_fault(office: Office, record: Record) -> bool:
    """Tell whether a record names a model that may be in trouble elsewhere, and the account may begin an item."""
    found = office.forms.numbered(ITEM)
    named = form_number(record.form_code) in FAULTS and record.state not in GONE and bool(_named(record.values))
    return bool(found and named and office.allows(Action.CREATE, Subject(form_code=found[-1].form.code)))


def alike(office: Office, record_no: str) -> Alike:
    """Return the units of the models and batches a fault record (06A, 01A, 11A) names, without the faulty ones.

    Of a fault without a batch all units of the model. NotFound: the office keeps no items of improvement; WrongState
    for another form, for a record that names no model, or is void.
    """
    form = item_form(office)
    record = reading.one(office, record_no)
    office.authorise(Action.READ, record.record_no, record)
    faulty = _named(record.values)
    if form_number(record.form_code) not in FAULTS or record.state in GONE or not faulty:
        told = f"{record.record_no} 不是写明型号的故障记录"
        raise WrongState(told, remedy="请写维修服务报告（06A）、用户信息（01A）或产品服务信息（11A）的编号")
    models = {choice_key(str(values["product_model"])): str(values["product_model"]) for values in faulty}
    batches = {
        model: {b for v in faulty if _key(v, "product_model") == model and (b := _key(v, _BATCH))} for model in models
    }
    itself = {unit_of(values) for values in faulty}
    known = [
        unit
        for place, unit in _units(office, models).items()
        if place not in itself
        and (not batches[place[0]] or not unit.batch or choice_key(unit.batch) in batches[place[0]])
    ]
    units = sorted(known, key=lambda u: (u.product_model, u.serial_no))
    unknown = sum(1 for u in units if batches[choice_key(u.product_model)] and not u.batch)
    values = _begun(form, record, units, office.today())
    named = sorted({str(v[_BATCH]) for v in faulty if v.get(_BATCH)})
    return Alike(record.record_no, sorted(models.values()), named, units, unknown, values)


def alike_file(office: Office, found: Alike, name: str) -> bytes:
    """Return the item's input workbook with the source and the units in it, each 未查."""
    return begun_file(office, item_form(office), found.values, name)


def item_form(office: Office) -> Form:
    """Return the form of items of improvement."""
    return form_to_begin(office, ITEM, "改进项（KF758-GJ）")


def _begun(form: Form, record: Record, units: Sequence[Unit], today: str) -> dict[str, Any]:
    said = next((str(record.values[key]) for key in _PROBLEM if record.values.get(key)), "")
    problems = [str(row["problem"]) for row in record.values.get("quality_items") or () if row.get("problem")]
    keys = ("product_model", "serial_no", "customer_unit")
    lines = [{k: v for k in keys if (v := getattr(u, k))} | {"result": "未查"} for u in units]
    values = {
        "secrecy_level": record.values.get("secrecy_level"),
        "secrecy_period": record.values.get("secrecy_period"),
        "raised_on": today,
        "source_kind": "故障",
        "sources": [{"record_no": record.record_no}],
        "problem": said or "\n".join(problems),
        "subject": "产品",
        "units": lines,
    }
    return {key: value for key, value in values.items() if key in form.by_key and value}


def _key(values: Mapping[str, Any], key: str) -> str:
    return choice_key(str(values.get(key) or ""))


def _named(values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what a record says of its units: itself, its lines of units of one model, or its lines of products."""
    if lines := values.get("units"):
        return [{**values, "serial_no": line.get("serial_no")} for line in lines] if values.get("product_model") else []
    if values.get("product_model"):
        return [values]
    return [line for line in values.get("products") or () if line.get("product_model")]


def _units(office: Office, models: Mapping[str, str]) -> dict[tuple[str, str], Unit]:
    """Return the units of some models, by model and serial number; what later tells more of one is laid over it."""
    found: dict[tuple[str, str], Unit] = {}
    for values, told_by in (*_listed(office), *_reported(office, models)):
        place = unit_of(values)
        if place[0] not in models or not place[1]:
            continue
        before = found.get(place)
        found[place] = Unit(
            before.product_model if before else str(values["product_model"]),
            before.serial_no if before else str(values["serial_no"]),
            str(values.get(_BATCH) or "") or (before.batch if before else ""),
            str(values.get("customer_unit") or "") or (before.customer_unit if before else ""),
            before.told_by if before else told_by,
        )
    return found


def _listed(office: Office) -> Iterator[tuple[Mapping[str, Any], str]]:
    yield from ((entry, PRODUCTS.label) for entry in list_entries(office, PRODUCTS))


def _reported(office: Office, models: Mapping[str, str]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Give what the readable reports of these models say of their units, the oldest first."""
    codes = [code for code in office.forms.counted_codes() if form_number(code) in REPORTS]
    with office.register.read() as tx:
        of_models = [r for c in codes for r in tx.records.counted(c) if _key(r.values, "product_model") in models]
    readable = [r for r in office.only_readable(of_models) if r.state not in GONE]
    for record in sorted(readable, key=lambda r: (r.date, r.record_no)):
        yield from ((values, record.record_no) for values in _named(record.values))
