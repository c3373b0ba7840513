"""Steps that need several people: the same hand with another account is not another person (QS/PA758A 5.11.1).

Every event keeps where it came from: the operating-system user at the command line, the address at the desk. On one PC
honest people share both, so only an office kept strictly apart refuses, by address only where it says that
each person has one (docs/adr/0012-hands.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from qrecords.errors import NotPermitted
from qrecords.model.audit import Event
from qrecords.office import Office
from qrecords.stores.register import Transaction


def require_other_hands(office: Office, tx: Transaction, about: Iterable[str], actions: Collection[str]) -> None:
    """Refuse who did one of these things to one of these objects by another account, from the same place."""
    require_others(office, (e for name in about for e in tx.audit.events(name) if e.action in actions))


def require_others(office: Office, events: Iterable[Event]) -> None:
    """Refuse who stands behind one of these events by another account."""
    is_address = office.origin.startswith("desk/")
    if office.rules.separation != "strict" or not office.origin:
        return
    if is_address and not office.settings.access.person_per_address:
        return  # behind a proxy, or on the machine itself, everybody comes from one address
    for event in events:
        same = event.detail.get("origin") == office.origin and event.account != office.account.name
        if same and event.outcome in {"done", "begun"}:
            raise NotPermitted(
                f"账号 {event.account} 办的那一步与现在出自同一个系统用户或同一台电脑，不能算作另一个人",
                remedy="请由另一个人在自己的电脑上、用自己的系统用户办理",
            )
