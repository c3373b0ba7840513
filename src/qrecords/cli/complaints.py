"""complaints, feedback."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.completion import RECORD
from qrecords.cli.output import table
from qrecords.intake.outfiles import require_free, write_new


@click.command(cls=chinese.Command)
@click.option("--from", "since", type=types.Day(), help="从哪一天接收的起（默认：本年1月1日）")
@click.option("--to", "until", type=types.Day(), help="到哪一天接收的止（默认：今天）")
@click.option("-o", "--output", type=types.OUTPUT, help="存成质量部的检查表：.docx、.pdf 或 .xlsx")
@pass_session
def complaints(session: Session, since: str | None, until: str | None, output: Path | None) -> None:
    """列出一段时间的投诉（含抱怨）：谁办、办结没有、多少天；-o 生成检查表，检查人、结果留空（QS/PA758A 5.6）。"""
    from qrecords.services.complaints import checklist_file
    from qrecords.services.complaints import complaints as complaints_of

    found = complaints_of(session.office, since=since or "", until=until or "")
    lines = []
    if found.complaints:
        rows = [
            (c.record_no, c.received_on, c.customer_unit, "、".join(c.topics), c.person or "—",
             "未办结" if c.open else f"{c.closed_on}办结", f"{c.days}天")
            for c in found.complaints
        ]  # fmt: skip
        headings = ("记录编号", "接收日期", "用户单位", "类别", "责任人", "办理", "天数")
        lines = table(headings, rows, (24, 10, 28, 16, 16, 16, 8))
    lines.append(f"{found.since} 至 {found.until} 共{len(found.complaints)}件投诉，未办结{found.open}件")
    if output is not None:
        require_free(output)
        path = write_new(output, checklist_file(session.office, found, output.name))
        found = replace(found, path=str(path))
        lines.append(f"✓ 检查表：{output}")
    session.answer({"complaints": found}, lines)


@click.command(cls=chinese.Command)
@click.argument("number", metavar="编号", type=RECORD)
@click.option("-o", "--output", type=types.OUTPUT, help="存到哪里：.docx 或 .pdf（默认：当前文件夹，编号-反馈.docx）")
@pass_session
def feedback(session: Session, number: str, output: Path | None) -> None:
    """按用户信息记录（01A）或产品服务信息记录（11A）生成《用户信息反馈/处理表》，交质量部（QS/PA758A 5.7.2）。

    它不是受控表式；外部编号在 qrecords.toml 的 [feedback] 里写。质量部接收后用 sign --kind quality-receipt 登记。
    """
    from qrecords.services.feedback import feedback_file

    office = session.office
    path = output or Path(f"{number.strip().upper()}-反馈.docx")
    require_free(path)
    write_new(path, feedback_file(office, number, path.name))
    code = office.settings.feedback.code or None
    made = {"record_no": office.full_record_no(number), "path": str(path), "external_code": code}
    lines = [
        f"✓ {made['path']}",
        f"→ 质量部签收后登记：qrecords sign {made['record_no']} --kind quality-receipt --by 接收人",
    ]
    session.answer({"feedback": made}, lines)
