"""Candidates for items of improvement, from records, documents and what waits: an item is begun with one (KF758-GJ).

Offered are those the account may read, of the last twelve months; what an item names already is left out (5.10.2, S.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from qrecords.errors import NotFound
from qrecords.model.access import Subject
from qrecords.model.deadlines import Deadline, add_months
from qrecords.model.document import DocumentState
from qrecords.model.figures.basis import why_not_valid
from qrecords.model.figures.facts import is_fault
from qrecords.model.form import Form
from qrecords.model.improving import (
    ALARM,
    EVALUATION,
    SERVICE,
    Candidate,
    of_faults,
    of_information,
    of_the_unhappy,
    taken_up,
)
from qrecords.model.numbering import form_number
from qrecords.model.period import Period
from qrecords.model.record import GONE, Action, Record
from qrecords.office import Office
from qrecords.services.alike import ITEM, item_form
from qrecords.services.intake.sheet import begun_file
from qrecords.services.reports.kept import list_documents, show_document
from qrecords.services.reports.shown import ShownDocument

MONTHS = 12
_READ = ("01", "06", "11", ITEM)
_SATISFACTION, _REPORT, _EVALUATED = "MY", "BB", "R01"
_UNHAPPY = "satisfaction_action"
_SINGLE = ("A1", "A5", "A6")  # alarms of single users are offered by their records


@dataclass(frozen=True, slots=True)
class Candidates:
    """What may become an item of improvement, since when it was looked for."""

    since: str
    candidates: Sequence[Candidate]


def candidates(office: Office) -> Candidates:
    """Return what may become an item of improvement; NotFound when the office keeps no such items."""
    item_form(office)
    office.authorise(Action.READ, "improvements")
    since = add_months(date.fromisoformat(office.today()), -MONTHS).isoformat()
    unhappy = office.forms.deadlines.get(_UNHAPPY)
    read = _records(office, since, unhappy)
    taken = taken_up(read[ITEM])
    faults = [r for r in read["06"] if is_fault(r) and not why_not_valid(office.forms.get(r.form_code).form, r)]
    found = [
        *of_the_unhappy(_started(unhappy, read), taken),
        *of_information([*read["01"], *read["11"]], taken),
        *of_faults(faults, taken),
        *_of_documents(office, taken),
    ]
    offered = {c.key: c for c in reversed(found)}  # who is not content and complained is one, by the first
    kept = tuple(c for c in found if offered[c.key] is c)
    # What customers said is told: a reading, like a search.
    office.note([office.event(Action.READ, "improvements", since=since, total=len(kept))])
    return Candidates(since, kept)


def may_offer(office: Office, form: Form) -> bool:
    """Tell whether a form is that of items of improvement, and the account may begin one."""
    return form_number(form.code) == ITEM and office.allows(Action.CREATE, Subject(form_code=form.code))


def begun_with(office: Office, key: str) -> Mapping[str, Any]:
    """Return what an item of improvement begun with a candidate says; NotFound when there is none of that key."""
    form = item_form(office)
    found = next((c for c in candidates(office).candidates if c.key == key.strip()), None)
    if found is None:
        raise NotFound(f"没有编号为「{key[:60]}」的改进线索", remedy="请从列出的线索里选；已经立了改进项的不再列出")
    values = {
        "secrecy_level": found.secrecy_level,
        "raised_on": office.today(),
        "source_kind": found.kind,
        "sources": [{"record_no": number} for number in found.sources],
        "problem": found.problem,
        "subject": found.subject,
    }
    return {name: value for name, value in values.items() if name in form.by_key and value}


def item_file(office: Office, key: str, name: str) -> bytes:
    """Return the input workbook of an item of improvement begun with a candidate."""
    return begun_file(office, item_form(office), begun_with(office, key), name)


def _records(office: Office, since: str, unhappy: Deadline | None) -> dict[str, list[Record]]:
    """Return the readable records candidates come from, items of improvement of all times, by number of their form."""
    numbers = [*_READ, *(form_number(form) for form in (unhappy.forms if unhappy else ()))]
    found: dict[str, list[Record]] = {number: [] for number in numbers}
    with office.register.read() as tx:
        for code in office.forms.counted_codes():
            if (number := form_number(code)) in found:
                found[number] += tx.records.counted(code, since="" if number == ITEM else since)
    return {
        number: [r for r in office.only_readable(records) if r.state not in GONE] for number, records in found.items()
    }


def _started(unhappy: Deadline | None, read: Mapping[str, Sequence[Record]]) -> Iterator[Record]:
    """Give the records of who is not content, as the row of deadlines.toml says it; past paper is not judged."""
    for form in dict.fromkeys(unhappy.forms if unhappy else ()):
        for record in read[form_number(form)]:
            if unhappy and not record.paper_no and unhappy.started(form, record.values):
                yield record


def _of_documents(office: Office, taken: Mapping[str, str]) -> Iterator[Candidate]:
    """Give the alarms of the newest result of satisfaction, and what the newest evaluation says is below its target."""
    if (result := _newest(office, _SATISFACTION, taken)) and (held := show_document(office, result)):
        told = [alarm for alarm in held.alarms or () if not alarm.startswith(_SINGLE)]
        if told:
            yield _of_document(held, ALARM, "；".join(told))
    for number in _all(office, _REPORT, longer=True):
        held = show_document(office, number)
        if (below := _below(held)) is not None:
            if below and number not in taken:
                yield _of_document(held, EVALUATION, f"评价低于目标：{'、'.join(below)}")
            return


def _newest(office: Office, kind: str, taken: Mapping[str, str]) -> str:
    number = next(iter(_all(office, kind)), "")
    return "" if number in taken else number


def _all(office: Office, kind: str, *, longer: bool = False) -> list[str]:
    """Return the documents of a kind that stand, the newest first; `longer`: those of half-years and years alone."""
    ended = {DocumentState.VOID.value, DocumentState.DESTROYED.value}
    found = [d for d in list_documents(office, kind=kind) if d.state not in ended]
    found = [d for d in found if not longer or Period.read(d.period).span != "month"]
    return [d.document_no for d in sorted(found, key=lambda d: d.document_no, reverse=True)]


def _of_document(held: ShownDocument, kind: str, problem: str) -> Candidate:
    return Candidate(
        held.document_no, kind, f"{held.period} {problem}", SERVICE, (held.document_no,), held.secrecy_level
    )


def _below(held: ShownDocument) -> list[str] | None:
    """Return the indicators of an evaluation that got less than their points; None of a report without one."""
    table = next((t for t in held.tables or () if t.key.partition(".")[0] == _EVALUATED), None)
    if table is None:
        return None
    *rows, _ = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    return [
        f"{row['指标']}（{row['实际']}，目标{row['目标']}）"
        for row in rows
        if row["得分"] not in {"—", _full(row["权重"])}
    ]


def _full(weight: str) -> str:
    return f"{Decimal(weight):.2f}"
