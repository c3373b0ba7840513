"""What people do with a document that is drawn: review, approve, sign, return, void, send, receive (R94–R96)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from qrecords.advice import Do, Input, advise
from qrecords.errors import IntegrityFailure, InvalidInput, UsageError
from qrecords.model import values
from qrecords.model.audit import digest
from qrecords.model.document import (
    PART_LABELS,
    Document,
    Endorsed,
    Part,
    Receipt,
    Sent,
    require_other_person,
)
from qrecords.model.numbering import form_number
from qrecords.model.period import Period
from qrecords.model.record import Action, State
from qrecords.office import Office
from qrecords.render.code import read_code
from qrecords.services import reading
from qrecords.services.hands import require_other_hands
from qrecords.services.reports.change import Facts, Files, grow
from qrecords.services.reports.content import content_sha256
from qrecords.services.reports.kept import held_by, one, series_of
from qrecords.services.reports.recipients import require_for_them
from qrecords.services.reports.shown import ShownDocument, shown
from qrecords.services.steps import looked_at_evidence, past_day
from qrecords.stores.given import GivenFile

MAIL = "09"  # the form of mail that goes out
_NUMBER = re.compile(r".+-\d{4}-\d+")  # of a record or document: other codes stand on paper too
SIGNING: dict[Part, Action] = {
    "drafter": Action.REPORT_DRAW,
    "reviewer": Action.REPORT_REVIEW,
    "countersign": Action.REPORT_REVIEW,
    "approver": Action.REPORT_APPROVE,
}


@dataclass(frozen=True, slots=True)
class Hand:
    """A signature on the paper: whose, of which day, and the scan that shows it."""

    by: str = ""
    on: str = ""
    evidence: GivenFile | None = None


def review(office: Office, number: str, hand: Hand) -> ShownDocument:
    """Register the review; where no one approves, it approves."""
    return sign(office, number, "reviewer", hand)


def approve(office: Office, number: str, hand: Hand) -> ShownDocument:
    """Register the approval: from here on nothing of the edition changes."""
    return sign(office, number, "approver", hand)


def sign(office: Office, number: str, part: Part, hand: Hand) -> ShownDocument:
    """Register a signature on a document's paper, by the right of its part; without a name the account's person."""
    action = SIGNING[part]
    document = one(office, number, action)
    by = _name(hand.by, "签署人") or office.account.person
    if not by:
        raise UsageError("没有写签署人", remedy=advise("请用 {} 写明是谁在纸上签的名", Input.BY))
    day = past_day(office, hand.on, "签署日期")
    _require_after_period(document, day, "签署日期")
    _require_after_others(document, part, day)
    signature = Endorsed(part, by, day, office.now(), office.account.name, document.progress.edition)
    signed = document.endorsed(signature)
    _require_other(office, document, part)
    _require_unchanged(office, document)
    files: Files = {}
    if hand.evidence:
        sha256, codes = looked_at_evidence(office, hand.evidence)
        _require_own_paper(document, codes)
        suffix = PurePath(hand.evidence.name).suffix.lower()
        name = f"scans/{document.document_no}-{document.progress.edition}-{part}{suffix}"
        signature = replace(signature, evidence=name, evidence_sha256=sha256)
        signed, files = document.endorsed(signature), {name: hand.evidence.read()}
    detail: Facts = {"part": part, "on": day, "by": digest(by), "evidence": signature.evidence_sha256}
    return shown(grow(office, document, signed, action, PART_LABELS[part], detail, files))


def send_back(office: Office, number: str, reason: str) -> ShownDocument:
    """Return a document to whoever draws; its signatures no longer stand."""
    text = _reason(reason)
    document = one(office, number, Action.REPORT_REVIEW)
    after = document.returned(text)
    detail: Facts = {"decision": "return", "reason": digest(text)}
    return shown(grow(office, document, after, Action.REPORT_REVIEW, "退回", detail))


def make_void(office: Office, number: str, reason: str) -> ShownDocument:
    """Give up a document that was never approved; its number stays with the reason."""
    text = _reason(reason)
    document = one(office, number, Action.REPORT_DRAW)
    after = document.made_void(text)
    detail: Facts = {"decision": "void", "reason": digest(text)}
    return shown(grow(office, document, after, Action.REPORT_DRAW, "作废", detail))


def issue(office: Office, number: str, *, to: Sequence[str] = (), on: str = "", mail_no: str = "") -> ShownDocument:
    """Send a document to all it is for, or to some; with the row of mail it went out by (R102)."""
    document = one(office, number, Action.REPORT_ISSUE)
    recipients = tuple(dict.fromkeys(filter(None, (_name(name, "报送对象") for name in to)))) or document.recipients
    if not recipients:
        raise UsageError(
            f"{document.document_no} 没有定报送对象",
            remedy=advise("请用 {} 写明，或写进 documents.toml", Input.RECIPIENTS),
        )
    require_for_them(office, document, recipients)
    day = past_day(office, on, "报送日期")
    _require_after_period(document, day, "报送日期")
    last = max((s for s in document.signatures if s.part == document.last), key=lambda s: s.on, default=None)
    if last and day < last.on:
        raise InvalidInput(f"报送日期 {day} 早于{PART_LABELS[document.last]}日期 {last.on}", remedy="请核对日期")
    mail = _mail(office, mail_no, document) if mail_no.strip() else ""
    if not mail and _goes_by_mail(office, document):
        raise UsageError(
            f"{document.document_no} 报送到外单位，要写明发件记录",
            remedy=advise("请先{}，再用 {} 写明", _to_be_logged(office, document), Input.MAIL),
        )
    sent = Sent(recipients, day, office.now(), office.account.name, document.progress.edition, mail)
    after = document.issued(sent)
    detail: Facts = {"on": day, "recipients": len(recipients), "to": digest(list(recipients))}
    return shown(grow(office, document, after, Action.REPORT_ISSUE, "报送", detail))


def _goes_by_mail(office: Office, document: Document) -> bool:
    kind = series_of(office).kinds.get(document.kind)
    return kind is not None and kind.by_mail


def _mail(office: Office, number: str, document: Document) -> str:
    """Return the row of mail a document went out by; it names the document, so that each leads to the other (R109)."""
    record = reading.one(office, number)
    named = document.document_no in " ".join(str(value) for value in record.values.values())
    if form_number(record.form_code) != MAIL or record.state is State.VOID or not named:
        raise InvalidInput(
            f"{record.record_no} 不是写着 {document.document_no} 的发件记录",
            remedy=f"请先{_to_be_logged(office, document)}",
        )
    return record.record_no


def _to_be_logged(office: Office, document: Document) -> str:
    form = "、".join(code for code in office.outlines.titles() if form_number(code) == MAIL)
    return f"登记发件（{form}），主题里写上文件编号 {document.document_no}"


def receive(office: Office, number: str, recipient: str, *, by: str, on: str = "") -> ShownDocument:
    """Register that a recipient signed for a document."""
    document = one(office, number, Action.REPORT_RECEIPT)
    name, person = _name(recipient, "报送对象"), _name(by, "签收人")
    if not person:
        raise UsageError("没有写签收人", remedy=advise("请用 {} 写明是谁签收的", Input.BY))
    day = past_day(office, on, "签收日期")
    receipt = Receipt(name, person, day, office.now(), office.account.name, document.progress.edition)
    after = document.received(receipt)
    first = min(s.on for s in document.progress.sent if name in s.recipients)
    if day < first:
        raise InvalidInput(f"签收日期 {day} 早于报送日期 {first}", remedy="请核对日期")
    detail: Facts = {"on": day, "recipient": digest(name), "by": digest(person)}
    return shown(grow(office, document, after, Action.REPORT_RECEIPT, "签收", detail))


def _require_after_others(document: Document, part: Part, day: str) -> None:
    """Refuse an approval of a day before the review's, or before who signs beside (R96: in the kind's order)."""
    for part_before in ("reviewer", "countersign") if part == "approver" else ():
        for other in document.signatures:
            if other.part == part_before and other.on > day:
                told = f"{PART_LABELS[part]}日期 {day} 早于{PART_LABELS[part_before]}日期 {other.on}"
                raise InvalidInput(told, remedy="请核对日期")


def _require_other(office: Office, document: Document, part: Part) -> None:
    """Refuse, where people are kept apart, a second part by the same person."""
    if office.rules.separation != "strict" or part not in ("reviewer", "approver"):
        return
    require_other_person(document, office.account.name, part)
    others = {Action.REPORT_DRAW, Action.REPORT_REVIEW}
    with office.register.read() as tx:
        require_other_hands(office, tx, [document.document_no], others)


def _require_unchanged(office: Office, document: Document) -> None:
    """Refuse to sign what is not what was drawn."""
    if content_sha256(held_by(office, document)) != document.sha256:
        raise IntegrityFailure(
            f"{document.document_no} 的内容与拟制时不同，不能签署",
            remedy=advise("请保留现场，运行 {} 核对，从备份恢复", Do.VERIFY),
        )


def _require_own_paper(document: Document, texts: Sequence[str]) -> None:
    """Refuse a scan whose codes say that it is another paper, or of an earlier drawing; without codes it is taken."""
    codes = [code for text in texts if (code := read_code(text))]
    mine = [code for code in codes if code.subject == document.document_no]
    if others := sorted({code.subject for code in codes if code not in mine and _NUMBER.fullmatch(code.subject)}):
        raise InvalidInput(
            f"扫描件上印的是 {'、'.join(others)}，不是 {document.document_no}", remedy="请核对扫描件，每份文件各扫一份"
        )
    if any(code.print_no != document.paper_number for code in mine):
        raise InvalidInput(
            f"{document.document_no} 后来重新拟制过，扫描件印的不是现在的内容", remedy="请重新打印，签署后再扫描"
        )


def _require_after_period(document: Document, day: str, what: str) -> None:
    last = Period.read(document.period).last
    if day <= last:
        raise InvalidInput(f"{what} {day} 早于期末 {last}", remedy="请核对日期")


def _reason(reason: str) -> str:
    text = _text(reason, "原因")
    if not text:
        raise UsageError("没有写原因", remedy=advise("请用 {} 写明原因，它会留在文件上", Input.REASON))
    return text


def _name(text: str, what: str) -> str:
    return _text(text, what, values.parse_name)


def _text(text: str, what: str, read: Callable[[str], str] = lambda text: values.parse_text(text, 2000)) -> str:
    try:
        return read(text)
    except ValueError as error:
        raise InvalidInput(f"{what}：{error}", remedy="请改写后再试") from None
