"""What the register says of accounts, copies, holds and lists, held against the log (QS/PA758A 5.11.1)."""

from __future__ import annotations

from collections.abc import Iterator

from qrecords.errors import IntegrityFailure, Problem
from qrecords.stores.register import Transaction

_LABELS = {
    "account": "账号 {} 的登记（姓名、等级、角色等）",
    "session": "一次登录（{}）的登记",
    "copies": "副本申请 {} 的登记",
    "print": "打印件 {} 的页数",
    "item": "归档件 {} 的登记",
    "volume": "册 {} 的登记",
    "segment": "日志第{}段的登记",
    "tombstone": "{} 的销毁登记",
    "fact": "{}（别处编号的标记）",
    "hold": "第{}号冻结的登记",
    "extension": "{} 的延长保管",
    "list": "销毁清册 {} 的登记",
    "document": "文件 {} 的登记",
}
_SHOWN = 16  # characters of a hash


def not_as_sealed(tx: Transaction) -> Iterator[Problem]:
    """Tell what is otherwise than the last event about it says, or is there without one."""
    for key in tx.seals.differing():
        kind, _, name = key.partition("/")
        what = _LABELS[kind].format(name[:_SHOWN] if kind == "session" else name)
        yield Problem(f"{what}与日志里的不同；请核对日志和备份", source=name if kind != "session" else "session")


def require_as_sealed(tx: Transaction) -> None:
    """Refuse what cannot be undone while the register is otherwise than the log says; every difference is named."""
    if problems := list(not_as_sealed(tx)):
        raise IntegrityFailure(
            "登记库与日志不同，没有办理", remedy="登记库可能被人改过：请核对日志，从备份恢复后再办", problems=problems
        )
