"""Controlled copies: no copying without approval (QS/PA758A 5.11.1, 「不得擅自复印」).

    requested ─approve→ approved ─issue→ issued ─return→ returned (when the last copy is back)
        └──────refuse──→ refused

A request (副本申请) asks for copies of one filed item; a copy (副本) has a number of its own, printed across every
page. Both series run by year without a gap. Overdue is computed, not a state.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from qrecords.errors import WrongState

MOST_COPIES = 50  # of one request
PURPOSE_LENGTH, PERSON_LENGTH = 60, 30  # characters that stand on one line of the watermark


class CopyState(StrEnum):
    """Where a request is on its way."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    ISSUED = "issued"
    RETURNED = "returned"


COPY_STATE_LABELS = {
    CopyState.REQUESTED: "待批准",
    CopyState.APPROVED: "已批准",
    CopyState.REFUSED: "未批准",
    CopyState.ISSUED: "已发出",
    CopyState.RETURNED: "已收回",
}

# step → (state it begins from, what it is called)
STEPS = {
    "approve": (CopyState.REQUESTED, "批准"),
    "refuse": (CopyState.REQUESTED, "不批准"),
    "issue": (CopyState.APPROVED, "发出"),
    "return": (CopyState.ISSUED, "收回"),
}


@dataclass(frozen=True, slots=True)
class Copy:
    """One numbered copy; without `issued_at` its number is reserved by an issue that broke off."""

    copy_no: str
    request_no: str
    issued_at: str = ""
    issued_by: str = ""
    sha256: str = ""  # of the encrypted file
    returned_on: str = ""
    returned_by: str = ""


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """A request for copies of one item, what came of it, and its copies."""

    request_no: str
    archive_no: str
    document_no: str  # record number, or form and month of a register
    purpose: str
    count: int
    due: str  # YYYY-MM-DD the copies are due back, empty when they may be kept
    recipient: str
    state: CopyState
    requested_by: str
    requested_at: str
    may_print: bool = True
    may_extract: bool = False
    decided_by: str = ""
    decided_at: str = ""
    reason: str = ""  # why refused
    copies: tuple[Copy, ...] = ()

    @property
    def is_out(self) -> bool:
        """Tell whether a copy is out that has not come back."""
        return any(c.issued_at and not c.returned_on for c in self.copies)

    def is_overdue(self, today: str) -> bool:
        """Tell whether a copy should have come back before today."""
        return bool(self.due) and self.due < today and self.is_out


def request_no(year: int, number: int) -> str:
    """Return the number of a request: FS-2026-0001."""
    return f"FS-{year}-{number:04d}"


def copy_no(year: int, number: int) -> str:
    """Return the number of a copy: FB-2026-00001."""
    return f"FB-{year}-{number:05d}"


def require_step(request: CopyRequest, step: str) -> None:
    """Raise WrongState, with what is open, when a request is not where a step begins."""
    start, label = STEPS[step]
    if request.state is start:
        return
    ways = [f"{name}（copies {s}）" for s, (state, name) in STEPS.items() if state is request.state]
    raise WrongState(
        f"{request.request_no} 现在是「{COPY_STATE_LABELS[request.state]}」，不能{label}",
        remedy=f"从这里可以：{'、'.join(ways)}" if ways else "这份申请已办完；需要时另行申请",
    )
