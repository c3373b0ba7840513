"""The gap report of a year before it is bound: what is missing, not filed, void, or late (QS/PA758A 5.5.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qrecords.model.form import Form
from qrecords.model.numbering import gaps, record_no
from qrecords.model.record import OPEN_STATES, STATE_LABELS, Record, State, record_year
from qrecords.model.rules import holds
from qrecords.office import Office
from qrecords.services import reading
from qrecords.stores.register import Transaction


@dataclass(frozen=True, slots=True)
class Line:
    """A number a year's volumes do not hold, and why."""

    record_no: str
    form_code: str
    why: str


@dataclass(slots=True)
class YearReport:
    """What a year's volumes will not hold, and why.

    `elsewhere` names numbers of the year whose records belong to another year by their review; `late`, what comes
    after the year was compiled.
    """

    void: list[Line] = field(default_factory=list)
    left_out: list[Line] = field(default_factory=list)
    missing: list[Line] = field(default_factory=list)
    elsewhere: list[Line] = field(default_factory=list)
    late: list[Line] = field(default_factory=list)

    @property
    def in_the_way(self) -> bool:
        """Tell whether the year is bound only with a reason."""
        return bool(self.left_out or self.missing)


def year_report(office: Office, forms: Sequence[Form], year: int) -> YearReport:
    """Return what is to be told of these forms before the year is bound."""
    report = YearReport()
    with office.register.read() as tx:
        numbers = tx.records.numbers()
        compiled = {v.form_code for v in tx.items.volumes(year) if v.version > 0}
        for form in forms:
            voids = office.only_readable(tx.records.find(form_code=form.code, year=year, states=[State.VOID]))
            report.void += [Line(r.record_no, form.code, r.reason) for r in voids]
            waiting = office.only_readable(tx.records.find(form_code=form.code, states=OPEN_STATES))
            report.left_out += [
                Line(r.record_no, form.code, _why(form, r)) for r in waiting if record_year(form, r) == year
            ]
            report.elsewhere += _elsewhere(office, tx, form, year)
            # A number that is missing has no review: it is looked for in the year it says itself.
            report.missing += [
                Line(record_no(form.code, year, n), form.code, "登记库里没有这个编号")
                for n in gaps(numbers.get((form.code, year), []))
            ]
            for item in reading.whole_items(office, tx, year, form.code) if form.code in compiled else ():
                why = "成册后归档" if item.version == 1 else f"成册后有第{item.version}版"
                report.late.append(Line(item.document_no, form.code, why))
    return report


def _elsewhere(office: Office, tx: Transaction, form: Form, year: int) -> list[Line]:
    if form.retention.year_of != "review":
        return []
    states = [State.REVIEWED, State.FILED, State.BOUND, State.DESTROYED]
    records = office.only_readable(tx.records.find(form_code=form.code, year=year, states=states))
    years = [(r.record_no, record_year(form, r)) for r in records]
    return [Line(number, form.code, f"按审查日期归入{own}年度") for number, own in years if own != year]


def _why(form: Form, record: Record) -> str:
    """Return why a record is not filed: how far it is, and whose signature is missing."""
    have = {s.kind for s in record.signatures}
    step = form.steps.get("file")
    lacks = [
        "或".join(form.signature_label(kind) for kind in need.any_of)
        for need in (step.signatures if step else ())
        if holds(need.when, record.values) and not have.intersection(need.any_of)
    ]
    return f"未归档（{STATE_LABELS[record.state]}）" + (f"，缺{'、'.join(lacks)}" if lacks else "")
