"""The way of a destruction list, and who may take which step (domain rule C.10; DA/T 42-2009 7.7).

    drawn ─approve→ approved ─(witness, witness)─ destroy→ destroying → destroyed
      └──────withdraw──────┴→ withdrawn

Who drew the list does not approve it; at least two witness, neither of whom approved it or destroys. Everyone confirms
the hash of the list as it was drawn, so a list that changed can be neither approved nor witnessed nor destroyed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from qrecords.advice import Do, Input, Named, advise
from qrecords.errors import IntegrityFailure, InvalidInput, NotPermitted, WrongState

WITNESSES = 2
SHORTEST_HASH = 16  # characters of it a person must at least copy from the paper
SEPARATION = "销毁要由不同的人办理：编制、批准、至少两人监销、执行，各用自己的账号；账号不够时请先添加账号"


class ListState(StrEnum):
    """Where a destruction list is on its way."""

    DRAWN = "drawn"
    APPROVED = "approved"
    DESTROYING = "destroying"
    DESTROYED = "destroyed"
    WITHDRAWN = "withdrawn"


LIST_LABELS = {
    ListState.DRAWN: "待批准",
    ListState.APPROVED: "已批准，待监销和执行",
    ListState.DESTROYING: "正在销毁",
    ListState.DESTROYED: "已销毁",
    ListState.WITHDRAWN: "已撤销",
}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Someone's word on a list: by which account, when, for which day, over which hash."""

    account: str
    name: str
    at: str
    on: str
    sha256: str


@dataclass(frozen=True, slots=True)
class DestructionList:
    """A list （销毁清册） and what people did with it; `sha256` is that of its list.json."""

    list_no: str
    state: ListState
    object_id: str
    version: int
    sha256: str
    drawn_at: str
    drawn_by: str
    approved: Confirmed | None = None
    witnesses: tuple[Confirmed, ...] = ()
    executed: Confirmed | None = None
    withdrawn: Confirmed | None = None
    reason: str = ""  # of the withdrawal

    def progress(self) -> dict[str, Any]:
        """Return what people did, as the register keeps it."""
        people = {
            "approved": self.approved,
            "executed": self.executed,
            "withdrawn": self.withdrawn,
        }
        return {
            **{key: asdict(value) for key, value in people.items() if value},
            "witnesses": [asdict(w) for w in self.witnesses],
            "reason": self.reason,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> DestructionList:
        """Return a list as the register keeps it."""
        progress = row["progress"]

        def word(key: str) -> Confirmed | None:
            return Confirmed(**progress[key]) if key in progress else None

        return cls(
            list_no=row["list_no"],
            state=ListState(row["state"]),
            object_id=row["object_id"],
            version=row["version"],
            sha256=row["sha256"],
            drawn_at=row["drawn_at"],
            drawn_by=row["drawn_by"],
            approved=word("approved"),
            witnesses=tuple(Confirmed(**w) for w in progress.get("witnesses", ())),
            executed=word("executed"),
            withdrawn=word("withdrawn"),
            reason=progress.get("reason", ""),
        )

    def require(self, *states: ListState) -> None:
        """Refuse a step that is not open; WrongState says where the list is."""
        if self.state not in states:
            raise WrongState(
                f"清册 {self.list_no} 现在是「{LIST_LABELS[self.state]}」，不能这样办", remedy=_NEXT[self.state]
            )

    def require_approver(self, account: str) -> None:
        """Refuse whoever drew the list: one's own list is not approved by oneself."""
        self.require(ListState.DRAWN)
        if account == self.drawn_by:
            raise NotPermitted(f"清册 {self.list_no} 是账号 {account} 编制的，不能由自己批准", remedy=SEPARATION)

    def require_witness(self, account: str, sha256: str, on: str, today: str) -> None:
        """Refuse who must not witness, a hash that is not the list's, and a day that is not today's."""
        self.require(ListState.APPROVED)
        if self.approved and account == self.approved.account:
            raise NotPermitted(f"账号 {account} 批准了清册 {self.list_no}，不能又监销", remedy=SEPARATION)
        if account in {w.account for w in self.witnesses}:
            raise NotPermitted(f"账号 {account} 已经监销过清册 {self.list_no}，一人只算一次", remedy=SEPARATION)
        given = "".join(sha256.split()).lower()
        if len(given) < SHORTEST_HASH or not self.sha256.startswith(given):
            raise InvalidInput(
                f"校验码与清册 {self.list_no} 不符",
                remedy=f"请照抄清册上印的校验码（至少前{SHORTEST_HASH}位），并核对清册没有换过",
            )
        if on != today:
            raise InvalidInput(
                f"您确认的日期是 {on}，系统时钟却是 {today}", remedy="请核对今天的日期；若系统时钟不对，先校准再监销"
            )

    def require_executor(self, account: str) -> None:
        """Refuse to destroy without approval and two witnesses, or by the hand of who approved or witnesses."""
        self.require(ListState.APPROVED, ListState.DESTROYING)
        if self.approved and account == self.approved.account:
            raise NotPermitted(f"账号 {account} 批准了清册 {self.list_no}，不能又执行销毁", remedy=SEPARATION)
        if account in {w.account for w in self.witnesses}:
            raise NotPermitted(f"账号 {account} 监销清册 {self.list_no}，不能又执行销毁", remedy=SEPARATION)
        others = {w.account for w in self.witnesses} - {self.approved.account if self.approved else ""}
        if len(others) < WITNESSES:
            raise WrongState(
                f"清册 {self.list_no} 只有{len(others)}人监销，至少要{WITNESSES}人",
                remedy=advise(
                    "请监销人各用自己的账号运行 {}", Do.WITNESS(self.list_no, Input.HASH("校验码"), Input.ON("日期"))
                ),
            )

    def require_unchanged(self, found_sha256: str) -> None:
        """Refuse a list that is not the one that was drawn, approved and witnessed."""
        words = [self.sha256, *(c.sha256 for c in (self.approved, *self.witnesses) if c)]
        if any(word != found_sha256 for word in words):
            raise IntegrityFailure(
                f"清册 {self.list_no} 与批准、监销时的不同，不能销毁",
                remedy="请保留现场，报告安全管理员；撤销这份清册，重新鉴定",
            )


_NEXT = {
    ListState.DRAWN: advise("先由主管领导批准：{}", Do.APPROVE_DISPOSITION("清册编号")),
    ListState.APPROVED: advise(
        "接着由至少两人{}，再执行{}；要改就{}后重新鉴定", Named(Do.WITNESS), Named(Do.DESTROY), Named(Do.WITHDRAW)
    ),
    ListState.DESTROYING: advise("销毁已经开始，请做完：{}", Do.DESTROY("清册编号")),
    ListState.DESTROYED: "这份清册已经办完",
    ListState.WITHDRAWN: advise("请重新{}，另编清册", Named(Do.APPRAISE)),
}
