"""retention: due, hold, release, holds, appraise."""

from __future__ import annotations

from typing import Any

import click

from qrecords.cli import chinese
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import table

SUBJECT = click.argument("subject", metavar="编号|档号|用户")
REASON = click.option("--reason", metavar="原因", required=True, help="写明原因，会永久留下")
DUE_STATES = {"due": "待鉴定", "blocked": "不能销毁", "listed": "在清册上"}


@click.group(cls=chinese.Group)
def retention() -> None:
    """保存期限与销毁：到期不会自动删除，要鉴定、批准、监销。"""


@retention.command()
@click.option("--on", "day", type=chinese.Day(), default=None, help="看哪一天（默认：今天）")
@pass_session
def due(session: Session, day: str | None) -> None:
    """列出保存期限已满的册和件，各有什么妨碍销毁。"""
    from qrecords.services.retention import due as due_units

    found = due_units(session.office, day or "")
    rows = [
        (u["code"], u["kind_label"], u["items"], u["pages"], u["last_day"], DUE_STATES[u["state"]], u["title"])
        for u in found
    ]
    headings = ("编号", "类", "件数", "页数", "保存到", "情况", "题名")
    lines = table(headings, rows, (32, 4, 6, 6, 10, 10, 60)) if rows else ["没有保存期限已满的"]
    for unit in found:
        lines += [f"  {unit['code']}：{obstacle}" for obstacle in unit["obstacles"]]
    session.answer({"due": found}, lines)


@retention.command()
@SUBJECT
@REASON
@pass_session
def hold(session: Session, subject: str, reason: str) -> None:
    """冻结一份记录、一件、一册或一个用户的全部：不论到期与否都不能销毁。"""
    from qrecords.services.hold import hold as hold_subject

    placed = hold_subject(session.office, subject, reason)
    session.answer({"hold": placed}, [f"✓ 已冻结{placed['kind_label']} {placed['subject']}；要由另一人解除"])


@retention.command()
@SUBJECT
@REASON
@pass_session
def release(session: Session, subject: str, reason: str) -> None:
    """解除别人的冻结；自己的冻结要由另一人解除。"""
    from qrecords.services.hold import release as release_subject

    released = release_subject(session.office, subject, reason)
    session.answer({"released": released}, [f"✓ 已解除{len(released)}项冻结：{released[0]['subject']}"])


@retention.command()
@pass_session
def holds(session: Session) -> None:
    """列出现有的冻结。"""
    from qrecords.services.hold import holds as holds_in_force

    found = holds_in_force(session.office)
    rows = [(h["kind_label"], h["subject"], h["placed_at"][:10], h["placed_by"], h["reason"]) for h in found]
    lines = table(("类", "对象", "日期", "账号", "原因"), rows, (8, 40, 10, 16, 60)) if rows else ["没有冻结"]
    session.answer({"holds": found}, lines)


@retention.command()
@click.argument("numbers", metavar="编号|档号...", nargs=-1, required=True)
@click.option("--extend-to", "until", type=chinese.Day(), required=True, help="延长保存到哪一天")
@REASON
@pass_session
def appraise(session: Session, numbers: tuple[str, ...], until: str, reason: str) -> None:
    """鉴定到期的册和件：还有用的延长保存期限。"""
    from qrecords.cli.arguments import record_numbers
    from qrecords.services.retention import extend

    kept: list[dict[str, Any]] = extend(session.office, record_numbers(numbers), until, reason)
    session.answer({"extended": kept}, [f"✓ 延长保存到 {until}：{unit['code']}  {unit['title']}" for unit in kept])
