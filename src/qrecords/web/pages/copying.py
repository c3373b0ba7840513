"""副本: asked for, decided by another hand, issued through the browser once, taken back; their register."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_STORED, ZipFile

from starlette.responses import Response

from qrecords.errors import InvalidInput, NotFound, UsageError
from qrecords.model.copies import COPY_STATE_LABELS, CopyState
from qrecords.model.record import Action
from qrecords.model.values import parse_date
from qrecords.services.access import copies
from qrecords.services.access.copyissue import Issued
from qrecords.services.access.copyissue import issue as issue_copies
from qrecords.web.asked import Asked, download

PAGE = "/copies"
SHOWN = 500


def listed(asked: Asked) -> Response:
    """Show the register of copies, and a place to ask for one."""
    found, state = _listed(asked), asked.query("state")
    rights = (Action.COPY_REQUEST, Action.COPY_APPROVE, Action.COPY_ISSUE, Action.COPY_RETURN)
    return asked.page(
        "copies.html", copies=found[:SHOWN], more=max(0, len(found) - SHOWN), state=state,
        copy_states=COPY_STATE_LABELS, may={a.value for a in rights if asked.session.allows(a)},
        number=asked.query("number"), strict=asked.session.rules.separation == "strict",
    )  # fmt: skip


def _listed(asked: Asked) -> list[copies.RequestShown]:
    state = asked.query("state")
    states = [CopyState(state)] if state in {*CopyState} else []
    return copies.list_requests(asked.session, overdue=state == "overdue", states=states)[::-1]


def register_file(asked: Asked) -> Response:
    """Give the register of copies as a workbook."""
    name = "副本登记.xlsx"
    return download(name, copies.register_file(asked.session, name, _listed(asked)))


def step(asked: Asked) -> Response:
    """Take a step of a request."""
    session, number = asked.session, asked.text("number")
    match asked.path["action"]:
        case "request":
            return _request(asked)
        case "approve":
            done = copies.approve(
                session, number, may_print=bool(asked.text("may_print")), may_extract=bool(asked.text("may_extract"))
            )
            return asked.go(PAGE, f"{done.request_no} 已批准")
        case "refuse":
            done = copies.refuse(session, number, reason=asked.text("reason"))
            return asked.go(PAGE, f"{done.request_no} 未批准")
        case "return":
            back = copies.take_back(session, [number], on=_day(asked.text("on")))[0]
            return asked.go(PAGE, f"{back.request_no} " + ("还有副本在外" if back.is_out else "副本已全部收回"))
        case "issue":
            return _issue(asked, number)
    raise UsageError("没有这一步", remedy="请从「副本」里选")


def _request(asked: Asked) -> Response:
    count = asked.text("count") or "1"
    if not (count.isascii() and count.isdecimal() and len(count) < 5):
        raise InvalidInput(f"份数「{count[:20]}」不是数字", remedy="请写几份")
    made = copies.request(
        asked.session, asked.text("number"), purpose=asked.text("purpose"), count=int(count),
        due=_day(asked.text("due")), recipient=asked.text("recipient"), word=asked.word,
    )  # fmt: skip
    return asked.go(PAGE, f"{made.request_no} 已申请：{made.document_no} {made.count}份；等别人批准")


def _issue(asked: Asked, number: str) -> Response:
    """Issue the copies; their file is handed out once, by who issued them, and kept nowhere."""
    with TemporaryDirectory(prefix="qrecords-copies-") as folder:
        issued = issue_copies(asked.session, number, Path(folder))
        name, data = _file_of(issued, number)
    word = asked.request.app.state.leaving.keep(asked.session.account.name, name, data)
    return asked.page("copies_issued.html", issued=issued, number=number, name=name, word=word)


def _file_of(issued: Sequence[Issued], number: str) -> tuple[str, bytes]:
    if len(issued) == 1:
        return f"{issued[0].copy_no}.pdf", Path(issued[0].path).read_bytes()
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_STORED) as bag:
        for copy in issued:
            bag.write(copy.path, f"{copy.copy_no}.pdf")
    return f"{number} 副本.zip", packed.getvalue()


def leave(asked: Asked) -> Response:
    """Hand out issued copies: once, and to who issued them."""
    found = asked.request.app.state.leaving.take(asked.session.account.name, asked.text("word"))
    if found is None:
        raise NotFound("副本只能取一次，已经取走了", remedy="没有收到的，请登记收回，重新申请")
    return download(*found)


def _day(text: str) -> str:
    try:
        return parse_date(text) if text.strip() else ""
    except ValueError as error:
        raise InvalidInput(str(error), remedy="请写成 2026-03-05 的样子") from None
