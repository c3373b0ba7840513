"""audit list, verify, export, close."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import problem_lines, table
from qrecords.cli.wording import error_json
from qrecords.errors import IntegrityFailure
from qrecords.intake.outfiles import require_free, write_new
from qrecords.model.answer import told
from qrecords.model.audit import OUTCOME_LABELS
from qrecords.model.clock import CLOCK
from qrecords.model.record import ACTION_LABELS

ACTIONS = {str(action): label for action, label in ACTION_LABELS.items()} | {CLOCK: "声明时钟"}


@click.group(cls=chinese.Group)
def audit() -> None:
    """日志：谁在什么时候办了什么，只增不改，前后相扣。"""


@audit.command("list")
@click.option("--object", "about", metavar="编号", default="", help="只看这份记录、这一册")
@click.option("--by", metavar="账号", default="", help="只看这个账号办的")
@click.option("--action", metavar="动作", type=types.Word([*ACTIONS], ACTIONS), help="只看这种动作，如 打印、归档")
@click.option("--from", "date_from", type=types.Day(), help="从这一天起")
@click.option("--to", "date_to", type=types.Day(), help="到这一天止")
@click.option("--limit", type=types.Number(1), default=50, show_default=True, help="最多列出几条")
@click.option("--after", type=types.Number(), default=None, help="从这一条之后列起（默认：列最新的）")
@pass_session
def list_(
    session: Session,
    about: str,
    by: str,
    action: str | None,
    date_from: str | None,
    date_to: str | None,
    limit: int,
    after: int | None,
) -> None:
    """列出日志：时间、账号、动作、对象、结果。"""
    from qrecords.services.access.audit import list_events
    from qrecords.stores.register.audit import Wanted

    wanted = Wanted(about, by, action or "", date_from or "", date_to or "")
    found = list_events(session.office, wanted, limit=limit, after=after)
    rows = [
        (e.seq, session.when(e.at), e.account, label(e.action, e.outcome), e.object, _plain(e.detail))
        for e in found.events
    ]
    lines = table(("序号", "时间", "账号", "动作", "对象", "说明"), rows, (8, 16, 16, 20, 36, 60))
    shown = f"共{found.total}条" + (f"，列出{len(rows)}条" if len(rows) < found.total else "")
    session.answer(found, [*lines, shown] if rows else ["没有符合的日志"])


@audit.command()
@click.option("--head", "heads", metavar="链头", multiple=True, help="备考表或备份清单上印的链头，可重复；前 16 位即可")
@pass_session
def verify(session: Session, heads: tuple[str, ...]) -> int:
    """检查日志有没有被改动、删除、插入、调换，并与印在纸上的链头核对。"""
    from qrecords.services.access.audit import verify_log

    result = verify_log(session.office, heads)
    checked, problems, head = result.checked, result.problems, result.head
    summary = f"检查了{checked.events}条日志，核对了{checked.anchors}个链头"
    if not problems:
        session.answer(result, [f"✓ {summary}，没有问题", f"  现在的链头 {head.hash}（第{head.seq}条）"])
        return 0
    error = IntegrityFailure(
        f"{summary}，有{len(problems)}处问题", remedy="请保留现场，按各条提示处理", problems=problems
    )
    data = told(result) | {"problems": error_json(error)["problems"], "error": error_json(error)}
    session.answer(data, [f"✗ {error.message}", *problem_lines(problems)], ok=False)
    return error.exit_status


@audit.command()
@click.argument("path", metavar="文件.jsonl", type=types.OUTPUT)
@click.option("--from", "date_from", type=types.Day(), help="从这一天起")
@click.option("--to", "date_to", type=types.Day(), help="到这一天止")
@pass_session
def export(session: Session, path: Path, date_from: str | None, date_to: str | None) -> None:
    """导出一段日志，一行一条；谁都能用 docs/audit-check.py 核对，不需要本软件。"""
    from qrecords.services.access.audit import export_events

    require_free(path)
    done, lines = export_events(session.office, date_from=date_from or "", date_to=date_to or "")
    write_new(path, lines)
    line = f"✓ 第{done.first_seq}条到第{done.last_seq}条已导出：{path}"
    session.answer({"exported": {"path": str(path), **asdict(done)}}, [line, f"  链头 {done.head}"])


@audit.command()
@pass_session
def close(session: Session) -> None:
    """把上次封存以后的日志封存为档案库里的一段；建议每月和备份前各做一次。"""
    from qrecords.services.access.audit import close_segment

    done = close_segment(session.office)
    line = f"✓ 日志段 {done.number} 已封存：第{done.first_seq}条到第{done.last_seq}条"
    session.answer({"segment": done}, [line, f"  链头 {done.head}"])


@audit.command()
@click.option("--reason", metavar="原因", help="提出：日志里有错的时间，写明时钟出了什么事")
@click.option("--confirm", is_flag=True, help="确认另一名管理员提出的声明")
@pass_session
def clock(session: Session, reason: str | None, confirm: bool) -> None:
    """时钟与日志的时间：查看；日志里有错的时间（如时钟曾跳到将来）时，由两名管理员先后声明。"""
    from qrecords.services.access import clock as service

    if reason is not None and confirm:
        raise click.UsageError("--reason 和 --confirm 由两名管理员分别使用")
    office = session.office
    if confirm:
        state = service.confirm(office)
    else:
        state = service.clock_state(office) if reason is None else service.ask(office, reason)
    newest = session.when(state.newest or "") or "没有"
    lines = [f"现在 {session.when(state.now)}（{state.timezone}），日志里算数的最近一笔 {newest}"]
    if confirm:
        lines.append("✓ 已声明：此前的时间不再算数，从这一条起重新计；各条日志照旧保留")
    elif state.asked_by:
        lines.append(f"{state.asked_by} 已提出声明；请另一名管理员在一天内运行 qrecords audit clock --confirm")
    session.answer({"clock": state}, lines)


def label(action: str, outcome: str) -> str:
    """Return what an event's action and outcome are called."""
    ended: str = OUTCOME_LABELS.get(outcome, outcome)
    done: str = ACTIONS.get(action, action)
    return f"{done}（{ended}）" if ended else done


def _plain(detail: Mapping[str, object]) -> str:
    """Return a detail on one line; of a hash only the beginning, which --json gives whole."""
    shown = (f"{k}={v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)}" for k, v in detail.items())
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1…", "，".join(shown))
