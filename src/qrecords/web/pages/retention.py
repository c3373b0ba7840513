"""保管: what is over and what is in its way, holds, destruction lists; each person is shown the step that is his."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from qrecords.errors import InvalidInput, UsageError
from qrecords.model.answer import told
from qrecords.model.disposition import WITNESSES, ListState
from qrecords.model.hashwords import hash_words, in_groups
from qrecords.model.record import Action
from qrecords.model.values import parse_date
from qrecords.services.disposition import hold as holding
from qrecords.services.disposition import lists
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.retention import due, extend
from qrecords.web.asked import Asked, download, pdf

SHOWN = 500
STATES = {"due": "待鉴定", "blocked": "不能销毁", "listed": "在清册上"}
STEPS = ("approve", "witness", "destroy", "withdraw")


def retention(asked: Asked) -> Response:
    """Show what is over on a day, the holds, and the lists with the step that waits for this account."""
    session = asked.session
    day = _day(asked.query("on"))
    found = due(session, day)
    every = [_shown(asked, one) for one in reversed(lists.lists(session))]
    return asked.page(
        "retention.html", day=day, due=found[:SHOWN], more=max(0, len(found) - SHOWN), unit_states=STATES,
        holds=holding.holds(session), lists=every, mine=[one for one in every if one["mine"]],
        may={a.value for a in (Action.APPRAISE, Action.HOLD, Action.RELEASE) if session.allows(a)},
        reads=session.allows(Action.READ),
    )  # fmt: skip


def one_list(asked: Asked) -> Response:
    """Show one destruction list: what is on it, its hash in words, what people did, and one's own step."""
    return asked.page(
        "retention_list.html", one=_found(asked), today=asked.session.today(), witnesses=WITNESSES,
        reads=asked.session.allows(Action.READ),
    )  # fmt: skip


def _found(asked: Asked) -> dict[str, Any]:
    holding.require_part(asked.session)
    return _shown(asked, lists.shown(asked.session, lists.get(asked.session, asked.path["number"])))


def _shown(asked: Asked, one: lists.ListShown) -> dict[str, Any]:
    address = f"/retention/lists/{one.list_no}"
    papers = [(name, f"{address}/{quote(name)}") for name in one.files]
    words = {"words": hash_words(one.sha256), "code": in_groups(one.sha256)}
    return {**told(one), **words, "mine": _mine(asked, one), "go": address, "papers": papers}


def _mine(asked: Asked, one: lists.ListShown) -> list[str]:
    """Return the steps of a list that wait for this account; the services judge, and would refuse all others."""
    me, state = asked.session.account.name, ListState(one.state)
    said = {w.account for w in one.witnesses}
    approver = one.approved.account if one.approved else ""
    open_ = {
        "approve": state is ListState.DRAWN and me != one.drawn_by,
        "witness": state is ListState.APPROVED and len(said) < WITNESSES and me not in {*said, approver},
        "destroy": (state is ListState.APPROVED and len(said) >= WITNESSES and me not in {*said, approver})
        or (state is ListState.DESTROYING and me not in {*said, approver}),
        "withdraw": state in {ListState.DRAWN, ListState.APPROVED},
    }
    needs = {"withdraw": Action.APPRAISE}
    return [s for s in STEPS if open_[s] and asked.session.allows(needs.get(s) or Action(s))]


def step(asked: Asked) -> Response:
    """Take a step: hold, release, appraise, or one of a list's."""
    session, action, number = asked.session, asked.path["action"], asked.text("list")
    reason = asked.text("reason")
    match action:
        case "hold":
            return _hold(asked)
        case "release":
            released = holding.release(session, asked.text("subject"), reason)
            return asked.go("/retention", f"已解除{len(released)}项冻结：{released[0].subject}")
        case "extend":
            kept = extend(session, _numbers(asked), _needed_day(asked.text("until")), reason)
            return asked.go("/retention", f"{len(kept)}项延长保存到 {kept[0].until}")
        case "appraise":
            one = lists.draw(session, _numbers(asked), reason)
            told = f"已编制销毁清册 {one.list_no}；由主管领导用自己的账号批准"
        case "approve":
            one = lists.approve(session, number)
            told = f"已批准清册 {one.list_no}；接着由至少{WITNESSES}名监销人各用自己的账号核对"
        case "witness":
            one = lists.witness(session, number, asked.text("hash"), _needed_day(asked.text("on")))
            told = f"清册 {one.list_no} 已有{len(one.witnesses)}人监销"
        case "withdraw":
            one = lists.withdraw(session, number, reason)
            told = f"已撤销清册 {one.list_no}"
        case "destroy":
            one = destroy(session, number)
            gone = f"{one.volumes}册、{one.items}件"
            told = f"已销毁清册 {one.list_no} 上的{gone}，核对无误；请打印证明，由监销人签名"
        case _:
            raise UsageError(f"没有「{action[:40]}」这一步", remedy="请从「保管」里选")
    return asked.go(f"/retention/lists/{one.list_no}", told)


def _hold(asked: Asked) -> Response:
    placed = holding.hold(asked.session, asked.text("subject"), asked.text("reason"), word=asked.word)
    return asked.go("/retention", f"已冻结{placed.kind_label} {placed.subject}；要由另一人解除")


def paper(asked: Asked) -> Response:
    """Give a paper of a list: the list itself, or the certificate."""
    number, name = asked.path["number"], asked.path["name"]
    data = lists.paper(asked.session, number, name)
    called = f"{number} {name}"
    return pdf(data, called) if name.endswith(".pdf") else download(called, data)


def _numbers(asked: Asked) -> list[str]:
    if numbers := asked.texts("number"):
        return numbers
    raise UsageError("没有选中册或件", remedy="请先勾选")


def _needed_day(text: str) -> str:
    if not (day := _day(text)):
        raise InvalidInput("没有写日期", remedy="请写上日期，如 2026-03-05")
    return day


def _day(text: str) -> str:
    try:
        return parse_date(text) if text.strip() else ""
    except ValueError as error:
        raise InvalidInput(str(error), remedy="请写成 2026-03-05 的样子") from None
