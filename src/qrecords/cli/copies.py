"""copies request, approve, refuse, issue, return, list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.completion import RECORD
from qrecords.cli.output import table
from qrecords.model.copies import CopyState

if TYPE_CHECKING:
    from qrecords.model.copies import CopyRequest
    from qrecords.services.access.copies import RequestShown

NUMBER = click.argument("number", metavar="申请号")
STATES = {"requested": "待批准", "approved": "已批准", "refused": "未批准", "issued": "已发出", "returned": "已收回"}


@click.group(cls=chinese.Group)
def copies() -> None:
    """受控副本：复制归档件要先申请、经别人批准，每份编号、加水印、加密，到期收回。"""


@copies.command()
@click.argument("number", metavar="编号", type=RECORD)
@click.option("--purpose", metavar="用途", required=True, help="做什么用，印在每一页上")
@click.option("--count", type=types.Number(1), default=1, show_default=True, help="几份")
@click.option("--due", type=types.Day(), help="应还日期（默认：不用还）")
@click.option("--for", "recipient", metavar="领用人", default="", help="发给谁（默认：申请人）")
@pass_session
def request(session: Session, number: str, purpose: str, count: int, due: str | None, recipient: str) -> None:
    """申请复制：写记录编号；登记簿的整月写归档编号。"""
    from qrecords.services.access import copies as service

    made = service.request(session.office, number, purpose=purpose, count=count, due=due or "", recipient=recipient)
    lines = [
        f"✓ {made.request_no} 已申请：{made.document_no} {made.count}份",
        f"→ 等别人批准：qrecords copies approve {made.request_no}",
    ]
    _answer(session, made, lines)


@copies.command()
@NUMBER
@click.option("--no-print", is_flag=True, help="副本不许打印，只能在屏幕上看")
@click.option("--extract", is_flag=True, help="副本可以摘录文字和图（默认：不可以）")
@pass_session
def approve(session: Session, number: str, no_print: bool, extract: bool) -> None:
    """批准申请，并定下副本能不能打印、摘录；申请人自己不能批准（单人桌面除外，日志写明）。"""
    from qrecords.services.access import copies as service

    done = service.approve(session.office, number, may_print=not no_print, may_extract=extract)
    how = f"qrecords copies issue {done.request_no} --out 文件夹"
    _answer(session, done, [f"✓ {done.request_no} 已批准", f"→ 发出：{how}"])


@copies.command()
@NUMBER
@click.option("--reason", metavar="原因", required=True, help="写明原因，会留在副本登记里")
@pass_session
def refuse(session: Session, number: str, reason: str) -> None:
    """不批准申请。"""
    from qrecords.services.access import copies as service

    done = service.refuse(session.office, number, reason=reason)
    _answer(session, done, [f"✓ {done.request_no} 未批准"])


@copies.command()
@NUMBER
@click.option("--out", type=types.OUTPUT, required=True, help="副本放到哪个文件夹")
@pass_session
def issue(session: Session, number: str, out: Path) -> None:
    """发出已批准的副本：每份一个 PDF，有副本号和水印，已加密。"""
    from qrecords.services.access.copyissue import issue as issue_copies

    issued = issue_copies(session.office, number, out)
    lines = [f"✓ 发出{len(issued)}份"]
    lines += [f"  {c.copy_no}  {c.path}" + (f"  打开密码 {c.password}" if c.password else "") for c in issued]
    if any(c.password for c in issued):
        lines.append("→ 密码只显示这一次，不保存；请另行告诉领用人")
    session.answer({"copies": issued}, lines)


@copies.command("return")
@click.argument("numbers", metavar="副本号或申请号...", nargs=-1, required=True)
@click.option("--on", type=types.Day(), help="收回日期（默认：今天）")
@pass_session
def return_(session: Session, numbers: tuple[str, ...], on: str | None) -> None:
    """登记副本已收回。"""
    from qrecords.services.access import copies as service

    done = service.take_back(session.office, numbers, on=on or "")
    today = session.office.today()
    lines = [f"✓ {r.request_no} " + ("还有副本在外" if r.is_out else "副本已全部收回") for r in done]
    session.answer({"copies": [service.shown(r, today) for r in done]}, lines)


@copies.command("list")
@click.option("--overdue", is_flag=True, help="只列逾期没有收回的")
@click.option("--state", "states", multiple=True, type=types.Word([*STATES], STATES), help="只看这种状态，可重复")
@click.option("-o", "--output", "path", metavar="文件.xlsx", type=types.OUTPUT, help="另存为副本登记工作簿")
@pass_session
def list_(session: Session, overdue: bool, states: tuple[str, ...], path: Path | None) -> None:
    """列出副本登记：谁申请、谁批准、发了哪几号、哪些还在外面。"""
    from qrecords.intake.outfiles import require_free, write_new
    from qrecords.services.access import copies as service

    office = session.office
    found = service.list_requests(office, overdue=overdue, states=[CopyState(s) for s in states])
    rows = [_row(r) for r in found]
    lines = (
        table(("申请号", "状态", "文件编号", "份数", "领用人", "用途", "应还", "副本号"), rows)
        if rows
        else ["没有副本"]
    )
    data: dict[str, Any] = {"copies": found}
    if path:
        require_free(path)
        data["path"] = str(write_new(path, service.register_file(office, path.name, found)))
        lines = [f"✓ {len(rows)}份申请已写入 {path}"]
    session.answer(data, lines)


def _row(one: RequestShown) -> tuple[object, ...]:
    numbers = [c.copy_no for c in one.copies]
    span = numbers[0] if len(numbers) == 1 else f"{numbers[0]}…{numbers[-1][-5:]}" if numbers else ""
    state = "逾期未还" if one.overdue else one.state_label
    return (one.request_no, state, one.document_no, one.count, one.recipient, one.purpose, one.due, span)


def _answer(session: Session, made: CopyRequest, lines: list[str]) -> None:
    from qrecords.services.access.copies import shown

    session.answer({"copy": shown(made, session.office.today())}, lines)
