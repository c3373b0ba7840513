"""The records on their way, as lists and deadlines ask for them: read and looked through once for all who ask.

Kept in the workspace until a record, a form, the roles or the day change (`Session.kept`). The records are the same for
everyone; what one of them lacks names others, so it is kept by what the account may read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qrecords.errors import Problem
from qrecords.model.record import OPEN_STATES, Record
from qrecords.office import Office
from qrecords.services.obstacles import named_before
from qrecords.services.require import Owed, owed_by


def under_way(office: Office) -> tuple[Record, ...]:
    """Return the records on their way the account may read, by number."""

    def readable() -> tuple[Record, ...]:
        return tuple(office.only_readable(office.kept("under way", lambda: _all(office))))

    return office.kept(("under way", office.reach()), readable)


def lacking(office: Office) -> Mapping[str, Sequence[Problem]]:
    """Return what each of them lacks before its next step, by number; of other records what may be read is named."""

    def named() -> Mapping[str, Sequence[Problem]]:
        return named_before(office, under_way(office), owed_under_way(office))

    return office.kept(("lacking", office.reach()), named)


def owed_under_way(office: Office) -> Mapping[str, Owed]:
    """Return what every notice on its way owes, by number, whoever asks: for who tells of those he may read."""

    def all_owed() -> Mapping[str, Owed]:
        found = office.kept("under way", lambda: _all(office))
        issued = {code for code in {r.form_code for r in found} if "issue" in office.forms.get(code).form.steps}
        return owed_by(office, [r for r in found if r.form_code in issued])

    return office.kept("owed under way", all_owed)


def _all(office: Office) -> tuple[Record, ...]:
    with office.register.read() as tx:
        return tuple(tx.records.find(states=OPEN_STATES))
