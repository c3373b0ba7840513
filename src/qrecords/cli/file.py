"""file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from qrecords.cli import chinese
from qrecords.cli.app import Session, pass_session
from qrecords.cli.arguments import ANY_NUMBERS, MONTH, month_form
from qrecords.cli.jobs import AS_JOB, begin
from qrecords.cli.output import progress
from qrecords.cli.wording import worded
from qrecords.errors import UsageError

if TYPE_CHECKING:
    from qrecords.services.file import Filed, Left

SHOWN_LEFT = 50


@click.command(cls=chinese.Command)
@ANY_NUMBERS
@MONTH
@click.option("--all", "every", is_flag=True, help="归档所有已审查、材料齐备的记录")
@AS_JOB
@pass_session
def file(session: Session, numbers: tuple[str, ...], month: str | None, every: bool, as_job: bool) -> None:
    """编号归档：记录连同 docx、pdf 和签署扫描件冻结入库，之后不能改动。登记簿按月归档。"""
    from qrecords.services import file as filing

    if every == bool(numbers):
        raise UsageError("请写编号，或用 --all 归档全部", remedy="登记簿：qrecords file QR758-02A --month 2026-03")
    if as_job:
        if month:
            raise UsageError("登记簿的一个月是一件，不写成长活", remedy="请去掉 --as-job")
        begin(session, "file", {"all": True} if every else {"numbers": list(numbers)})
        return
    left: list[filing.Left] = []
    with progress("归档", "份") as at:
        if month:
            filed = filing.file_months(session.office, month_form(numbers), [month])
        elif every:
            filed = filing.file_all(session.office, progress=at)
            left = filing.left_behind(session.office)
        else:
            filed = filing.file_records(session.office, numbers, progress=at)
    data: dict[str, Any] = {"records": filed} | ({"left": left} if every else {})
    session.answer(data, [*_lines(filed), *_left_lines(left)])


def _left_lines(left: Sequence[Left]) -> list[str]:
    if not left:
        return []
    lines = [f"  留下{len(left)}份没有归档："]
    lines += [f"    {one.record_no}  {'；'.join(map(worded, one.why))}" for one in left[:SHOWN_LEFT]]
    return lines + (
        [f"    另有{len(left) - SHOWN_LEFT}份，用 qrecords list --state 已审查 查看"] if len(left) > SHOWN_LEFT else []
    )


def _lines(filed: Sequence[Filed]) -> list[str]:
    if not filed:
        return ["没有可归档的记录；用 qrecords list 看各记录还缺什么"]
    lines = [f"✓ 归档{len(filed)}件"] + [f"  {f.record_no}  {f.archive_no}" for f in filed]
    for entry in filed:
        if entry.carried:
            lines.append(f"  还有{len(entry.carried)}行没有办结，留待补归档：{'、'.join(entry.carried[:10])}")
        lines += [f"  提示：{worded(told)}" for told in entry.notes or ()]
    return lines
