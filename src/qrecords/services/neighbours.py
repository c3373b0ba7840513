"""The records beside those under check, read once for all of them: named by them, of their notices, of their customers.

A check of one record asks the register three times or more; a file of a thousand rows asked it thousands of times. Here
the values that come in say first what they will ask for, and a constant number of queries answers all of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from qrecords.model.field import Field
from qrecords.model.form import Form, Relation
from qrecords.model.numbering import records_told, without_edition
from qrecords.model.record import Record, State
from qrecords.model.relations import Other
from qrecords.model.values import Values
from qrecords.office import Office

# The field, and the column of the register, that says what a relation's scope is in a record; a form's is one for all.
_SCOPE_FIELDS = {"notice": "notice_no", "customer": "customer_unit"}
_WHOLE_FORM = "form"


@dataclass(frozen=True, slots=True)
class Naming:
    """A record's number that stands in another record: where, as problems call it, and of which form it must be."""

    key: str
    where: str
    number: str
    refers_to: str


def named_in(form: Form, values: Values) -> Iterator[Naming]:
    """Give the numbers of records a record names, in the lines of its fields too; "" for a form where any will do."""
    for field_ in form.fields:
        if value := values.get(field_.key):
            if not field_.columns:
                yield from _numbers(field_, field_.key, f"「{form.label(field_.key)}」", value)
            for column in (c for c in field_.columns if c.refers_to or c.names_records):
                for row, line in enumerate(value, start=1):
                    where = f"「{form.label(field_.key)}」第{row}行「{column.label}」"
                    yield from _numbers(column, f"{field_.key}[{row}].{column.key}", where, line.get(column.key))


def _numbers(field_: Field, key: str, where: str, value: object) -> Iterator[Naming]:
    if value and field_.refers_to:
        yield Naming(key, where, str(value), field_.refers_to)
    elif value and field_.names_records:
        for number in records_told(str(value)):
            yield Naming(key, where, number, "")


@dataclass
class Neighbours:
    """What the register held of them when it was read, of what the account may read; and what comes in beside."""

    office: Office
    form: Form
    _named: dict[str, Record] = field(default_factory=dict)
    _held: dict[tuple[str, str], list[Other]] = field(default_factory=dict)  # by scope and notice or customer
    _coming: dict[tuple[str, str], list[Other]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, office: Office, form: Form, values: Values) -> Neighbours:
        """Return the neighbours of one record."""
        found = cls(office, form)
        found.look_up([values])
        return found

    def look_up(self, records: Sequence[Values]) -> None:
        """Read what the checks of these records will ask for, but for what is known already."""
        numbers = {one.number for values in records for one in named_in(self.form, values)} - self._named.keys()
        wanted = {scope: _asked(records, [_SCOPE_FIELDS[scope]]) for scope in self._among if scope != _WHOLE_FORM}
        if records and _WHOLE_FORM in self._among and (_WHOLE_FORM, "") not in self._held:
            self._read_form()
        wanted = {scope: {key for key in keys if (scope, key) not in self._held} for scope, keys in wanted.items()}
        if not numbers and not any(wanted.values()):
            return
        with self.office.register.read() as tx:
            named = tx.records.many([*numbers])
            held = {
                scope: tx.records.beside(_SCOPE_FIELDS[scope], keys, self._codes(scope))
                for scope, keys in wanted.items()
            }
        self._named |= {r.record_no: r for r in self.office.only_readable(named)}
        for scope, keys in wanted.items():
            self._held |= {(scope, key): [] for key in keys}
            for record in self.office.only_readable(held[scope]):
                if record.state is not State.VOID:
                    key = getattr(record, _SCOPE_FIELDS[scope])
                    self._held[scope, key].append(Other(record.form_code, record.record_no, record.values))

    def _read_form(self) -> None:
        with self.office.register.read() as tx:
            held = [r for code in self._codes(_WHOLE_FORM) for r in tx.records.find(form_code=code)]
        self._held[_WHOLE_FORM, ""] = [
            Other(r.form_code, r.record_no, r.values)
            for r in self.office.only_readable(held)
            if r.state is not State.VOID
        ]

    def named(self, number: str) -> Record | None:
        """Return the record of a number that was looked up; None when it is not there or may not be read."""
        return self._named.get(number)

    def others(self, relation: Relation, values: Values, own: str = "", *, coming: bool = True) -> list[Other]:
        """Return the records a relation looks at, those of the same input too but for `coming` off; never `own`."""
        key = (relation.scope, str(values.get(_SCOPE_FIELDS.get(relation.scope, "")) or ""))
        held = [o for o in self._held.get(key, ()) if o.record_no != own]
        return [*held, *self._coming.get(key, ())] if coming else held

    def take_in(self, values: Values) -> None:
        """Let a record of the same input be a neighbour of those after it."""
        for scope in self._among:
            if scope == _WHOLE_FORM:
                self._coming[scope, ""].append(Other(self.form.code, "", values))
            elif name := values.get(_SCOPE_FIELDS[scope]):
                self._coming[scope, str(name)].append(Other(self.form.code, "", values))

    @property
    def _among(self) -> dict[str, set[str]]:
        """Return the forms the relations of each scope look at."""
        found: dict[str, set[str]] = {}
        for relation in self.form.relations:
            found.setdefault(relation.scope, set()).update(relation.among, relation.unless)
        return found

    def _codes(self, scope: str) -> list[str]:
        return [code for code in self.office.forms.codes() if without_edition(code) in self._among[scope]]


def _asked(records: Iterable[Values], keys: Iterable[str]) -> set[str]:
    wanted = [*keys]
    return {str(values[key]) for values in records for key in wanted if values.get(key)}
