"""What waits for someone: the records on their way, by the step that is next, and whether the account may take it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qrecords.advice import Sentence
from qrecords.model.answer import told
from qrecords.model.form import Form
from qrecords.model.record import Action, Record, State, unsigned
from qrecords.model.values import Values
from qrecords.office import Office
from qrecords.services.checking import reminders
from qrecords.services.finding.find import Summary, summaries
from qrecords.services.neighbours import Neighbours
from qrecords.services.underway import lacking, under_way


@dataclass(frozen=True, slots=True, kw_only=True)
class OnItsWay(Summary):
    """A record on its way, as lists show it, and why it came back."""

    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The records on their way: `mine` by the step I may take, `others` what others must do."""

    mine: Mapping[Action, Sequence[OnItsWay]]
    others: Sequence[OnItsWay]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowToReview(OnItsWay):
    """A row of a register that waits for review, with its values and what is reminded of it."""

    values: Values
    reminders: Sequence[Sentence]
    seq: int  # at which change it is shown


def waiting(office: Office, form_code: str = "") -> Waiting:
    """Return what waits, of what the account may read; what still lacks something waits for who may fill it in.

    What lacks signatures alone waits for who may register them (QS/PA758A 5.5.5).

    It is shared by all who ask as long as nothing changes: nobody may change it.
    """
    office.authorise(Action.READ, "list")
    return office.kept(("waiting", office.account, form_code), lambda: _waiting(office, form_code))


def _waiting(office: Office, form_code: str) -> Waiting:
    records = under_way(office)
    shown = office.kept(("shown", office.reach()), lambda: summaries(office, records, lacking(office)))
    by_action: dict[Action, list[tuple[Record, OnItsWay]]] = defaultdict(list)
    for record, summary in zip(records, shown, strict=True):
        if form_code in {"", record.form_code}:
            form = office.forms.get(record.form_code).form
            by_action[_asked_for(form, record, summary)].append(
                (record, OnItsWay(**told(summary), reason=record.reason))
            )
    mine: dict[Action, list[OnItsWay]] = {}
    others: list[OnItsWay] = []
    for action in Action:
        pairs = by_action.get(action, [])
        may = {r.record_no for r in office.only_readable([r for r, _ in pairs], action)}
        if own := [s for r, s in pairs if r.record_no in may]:
            mine[action] = own
        others += [s for r, s in pairs if r.record_no not in may]
    return Waiting(mine, others)


def rows_to_review(office: Office, form_code: str, most: int) -> tuple[list[RowToReview], int]:
    """Return the first rows of a register that wait for the account's review, and how many come after them.

    Each as lists show it, with its values and what is reminded of it; that they were read is logged.
    """
    office.authorise(Action.READ, "list")
    form = office.forms.get(form_code).form
    with office.register.read() as tx:
        found = tx.records.find(states=[State.SUBMITTED], form_code=form.code)
    records = office.only_readable(office.only_readable(found), Action.REVIEW)
    shown = records[:most]
    around = Neighbours(office, form)
    around.look_up([r.values for r in shown])
    office.note([office.event(Action.READ, r.record_no) for r in shown])
    rows = [
        RowToReview(
            **told(summary),
            values=record.values,
            reason=record.reason,
            seq=record.seq,
            reminders=[p.message for p in reminders(office, form, record.values, own=record.record_no, around=around)],
        )
        for record, summary in zip(shown, summaries(office, shown), strict=True)
    ]
    return rows, len(records) - len(shown)


def _asked_for(form: Form, record: Record, summary: Summary) -> Action:
    """Return what is to be done with a record now: the step that is next, or what that step still asks for."""
    step = Action(str(summary.next))
    # Each thing missing is told by itself: as many as signatures are missing are signatures alone.
    if summary.missing and len(unsigned(form, record, step)) == len(summary.missing):
        return Action.SIGN
    if summary.missing and record.state in {State.DRAFT, State.ISSUED}:
        return Action.UPDATE
    return step
