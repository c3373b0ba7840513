"""require, task."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from qrecords.cli import chinese
from qrecords.cli.app import Session, pass_session

PER = {"task": "一次一份", "unit": "一台一份", "model": "同型号一份", "period": "同期同一单位一份"}
SOURCE = {"procedure": "", "inferred": "（推定，见 docs/readings.md）"}
EXAMPLE = (
    '任务文件示例：{"service_category": ["开通"], "on_site": true, "total_hours": 2, "channel": "电话", '
    '"performed_by": "客户服务中心", "feedback": ["建议"], '
    '"units": [{"product_model": "…", "serial_no": "…", "fault": false, "parts_replaced": false}]}'
)


@click.command(cls=chinese.Command, epilog=EXAMPLE)
@click.argument("source", metavar="任务文件", type=chinese.PATH)
@pass_session
def require(session: Session, source: Path) -> None:
    """按服务过程一览表（表1）列出一项任务应有的记录，每项写明依据。"""
    from qrecords.services.require import require as required_by

    required = required_by(session.office, source)
    session.answer({"required": required}, _required_lines(required))


@click.group(cls=chinese.Group)
def task() -> None:
    """一份通知单的任务：应有、已有、还缺、逾期的记录。"""


@task.command("show", cls=chinese.Command)
@click.argument("number", metavar="通知单编号")
@pass_session
def show(session: Session, number: str) -> None:
    """列出一份售后服务通知单应有的记录，哪些已有，哪些还缺，是否逾期。"""
    from qrecords.services.require import show_task

    found = show_task(session.office, number)
    session.answer({"task": found}, _task_lines(found))


def _required_lines(required: list[dict[str, Any]]) -> Iterator[str]:
    if not required:
        yield "按表1没有必须填的记录；若不合实际，请核对 service_category 和 on_site"
    for one in required:
        what = "或".join([one["form_code"] or one["document"], *one["alternatives"]])
        units = "、".join(one["units"]) or (f"{one['count']}台" if one["count"] > 1 else "")
        about = " ".join(part for part in (one["product_model"], units) if part)
        yield f"{what}  {PER[one['per']]}" + (f"  {about}" if about else "")
        yield f"    {one['reason']}（{one['rule']}）{SOURCE[one['source']]}"


def _task_lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['record_no']}  {found['state_label']}  {found['customer_unit']}  {found['title']}"
    if found["limit_on"]:
        late = "，已逾期" if found["late"] else ""
        yield f"  应在 {found['due_on']} 前提交，最迟 {found['limit_on']}{late}（QS/PA758A 5.5.6）"
    for one in found["required"]:
        mark = "✓" if not one["missing"] else ("✗" if one["holds_notice"] else "·")
        yield f"  {mark} {one['name']}  应有{one['count']}，已有{one['there']}" + (
            f"，还缺{one['missing']}" if one["missing"] else ""
        )
        yield f"      {one['reason']}（{one['rule']}）{SOURCE[one['source']]}"
        for record in one["records"]:
            yield f"      {record['record_no']}  {record['state_label']}"
    drafts = [r["record_no"] for r in found["records"] if r["state"] == "draft"]
    if drafts:
        yield f"  还没有提交：{'、'.join(drafts)}"
