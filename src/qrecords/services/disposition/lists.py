"""Destruction lists: drawn at the appraisal, approved, witnessed, withdrawn (domain rule C.10; DA/T 42-2009 7.7).

Crash order of drawing: the intent reserves the list's number; its papers are made and its object is published without a
lock; then the register commits. A list that broke off keeps its number, withdrawn.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from qrecords.advice import Do, Sentence, advise
from qrecords.errors import NotFound, Problem, QRecordsError, WrongState
from qrecords.model.audit import digest
from qrecords.model.disposition import LIST_LABELS, DestructionList, ListState
from qrecords.model.objects import LIST
from qrecords.model.record import Action
from qrecords.model.retention import Unit, not_whole
from qrecords.office import Office
from qrecords.services.disposition.hold import require_part, required_reason
from qrecords.services.disposition.liststep import Listed, ListStep
from qrecords.services.disposition.papers import content_of, list_papers, pieces_of, sha256_of, totals, word_of
from qrecords.services.disposition.retained import Keeping, objects_of, require_clock, units
from qrecords.services.hands import require_other_hands
from qrecords.stores import durable
from qrecords.stores.register import Transaction
from qrecords.work.step import running


@dataclass(frozen=True)
class DrawList(ListStep):
    """A list about to be drawn: its number and its object."""

    KIND = "draw"

    def standing(self, office: Office) -> DrawList | None:
        """Return all of it when the list's object was published."""
        return self if office.archive.exists(self.object_id) else None

    def commit(self, office: Office, tx: Transaction) -> None:
        """Let the list be drawn, with the event."""
        drawn = tx.retention.reserved_list(self.list_no)
        tx.retention.save_list(replace(drawn, version=1))
        detail = {"list": drawn.sha256, "decision": "destroy"}
        tx.audit.append([office.event(Action.APPRAISE, drawn.list_no, **detail)])

    def undo(self, office: Office, _key: str) -> None:
        """Let the number stay with a list that is withdrawn."""
        with office.register.write() as tx:
            drawn = tx.retention.reserved_list(self.list_no)
            tx.retention.save_list(replace(drawn, state=ListState.WITHDRAWN, reason="编制中断，编号不再使用"))


def draw(office: Office, numbers: Sequence[str], reason: str) -> dict[str, Any]:
    """Appraise units as not worth keeping: put them on a destruction list, which is kept for ever.

    WrongState names all that stands in the way: a period not over, a hold, a complaint, what is bound elsewhere.
    """
    text = required_reason(reason)
    for number in numbers:
        office.authorise(Action.APPRAISE, number)
    with running(office) as run:
        with office.register.write() as tx:
            require_clock(office, tx)
            wanted = units(office, tx, numbers)
            keeping = require_free(office, tx, wanted, [office.today()])
            taken = tx.counters.take(f"disposition/{office.today()[:4]}")[0]
            list_no = f"XH-{office.today()[:4]}-{taken:03d}"
            content = content_of(office, keeping, list_no, wanted, objects_of(tx, wanted), text)
            drawn = DestructionList(
                list_no=list_no,
                state=ListState.DRAWN,
                object_id=LIST.object_id(list_no),
                version=0,
                sha256=sha256_of(content),
                drawn_at=content["drawn_at"],
                drawn_by=office.account.name,
            )
            tx.retention.reserve_list(drawn, [unit.code for unit in wanted])
            step = run.begin(tx, DrawList((Listed(list_no, drawn.object_id),)))
        durable.checkpoint("draw.intent")
        staged = office.archive.stage(
            drawn.object_id,
            list_papers(office, content, run.folder),
            message="编制销毁清册",
            user=office.account.display_name,
            created=datetime.fromisoformat(drawn.drawn_at),
            intent=run.key,
            expected_head=0,
        )
        office.archive.publish(staged)
        durable.checkpoint("draw.published")
        run.commit(step)
    return shown(office, get(office, list_no))


def approve(office: Office, list_no: str) -> dict[str, Any]:
    """Approve a list as the person in charge; not as the one who drew it."""
    office.authorise(Action.APPROVE, list_no)
    with office.register.write() as tx:
        require_clock(office, tx)
        drawn = get(office, list_no, tx)
        drawn.require_approver(office.account.name)
        require_other_hands(office, tx, [drawn.list_no], {Action.APPRAISE})
        content = require_same(office, drawn)
        require_free(office, tx, listed_units(office, tx, content), [office.today()], drawn.list_no)
        word = word_of(office, drawn)
        tx.retention.save_list(replace(drawn, state=ListState.APPROVED, approved=word))
        tx.audit.append([office.event(Action.APPROVE, drawn.list_no, list=drawn.sha256, on=word.on)])
    return shown(office, get(office, list_no))


def witness(office: Office, list_no: str, sha256: str, on: str) -> dict[str, Any]:
    """Confirm as a witness, by one's own account, the hash of the list one has checked and today's date."""
    office.authorise(Action.WITNESS, list_no)
    with office.register.write() as tx:
        require_clock(office, tx)
        drawn = get(office, list_no, tx)
        drawn.require_witness(office.account.name, sha256, on, office.today())
        require_other_hands(office, tx, [drawn.list_no], {Action.APPROVE, Action.WITNESS})
        content = require_same(office, drawn)
        require_free(office, tx, listed_units(office, tx, content), [office.today()], drawn.list_no)
        word = word_of(office, drawn)
        tx.retention.save_list(replace(drawn, witnesses=(*drawn.witnesses, word)))
        tx.audit.append([office.event(Action.WITNESS, drawn.list_no, list=drawn.sha256, on=on)])
    return shown(office, get(office, list_no))


def withdraw(office: Office, list_no: str, reason: str) -> dict[str, Any]:
    """Give a list up before it is executed; its number and object stay, its units may be appraised again."""
    text = required_reason(reason)
    office.authorise(Action.APPRAISE, list_no)
    with office.register.write() as tx:
        drawn = get(office, list_no, tx)
        drawn.require(ListState.DRAWN, ListState.APPROVED)
        word = word_of(office, drawn)
        tx.retention.save_list(replace(drawn, state=ListState.WITHDRAWN, withdrawn=word, reason=text))
        detail = {"decision": "withdraw", "reason": digest(text)}
        tx.audit.append([office.event(Action.APPRAISE, drawn.list_no, **detail)])
    return shown(office, get(office, list_no))


def lists(office: Office) -> list[dict[str, Any]]:
    """Return every destruction list, with what people did with it and where its papers lie."""
    require_part(office)
    with office.register.read() as tx:
        return [shown(office, drawn) for drawn in tx.retention.lists()]


def get(office: Office, list_no: str, tx: Transaction | None = None) -> DestructionList:
    """Return a list by its number; NotFound when there is none."""
    wanted = list_no.strip().upper()
    if tx is None:
        with office.register.read() as reading:
            found = reading.retention.lists(wanted)
    else:
        found = tx.retention.lists(wanted)
    if not wanted or not found:
        raise NotFound(f"没有销毁清册「{list_no}」", remedy=advise("用 {} 查看清册", Do.LIST_DISPOSITIONS))
    return found[0]


def require_same(office: Office, drawn: DestructionList) -> dict[str, Any]:
    """Return what stands on a list, read from its object; IntegrityFailure when it is not what was drawn."""
    content: dict[str, Any] = json.loads(office.archive.read(drawn.object_id, "list.json", 1))
    drawn.require_unchanged(sha256_of(content))
    return content


def listed_units(office: Office, tx: Transaction, content: dict[str, Any]) -> list[Unit]:
    """Return the units of a list as they are now; WrongState when they are not as they were listed."""
    found = units(office, tx, [unit["code"] for unit in content["units"]])
    objects = objects_of(tx, found)
    for unit, listed in zip(found, sorted_as(content, found), strict=True):
        if pieces_of(unit, objects) != listed["pieces"]:
            raise WrongState(
                f"{unit.code} 的内容和编清册时不同了", remedy=advise("请撤销这份清册（{}），重新鉴定", Do.WITHDRAW)
            )
    return found


def sorted_as(content: dict[str, Any], found: Sequence[Unit]) -> list[dict[str, Any]]:
    """Return what a list says of units, in their order."""
    listed = {unit["code"]: unit for unit in content["units"]}
    return [listed[unit.code] for unit in found]


def require_free(
    office: Office, tx: Transaction, wanted: Sequence[Unit], days: Sequence[str], own: str = ""
) -> Keeping:
    """Make sure that nothing forbids destroying units on any of these days; WrongState names every obstacle."""
    keeping = Keeping.now(office, tx)
    codes = [unit.code for unit in wanted]
    listed = tx.retention.listed()
    problems: list[Problem] = []
    for unit in wanted:
        found = [*(text for day in days for text in keeping.obstacles(unit, day)), *not_whole(unit, codes)]
        if listed.get(unit.code, own) != own:
            found.append(f"已列在清册 {listed[unit.code]} 上")
        problems += [Problem(text, source=unit.code) for text in dict.fromkeys(found)]
    if problems:
        raise WrongState(
            advise("不能销毁：{} {}{}", problems[0].source, problems[0].message, "等" if problems[1:] else ""),
            remedy=advise("没有改动任何东西；请按各条说明处理，用 {} 查看", Do.LIST_DUE_UNITS),
            problems=problems,
        )
    return keeping


def shown(office: Office, drawn: DestructionList) -> dict[str, Any]:
    """Return a list for people and programs."""
    try:
        content = json.loads(office.archive.read(drawn.object_id, "list.json", 1))
        names = [name for name in office.archive.names(drawn.object_id) if not name.endswith(".json")]
        damage: Sentence = ""
    except QRecordsError as error:  # `verify` tells what to do; the list can still be looked at, and withdrawn
        content, names, damage = {"units": []}, [], error.message
    return {
        "damage": damage,
        "list_no": drawn.list_no,
        "state": drawn.state.value,
        "state_label": LIST_LABELS[drawn.state],
        "sha256": drawn.sha256,
        "drawn_at": drawn.drawn_at,
        "drawn_by": drawn.drawn_by,
        **drawn.progress(),
        **totals(content),
        "units": [{key: unit[key] for key in ("code", "kind", "title", "last_day")} for unit in content["units"]],
        "files": {name: office.archive.called(drawn.object_id, name) for name in names},
    }
