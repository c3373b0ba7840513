"""require, task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.completion import RECORD
from qrecords.cli.output import note, table
from qrecords.cli.wording import worded
from qrecords.model.answer import told
from qrecords.stores.given import on_disk

PER = {"task": "一次一份", "unit": "一台一份", "model": "同型号一份", "period": "同期同一单位一份"}
SOURCE = {"procedure": "", "inferred": "（推定，见 docs/readings.md）"}

if TYPE_CHECKING:
    from qrecords.model.requirements import Required
    from qrecords.services.arrivals import Arrivals, ArrivalTold
    from qrecords.services.require import Task

EXAMPLE = (
    "工作簿（.xlsx）或 .csv：第一行写 服务类别、型号、出厂编号、数量、有故障、更换器件、现场服务、总学时、信息渠道、"
    "承办单位类别、用户反馈 中用得着的，每台设备一行，没有设备的写一行；整个任务只有一个的（如现场服务）写在任一行。"
    "还没有填的通知单（qrecords forms sheet 04A 的工作簿）也可以。"
    '.json 示例：{"service_category": ["开通"], "on_site": true, "total_hours": 2, "channel": "电话", '
    '"performed_by": "客户服务中心", "feedback": ["建议"], '
    '"units": [{"product_model": "…", "serial_no": "…", "fault": false, "parts_replaced": false}]}'
)


@click.command(cls=chinese.Command, epilog=EXAMPLE)
@click.argument("source", metavar="任务文件", type=types.PATH)
@pass_session
def require(session: Session, source: Path) -> None:
    """按服务过程一览表（表1）列出一项任务应有的记录，每项写明依据。"""
    from qrecords.services.intake.taskfiles import require as required_by

    required, notes = required_by(session.office, on_disk(source))
    for line in notes:
        note(f"提示：{worded(line)}")
    data = [told(one) | {"form_code": one.form_code or None} for one in required]
    session.answer({"required": data}, _required_lines(required))


@click.group(cls=chinese.Group)
def task() -> None:
    """通知单的任务：一份应有、已有、还缺的记录；各年按期到达的比率。"""


@task.command("show", cls=chinese.Command)
@click.argument("number", metavar="通知单编号", type=RECORD)
@pass_session
def show(session: Session, number: str) -> None:
    """列出一份售后服务通知单应有的记录，哪些已有，哪些还缺，是否逾期。"""
    from qrecords.services.require import show_task

    found = show_task(session.office, number)
    session.answer({"task": found}, _task_lines(found))


@task.command("arrivals", cls=chinese.Command)
@click.option("--year", type=types.Year(), help="只看要求在哪一年到达的（默认：全部）")
@pass_session
def arrivals(session: Session, year: int | None) -> None:
    """按年度、按承办单位统计按期到达率，列出迟到的通知单（QS/PA758A 5.5.4）。只统计本账号可以查阅的。"""
    from qrecords.services.arrivals import arrivals as arrivals_of

    found = arrivals_of(session.office, year)
    session.answer({"arrivals": found}, _arrival_lines(found))


def _arrival_lines(found: Arrivals) -> Iterator[str]:
    if not found.all.notices:
        yield "没有已签发的通知单"
        return
    parts = (("年度", found.years), ("承办单位", found.units), ("合计", [found.all]))
    rows = [
        (part, one.name, one.notices, one.arrived, one.in_time, _percent(one.percent), one.awaited)
        for part, rates in parts
        for one in rates
    ]
    headings = ("", "", "通知单", "已到达", "按期", "按期率", "未登记到达")
    yield from table(headings, [tuple(map(str, row)) for row in rows], (8, 28, 8, 8, 8, 8, 10))
    if found.late:
        yield "迟到的："
        late = [(a.record_no, a.customer_unit, a.unit, a.required, a.arrived, f"{a.days_late}天") for a in found.late]
        yield from table(("通知单", "用户单位", "承办单位", "要求到达", "到达", "晚"), late, (24, 28, 24, 10, 10, 6))


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{share}%"


def _required_lines(required: Sequence[Required]) -> Iterator[str]:
    if not required:
        yield "按表1没有必须填的记录；若不合实际，请核对服务类别（service_category）和现场服务（on_site）"
    for one in required:
        what = "或".join([one.form_code or one.document, *one.alternatives])
        units = "、".join(one.units) or (f"{one.count}台" if one.count > 1 else "")
        about = " ".join(part for part in (one.product_model, units) if part)
        yield f"{what}  {PER[one.per]}" + (f"  {about}" if about else "")
        yield f"    {one.reason}（{one.rule}）{SOURCE[one.source]}"


def _task_lines(found: Task) -> Iterator[str]:
    yield f"{found.record_no}  {found.state_label}  {found.customer_unit}  {found.title}"
    if found.limit_on:
        late = "，已逾期" if found.late else ""
        yield f"  应在 {found.due_on} 前提交，最迟 {found.limit_on}{late}（QS/PA758A 5.5.6）"
    if line := _arrived(found.arrival):
        yield f"  {line}（QS/PA758A 5.5.4）"
    for one in found.required:
        mark = "✓" if not one.missing else ("✗" if one.holds_notice else "·")
        yield f"  {mark} {one.name}  应有{one.count}，已有{one.there}" + (f"，还缺{one.missing}" if one.missing else "")
        yield f"      {one.reason}（{one.rule}）{SOURCE[one.source]}"
        for record in one.records:
            yield f"      {record.record_no}  {record.state_label}"
    drafts = [r.record_no for r in found.records if r.state == "draft"]
    if drafts:
        yield f"  还没有提交：{'、'.join(drafts)}"


def _arrived(arrival: ArrivalTold) -> str:
    if not arrival.required:
        return ""
    days = arrival.days_late
    if days is None:
        return f"要求 {arrival.required} 到达，还没有登记到达"
    return f"要求 {arrival.required} 到达，{arrival.arrived} 到达，" + (f"晚{days}天" if days > 0 else "按期")
