"""What spare parts the next year will need, by what repairs used: proposed here, decided by people (QS/PA758A 5.9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from qrecords.errors import InvalidInput, UsageError
from qrecords.model.access import SECRECY_LEVELS, DocumentScope, secrecy_rank
from qrecords.model.field import Field, FieldType
from qrecords.model.figures.basis import why_not_valid
from qrecords.model.fleet import Delivery, Fleet
from qrecords.model.form import Form
from qrecords.model.numbering import form_number
from qrecords.model.period import Period
from qrecords.model.record import Action
from qrecords.model.spares import Holding, PartList, Proposed, Unlisted, Use, proposals, unlisted
from qrecords.office import Office
from qrecords.services.intake.lists import deliveries_listed, parts_listed
from qrecords.services.intake.sheet import begun_file, form_to_begin
from qrecords.stores.documentkinds import read_documents
from qrecords.stores.given import GivenFile
from qrecords.stores.lists import read_list
from qrecords.stores.register import Transaction

REPAIR, PLAN, PARTS, COMPANY = "06", "BJ", "parts", "BB"
COMPUTED, UNLISTED = "computation", "unlisted"  # how each proposal came about, and what is on no list (K02, K03)
_PLANNED = ("name", "model", "unit", "product_model", "last_year", "demand", "stock", "on_order", "proposal")
_COMPUTED = (
    "name",
    "model",
    "kind",
    "method",
    "used_in",
    "yearly_mean",
    "series",
    "horizon",
    "expected",
    "pack",
    "level",
    "sba",
    "quarter",
    "grow",
)
_UNLISTED = ("name", "model", "quantity", "near")
MONTHS = 36  # looked at, fewer when the office is younger
HELD = ("stock", "on_order", "backorders")
_TO_COME = (
    Field(key="product_model", label="型号", type=FieldType.TEXT),
    Field(key="units", label="台数", type=FieldType.INT, min=Decimal(1), max=Decimal(1_000_000)),
    Field(key="since", label="交付日期", type=FieldType.DATE),
)


@dataclass(frozen=True, slots=True)
class SparePlan:
    """The parts proposed for a year, and the months of use they rest on."""

    year: int
    since: str
    until: str
    months: int
    parts: Sequence[Proposed]
    unlisted: Sequence[Unlisted] = ()  # used, and not on the office's list of parts


def spare_plan(
    office: Office, until: str = "", holdings: GivenFile | None = None, deliveries: GivenFile | None = None
) -> SparePlan:
    """Return what to make ahead for the year after a month's, that of today without one.

    Counted are the parts changed in valid repair reports of the whole centre, up to the level of the company's report,
    so only who may draw that asks (F.3). `holdings` is a list of stock, orders and backorders by part; without it there
    are none. The office's own list of parts (`parts.csv`) says what are one part, how it is packed, how long it
    takes to get, how long it lasts. `deliveries` are those to come, beside the product list: model, units, day; by the
    setting `[spares] grow` use grows with the units in service. NotFound: the office keeps no spare-part plans.
    """
    form = require_spares(office)
    level = _scope(office, form).level
    this_month = Period.read(office.today()[:7])
    last = _month(until) if until else this_month.preceding
    if last.last >= this_month.first:
        raise UsageError(f"{last.key} 还没有过完", remedy=f"消耗按整月统计，最晚到 {this_month.preceding.key}")
    with office.register.read() as tx:
        first, _ = tx.records.months()
        months = [m.key for m in last.last_months(MONTHS) if m.last >= (first or last.first)]
        uses = [*_uses(office, tx, months, level)] if months else []
    listed, year = parts_listed(office), int(last.key[:4]) + 1
    held = _held(form, holdings, listed)
    fleet = Fleet([*deliveries_listed(office), *_to_come(deliveries)], year)
    found = proposals(uses, months, held, listed, fleet, grow=office.settings.spares.grow) if months else ()
    since = months[0] if months else last.key
    return SparePlan(year, since, last.key, len(months), found, unlisted(uses, months, listed))


def _month(text: str) -> Period:
    try:
        found: Period | None = Period.read(text)
    except ValueError:
        found = None
    if found is None or found.span != "month":
        raise UsageError(f"「{text[:20]}」不是一个月", remedy="请写成 2026-08 的样子")
    return found


def require_spares(office: Office) -> Form:
    """Return the form of plans for an account that may ask for proposals; refused for others."""
    form = plan_form(office)
    office.authorise_document(Action.REPORT_DRAW, _scope(office, form), form.code)
    return form


def may_propose(office: Office, form: Form) -> bool:
    """Tell whether a form is that of plans, and the account may ask for proposals."""
    return form_number(form.code) == PLAN and office.may_document(Action.REPORT_DRAW, _scope(office, form))


def _scope(office: Office, form: Form) -> DocumentScope:
    """Return what proposals tell of: all the centre's repairs, up to the level of its report (F.3)."""
    company = read_documents(office.settings.forms_dir).kinds.get(COMPANY)
    return DocumentScope(form.code, level=secrecy_rank(company.secrecy_level if company else SECRECY_LEVELS[-1]))


def plan_form(office: Office) -> Form:
    """Return the form of spare-part plans."""
    return form_to_begin(office, PLAN, "预投维修备件计划（KF758-BJ）")


def plan_file(office: Office, plan: SparePlan, name: str) -> bytes:
    """Return the plan's input workbook with what is proposed written in; what is decided is left to people."""
    form = plan_form(office)
    return begun_file(office, form, plan_values(form, plan), name)


def plan_values(form: Form, plan: SparePlan) -> dict[str, Any]:
    """Return what a plan's form says before anyone decided anything."""
    proposed = [p for p in plan.parts if p.used_in or p.proposal]
    values = {"plan_year": plan.year, "base_month": plan.until}
    for key, things, columns in (
        (PARTS, proposed, _PLANNED), (COMPUTED, plan.parts, _COMPUTED), (UNLISTED, plan.unlisted, _UNLISTED),
    ):  # fmt: skip
        if key in form.by_key and things:  # an older form has the plan alone
            there = {c.key for c in form.by_key[key].columns}
            values[key] = [{c: v for c in columns if c in there and (v := getattr(thing, c)) != ""} for thing in things]
    return values


def _uses(office: Office, tx: Transaction, months: Sequence[str], level: int) -> Iterator[Use]:
    """Give the parts changed in valid repair reports finished in some months (K.1)."""
    for code in office.forms.counted_codes():
        if form_number(code) != REPAIR:
            continue
        form = office.forms.get(code).form
        for record in tx.records.counted(code, since=f"{months[0]}-01"):
            month = str(record.values.get("finished_on") or "")[:7]
            hidden = secrecy_rank(str(record.values.get("secrecy_level") or "")) > level
            if hidden or month not in months or why_not_valid(form, record):
                continue
            product = str(record.values.get("product_model") or "")
            for row in record.values.get(PARTS) or ():
                quantity = int(row.get("quantity") or 0)
                yield Use(month, str(row.get("name") or ""), str(row.get("model") or ""), product, quantity)


def _held(form: Form, given: GivenFile | None, listed: PartList) -> dict[tuple[str, str], Holding]:
    if given is None:
        return {}
    columns = {c.key: c for c in form.by_key[PARTS].columns}
    count = columns["stock"]
    fields = [columns["name"], columns["model"], count, columns["on_order"]]
    fields.append(count.model_copy(update={"key": "backorders", "label": "待补"}))
    with given.lent() as path:
        entries, _ = read_list(path, fields, ("name",))
    found: dict[tuple[str, str], Holding] = {}
    for entry in entries:
        key = listed.key(entry.get("name"), entry.get("model"))
        if key in found:
            named = " ".join(str(entry[k]) for k in ("name", "model") if entry.get(k))
            raise InvalidInput(f"{given.name} 里「{named}」写了两次", remedy="请合并成一行，一条也没有读入")
        found[key] = Holding(**{k: int(entry.get(k) or 0) for k in HELD})
    return found


def _to_come(given: GivenFile | None) -> list[Delivery]:
    """Return the deliveries of a list typed for the plan."""
    if given is None:
        return []
    with given.lent() as path:
        entries, _ = read_list(path, _TO_COME, ("product_model", "units", "since"))
    return [Delivery(str(e["product_model"]), str(e["since"]), int(e["units"])) for e in entries]
