"""The list of reports of a notice: taken from the records that name it, not typed (QS/PA758A 5.5.5, table 1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qrecords.model.access import secrecy_rank
from qrecords.model.field import Field
from qrecords.model.form import Form
from qrecords.model.record import Record, State
from qrecords.office import Office

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """A record with its list as the register has it, and what that changes in words for its clerk."""

    record: Record
    told: tuple[str, ...] = ()


def list_field(form: Form) -> Field | None:
    """Return the field of a form that lists the records naming it; None when it has none."""
    return next((f for f in form.fields if f.listed_by), None)


def on_list(record: Record, field: Field, naming: Iterable[Record]) -> list[Record]:
    """Return which of the records naming this one belong on its list: those of its forms, and not void.

    One of a higher secrecy level is there only when it was typed: who reads the notice need not know of it.
    """
    forms = next(c for c in field.columns if c.key == "form_code").choices
    typed = {line.get("record_no") for line in record.values.get(field.key) or ()}
    found = [r for r in naming if r.form_code in forms and r.state is not State.VOID]
    return [r for r in found if r.record_no in typed or _level(r) <= _level(record)]


def _level(record: Record) -> int:
    return secrecy_rank(str(record.values.get("secrecy_level") or ""))


def listed(office: Office, record: Record) -> Listed:
    """Return a record with its list taken from the records; how many copies are handed in stays as typed, else one."""
    field = list_field(office.forms.get(record.form_code).form)
    if field is None:
        return Listed(record)
    typed: list[Line] = record.values.get(field.key) or []
    copies = {line.get("record_no"): line.get("copies") for line in typed}
    with office.register.read() as tx:
        naming = tx.records.find(notice_no=record.record_no)
    lines = [_line(other, copies) for other in on_list(record, field, naming)]
    if lines == typed:
        return Listed(record)
    values = {k: v for k, v in record.values.items() if k != field.key}
    if lines:
        values[field.key] = lines
    return Listed(replace(record, values=values), _told(record, field, typed, lines))


def _line(record: Record, copies: Mapping[Any, Any]) -> Line:
    return {
        "form_code": record.form_code,
        "record_no": record.record_no,
        "copies": copies.get(record.record_no) or 1,
    }


def _told(record: Record, field: Field, typed: Sequence[Line], lines: Sequence[Line]) -> tuple[str, ...]:
    before, after = ({str(line.get("record_no")) for line in part} for part in (typed, lines))
    changes = (("列入", after - before), ("去掉", before - after))
    said = [f"{what} {'、'.join(sorted(some))}" for what, some in changes if some]
    return (f"{record.record_no} 的「{field.label}」按写着它的记录{'，'.join(said)}",) if said else ()
