"""Retention: what is over, and the appraisal that keeps it longer (QS/PA758A clause 7; DA/T 42-2009 7.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qrecords.advice import Sentence
from qrecords.errors import InvalidInput
from qrecords.model.audit import digest
from qrecords.model.record import Action
from qrecords.model.retention import UNIT_LABELS, Count, Unit, is_over, not_whole, unit_last_day
from qrecords.office import Office
from qrecords.services.disposition.hold import HoldShown, has_part, require_part, required_reason, shown
from qrecords.services.disposition.retained import Keeping, longer_periods, over_before, require_clock, units
from qrecords.stores.register import Transaction


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


@dataclass(frozen=True, slots=True)
class VolumeKept:
    """How long a volume is kept, and what forbids destroying it today.

    What forbids it is told to whoever has a part in retention (`tells`): holds, complaints not settled that the account
    may read, the open list it stands on, and in words what else there is (`others`). `fault` says why nothing can be
    told: a file of the office's rules is wrong.
    """

    last_day: str
    over: bool
    tells: bool = False
    list_no: str = ""
    holds: Sequence[HoldShown] = ()
    complaints: Sequence[str] = ()
    others: Sequence[Sentence] = ()
    fault: Sentence = ""


def of_volume(office: Office, volume_code: str) -> VolumeKept:
    """Return how a sealed volume stands today; whether it may be read is asked by who shows it."""
    with office.register.read() as tx:
        try:
            if not (found := units(office, tx, [volume_code])):
                return VolumeKept("", over=False, fault="册里的归档件登记库里没有了")
            return _volume_kept(office, tx, found[0]) if has_part(office) else _day_alone(office, found[0])
        except InvalidInput as error:
            return VolumeKept("", over=False, fault=error.told)


def _day_alone(office: Office, unit: Unit) -> VolumeKept:
    last = unit_last_day(unit, longer_periods(office), Count(office.settings.retention.count))
    return VolumeKept(last, is_over(last, office.today()))


def _volume_kept(office: Office, tx: Transaction, unit: Unit) -> VolumeKept:
    keeping = Keeping.now(office, tx)
    last = keeping.last_day(unit)
    touching = [c.record_no for c in keeping.complaints if c.touches(unit)]
    readable = [r.record_no for r in office.only_readable(tx.records.many(touching))]
    hidden = len(touching) - len(readable)
    return VolumeKept(
        last_day=last,
        over=is_over(last, office.today()),
        tells=True,
        list_no=tx.retention.listed().get(unit.code, ""),
        holds=[shown(hold) for hold in keeping.holds if hold.covers(unit)],
        complaints=readable,
        others=[*([f"有{hidden}份您不能查阅的投诉还没有了结"] if hidden else []), *not_whole(unit, [unit.code])],
    )


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
