"""fill, update."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qrecords.cli import chinese
from qrecords.cli.app import Interrupted, Session, pass_session
from qrecords.cli.arguments import OUT, moved
from qrecords.cli.asking import Questionnaire, require_terminal
from qrecords.cli.completion import FORM, RECORD
from qrecords.cli.output import note, problem_lines, progress
from qrecords.errors import InvalidInput, WrongState


@click.command(cls=chinese.Command)
@click.argument("form", metavar="表式", type=FORM)
@click.argument("inputs", metavar="[输入文件...]", nargs=-1, type=chinese.PATH)
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
    在终端上不写输入文件，就逐栏询问：有选项、有默认（同一用户上次的内容），保存前先看一遍。
    """
    from qrecords.services.intake.fill import fill as fill_forms

    asked = None if inputs else _asked_record(session, form)
    inputs = (asked,) if asked else inputs
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
    if asked and not dry_run:
        _drop(asked)
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


def _asked_record(session: Session, code: str) -> Path:
    """Ask for one record field by field; returns the file of the answers."""
    from qrecords.services.intake.asking import offers, to_fill
    from qrecords.services.intake.fill import fill as fill_forms

    require_terminal("输入文件")
    office = session.office
    form = office.forms.get(code).form
    questions = Questionnaire(office, form, to_fill(office, form), lambda answers: offers(office, form, answers))

    def attempt(path: Path) -> None:
        fill_forms(office, code, [path], dry_run=True)

    return _confirmed(questions.run(form.code, attempt))


def _drop(path: Path) -> None:
    from qrecords.services.intake.asking import drop_answers

    drop_answers(path)


def _confirmed(path: Path | None) -> Path:
    if path is None:
        raise Interrupted("已放弃，没有保存", remedy="再运行同一条命令可以重新填写")
    return path


@click.command(cls=chinese.Command)
@click.argument("number", metavar="编号", type=RECORD)
@click.argument("source", metavar="[输入文件]", required=False, type=chinese.PATH)
@pass_session
def update(session: Session, number: str, source: Path | None) -> None:
    """续填一份还没有归档的记录：只写要补的栏目，已提交的内容不能改。

    在终端上不写输入文件，就逐栏询问还空着的栏目。
    """
    from qrecords.services.finding.find import show
    from qrecords.services.intake.update import update as update_record

    asked = None if source else _asked_update(session, number)
    record = update_record(session.office, number, asked or source or Path())
    if asked:
        _drop(asked)
    if session.as_json:
        session.answer({"record": show(session.office, record.record_no)}, [])
    else:
        moved(session, [record], "续填")


def _asked_update(session: Session, number: str) -> Path:
    """Ask for the fields of a record that are still open; returns the file of the answers."""
    from qrecords.services.intake.asking import to_update
    from qrecords.services.intake.update import check_update

    require_terminal("输入文件")
    office = session.office
    record, form, fields = to_update(office, number)
    if not fields:
        raise WrongState(f"{record.record_no} 没有还空着的栏目", remedy="要改已填的栏目，请写输入文件")
    questions = Questionnaire(office, form, fields, lambda _: {})
    return _confirmed(questions.run(record.record_no, lambda path: check_update(office, record.record_no, path)))
