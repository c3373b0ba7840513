"""What a service notice owes against the records that are there (QS/PA758A 5.5.5, 5.5.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qrecords.model.numbering import without_edition
from qrecords.model.record import Record, State
from qrecords.model.requirements import Required
from qrecords.model.rules import is_empty

TRAINING_COLUMN = "training_content"
Alike = tuple[object, ...]


@dataclass(slots=True)
class Debt:
    """One thing a notice owes: which forms settle it, how many, and the records that do."""

    form_codes: tuple[str, ...]
    per: str
    reason: str
    rule: str
    source: str
    document: str = ""
    product_model: str = ""
    count: int = 1
    holds_notice: bool = True
    records: list[Record] = field(default_factory=list)
    found: int = 0

    @property
    def missing(self) -> int:
        """Return how many are not there yet."""
        return max(self.count - self.found, 0)

    @property
    def name(self) -> str:
        """Return how people call it."""
        what = self.document or "或".join(self.form_codes)
        return f"{what}（{self.product_model}）" if self.product_model else what


def settle(required: Sequence[Required], records: Sequence[Record], training: str = "") -> list[Debt]:
    """Return what is owed with the records that settle it; drafts count as not there yet, void ones never.

    `training` is the form of training records; another report settles training by its own column. Units are counted by
    model: a notice does not say which report each of its units will get.
    """
    counted = [r for r in records if r.state not in {State.DRAFT, State.VOID}]
    debts = _merged(required)
    for debt in debts:
        if debt.document:
            debt.records = [r for r in counted if not is_empty(r.values.get("summary_report_no"))]
            debt.found = 1 if debt.records else 0
        elif debt.per in {"unit", "model"}:
            debt.records = [r for r in counted if r.form_code in debt.form_codes and _about(r, debt.product_model)]
            debt.found = len({serial for r in debt.records for serial in _serials(r)})
        else:
            debt.records = [r for r in counted if r.form_code in debt.form_codes and _serves(r, debt, training)]
            debt.found = len(debt.records)
    return debts


def alike(notice: Record) -> Alike:
    """Return what of a notice decides how many of what it owes: those that are alike in it owe the same.

    The serial numbers of its units do not: units are counted by model.
    """
    values = notice.values
    products = (
        tuple(str(row.get(key) or "") for key in ("product_model", "task", "quantity"))
        for row in values.get("products") or ()
    )
    return notice.form_code, values.get("performed_by"), tuple(values.get("service_category") or ()), *products


def _merged(required: Sequence[Required]) -> list[Debt]:
    """Join what is owed for the units of one model: any of the forms settles a unit."""
    debts: list[Debt] = []
    by_model: dict[tuple[str, bool], Debt] = {}
    for one in required:
        forms = (one.form_code, *one.alternatives) if one.form_code else ()
        known = by_model.get((one.product_model, one.holds_notice)) if one.per in {"unit", "model"} else None
        if known is not None and set(forms) & set(known.form_codes):
            known.form_codes = tuple(dict.fromkeys((*known.form_codes, *forms)))
            known.count += one.count
            continue
        debt = Debt(
            forms, one.per, one.reason, one.rule, one.source, one.document, one.product_model, one.count,
            one.holds_notice,
        )  # fmt: skip
        debts.append(debt)
        if one.per in {"unit", "model"}:
            by_model[one.product_model, one.holds_notice] = debt
    return debts


def _about(record: Record, model: str) -> bool:
    return not model or record.values.get("product_model") == model


def _serials(record: Record) -> list[str]:
    rows = record.values.get("units")
    if isinstance(rows, list):
        return [str(row.get("serial_no")) for row in rows]
    return [str(record.values.get("serial_no"))]


def _serves(record: Record, debt: Debt, training: str) -> bool:
    """A repair or commissioning report settles training only with its training column filled."""
    if training not in map(without_edition, debt.form_codes) or without_edition(record.form_code) == training:
        return True
    return not is_empty(record.values.get(TRAINING_COLUMN))
