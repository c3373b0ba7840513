"""fill, update."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qrecords.cli import chinese
from qrecords.cli.app import Session, pass_session
from qrecords.cli.arguments import OUT, moved
from qrecords.cli.output import note, problem_lines, progress
from qrecords.errors import InvalidInput


@click.command(cls=chinese.Command)
@click.argument("form", metavar="表式")
@click.argument("inputs", metavar="输入文件...", nargs=-1, required=True, type=chinese.PATH)
@OUT
@click.option("--pdf", is_flag=True, help="同时生成 PDF（需要 LibreOffice）")
@click.option("--dry-run", is_flag=True, help="只检查，不生成记录")
@click.option("--keep-going", is_flag=True, help="有问题的条目跳过并列出，其余照常生成")
@click.option("--rejected", type=chinese.PATH, help="退回的工作簿放到哪个文件或文件夹（默认：与生成的文件一起）")
@pass_session
def fill(
    session: Session,
    form: str,
    inputs: tuple[Path, ...],
    out: Path | None,
    pdf: bool,
    dry_run: bool,
    keep_going: bool,
    rejected: Path | None,
) -> int:
    """按输入文件（.json .yaml .toml .csv .xlsx）填写表单，一个文件可以有多条记录。

    表式可以简写，如 06A。全部合格才生成；同一文件再填一次，得到的还是原来的编号。
    工作簿里有问题的，另存一份「…-退回.xlsx」，格子标红，批注写明原因。
    """
    from qrecords.services.fill import fill as fill_forms

    with progress("填写", "份") as at:
        result = fill_forms(
            session.office,
            form,
            inputs,
            out=out,
            pdf=pdf,
            dry_run=dry_run,
            keep_going=keep_going,
            rejected=rejected,
            progress=at,
        )
    for line in result.notes:
        note(f"提示：{line}")
    if dry_run:
        lines = [f"✓ {len(result.records)}条全部合格，没有生成记录（--dry-run）"]
    else:
        lines = [f"✓ 生成{len(result.records)}份记录"] + [f"  {r['record_no']}  {r['docx']}" for r in result.records]
    if not result.rejected:
        session.answer({"records": result.records, "rejected": [], "notes": result.notes}, lines)
        return 0
    problems = [p for r in result.rejected for p in r["problems"]]
    error = InvalidInput(f"{len(result.rejected)}条没有生成", remedy="改正后把这几条再填一次", problems=problems)
    data: dict[str, Any] = {"records": result.records, "rejected": result.rejected, "notes": result.notes}
    data["returned"] = result.returned
    lines += [f"✗ {error.message}：", *(f"  {p}" for p in problem_lines(problems))]
    lines += [f"→ 已退回到 {path}：改正标红的格子，再填它" for path in result.returned]
    session.answer(data | {"error": error.as_json()}, lines, ok=False)
    return error.exit_status


@click.command(cls=chinese.Command)
@click.argument("number", metavar="编号")
@click.argument("source", metavar="输入文件", type=chinese.PATH)
@pass_session
def update(session: Session, number: str, source: Path) -> None:
    """续填一份还没有归档的记录：只写要补的栏目，已提交的内容不能改。"""
    from qrecords.services.find import show
    from qrecords.services.update import update as update_record

    record = update_record(session.office, number, source)
    if session.as_json:
        session.answer({"record": show(session.office, record.record_no)}, [])
    else:
        moved(session, [record], "续填")
