"""Controlled copies: request, approve or refuse, take back, list (QS/PA758A 5.11.1; docs/copies.md)."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from qrecords.advice import Do, Input, advise
from qrecords.errors import InvalidInput, NotFound, NotPermitted, Problem, UsageError, WrongState
from qrecords.model import values
from qrecords.model.access import person_name
from qrecords.model.audit import digest
from qrecords.model.copies import (
    COPY_STATE_LABELS,
    MOST_COPIES,
    PERSON_LENGTH,
    PURPOSE_LENGTH,
    Copy,
    CopyRequest,
    CopyState,
    require_step,
)
from qrecords.model.document import DOCUMENT_NO, Document
from qrecords.model.numbering import RECORD_NO
from qrecords.model.objects import DOCUMENT
from qrecords.model.record import Action, Record, State
from qrecords.office import Office
from qrecords.render.listbooks import copies_workbook
from qrecords.services import reading
from qrecords.services.filekinds import kind_of
from qrecords.services.hands import require_others
from qrecords.services.reports.recipients import require_for_them
from qrecords.services.steps import past_day
from qrecords.stores.register.rows import ItemRow

SUFFIX = ".xlsx"

Row = dict[str, Any]  # of the workbook


@dataclass(frozen=True, slots=True)
class RequestShown:
    """A request for copies as people and programs are told of it."""

    request_no: str
    archive_no: str
    document_no: str
    purpose: str
    count: int
    due: str
    recipient: str
    requested_by: str
    requested_at: str
    may_print: bool
    may_extract: bool
    decided_by: str
    decided_at: str
    reason: str
    state: str
    state_label: str
    overdue: bool
    copies: tuple[Copy, ...]


def request(
    office: Office, number: str, *, purpose: str, count: int = 1, due: str = "", recipient: str = "", word: str = ""
) -> CopyRequest:
    """Ask for copies of a filed record, or of a filed item by its archive number; someone else decides.

    The same request again, known by its own `word`, asks for nothing more.
    """
    if not 1 <= count <= MOST_COPIES:
        raise UsageError(f"一次可申请1到{MOST_COPIES}份", remedy=advise("请改 {}，或分几次申请", Input.COUNT))
    why = _line(purpose, "用途", PURPOSE_LENGTH)
    if due and due < office.today():
        raise InvalidInput(f"应还日期 {due} 已经过了", remedy=advise("请核对 {}；今天是 {}", Input.DUE, office.today()))
    item = _item(office, number)
    office.authorise(Action.COPY_REQUEST, item.archive_no)
    who = _line(recipient or office.account.person, "领用人", PERSON_LENGTH)
    for document in _documents_of(office, item.object_id):
        require_for_them(office, document, [who])
    with office.register.write() as tx:
        before = tx.answered.get(office.account.name, word)
        if before is not None and (known := tx.copies.one(before)) is not None:
            return known
        made = CopyRequest(
            request_no=tx.copies.next_request_no(office.clock().year),
            archive_no=item.archive_no,
            document_no=item.document_no,
            purpose=why,
            count=count,
            due=due,
            recipient=who,
            state=CopyState.REQUESTED,
            requested_by=office.account.name,
            requested_at=office.now(),
        )
        tx.copies.add(made)
        tx.answered.keep(office.account.name, word, made.request_no, office.clock())
        detail: Row = {"purpose": digest(why), "recipient": digest(who), "count": count, "due": due}
        tx.audit.append([event(office, Action.COPY_REQUEST, made, **detail)])
    return made


def approve(office: Office, number: str, *, may_print: bool = True, may_extract: bool = False) -> CopyRequest:
    """Approve a request, with what the copy's reader may do; by another hand than the one that asked."""
    columns = {"state": CopyState.APPROVED, "may_print": may_print, "may_extract": may_extract}
    return _decide(office, number, "approve", columns, {"print": may_print, "extract": may_extract})


def refuse(office: Office, number: str, *, reason: str) -> CopyRequest:
    """Refuse a request; its number stays in the register of copies with the reason."""
    why = _line(reason, "原因", 200)
    return _decide(office, number, "refuse", {"state": CopyState.REFUSED, "reason": why}, {"reason": digest(why)})


def take_back(office: Office, numbers: Sequence[str], *, on: str = "") -> list[CopyRequest]:
    """Record that copies came back: by copy number, or by request number all that are out."""
    day = past_day(office, on, "收回日期")
    requests = {no: found(office, no) for no in dict.fromkeys(map(_normal, numbers))}
    for one in requests.values():
        office.authorise(Action.COPY_RETURN, one.archive_no)
    with office.register.write() as tx:
        for no, seen in requests.items():
            now = tx.copies.one(seen.request_no) or seen
            require_step(now, "return")
            out = [c for c in now.copies if c.issued_at and not c.returned_on and no in {c.copy_no, c.request_no}]
            if not out:
                raise WrongState(f"{no} 已经收回", remedy=advise("用 {} 查看哪些还在外面", Do.LIST_COPIES))
            if day < min(c.issued_at[:10] for c in out):
                raise InvalidInput(f"收回日期 {day} 早于发出日期", remedy=advise("请核对 {}", Input.ON))
            for copy in out:
                tx.copies.change_copy(copy.copy_no, returned_on=day, returned_by=office.account.name)
            after = tx.copies.one(now.request_no)
            if after and not after.is_out:
                tx.copies.change(now.request_no, state=CopyState.RETURNED)
            tx.audit.append([event(office, Action.COPY_RETURN, now, copy=copy.copy_no, on=day) for copy in out])
    return [found(office, no) for no in requests]


def list_requests(office: Office, *, overdue: bool = False, states: Sequence[CopyState] = ()) -> list[RequestShown]:
    """Return the requests that fit, with their copies, of items the account may read."""
    office.authorise(Action.READ, "copies")
    with office.register.read() as tx:
        requests = tx.copies.all()
    today = office.today()
    fitting = [r for r in requests if (not states or r.state in states) and (not overdue or r.is_overdue(today))]
    return [shown(r, today) for r in fitting if _is_readable(office, r.archive_no)]


def register_file(office: Office, name: str, requests: Sequence[RequestShown]) -> bytes:
    """Return the register of copies as a workbook of that name; UsageError for another kind of file."""
    kind_of(name, (SUFFIX,))
    book = copies_workbook(_with_people(office, requests), org_name=office.settings.office.org_name, on=office.today())
    office.note([office.event(Action.READ, "copies", requests=len(requests), sha256=hashlib.sha256(book).hexdigest())])
    return book


def found(office: Office, number: str) -> CopyRequest:
    """Return a request by its number or one of its copies'; what may not be read is answered as not there."""
    wanted = _normal(number)
    with office.register.read() as tx:
        one = tx.copies.one(wanted)
    if one is None or not _is_readable(office, one.archive_no):
        raise NotFound(f"没有「{wanted}」这份副本申请", remedy=advise("用 {} 查看", Do.LIST_COPIES))
    return one


def _with_people(office: Office, requests: Sequence[RequestShown]) -> list[Row]:
    """Return requests with people's names in the place of their accounts, as paper names them."""
    with office.register.read() as tx:
        people = {account.name: account.person for account in tx.accounts.all()}

    def named(entry: Row) -> Row:
        return {k: people.get(v, person_name(v, v)) if k.endswith("_by") and v else v for k, v in entry.items()}

    rows = [asdict(one) for one in requests]
    return [named(row) | {"copies": [named(copy) for copy in row["copies"]]} for row in rows]


def shown(one: CopyRequest, today: str) -> RequestShown:
    """Return a request as answers and the workbook show it."""
    kept = {f.name: getattr(one, f.name) for f in fields(one)} | {"state": one.state.value}
    return RequestShown(**kept, state_label=COPY_STATE_LABELS[one.state], overdue=one.is_overdue(today))


def event(office: Office, action: Action, one: CopyRequest, *, outcome: str = "done", **detail: Any) -> Any:
    """Return the event of a step; its object is the record, so that the record's history shows its copies."""
    return office.event(action, one.document_no, outcome=outcome, request=one.request_no, **detail)


def _decide(office: Office, number: str, step: str, columns: Row, detail: Row) -> CopyRequest:
    action = Action.COPY_APPROVE if step == "approve" else Action.COPY_REFUSE
    seen = found(office, number)
    office.authorise(action, seen.archive_no)
    own = seen.requested_by == office.account.name
    if own and office.rules.separation == "strict":
        _refuse_own(office, action, seen)
    with office.register.write() as tx:
        now = tx.copies.one(seen.request_no) or seen
        require_step(now, step)
        about = (e for e in tx.audit.events(now.document_no) if e.detail.get("request") == now.request_no)
        require_others(office, (e for e in about if e.action == Action.COPY_REQUEST))
        tx.copies.change(now.request_no, decided_by=office.account.name, decided_at=office.now(), **columns)
        # On a single desk one person asks and decides; the log says so.
        hands = {"separation": "single-desk"} if own else {}
        tx.audit.append([event(office, action, now, **detail, **hands)])
    return found(office, seen.request_no)


def _refuse_own(office: Office, action: Action, one: CopyRequest) -> None:
    with office.register.write() as tx:
        tx.audit.append([event(office, action, one, outcome="refused")])
    raise NotPermitted(f"{one.request_no} 是您自己申请的，要由别人批准", remedy="请另一位有批准权的人办理")


def _item(office: Office, number: str) -> ItemRow:
    """Return the filed item a record or archive number stands for."""
    wanted = _normal(number)
    if RECORD_NO.match(wanted.upper()):
        archive_no = _of_record(office, wanted)
    else:
        archive_no = _of_document(office, wanted) if DOCUMENT_NO.match(wanted) else wanted
    with office.register.read() as tx:
        item = tx.items.row(archive_no)
    if item is None or item.version == 0 or not _is_readable(office, archive_no):
        raise NotFound(f"没有归档件 {number}", remedy=advise("请写记录编号，或归档编号；用 {} 查找", Do.SEARCH))
    require_kept(office, archive_no)
    return item


def require_kept(office: Office, archive_no: str) -> None:
    """Raise WrongState when an item has been destroyed: there is nothing left to copy."""
    with office.register.read() as tx:
        records = tx.records.find(archive_no=archive_no)
    if any(r.state is State.DESTROYED for r in records):
        raise WrongState(f"归档件 {archive_no} 已经销毁，不能复制", remedy="销毁清册里有它的记载")


def _of_document(office: Office, document_no: str) -> str:
    """Return the archive number of a report or brief; where it has none, or is hidden, a number no item has."""
    with office.register.read() as tx:
        document = tx.documents.get(document_no)
    if document is None or not office.may_document(Action.REPORT_READ, document.scope):
        return document_no
    return document.progress.archive_no or document_no


def _of_record(office: Office, record_no: str) -> str:
    record = reading.one(office, record_no)
    form = office.forms.get(record.form_code).form
    if not record.archive_no or record.record_year is None or not _is_filed(office, record):
        raise WrongState(
            f"{record.record_no} 还没有归档，不能复制", remedy=advise("副本由归档件制作，请先归档（{}）", Do.FILE)
        )
    if form.is_register:
        raise WrongState(
            f"{record.record_no} 是登记簿的一行，不单独复制", remedy=f"整月的归档编号是 {record.archive_no}，请写它"
        )
    return record.archive_no


def _is_filed(office: Office, record: Record) -> bool:
    with office.register.read() as tx:
        item = tx.items.row(record.archive_no)
    return item is not None and item.version > 0


def _documents_of(office: Office, object_id: str) -> Sequence[Document]:
    if not DOCUMENT.has(object_id):
        return ()
    with office.register.read() as tx:
        return tx.documents.of_objects([object_id])


def _is_readable(office: Office, archive_no: str) -> bool:
    """Tell whether the account may read an item: every record of it, since a copy shows them all; or a document."""
    with office.register.read() as tx:
        records = tx.records.find(archive_no=archive_no)
        item = None if records else tx.items.row(archive_no)
    if item and (documents := _documents_of(office, item.object_id)):
        return all(office.may_document(Action.REPORT_READ, d.scope) for d in documents)
    return bool(records) and len(office.only_readable(records)) == len(records)


def _line(text: str, what: str, length: int) -> str:
    try:
        line = " ".join(values.parse_text(text, length).split())
    except ValueError as error:
        raise InvalidInput(f"{what}：{error}", remedy="它要印在副本每一页上，请写短些") from None
    if not line:
        how = advise("请用 {} 写明领用人，或先用 {} 写上本人姓名", Input.FOR, Do.RENAME_ACCOUNT)
        remedy = how if what == "领用人" else f"请写明{what}"
        raise InvalidInput(f"没有写{what}", remedy=remedy, problems=[Problem(f"没有写{what}")])
    return line


def _normal(number: str) -> str:
    return unicodedata.normalize("NFKC", number).strip().upper()
