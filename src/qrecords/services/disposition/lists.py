"""Destruction lists: drawn at the appraisal, approved, witnessed, withdrawn (domain rule C.10; DA/T 42-2009 7.7).

Crash order of drawing: the intent reserves the list's number; its papers are made and its object is published without a
lock; then the register commits. A list that broke off keeps its number, withdrawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from qrecords.advice import Do, Sentence, advise
from qrecords.errors import NotFound, Problem, QRecordsError, WrongState
from qrecords.model.answer import left_out
from qrecords.model.audit import digest
from qrecords.model.destruction import ListedUnit, ListJson, Totals
from qrecords.model.disposition import LIST_LABELS, Confirmed, DestructionList, ListState
from qrecords.model.objects import LIST
from qrecords.model.record import Action
from qrecords.model.retention import Unit, not_whole
from qrecords.office import Office
from qrecords.services.disposition.hold import require_part, required_reason
from qrecords.services.disposition.liststep import Listed, ListStep
from qrecords.services.disposition.papers import content_of, list_papers, pieces_of, word_of
from qrecords.services.disposition.retained import Keeping, objects_of, require_clock, units
from qrecords.services.hands import require_other_hands
from qrecords.stores import durable
from qrecords.stores.register import Transaction
from qrecords.work.step import running


@dataclass(frozen=True)
class DrawList(ListStep):
    """A list about to be drawn: its number and its object."""

    KIND = "draw"

    def standing(self, office: Office) -> DrawList | None:
        """Return all of it when the list's object was published."""
        return self if office.archive.exists(self.object_id) else None

    def commit(self, office: Office, tx: Transaction) -> None:
        """Let the list be drawn, with the event."""
        drawn = tx.retention.reserved_list(self.list_no)
        tx.retention.save_list(replace(drawn, version=1))
        detail = {"list": drawn.sha256, "decision": "destroy"}
        tx.audit.append([office.event(Action.APPRAISE, drawn.list_no, **detail)])

    def undo(self, office: Office, _key: str) -> None:
        """Let the number stay with a list that is withdrawn."""
        with office.register.write() as tx:
            drawn = tx.retention.reserved_list(self.list_no)
            tx.retention.save_list(replace(drawn, state=ListState.WITHDRAWN, reason="编制中断，编号不再使用"))


def draw(office: Office, numbers: Sequence[str], reason: str) -> ListShown:
    """Appraise units as not worth keeping: put them on a destruction list, which is kept for ever.

    WrongState names all that stands in the way: a period not over, a hold, a complaint, what is bound elsewhere.
    """
    text = required_reason(reason)
    for number in numbers:
        office.authorise(Action.APPRAISE, number)
    with running(office) as run:
        with office.register.write() as tx:
            require_clock(office, tx)
            wanted = units(office, tx, numbers)
            keeping = require_free(office, tx, wanted, [office.today()])
            taken = tx.counters.take(f"disposition/{office.today()[:4]}")[0]
            list_no = f"XH-{office.today()[:4]}-{taken:03d}"
            content = content_of(office, keeping, list_no, wanted, objects_of(tx, wanted), text)
            drawn = DestructionList(
                list_no=list_no,
                state=ListState.DRAWN,
                object_id=LIST.object_id(list_no),
                version=0,
                sha256=content.sha256,
                drawn_at=content.drawn_at,
                drawn_by=office.account.name,
            )
            tx.retention.reserve_list(drawn, [unit.code for unit in wanted])
            step = run.begin(tx, DrawList((Listed(list_no, drawn.object_id),)))
        durable.checkpoint("draw.intent")
        staged = office.archive.stage(
            drawn.object_id,
            list_papers(office, content, run.folder),
            message="编制销毁清册",
            user=office.account.display_name,
            created=datetime.fromisoformat(drawn.drawn_at),
            intent=run.key,
            expected_head=0,
        )
        office.archive.publish(staged)
        durable.checkpoint("draw.published")
        run.commit(step)
    return shown(office, get(office, list_no))


def approve(office: Office, list_no: str) -> ListShown:
    """Approve a list as the person in charge; not as the one who drew it."""
    office.authorise(Action.APPROVE, list_no)
    with office.register.write() as tx:
        require_clock(office, tx)
        drawn = get(office, list_no, tx)
        drawn.require_approver(office.account.name)
        require_other_hands(office, tx, [drawn.list_no], {Action.APPRAISE})
        content = require_same(office, drawn)
        require_free(office, tx, listed_units(office, tx, content), [office.today()], drawn.list_no)
        word = word_of(office, drawn)
        tx.retention.save_list(replace(drawn, state=ListState.APPROVED, approved=word))
        tx.audit.append([office.event(Action.APPROVE, drawn.list_no, list=drawn.sha256, on=word.on)])
    return shown(office, get(office, list_no))


def witness(office: Office, list_no: str, sha256: str, on: str) -> ListShown:
    """Confirm as a witness, by one's own account, the hash of the list one has checked and today's date."""
    office.authorise(Action.WITNESS, list_no)
    with office.register.write() as tx:
        require_clock(office, tx)
        drawn = get(office, list_no, tx)
        drawn.require_witness(office.account.name, sha256, on, office.today())
        require_other_hands(office, tx, [drawn.list_no], {Action.APPROVE, Action.WITNESS})
        content = require_same(office, drawn)
        require_free(office, tx, listed_units(office, tx, content), [office.today()], drawn.list_no)
        word = word_of(office, drawn)
        tx.retention.save_list(replace(drawn, witnesses=(*drawn.witnesses, word)))
        tx.audit.append([office.event(Action.WITNESS, drawn.list_no, list=drawn.sha256, on=on)])
    return shown(office, get(office, list_no))


def withdraw(office: Office, list_no: str, reason: str) -> ListShown:
    """Give a list up before it is executed; its number and object stay, its units may be appraised again."""
    text = required_reason(reason)
    office.authorise(Action.APPRAISE, list_no)
    with office.register.write() as tx:
        drawn = get(office, list_no, tx)
        drawn.require(ListState.DRAWN, ListState.APPROVED)
        word = word_of(office, drawn)
        tx.retention.save_list(replace(drawn, state=ListState.WITHDRAWN, withdrawn=word, reason=text))
        detail = {"decision": "withdraw", "reason": digest(text)}
        tx.audit.append([office.event(Action.APPRAISE, drawn.list_no, **detail)])
    return shown(office, get(office, list_no))


def lists(office: Office) -> list[ListShown]:
    """Return every destruction list, with what people did with it and where its papers lie."""
    require_part(office)
    with office.register.read() as tx:
        return [shown(office, drawn) for drawn in tx.retention.lists()]


def get(office: Office, list_no: str, tx: Transaction | None = None) -> DestructionList:
    """Return a list by its number; NotFound when there is none."""
    wanted = list_no.strip().upper()
    if tx is None:
        with office.register.read() as reading:
            found = reading.retention.lists(wanted)
    else:
        found = tx.retention.lists(wanted)
    if not wanted or not found:
        raise NotFound(f"没有销毁清册「{list_no}」", remedy=advise("用 {} 查看清册", Do.LIST_DISPOSITIONS))
    return found[0]


def require_same(office: Office, drawn: DestructionList) -> ListJson:
    """Return what stands on a list, read from its object; IntegrityFailure when it is not what was drawn."""
    content = office.archive.read_as(ListJson, drawn.object_id, 1)
    drawn.require_unchanged(content.sha256)
    return content


def listed_units(office: Office, tx: Transaction, content: ListJson) -> list[Unit]:
    """Return the units of a list as they are now; WrongState when they are not as they were listed."""
    found = units(office, tx, [unit.code for unit in content.units])
    objects = objects_of(tx, found)
    for unit, listed in zip(found, sorted_as(content, found), strict=True):
        if pieces_of(unit, objects) != listed.pieces:
            raise WrongState(
                f"{unit.code} 的内容和编清册时不同了", remedy=advise("请撤销这份清册（{}），重新鉴定", Do.WITHDRAW)
            )
    return found


def sorted_as(content: ListJson, found: Sequence[Unit]) -> list[ListedUnit]:
    """Return what a list says of units, in their order."""
    listed = {unit.code: unit for unit in content.units}
    return [listed[unit.code] for unit in found]


def require_free(
    office: Office, tx: Transaction, wanted: Sequence[Unit], days: Sequence[str], own: str = ""
) -> Keeping:
    """Make sure that nothing forbids destroying units on any of these days; WrongState names every obstacle."""
    keeping = Keeping.now(office, tx)
    codes = [unit.code for unit in wanted]
    listed = tx.retention.listed()
    problems: list[Problem] = []
    for unit in wanted:
        found = [*(text for day in days for text in keeping.obstacles(unit, day)), *not_whole(unit, codes)]
        if listed.get(unit.code, own) != own:
            found.append(f"已列在清册 {listed[unit.code]} 上")
        problems += [Problem(text, source=unit.code) for text in dict.fromkeys(found)]
    if problems:
        raise WrongState(
            advise("不能销毁：{} {}{}", problems[0].source, problems[0].message, "等" if problems[1:] else ""),
            remedy=advise("没有改动任何东西；请按各条说明处理，用 {} 查看", Do.LIST_DUE_UNITS),
            problems=problems,
        )
    return keeping


@dataclass(frozen=True, slots=True)
class UnitShown:
    """A unit on a list, and the last day it had to be kept."""

    code: str
    kind: str
    title: str
    last_day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListShown:
    """A destruction list for people and programs: where it is, what people did, what is on it, where its papers lie."""

    damage: Sentence
    list_no: str
    state: str
    state_label: str
    sha256: str
    drawn_at: str
    drawn_by: str
    approved: Confirmed | None = left_out()  # noqa: RUF009
    executed: Confirmed | None = left_out()  # noqa: RUF009
    withdrawn: Confirmed | None = left_out()  # noqa: RUF009
    witnesses: tuple[Confirmed, ...]
    reason: str  # of the withdrawal
    volumes: int
    items: int
    records: int
    pages: int
    units: tuple[UnitShown, ...]
    files: dict[str, str]


def shown(office: Office, drawn: DestructionList) -> ListShown:
    """Return a list for people and programs."""
    listed: tuple[ListedUnit, ...] = ()
    totals, names = Totals(0, 0, 0, 0), list[str]()
    damage: Sentence = ""
    try:
        content = office.archive.read_as(ListJson, drawn.object_id, 1)
        names = [name for name in office.archive.names(drawn.object_id) if not name.endswith(".json")]
        listed, totals = content.units, content.totals
    except QRecordsError as error:  # `verify` tells what to do; the list can still be looked at, and withdrawn
        damage = error.message
    return ListShown(
        damage=damage,
        list_no=drawn.list_no,
        state=drawn.state.value,
        state_label=LIST_LABELS[drawn.state],
        sha256=drawn.sha256,
        drawn_at=drawn.drawn_at,
        drawn_by=drawn.drawn_by,
        approved=drawn.approved,
        executed=drawn.executed,
        withdrawn=drawn.withdrawn,
        witnesses=drawn.witnesses,
        reason=drawn.reason,
        **asdict(totals),
        units=tuple(UnitShown(u.code, u.kind, u.title, u.last_day) for u in listed),
        files={name: office.archive.called(drawn.object_id, name) for name in names},
    )


def paper(office: Office, list_no: str, name: str) -> bytes:
    """Return a paper of a list: the list itself, or the certificate."""
    require_part(office)
    drawn = get(office, list_no)
    if name.endswith(".json") or name not in office.archive.names(drawn.object_id):
        raise NotFound("清册没有这份文件", remedy="请从清册的页面上打开")
    return office.archive.read(drawn.object_id, name)
