"""What filling field by field needs: which fields to ask, what to offer, how an answer is read and kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from qrecords.model.field import BOXES, Field, FieldType
from qrecords.model.form import Form
from qrecords.model.lists import PRODUCTS
from qrecords.model.record import Action, Record, State, require_open, unchangeable
from qrecords.model.rules import COMPLETENESS_CHECKS, holds, is_empty
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.intake.lists import Completion
from qrecords.stores.given import GivenFile, on_disk

EMPTY = "-"  # the answer that leaves a field empty, whatever is offered
_CUSTOMER = "customer_unit"
# Beside the block of the customer: what the next service to the same customer mostly repeats. Never a serial number.
_CARRIED = ("product_name", "product_model", "platform", "contract_no")


def to_fill(office: Office, form: Form) -> list[Field]:
    """Return the fields of the first stage in the order they are asked: what brings offers along comes first.

    That is the customer, and of a product its number, by which the list knows the rest.
    """
    office.authorise(Action.CREATE, form.code)
    fields = [f for f in form.asked_fields if f.stage == form.stages[0].key]
    places: dict[str, float] = {f.key: n for n, f in enumerate(fields)}
    known = [places[f.key] for f in office.forms.block(PRODUCTS.block) if f.key in places]
    for key in PRODUCTS.found_by:
        if key in places and known:
            places[key] = min(known) - 0.5
    return sorted(fields, key=lambda f: (f.key != _CUSTOMER, places[f.key]))


def is_asked(form: Form, field: Field, answers: Mapping[str, Any]) -> bool:
    """Tell whether a field has to do with a record, as far as it is answered: 承办单位 only of a related unit."""
    rules = [r for r in form.rules if r.check in COMPLETENESS_CHECKS and r.when and field.key in r.fields]
    if field.required or not rules or not is_empty(answers.get(field.key)):
        return True
    return any(r.when and (r.when.field not in answers or holds(r.when, answers)) for r in rules)


def to_update(office: Office, record_no: str) -> tuple[Record, Form, list[Field]]:
    """Return a record, its form, and its fields still open: empty ones that may be written as the record stands."""
    record = reading.one(office, record_no)
    form = office.forms.get(record.form_code).form
    office.authorise(Action.UPDATE, record.record_no)
    require_open(form, record, Action.UPDATE)
    empty = [f for f in form.asked_fields if is_empty(record.values.get(f.key))]
    return record, form, [f for f in empty if not unchangeable(form, record, [f.key])]


def offers(office: Office, form: Form, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to offer for fields not yet answered: defaults, today, and the customer's last record."""
    offered = {f.key: f.default for f in form.input_fields if f.default is not None}
    date_field = form.by_key[form.date_field]
    if date_field.type is FieldType.DATE:
        offered[date_field.key] = office.today()
    if unit := answers.get(_CUSTOMER):
        offered |= _of_last_record(office, form, str(unit))
    listed = Completion(office).check(form, dict(answers)).checked
    offered |= {k: v for k, v in listed.values.items() if k in form.by_key and form.by_key[k].compute is None}
    return {key: value for key, value in offered.items() if key not in answers}


def _of_last_record(office: Office, form: Form, unit: str) -> dict[str, Any]:
    with office.register.read() as tx:
        records = tx.records.of_customer(unit)
    records = [r for r in office.only_readable(records) if r.state is not State.VOID]
    if not records:
        return {}
    newest = max(records, key=lambda r: (r.form_code == form.code, r.date, r.record_no))
    carried = {*(f.key for f in office.forms.block("customer")), *_CARRIED}
    found: dict[str, Any] = {}
    for key, value in newest.values.items():
        field = form.by_key.get(key)
        if key in carried and field is not None:
            try:
                found[key] = field.parse(value)
            except ValueError:  # another form's field of that name takes other values
                continue
    return found


def read_answer(field: Field, text: str) -> Any:
    """Return the stored form of an answer, choices also by their number; ValueError says what is wrong with it."""
    answer = text.strip()
    if answer in {"", EMPTY}:
        return None
    match field.type:
        case FieldType.ENUM:
            answer = _choice(field.choices, answer)
        case FieldType.MULTI:
            answer = "、".join(_choice(field.choices, part) for part in re.split(r"[\s,，、;；]+", answer) if part)
        case FieldType.BOOL:
            answer = _choice(("是", "否"), answer)
    return field.parse(answer)


def _choice(choices: Sequence[str], answer: str) -> str:
    if answer not in choices and answer.isdecimal() and 1 <= int(answer) <= len(choices):
        return choices[int(answer) - 1]
    return answer


def shown(field: Field, value: Any) -> str:
    """Return a value as it is shown when asking and in the summary."""
    if is_empty(value):
        return ""
    match field.type:
        case FieldType.BOOL:
            return "是" if value else "否"
        case FieldType.MULTI:
            return "、".join(value)
        case FieldType.ROWS:
            return f"{len(value)}行"
    return f"{value}{field.unit}"


def columns_of(field: Field) -> list[Field]:
    """Return the columns of a list that are asked."""
    return [c for c in field.columns if c.type not in BOXES and c.type is not FieldType.COMPUTED]


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """Answers kept as an input file: what it is called for people, and the file to fill from."""

    called: str
    file: GivenFile


def keep_answers(
    office: Office, name: str, answers: Mapping[str, Any], before: KeptAnswers | None = None
) -> KeptAnswers:
    """Write answers as an input file, so that nothing typed is lost; a new one each time the questions begin.

    Its first line makes its bytes its own: the same words asked twice are two records.
    """
    file = before.file.name if before else f"{name}-{uuid4().hex[:12]}.yaml"
    text = json.dumps(dict(answers), ensure_ascii=False, indent=2)
    path = office.papers.answers.keep(file, f"# {file.removesuffix('.yaml')}\n{text}\n".encode())
    return KeptAnswers(str(path), on_disk(path))
