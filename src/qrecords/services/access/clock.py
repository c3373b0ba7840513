"""The way out when the log holds wrong times: two administrators declare them, one asks, another confirms (ADR 9)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from qrecords.advice import Do, Input, advise
from qrecords.errors import InvalidInput, NotPermitted, WrongState
from qrecords.model.access import ANYTHING, decide
from qrecords.model.audit import Event
from qrecords.model.clock import CLOCK
from qrecords.model.record import Action
from qrecords.office import Office, trusted_newest
from qrecords.services.hands import require_others
from qrecords.stores.register import Transaction

WHO = (Action.ADMINISTER, Action.RIGHTS, Action.AUDIT_CLOSE)  # each of the three administrators has one of them
ASKED = "clock-asked"  # the number of the event that asks
GOOD_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the clock shows, the newest time of the log that counts, and who asked to declare it wrong."""

    now: str
    newest: str | None
    timezone: str
    asked_by: str | None


def clock_state(office: Office) -> ClockState:
    """Return what the clock shows, the newest time of the log that counts, and who asked to declare it wrong."""
    _authorise(office)
    with office.register.read() as tx:
        newest, asked = trusted_newest(tx, whole=True), _asked(office, tx)
    return ClockState(
        now=office.now(),
        newest=newest.astimezone(office.clock().tzinfo).isoformat() if newest else None,
        timezone=office.settings.office.timezone,
        asked_by=asked.account if asked else None,
    )


def ask(office: Office, reason: str) -> ClockState:
    """Ask that the times in the log which the clock contradicts be declared wrong; it holds for a day."""
    _authorise(office)
    if not (reason := reason.strip()):
        raise InvalidInput("没有写原因", remedy=advise("请用 {} 写明时钟出了什么事", Input.REASON))
    state = clock_state(office)
    with office.register.write() as tx:
        tx.audit.append([office.event(CLOCK, "clock", outcome="begun", newest=state.newest or "", reason=reason[:500])])
        tx.facts.set(ASKED, str(tx.audit.head()[0]))
    return replace(state, asked_by=office.account.name)


def confirm(office: Office) -> ClockState:
    """Confirm what another administrator asked; from this event on the log's times count.

    WrongState when nobody asked within a day; NotPermitted in strict mode for who asked himself.
    """
    _authorise(office)
    with office.register.write() as tx:
        asked = _asked(office, tx)
        if asked is None:
            how = advise("请先由一名管理员运行 {}", Do.DECLARE_CLOCK(Input.REASON("原因")))
            raise WrongState("没有人提出，或提出已过一天", remedy=how)
        own = asked.account == office.account.name
        if own and (office.rules.separation == "strict" or _others(office, tx)):
            how = advise("请另一名管理员运行 {}", Do.DECLARE_CLOCK(Input.CONFIRM))
            raise NotPermitted("是您自己提出的，要由另一名管理员确认", remedy=how)
        require_others(office, [asked])
        # Where one person is the only administrator he does both; the log says so.
        hands = {"separation": "single-desk"} if own else {}
        newest = trusted_newest(tx, whole=True)
        tx.audit.append(
            [office.event(CLOCK, "clock", asked=asked.seq, newest=newest.isoformat() if newest else "", **hands)]
        )
        tx.facts.set(CLOCK, str(tx.audit.head()[0]))
        tx.facts.set(ASKED, "")
    return clock_state(office)


def _authorise(office: Office) -> None:
    if not any(office.allows(action) for action in WHO):
        office.authorise(Action.ADMINISTER, "clock")


def _others(office: Office, tx: Transaction) -> bool:
    """Tell whether somebody else could confirm."""
    others = [a for a in tx.accounts.all() if a.active and a.name != office.account.name]
    return any(decide(a, action, ANYTHING, office.rules).allowed for a in others for action in WHO)


def _asked(office: Office, tx: Transaction) -> Event | None:
    """Return the event by which somebody asked, as the log says; None when nobody did within a day of the clock."""
    event = tx.audit.numbered(tx.facts.get(ASKED), CLOCK, "begun")
    if event is None or abs(office.clock() - datetime.fromisoformat(event.at)) > GOOD_FOR:
        return None
    return event
