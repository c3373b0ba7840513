"""Who may do what: one decision, with its reason (QS/PA758A 5.11.1)."""

from __future__ import annotations

from dataclasses import dataclass

from qrecords.model.record import ACTION_LABELS, Action


@dataclass(frozen=True, slots=True)
class Account:
    """Someone known to the office; `uid` is the operating-system user it belongs to (peer)."""

    name: str
    display_name: str
    uid: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, and why not."""

    allowed: bool
    reason: str = ""
    remedy: str = ""


def decide(account: Account, action: Action) -> Decision:
    """Decide on an action: on a single desk the one who holds the desk does everything."""
    if not account.active:
        return Decision(False, f"账号 {account.name} 已停用，不能{ACTION_LABELS[action]}", "请用在用的账号")
    return Decision(True)
