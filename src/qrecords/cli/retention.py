"""retention: due, hold, release, holds, appraise, approve, witness, withdraw, destroy, lists, replay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.arguments import all_numbers
from qrecords.cli.completion import RECORD
from qrecords.cli.output import table
from qrecords.cli.wording import worded
from qrecords.errors import UsageError

if TYPE_CHECKING:
    from qrecords.services.disposition.lists import ListShown

SUBJECT = click.argument("subject", metavar="编号|档号|用户", type=RECORD)
LIST = click.argument("list_no", metavar="清册编号")
REASON = click.option("--reason", metavar="原因", required=True, help="写明原因，会永久留下")
DUE_STATES = {"due": "待鉴定", "blocked": "不能销毁", "listed": "在清册上"}


@click.group(cls=chinese.Group)
def retention() -> None:
    """保存期限与销毁：到期不会自动删除，要鉴定、批准、监销。"""


@retention.command()
@click.option("--on", "day", type=types.Day(), default=None, help="看哪一天（默认：今天）")
@pass_session
def due(session: Session, day: str | None) -> None:
    """列出保存期限已满的册和件，各有什么妨碍销毁。"""
    from qrecords.services.disposition.retention import due as due_units

    found = due_units(session.office, day or "")
    rows = [(u.code, u.kind_label, u.items, u.pages, u.last_day, DUE_STATES[u.state], u.title) for u in found]
    headings = ("编号", "类", "件数", "页数", "保存到", "情况", "题名")
    lines = table(headings, rows, (32, 4, 6, 6, 10, 10, 60)) if rows else ["没有保存期限已满的"]
    for unit in found:
        lines += [f"  {unit.code}：{worded(obstacle)}" for obstacle in unit.obstacles]
    session.answer({"due": found}, lines)


@retention.command()
@SUBJECT
@REASON
@pass_session
def hold(session: Session, subject: str, reason: str) -> None:
    """冻结一份记录、一件、一册或一个用户的全部：不论到期与否都不能销毁。"""
    from qrecords.services.disposition.hold import hold as hold_subject

    placed = hold_subject(session.office, subject, reason)
    session.answer({"hold": placed}, [f"✓ 已冻结{placed.kind_label} {placed.subject}；要由另一人解除"])


@retention.command()
@SUBJECT
@REASON
@pass_session
def release(session: Session, subject: str, reason: str) -> None:
    """解除别人的冻结；自己的冻结要由另一人解除。"""
    from qrecords.services.disposition.hold import release as release_subject

    released = release_subject(session.office, subject, reason)
    session.answer({"released": released}, [f"✓ 已解除{len(released)}项冻结：{released[0].subject}"])


@retention.command()
@pass_session
def holds(session: Session) -> None:
    """列出现有的冻结。"""
    from qrecords.services.disposition.hold import holds as holds_in_force

    found = holds_in_force(session.office)
    rows = [(h.kind_label, h.subject, session.when(h.placed_at)[:10], h.placed_by, h.reason) for h in found]
    lines = table(("类", "对象", "日期", "账号", "原因"), rows, (8, 40, 10, 16, 60)) if rows else ["没有冻结"]
    session.answer({"holds": found}, lines)


@retention.command()
@click.argument("numbers", metavar="编号|档号...", nargs=-1, required=True, type=RECORD, callback=all_numbers)
@click.option("--destroy", "to_destroy", is_flag=True, help="没有继续保存价值的：编入销毁清册")
@click.option("--extend-to", "until", type=types.Day(), default=None, help="还有用的：延长保存到哪一天")
@REASON
@pass_session
def appraise(session: Session, numbers: tuple[str, ...], to_destroy: bool, until: str | None, reason: str) -> None:
    """鉴定到期的册和件：编入销毁清册，或延长保存期限。"""
    from qrecords.services.disposition.lists import draw
    from qrecords.services.disposition.retention import extend

    if to_destroy == (until is not None):
        raise UsageError("要写明鉴定结果", remedy="--destroy（编入销毁清册）和 --extend-to 日期（延长保存）写一个")
    if until:
        kept = extend(session.office, numbers, until, reason)
        lines = [f"✓ 延长保存到 {until}：{unit.code}  {unit.title}" for unit in kept]
        session.answer({"extended": kept}, lines)
        return

    drawn = draw(session.office, numbers, reason)
    lines = [f"✓ 已编制销毁清册 {drawn.list_no}", *_list_lines(drawn)]
    lines.append(f"→ 下一步：主管领导用自己的账号批准：qrecords retention approve {drawn.list_no}")
    session.answer({"list": drawn}, lines)


@retention.command()
@LIST
@pass_session
def approve(session: Session, list_no: str) -> None:
    """批准销毁清册（主管领导；不能是编制的人）。"""
    from qrecords.services.disposition.lists import approve as approve_list

    done = approve_list(session.office, list_no)
    how = f"qrecords retention witness {done.list_no} --hash 校验码 --on 日期"
    lines = [f"✓ 已批准清册 {done.list_no}", f"→ 下一步：至少两名监销人核对清册后，各用自己的账号运行 {how}"]
    session.answer({"list": done}, lines)


@retention.command()
@LIST
@click.option("--hash", "sha256", metavar="校验码", required=True, help="照抄清册上印的校验码（至少前16位）")
@click.option("--on", "day", type=types.Day(), required=True, help="今天的日期，由监销人自己写")
@pass_session
def witness(session: Session, list_no: str, sha256: str, day: str) -> None:
    """监销：核对过清册，确认它的校验码和今天的日期（每人用自己的账号）。"""
    from qrecords.services.disposition.lists import witness as witness_list

    done = witness_list(session.office, list_no, sha256, day)
    lines = [f"✓ 清册 {done.list_no} 已有{len(done.witnesses)}人监销"]
    lines.append(f"→ 满两人后，由另一人执行：qrecords retention destroy {done.list_no}")
    session.answer({"list": done}, lines)


@retention.command()
@LIST
@REASON
@pass_session
def withdraw(session: Session, list_no: str, reason: str) -> None:
    """撤销还没有执行的清册；编号保留，其中的册和件可以重新鉴定。"""
    from qrecords.services.disposition.lists import withdraw as withdraw_list

    done = withdraw_list(session.office, list_no, reason)
    session.answer({"list": done}, [f"✓ 已撤销清册 {done.list_no}"])


@retention.command()
@LIST
@pass_session
def destroy(session: Session, list_no: str) -> None:
    """执行已批准、已监销的清册：再查一遍，写好证明，然后删除并逐项核对。不可恢复。"""
    from qrecords.services.disposition.destroy import destroy as destroy_list

    done = destroy_list(session.office, list_no)
    lines = [f"✓ 已销毁清册 {done.list_no} 上的{done.volumes}册、{done.items}件，核对无误"]
    lines += [f"  {path}" for name, path in done.files.items() if name.startswith("certificate")]
    lines.append("→ 请打印证明，由监销人签名并盖「已销毁」章；以前做的备份还有这些记录，见证明")
    session.answer({"list": done}, lines)


@retention.command()
@pass_session
def lists(session: Session) -> None:
    """列出销毁清册：内容、校验码、谁批准、谁监销、证明在哪里。"""
    from qrecords.services.disposition.lists import lists as all_lists

    found = all_lists(session.office)
    lines = [line for one in found for line in (f"{one.list_no}  {one.state_label}", *_list_lines(one))]
    session.answer({"lists": found}, lines or ["还没有销毁清册"])


@retention.command()
@click.argument("source", metavar="文件夹", type=types.FOLDER)
@pass_session
def replay(session: Session, source: Path) -> None:
    """恢复旧备份之后：把原工作区（或较新的备份）里已执行的清册再执行一遍，恢复出来的已销毁记录随之删除。"""
    from qrecords.services.disposition.replay import replay as replay_lists

    done = replay_lists(session.office, source)
    lines = [f"✓ 已重新执行清册 {list_no}" for list_no in done] or ["没有要重新执行的清册"]
    session.answer({"replayed": done}, lines)


def _list_lines(one: ListShown) -> list[str]:
    lines = [f"  共{one.volumes}册、{one.items}件、{one.pages}页", f"  校验码 {one.sha256}"]
    people = [("批准", one.approved), *(("监销", w) for w in one.witnesses), ("执行", one.executed)]
    lines += [f"  {part} {word.name}  {word.on}" for part, word in people if word]
    lines += [f"  {unit.code}  {unit.title}" for unit in one.units]
    lines += [f"  {path}" for path in one.files.values()]
    return lines + ([f"  ✗ {worded(one.damage)}"] if one.damage else [])
