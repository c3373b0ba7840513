"""Retention: what is over, and the appraisal that keeps it longer (QS/PA758A clause 7; DA/T 42-2009 7.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qrecords.advice import Sentence
from qrecords.errors import InvalidInput
from qrecords.model.audit import digest
from qrecords.model.record import Action
from qrecords.model.retention import UNIT_LABELS, Unit, is_over
from qrecords.office import Office
from qrecords.services.disposition.hold import require_part, required_reason
from qrecords.services.disposition.retained import Keeping, over_before, require_clock, units


@dataclass(frozen=True, slots=True)
class UnitDue:
    """A unit whose period is over: whether it waits for its appraisal, is on a list, or what is in its way."""

    code: str
    kind: str
    kind_label: str
    title: str
    items: int
    pages: int
    last_day: str
    state: str
    list_no: str
    obstacles: Sequence[Sentence]


@dataclass(frozen=True, slots=True)
class Extended:
    """A unit that is kept longer."""

    code: str
    kind: str
    title: str
    until: str


def due(office: Office, on: str = "") -> list[UnitDue]:
    """Return every volume and unbound item whose period is over on a day (today), and what is in the way of each."""
    require_part(office)
    day = on or office.today()
    with office.register.read() as tx:
        require_clock(office, tx)
        keeping = Keeping.now(office, tx)
        listed = tx.retention.listed()
        found = [unit for unit in over_before(office, tx, day) if is_over(keeping.last_day(unit), day)]
        return [_shown(keeping, unit, day, listed) for unit in found]


def extend(office: Office, numbers: Sequence[str], until: str, reason: str) -> list[Extended]:
    """Keep volumes or items longer, until a day; the latest day counts, none shortens a period."""
    text = required_reason(reason)
    for number in numbers:
        office.authorise(Action.APPRAISE, number)
    with office.register.read() as tx:
        wanted = units(office, tx, numbers)
    with office.register.write() as tx:
        require_clock(office, tx)
        keeping = Keeping.now(office, tx)
        for unit in wanted:
            if until <= keeping.last_day(unit):
                raise InvalidInput(
                    f"{unit.code} 本来就要保存到 {keeping.last_day(unit)}，延长到 {until} 没有意义",
                    remedy="请写更晚的日期；保存期限只能延长，不能缩短",
                )
        codes = [unit.code for unit in wanted]
        tx.retention.extend(codes, until, text, office.now(), office.account.name)
        detail = {"decision": "extend", "until": until, "reason": digest(text)}
        tx.audit.append([office.event(Action.APPRAISE, code, **detail) for code in codes])
    return [Extended(unit.code, unit.kind.value, unit.title, until) for unit in wanted]


def _shown(keeping: Keeping, unit: Unit, day: str, listed: dict[str, str]) -> UnitDue:
    obstacles = keeping.obstacles(unit, day)
    list_no = listed.get(unit.code, "")
    state = "listed" if list_no else "blocked" if obstacles else "due"
    return UnitDue(
        code=unit.code,
        kind=unit.kind.value,
        kind_label=UNIT_LABELS[unit.kind],
        title=unit.title,
        items=len(unit.items),
        pages=unit.pages,
        last_day=keeping.last_day(unit),
        state=state,
        list_no=list_no,
        obstacles=obstacles,
    )
