"""Holds: what is kept whatever the date, until another person releases it (QS/PA758A clause 7)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from qrecords.advice import Do, Input, advise
from qrecords.errors import NotFound, NotPermitted, Problem, UsageError, WrongState
from qrecords.model.audit import digest
from qrecords.model.numbering import RECORD_NO, retention_years
from qrecords.model.record import Action, State
from qrecords.model.retention import HOLD_LABELS, Hold, HoldKind
from qrecords.model.values import parse_text
from qrecords.office import Office
from qrecords.services.disposition.liststep import ListStep
from qrecords.services.hands import require_others
from qrecords.services.intents import open_steps
from qrecords.stores.register import Transaction
from qrecords.stores.register.audit import Wanted

REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class HoldShown:
    """A hold for people and programs."""

    id: int
    kind: str
    subject: str
    reason: str
    placed_at: str
    placed_by: str
    kind_label: str


def hold(office: Office, subject: str, reason: str, *, word: str = "") -> HoldShown:
    """Hold a record, an archived item, a volume, or all of a customer; it stops destruction whatever the date.

    The same request again, known by its own `word`, puts no second hold.
    """
    text = required_reason(reason)
    office.authorise(Action.HOLD, _logged(_plain(subject)))
    with office.register.write() as tx:
        if (before := tx.answered.get(office.account.name, word)) is not None:
            return shown(tx.retention.hold(int(before)))
        executed = (s for _, s in open_steps(tx) if isinstance(s, ListStep) and s.KIND == "destroy")
        if (step := next(executed, None)) is not None:
            raise WrongState(
                f"清册 {step.list_no} 正在执行销毁", remedy="请等它结束后再冻结其余的；已批准的清册要在执行前冻结"
            )
        kind, name = _subject(office, tx, subject)
        number = tx.retention.add_hold(kind, name, text, office.now(), office.account.name)
        tx.answered.keep(office.account.name, word, str(number), office.clock())
        tx.audit.append([office.event(Action.HOLD, _logged(name), kind=kind.value, reason=digest(text))])
        return shown(tx.retention.hold(number))


def release(office: Office, subject: str, reason: str) -> list[HoldShown]:
    """End the holds others have put on something; NotPermitted when all of them are one's own."""
    text = required_reason(reason)
    name = _plain(subject)
    office.authorise(Action.RELEASE, _logged(name))
    with office.register.read() as tx:
        mine, others = _in_force(office, tx, name)
    if not mine and not others:
        raise NotFound(f"{name} 没有被冻结", remedy=advise("用 {} 查看冻结的对象", Do.LIST_HOLDS))
    if not others:
        raise NotPermitted(
            f"{name} 是账号 {office.account.name} 自己冻结的，不能由自己解除",
            remedy="请另一位有权限的人用自己的账号解除",
        )
    with office.register.write() as tx:
        _, others = _in_force(office, tx, name)
        placed = {(_logged(h.subject), h.placed_by, h.placed_at[:10]) for h in others}
        events = (e for about, _, _ in placed for e in tx.audit.events(about) if e.action == Action.HOLD)
        require_others(office, (e for e in events if (e.object, e.account, e.at[:10]) in placed))
        tx.retention.release([h.id for h in others], text, office.now(), office.account.name)
        tx.audit.append(
            [
                office.event(
                    Action.RELEASE, _logged(h.subject), kind=h.kind.value, placed=h.placed_at, reason=digest(text)
                )
                for h in others
            ]
        )
    return [shown(h) for h in others]


def holds(office: Office) -> list[HoldShown]:
    """Return the holds in force."""
    require_part(office)
    with office.register.read() as tx:
        return [shown(h) for h in tx.retention.holds()]


def has_part(office: Office) -> bool:
    """Tell whether the account has a part in retention."""
    parts = (Action.HOLD, Action.RELEASE, Action.APPRAISE, Action.APPROVE, Action.WITNESS, Action.DESTROY)
    return any(office.allows(action) for action in parts)


def require_part(office: Office) -> None:
    """Refuse whoever has no part in retention: titles of what is kept are told to nobody else."""
    if not has_part(office):
        office.authorise(Action.APPRAISE, "retention")


def shown(placed: Hold) -> HoldShown:
    """Return a hold for people and programs."""
    return HoldShown(
        placed.id, placed.kind.value, placed.subject, placed.reason, placed.placed_at, placed.placed_by,
        HOLD_LABELS[placed.kind],
    )  # fmt: skip


def required_reason(reason: str) -> str:
    """Return the reason as it is kept; UsageError when there is none."""
    try:
        text = parse_text(reason, REASON_LENGTH)
    except ValueError as error:
        raise UsageError(f"原因：{error}", remedy="请改写后再试") from None
    if not text:
        raise UsageError("没有写原因", remedy=advise("请用 {} 写明原因，它会永久留下", Input.REASON))
    return text


def lost_holds(tx: Transaction) -> list[Problem]:
    """Return the holds the log has and the register no more: someone took them out by hand, or it was rebuilt."""
    wanted = (Wanted(action=action.value) for action in (Action.HOLD, Action.RELEASE))
    events = sorted((e for w in wanted for e in tx.audit.page(w, limit=None)), key=lambda e: e.seq)
    last = {(e.object, str(e.detail.get("kind", ""))): e for e in events if e.outcome == "done"}
    held = {(_logged(h.subject), h.kind.value) for h in tx.retention.holds()}
    lost = [name for (name, kind), event in last.items() if event.action == Action.HOLD and (name, kind) not in held]
    look = Do.LIST_EVENTS(Input.ACTION(Action.HOLD.value))
    told = advise("日志里的冻结在登记库里没有了；请核对日志（{}），重新冻结，需要时再由另一人解除", look)
    return [Problem(told, source=name) for name in sorted(lost)]


def _logged(name: str) -> str:
    """Return what the log calls something: a number as it is, of a customer only the hash of his name."""
    is_number = RECORD_NO.match(_number(name)) or retention_years(name)
    return name if is_number else f"customer/{digest(name)[:16]}"


def _in_force(office: Office, tx: Transaction, name: str) -> tuple[list[Hold], list[Hold]]:
    """Return the holds on something: one's own, and those of others."""
    found = [h for h in tx.retention.holds() if h.subject in {name, _number(name)}]
    mine = [h for h in found if h.placed_by == office.account.name]
    return mine, [h for h in found if h not in mine]


def _subject(office: Office, tx: Transaction, subject: str) -> tuple[HoldKind, str]:
    """Return what is meant: a volume, an item, a record, else a customer some record names."""
    name = _plain(subject)
    record = tx.records.get(_number(name))
    kind, found = HoldKind.CUSTOMER, name
    if tx.retention.volume(name):
        kind = HoldKind.VOLUME
    elif record:
        if record.state is State.VOID:
            raise WrongState(f"{record.record_no} 已作废，不会归档，也不会销毁", remedy="不用冻结它")
        kind, found = HoldKind.RECORD, record.record_no
    elif tx.items.row(name):
        kind = HoldKind.ITEM
    elif not name or not office.only_readable(tx.records.many(tx.retention.naming_customer(name))):
        raise NotFound(f"没有记录、归档件、册或用户叫「{name}」", remedy="请核对编号；用户名称或代号要和记录上写的一样")
    if tx.retention.destroyed([found]) or (record and record.state is State.DESTROYED):
        raise WrongState(f"{found} 已经销毁，不能再冻结", remedy=advise("用 {} 查看销毁清册", Do.LIST_DISPOSITIONS))
    return kind, found


def _plain(subject: str) -> str:
    return " ".join(unicodedata.normalize("NFC", subject).split())


def _number(name: str) -> str:
    return unicodedata.normalize("NFKC", name).upper()
