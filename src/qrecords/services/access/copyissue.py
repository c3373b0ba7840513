"""Issue approved copies: numbered, watermarked, encrypted files (QS/PA758A 5.11.1).

Crash order: the intent reserves the copy numbers and logs that the issue begins, so nothing leaves without a trace;
the files are made and written out; then the register commits. An issue that broke off keeps its numbers: the request
stays approved, and the next issue makes the same copies again over the same names, so numbers have no gap.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from qrecords.advice import Do, Input, advise
from qrecords.errors import NotFound, UsageError, WrongState
from qrecords.model.copies import CopyRequest, CopyState, require_step
from qrecords.model.objects import paper_of
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.render.context import date_text
from qrecords.render.copy import Locks, controlled_copy
from qrecords.render.pdfmeta import Meta
from qrecords.services.access.copies import event, found, require_kept
from qrecords.services.making import Filling, make
from qrecords.stores import durable
from qrecords.stores.register import Transaction
from qrecords.work.step import Run, Step, running

NO_DAY = "——"
# Without letters and figures that look alike; 12 of them are 59 bits.
_LETTERS, _LENGTH = "abcdefghjkmnpqrstuvwxyz23456789", 12


@dataclass(frozen=True)
class IssueCopies(Step[Office]):
    """The copies of a request about to go out. Broken off it is undone: the next issue makes the same ones again."""

    KIND = "copies"

    request: str
    copies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Issued:
    """One copy as it went out; `password`, when one is needed to open it, is told here and kept nowhere."""

    copy_no: str
    path: str
    sha256: str
    password: str = ""


def issue(office: Office, number: str, out: Path) -> list[Issued]:
    """Make the copies of an approved request in a folder; WrongState when a file would be replaced."""
    seen = found(office, number)
    office.authorise(Action.COPY_ISSUE, seen.archive_no)
    require_kept(office, seen.archive_no)
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} 不是文件夹", remedy=advise("请用 {} 指明一个文件夹", Input.FOLDER))
    with office.exclusive("copies", "发出副本"), running(office) as run:
        request, step = _reserve(run, seen, out)
        durable.checkpoint("copies.intent")
        issued = _make(run, request, step.copies, out)
        durable.checkpoint("copies.written")
        with run.committing(step) as tx:
            _write_down(office, tx, request, issued)
    return issued


def _reserve(run: Run[Office], seen: CopyRequest, out: Path) -> tuple[CopyRequest, IssueCopies]:
    office = run.desk
    with office.register.write() as tx:
        request = tx.copies.one(seen.request_no) or seen
        require_step(request, "issue")
        held = {c.copy_no for c in request.copies}
        numbers = tx.copies.reserve(request, office.clock().year)
        for number in numbers:
            if number not in held and _file(out, number).exists():
                raise WrongState(f"{_file(out, number)} 已经有了", remedy="请换一个文件夹，或先移走那个文件")
        step = run.begin(tx, IssueCopies(request.request_no, tuple(numbers)))
        tx.audit.append([event(office, Action.COPY_ISSUE, request, outcome="begun", copy=no) for no in numbers])
    return request, step


def _make(run: Run[Office], request: CopyRequest, numbers: Sequence[str], out: Path) -> list[Issued]:
    office = run.desk
    with office.register.read() as tx:
        item = tx.items.row(request.archive_no)
    if item is None:  # rows of items are never taken out
        raise NotFound(f"没有归档件 {request.archive_no}", remedy=advise("请核对：{}", Do.VERIFY))
    source = office.archive.read(item.object_id, paper_of(item.object_id), item.version)
    marks = _watermarks(office, request, numbers, run.folder)
    durable.make_dirs(out)
    issued = []
    for number, mark in zip(numbers, marks, strict=True):
        password = _password() if office.settings.copies.open_password else ""
        # Nobody knows the owner's password, so nobody lifts the limits with it; the archive keeps the original.
        locks = Locks(secrets.token_urlsafe(32), password, request.may_print, request.may_extract)
        meta = Meta(f"受控副本 {number} {item.title}", number, datetime.fromisoformat(office.now()))
        data = controlled_copy(source, mark, meta=meta, locks=locks)
        durable.write_file(_file(out, number), data)
        issued.append(Issued(number, str(_file(out, number)), hashlib.sha256(data).hexdigest(), password))
    return issued


def _watermarks(office: Office, request: CopyRequest, numbers: Sequence[str], work: Path) -> list[Path]:
    template = office.forms.house("copy/watermark.docx")
    marks = []
    for number in numbers:
        context = {
            "copy_no": number,
            "recipient": request.recipient,
            "purpose": request.purpose,
            "issued_on": date_text(office.today()),
            "due": date_text(request.due) if request.due else NO_DAY,
        }
        marks.append(Filling(number, template, context))
    return make(office, marks, work)


def _write_down(office: Office, tx: Transaction, request: CopyRequest, issued: Sequence[Issued]) -> None:
    for copy in issued:
        columns = {"issued_at": office.now(), "issued_by": office.account.name, "sha256": copy.sha256}
        tx.copies.change_copy(copy.copy_no, **columns)
    tx.copies.change(request.request_no, state=CopyState.ISSUED)
    out = [(copy.copy_no, copy.sha256) for copy in issued]
    tx.audit.append([event(office, Action.COPY_ISSUE, request, copy=no, sha256=sha256) for no, sha256 in out])


def _file(out: Path, copy_no: str) -> Path:
    return out / f"{copy_no}.pdf"


def _password() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
