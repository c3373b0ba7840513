"""What a reviewer asks of a record: what changed since it was returned, and which records nearly say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qrecords.model.audit import digest
from qrecords.model.record import GONE, STATE_LABELS, Action, Record
from qrecords.model.replay import as_logged
from qrecords.model.sameness import Difference, Placed, differences, resembling
from qrecords.model.values import Values
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.intake.known import told

MOST = 5  # records named; more of them tell nothing more


@dataclass(frozen=True, slots=True)
class Near:
    """A record that nearly says what another says: its number, where it stands, and what it says otherwise."""

    record_no: str
    state_label: str
    told: Sequence[str]


def changed_since_return(office: Office, record_no: str) -> list[Difference] | None:
    """Return what a record says otherwise than when it was last returned, of what the account may see.

    None where what it said then is not known: it was returned before that was kept, or the log says something else.
    """
    record = reading.one(office, record_no)
    (whole,) = reading.unfiltered(office, [record.record_no])
    with office.register.read() as tx:
        before, events = tx.returned.of(record.record_no), [*tx.audit.events(record.record_no)]
    last = max((n for n, e in enumerate(events) if e.action == Action.RETURN and e.outcome == "done"), default=-1)
    logged = as_logged(events[: last + 1]).get(record.record_no)
    if before is None or logged is None or logged.values not in {None, digest(dict(before))}:
        return None
    then = office.only_readable([replace(whole, values=dict(before))])  # it may have been of another secrecy then
    if not then:
        return None
    fields = office.forms.get(record.form_code).form.input_fields
    pairs = ((f, then[0].values.get(f.key), record.values.get(f.key)) for f in fields)
    return [Difference(f.key, f.label, old, new) for f, old, new in pairs if old != new]


def near(office: Office, record_no: str) -> list[Near]:
    """Return the records that nearly say what one says, by the likeness filling goes by, of those that may be read.

    That they were looked at is logged.
    """
    record = reading.one(office, record_no)
    form = office.forms.get(record.form_code).form
    with office.register.read() as tx:
        found = tx.records.about_the_same(record)
    others = {r.record_no: r for r in office.only_readable(found) if r.state not in GONE}
    new, olds = Placed(record.values, None), [Placed(r.values, None, no) for no, r in others.items()]
    (likely,) = resembling(form, [new], olds, {})
    named = [others[no] for no in likely.record_nos[:MOST]]
    office.note([office.event(Action.READ, r.record_no) for r in named])
    return [_near(office, r, record.values) for r in named]


def _near(office: Office, other: Record, values: Values) -> Near:
    form = office.forms.get(other.form_code).form
    return Near(other.record_no, STATE_LABELS[other.state], told(form, differences(form, values, other.values)))
