"""import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import note, problem_lines, progress
from qrecords.cli.wording import error_json, worded
from qrecords.errors import InvalidInput, UsageError


@click.command("import", cls=chinese.Command)
@click.argument("source", metavar="清单或移交包", type=types.PACKAGE)
@click.option("--as-filed", is_flag=True, help="确认这些纸质记录早已审查归档（必写）")
@click.option("--fill-gaps", is_flag=True, help="清单里没有的编号登记为空号（作废，原因「补录时空号」）")
@click.option("--keep-going", is_flag=True, help="有问题的行跳过并列出，其余照常补录")
@click.option("--dry-run", is_flag=True, help="只检查，不补录")
@click.option("--no-ocr", is_flag=True, help="这次不识别文字，留到下次 scan")
@pass_session
def import_(
    session: Session,
    source: Path,
    as_filed: bool,
    fill_gaps: bool,
    keep_going: bool,
    dry_run: bool,
    no_ocr: bool,
) -> int:
    """往年的纸质记录连同扫描件补录为已归档，编号照旧；或收下 qrecords export 打的移交包。

    清单是 .csv、.xlsx 或 .json，一行一份：表式、记录编号（或旧编号）、日期、用户单位、题名、扫描件（清单旁边的
    文件名，几个的用分号隔开），还可以有表上的任何栏目。合本系统格式的编号就是记录编号；别的编号留作原编号，另编新号。
    """
    if source.is_dir():
        return _take_package(session, source)
    from qrecords.services.intake.importing import import_as_filed

    if not as_filed:
        raise UsageError(
            "没有写 --as-filed", remedy="补录往年已归档的纸质记录请加 --as-filed；新的记录用 qrecords fill 填写"
        )
    with progress("读扫描件", "份") as at:
        result = import_as_filed(
            session.office, source, fill_gaps=fill_gaps, keep_going=keep_going, dry_run=dry_run,
            recognise=not no_ocr, progress=at,
        )  # fmt: skip
    for line in result.notes:
        note(f"提示：{worded(line)}")
    fresh = [r for r in result.records if not r.again]
    if dry_run:
        lines = [f"✓ {len(result.sound)}份可以补录，没有补录（--dry-run）"]
    else:
        lines = [f"✓ 补录{len(fresh)}份"]
        lines += [f"  {r.record_no}  {r.archive_no}  原编号：{r.paper_no}" for r in fresh]
    lines += [f"  空号{len(result.unused)}个：{'、'.join(result.unused[:10])}"] if result.unused else []
    data: dict[str, Any] = {
        "records": [*result.records, *result.sound],
        "unused": result.unused,
        "rejected": result.rejected,
    }
    data["notes"] = result.notes
    if not result.rejected:
        session.answer(data, lines)
        return 0
    problems = [p for r in result.rejected for p in r.problems]
    error = InvalidInput(
        f"{len(result.rejected)}行没有补录", remedy="改正后再补录一次，已补录的不会重复", problems=problems
    )
    lines += [f"✗ {error.message}：", *(f"  {p}" for p in problem_lines(problems))]
    session.answer(data | {"error": error_json(error)}, lines, ok=False)
    return error.exit_status


def _take_package(session: Session, folder: Path) -> int:
    from qrecords.services.care.handover import import_bag

    with progress("收下", "个") as at:
        taken = import_bag(session.office, folder, progress=at)
    done = f"✓ 收下{len(taken.items)}件、{len(taken.volumes)}册" if taken.items else "✓ 包里的都已在这里，没有新的"
    session.answer({"items": taken.items, "volumes": taken.volumes}, [done])
    return 0
