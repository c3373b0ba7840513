"""A document computed from records, and its way to those it is for (QS/PA758A 5.4.1, 5.7.3, 5.7.4, 5.11.2).

    drawn ─review→ reviewed ─approve→ approved ─issue→ issued → destroyed
      ↑└───────────────────────approve↗ │
      ├──return── (drawn, reviewed)     └─correct (approved, issued)→ drawn, the next edition
    void ends the way of one that was never approved; its number stays. One that is in a volume is bound: that is where
    it is, not what was done with it, and the volumes say it.

Who signs, and in which order, its kind says: where no one approves, the review does. Signatures stand on paper; here
is what evidence there is of them. From the approval on nothing is computed again: a change is a correction, another
edition.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar, Literal

from qrecords.advice import Do, Input, Sentence, ToDo, advise
from qrecords.errors import NotPermitted, WrongState
from qrecords.model.access import DocumentScope, secrecy_rank
from qrecords.model.period import Period

DOCUMENT_NO = re.compile(r"^([A-Z]{1,8}-[A-Z]{2})-(\d{4})-(\d{3,})$")
Part = Literal["drafter", "reviewer", "countersign", "approver"]
PART_LABELS: Mapping[Part, str] = {
    "drafter": "拟制", "reviewer": "审核", "countersign": "会签", "approver": "批准",
}  # fmt: skip
_EXACT: dict[str, str] = {"extra": "forbid"}
_FIRST = datetime(2010, 1, 1, tzinfo=UTC)


class DocumentState(StrEnum):
    """Where a document is on its way."""

    DRAWN = "drawn"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    ISSUED = "issued"
    BOUND = "bound"
    DESTROYED = "destroyed"
    VOID = "void"


DOCUMENT_LABELS = {
    DocumentState.DRAWN: "已拟制，待审核",
    DocumentState.REVIEWED: "已审核，待批准",
    DocumentState.APPROVED: "已批准，待报送",
    DocumentState.ISSUED: "已报送",
    DocumentState.BOUND: "已成册",
    DocumentState.DESTROYED: "已销毁",
    DocumentState.VOID: "作废",
}
BEFORE_APPROVAL = (DocumentState.DRAWN, DocumentState.REVIEWED)
AFTER_APPROVAL = (DocumentState.APPROVED, DocumentState.ISSUED, DocumentState.BOUND)


def document_no(form_code: str, year: int, number: int) -> str:
    """Return the number of the number-th document of a kind and year."""
    return f"{form_code}-{year}-{number:03d}"


@dataclass(frozen=True, slots=True)
class Endorsed:
    """A signature on the paper of a document: in what part, by whom, which day; who registered it, and its scan."""

    __pydantic_config__: ClassVar = _EXACT

    part: str
    by: str
    on: str
    at: str
    account: str
    edition: int
    evidence: str = ""  # name in the object
    evidence_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A recipient's word that a document came: who signed for it, which day."""

    __pydantic_config__: ClassVar = _EXACT

    recipient: str
    by: str
    on: str
    at: str
    account: str
    edition: int


@dataclass(frozen=True, slots=True)
class Sent:
    """To whom a document went, which day, and how."""

    __pydantic_config__: ClassVar = _EXACT

    recipients: tuple[str, ...]
    on: str
    at: str
    account: str
    edition: int
    mail_no: str = ""  # the row of mail it went out by


@dataclass(frozen=True, slots=True)
class Progress:
    """What people did with a document; kept beside what it says, in every version of its object."""

    __pydantic_config__: ClassVar = _EXACT

    state: str
    edition: int
    signatures: tuple[Endorsed, ...] = ()
    sent: tuple[Sent, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    reason: str = ""  # why it was returned, made void or is corrected
    archive_no: str = ""
    approved_version: int = 0  # of its object: what is bound


@dataclass(frozen=True, slots=True)
class Document:
    """One document as the register has it; `sha256` is that of its document.json, `version` that of its object."""

    __pydantic_config__: ClassVar = _EXACT

    document_no: str
    form_code: str
    period: str
    branch: str
    title: str
    secrecy_level: str
    object_id: str
    version: int
    sha256: str
    drawn_at: str
    drawn_by: str
    needs: tuple[Part, ...]
    recipients: tuple[str, ...]
    progress: Progress
    milrep: str = ""  # the office of military representatives whose part of the branch it is alone

    @property
    def kind(self) -> str:
        """Return which kind of document it is: BB of KF-BB."""
        return self.form_code.rpartition("-")[2]

    @property
    def state(self) -> DocumentState:
        """Return where it is on its way."""
        return DocumentState(self.progress.state)

    @property
    def scope(self) -> DocumentScope:
        """Return the document as rights see it."""
        level = secrecy_rank(self.secrecy_level)
        return DocumentScope(self.form_code, self.branch, level, self.progress.state, self.milrep)

    @property
    def paper_number(self) -> int:
        """Return the number its paper is coded with: the moment of the drawing, in seconds since _FIRST."""
        return int((datetime.fromisoformat(self.drawn_at) - _FIRST).total_seconds())

    @property
    def year(self) -> int:
        """Return the year of its period, which is its own."""
        return Period.read(self.period).year

    @property
    def signatures(self) -> tuple[Endorsed, ...]:
        """Return the signatures of the edition that is under way or stands."""
        return tuple(s for s in self.progress.signatures if s.edition == self.progress.edition)

    @property
    def awaits(self) -> tuple[Part, ...]:
        """Return whose signatures it still needs; the drafter's has no step of its own."""
        have = {s.part for s in self.signatures}
        return tuple(part for part in self.needs if part not in have and part != "drafter")

    @property
    def unreceived(self) -> tuple[str, ...]:
        """Return the recipients it went to who have not signed for this edition."""
        have = {r.recipient for r in self.progress.receipts if r.edition == self.progress.edition}
        return tuple(r for sent in self._sent_now() for r in sent.recipients if r not in have)

    @property
    def holders(self) -> tuple[str, ...]:
        """Return who holds an older edition: they are told of a correction."""
        older = [s for s in self.progress.sent if s.edition < self.progress.edition]
        return tuple(dict.fromkeys(r for sent in older for r in sent.recipients))

    def _sent_now(self) -> tuple[Sent, ...]:
        return tuple(s for s in self.progress.sent if s.edition == self.progress.edition)

    # What people do with it: each returns the document as it is then, or refuses.

    def redrawn(self, sha256: str, at: str, by: str, title: str) -> Document:
        """Draw it again: what it says is replaced, signatures of this edition lapse."""
        self.require(*BEFORE_APPROVAL)
        kept = tuple(s for s in self.progress.signatures if s.edition != self.progress.edition)
        progress = replace(self.progress, state=DocumentState.DRAWN.value, signatures=kept, reason="")
        return replace(self, sha256=sha256, drawn_at=at, drawn_by=by, title=title, progress=progress)

    def corrected(self, sha256: str, at: str, by: str, reason: str, title: str) -> Document:
        """Draw the next edition of one that was approved; the old one stays, and stands until this is approved."""
        self.require(*AFTER_APPROVAL)
        progress = replace(
            self.progress, state=DocumentState.DRAWN.value, edition=self.progress.edition + 1, reason=reason
        )
        return replace(self, sha256=sha256, drawn_at=at, drawn_by=by, title=title, progress=progress)

    def endorsed(self, signature: Endorsed) -> Document:
        """Register a signature: that of the review, of the approval, or another its kind asks for."""
        part = signature.part
        if any(s.part == part for s in self.signatures):
            raise WrongState(
                f"{self.document_no} 已登记过{PART_LABELS[part]}签署",  # type: ignore[index]
                remedy=advise("请先查看：{}", Do.SHOW_DOCUMENT(self.document_no)),
            )
        if part not in (*self.needs, "drafter"):
            raise WrongState(
                f"{self.document_no} 不要{PART_LABELS[part]}签署",  # type: ignore[index]
                remedy=f"它要：{'、'.join(PART_LABELS[p] for p in self.needs)}",
            )
        if part == "reviewer":
            self.require(DocumentState.DRAWN)
        elif part == "approver":
            self.require(DocumentState.REVIEWED)
        else:
            self.require(*BEFORE_APPROVAL, *(AFTER_APPROVAL if part == "drafter" else ()))
        missing = [p for p in self.awaits if p not in ("reviewer", "approver", part)]
        if part == self.last and missing:
            raise WrongState(
                f"{self.document_no} 还缺{'、'.join(PART_LABELS[p] for p in missing)}签署",
                remedy=advise("请先登记：{}", Do.SIGN_DOCUMENT(self.document_no)),
            )
        state = self.state
        if part == self.last:
            state = DocumentState.APPROVED
        elif part == "reviewer":
            state = DocumentState.REVIEWED
        progress = replace(
            self.progress, state=state.value, signatures=(*self.progress.signatures, signature), reason=""
        )
        return replace(self, progress=progress)

    @property
    def last(self) -> Part:
        """Return whose signature approves it: the approver's, where its kind has none the reviewer's."""
        return "approver" if "approver" in self.needs else "reviewer"

    def returned(self, reason: str) -> Document:
        """Give it back to whoever draws: signatures of this edition lapse."""
        self.require(*BEFORE_APPROVAL)
        kept = tuple(s for s in self.progress.signatures if s.edition != self.progress.edition)
        drawn = replace(self.progress, state=DocumentState.DRAWN.value, signatures=kept, reason=reason)
        return replace(self, progress=drawn)

    def made_void(self, reason: str) -> Document:
        """Give it up before it was ever approved; its number stays."""
        self.require(*BEFORE_APPROVAL)
        if self.progress.edition > 1:
            raise WrongState(
                f"{self.document_no} 的第1版已经批准，不能作废", remedy="更正没有办完时，请接着办完，或退回后重新拟制"
            )
        return replace(self, progress=replace(self.progress, state=DocumentState.VOID.value, reason=reason))

    def issued(self, sent: Sent) -> Document:
        """Send it to those it is for."""
        self.require(DocumentState.APPROVED, DocumentState.ISSUED, DocumentState.BOUND)
        again = {r for s in self._sent_now() for r in s.recipients}.intersection(sent.recipients)
        if again:
            raise WrongState(
                f"{self.document_no} 已经报送给{'、'.join(sorted(again))}",
                remedy=advise("等对方签收后登记：{}", Do.RECEIVE_DOCUMENT(self.document_no)),
            )
        state = DocumentState.ISSUED if self.state is DocumentState.APPROVED else self.state
        return replace(self, progress=replace(self.progress, state=state.value, sent=(*self.progress.sent, sent)))

    def received(self, receipt: Receipt) -> Document:
        """Register a recipient's receipt."""
        self.require(DocumentState.ISSUED, DocumentState.BOUND)
        if receipt.recipient not in self.unreceived:
            told = "、".join(self.unreceived) or "没有"
            raise WrongState(
                f"{self.document_no} 没有等「{receipt.recipient}」签收", remedy=f"还没有签收的：{told}；名称要写得一样"
            )
        return replace(self, progress=replace(self.progress, receipts=(*self.progress.receipts, receipt)))

    def require(self, *states: DocumentState) -> None:
        """Refuse a step that is not open; WrongState says where the document is."""
        if self.state not in states:
            raise WrongState(
                f"{self.document_no} 现在是「{DOCUMENT_LABELS[self.state]}」，不能这样办", remedy=self.next_step
            )

    @property
    def next_step(self) -> Sentence:
        """Return what is to be done with it next."""
        number = self.document_no
        match self.state:
            case DocumentState.DRAWN:
                return advise("接着由审核人审核：{}", Do.REVIEW_DOCUMENT(number))
            case DocumentState.REVIEWED:
                return advise("接着由批准人批准：{}", Do.APPROVE_DOCUMENT(number))
            case DocumentState.APPROVED:
                return advise("接着报送：{}", Do.ISSUE_DOCUMENT(number))
            case DocumentState.ISSUED | DocumentState.BOUND if self.unreceived:
                return advise("接着登记签收：{}", Do.RECEIVE_DOCUMENT(number))
            case DocumentState.ISSUED | DocumentState.BOUND:
                return advise("已报送并签收；有错请更正：{}", Do.CORRECT_DOCUMENT(number))
            case DocumentState.DESTROYED:
                return "它已销毁，只留编号和题名"
            case DocumentState.VOID:
                return advise("这一期请重新拟制：{}", to_draw(self.kind, self.period, self.branch, self.milrep))


def to_draw(kind: str, period: str, branch: str, milrep: str = "") -> ToDo:
    """Return the step that draws a period's document of a kind, with all it must be told."""
    of = [Input.BRANCH(branch)] if branch else []
    given = (Input.PERIOD(period), *of, *([Input.MILREP(milrep)] if milrep else []))
    return Do.DRAW_DOCUMENT(kind, *given)


def require_other_person(document: Document, account: str, part: Part) -> None:
    """Refuse, where people are kept apart, who drew the document or signed another part of it (四眼原则)."""
    if account == document.drawn_by:
        raise NotPermitted(
            f"{document.document_no} 是账号 {account} 拟制的，不能又{PART_LABELS[part]}", remedy="请由另一人办理"
        )
    if any(s.account == account and s.part in ("reviewer", "approver") for s in document.signatures):
        raise NotPermitted(
            f"账号 {account} 已在 {document.document_no} 上签署，不能又{PART_LABELS[part]}", remedy="请由另一人办理"
        )


def missing_periods(drawn: Sequence[Document], wanted: Sequence[Period]) -> list[Period]:
    """Return the periods that have no approved document (a zero month has one too: 零报告)."""
    there = {d.period for d in drawn if d.progress.approved_version}
    return [period for period in wanted if period.key not in there]
