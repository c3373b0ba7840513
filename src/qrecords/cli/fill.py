"""fill, update."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qrecords.advice import joined
from qrecords.cli import chinese, types
from qrecords.cli.app import Interrupted, Session, pass_session
from qrecords.cli.arguments import OUT, moved
from qrecords.cli.completion import FORM, RECORD, is_form_code
from qrecords.cli.jobs import AS_JOB, begin
from qrecords.cli.output import note, problem_lines, progress
from qrecords.cli.wording import error_json, worded
from qrecords.errors import InvalidInput, Problem, UsageError, WrongState
from qrecords.stores.given import GivenFile, on_disk

if TYPE_CHECKING:
    from qrecords.services.intake.fill import Filled

SHOWN_KNOWN = 20  # numbers found again that are listed


@click.command(cls=chinese.Command)
@click.argument("form", metavar="表式", type=FORM)
@click.argument("inputs", metavar="[输入文件...]", nargs=-1, type=types.PATH)
@OUT
@click.option("--pdf", is_flag=True, help="同时生成 PDF（需要 LibreOffice）")
@click.option("--dry-run", is_flag=True, help="只检查，不生成记录")
@click.option("--keep-going", is_flag=True, help="有问题的条目跳过并列出，其余照常生成")
@click.option("--rejected", type=types.OUTPUT, help="退回的工作簿放到哪个文件或文件夹（默认：与生成的文件一起）")
@click.option("--same-again", is_flag=True, help="与已有的或别的行完全相同、很像的行，也是新的一条")
@click.option("--in-place", is_flag=True, help="编号直接写进原来的工作簿（默认另存为「…-已编号.xlsx」）")
@AS_JOB
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
    same_again: bool,
    in_place: bool,
    as_job: bool,
) -> int:
    """按输入文件（.json .yaml .toml .csv .xlsx）填写表单，一个文件可以有多条记录。

    表式可以简写，如 06A。全部合格才生成。填过的行看内容认得出，不看文件：台账接着往下写，
    整本再填，只有新增的行得到新编号；填过又改了内容的行只列出不同之处，不生成第二份。
    编号写回工作簿（「…-已编号.xlsx」，或加 --in-place），带着编号的行以后改了、挪了也认得出。
    工作簿里有问题的，另存一份「…-退回.xlsx」，格子标红，批注写明原因。
    在终端上不写输入文件，就逐栏询问：有选项、有默认（同一用户上次的内容），保存前先看一遍。
    """
    from qrecords.intake.clerkcopies import copies_of, given_by
    from qrecords.services.intake.fill import fill as fill_forms

    if as_job:
        if not inputs or dry_run or in_place or out or rejected:
            what = "作为长活填写的，要有输入文件，不带 --out、--dry-run、--rejected、--in-place"
            raise UsageError(what, remedy="请去掉它们；办好以后用 jobs show 看生成的编号")
        wishes = {"form": form, "pdf": pdf, "keep_going": keep_going, "same_again": same_again}
        begin(session, "fill", wishes, given_by(inputs))
        return 0
    asked = None if inputs else _asked_record(session, form)
    drafts = session.office.papers.drafts
    copies = copies_of(inputs, out or drafts, rejected=rejected, in_place=in_place) if rejected or not dry_run else None
    with progress("填写", "份") as at:
        result = fill_forms(
            session.office,
            form,
            [asked] if asked else given_by(inputs),
            out=out,
            pdf=pdf,
            dry_run=dry_run,
            keep_going=keep_going,
            copies=copies,
            same_again=same_again or asked is not None,  # who answers every question means a record of its own
            progress=at,
        )
    if asked and not dry_run:
        session.office.papers.answers.drop(asked.name)
    for line in result.notes:
        note(f"提示：{worded(line)}")
    lines = _told(result, dry_run=dry_run)
    data: dict[str, Any] = {
        "records": result.sound if dry_run else result.records,
        "rejected": result.rejected,
        "notes": result.notes,
    }
    data |= {"changed": result.changed, "numbered": result.numbered}
    if not result.rejected and not result.changed:
        session.answer(data, lines)
        return 0
    problems = [p for r in result.rejected for p in r.problems]
    if problems:
        error = InvalidInput(f"{len(result.rejected)}条没有生成", remedy="改正后把这几条再填一次", problems=problems)
    else:
        problems = [Problem(joined("；", c.told), row=c.row, source=c.source) for c in result.changed]
        remedy = "要改记录就按列出的命令改，改完再填就认得；不改就把表里改回来"
        error = InvalidInput(f"{len(result.changed)}行与登记的不同，记录没有变动", remedy=remedy, problems=problems)
    data["returned"] = result.returned
    if result.rejected:
        lines += [f"✗ {error.message}：", *(f"  {p}" for p in problem_lines(problems))]
        lines += [f"→ 已退回到 {path}：改正标红的格子，再填它" for path in result.returned]
    session.answer(data | {"error": error_json(error)}, lines, ok=False)
    return error.exit_status


def _told(result: Filled, *, dry_run: bool) -> list[str]:
    """Return what came of a fill: what is new, what had a number, what was changed since."""
    again = sum(bool(r.again) for r in result.records) + sum(bool(row.record_no) for row in result.sound)
    new = len(result.records) + len(result.sound) - again
    known = f"{again}行已有编号，" if again else ""
    if dry_run:
        lines = [f"✓ {known}{f'新增{new}行' if again else f'{new}条'}全部合格，没有生成记录（--dry-run）"]
    elif again:
        lines = [f"✓ {known}新增{new}行"]
    else:
        lines = [f"✓ 生成{new}份记录"]
    if not dry_run:
        lines += [f"  {r.record_no}  {r.docx}" for r in result.records if not r.again]
        lines += [f"  {r.record_no}  已有" for r in result.records if r.again] if again <= SHOWN_KNOWN else []
        lines += [f"  编号已写进 {path}" for path in result.numbered]
    if len(result.changed) > 1:
        lines.append("→ 几行一起改：表里带着「记录编号」，还没有提交的，用 qrecords update 表式 这个表")
    for one in result.changed:
        lines.append(f"≠ {one.source} 第{one.row}行与 {one.record_no} 登记的不同，记录没有变动：")
        lines += [f"  {worded(line)}" for line in one.told]
        lines.append(f"→ 要改这份记录：{worded(one.remedy)}；其实是另一条：在这行的「记录编号」一列写「新」，再填")
    return lines


def _asked_record(session: Session, code: str) -> GivenFile:
    """Ask for one record field by field; returns the file of the answers."""
    from qrecords.cli.asking import Questionnaire, require_terminal
    from qrecords.services.intake.asking import offers, to_fill
    from qrecords.services.intake.fill import fill as fill_forms

    require_terminal("输入文件")
    office = session.office
    form = office.forms.get(code).form
    questions = Questionnaire(office, form, to_fill(office, form), lambda answers: offers(office, form, answers))

    def attempt(file: GivenFile) -> None:
        fill_forms(office, code, [file], dry_run=True)

    return _confirmed(questions.run(form.code, attempt))


def _confirmed(file: GivenFile | None) -> GivenFile:
    if file is None:
        raise Interrupted("已放弃，没有保存", remedy="再运行同一条命令可以重新填写")
    return file


@click.command(cls=chinese.Command)
@click.argument("number", metavar="编号", type=RECORD)
@click.argument("source", metavar="[输入文件]", required=False, type=types.PATH)
@click.option("--dry-run", is_flag=True, help="只检查，不改动")
@click.option(
    "--rejected", type=types.OUTPUT, help="整表续填时，退回的工作簿放到哪个文件或文件夹（默认：archive/drafts）"
)
@pass_session
def update(session: Session, number: str, source: Path | None, dry_run: bool, rejected: Path | None) -> None:
    """续填一份还没有归档的记录：只写要补的栏目，已提交的内容不能改。

    在终端上不写输入文件，就逐栏询问还空着的栏目。
    编号处写表式（如 02A），就按表里每行的「记录编号」一次续填多份：forms sheet --open 给出的工作簿，或带着编号的台账。
    有一处不对就一份也不改，问题一次列全，工作簿标红退回。
    """
    if is_form_code(number):
        _take_back(session, number, source, dry_run=dry_run, rejected=rejected)
        return
    if rejected:
        raise UsageError("--rejected 只用于整表续填", remedy="请把编号换成表式，如 qrecords update 02A 工作簿.xlsx")
    from qrecords.services.finding.find import show
    from qrecords.services.intake.update import update as update_record

    asked = None if source else _asked_update(session, number)
    if dry_run:
        from qrecords.services.intake.update import check_update

        check_update(session.office, number, asked or on_disk(source or Path()))
        session.answer({"records": []}, ["✓ 合格，没有改动（--dry-run）"])
        return
    record = update_record(session.office, number, asked or on_disk(source or Path()))
    if asked:
        session.office.papers.answers.drop(asked.name)
    if session.as_json:
        session.answer({"record": show(session.office, record.record_no)}, [])
    else:
        moved(session, [record], "续填")


def _take_back(session: Session, form: str, source: Path | None, *, dry_run: bool, rejected: Path | None) -> None:
    """Go on with many records from one table."""
    from qrecords.intake.clerkcopies import copies_of
    from qrecords.services.intake.takingback import take_back

    if source is None:
        raise UsageError(
            "没有写续填的表", remedy=f"先做一份：qrecords forms sheet {form} --open，补完后再 update {form} 那个文件"
        )
    drafts = session.office.papers.drafts
    copies = copies_of([source], drafts, rejected=rejected) if rejected or not dry_run else None
    done = take_back(session.office, form, on_disk(source), copies=copies, dry_run=dry_run)
    for line in done.notes:
        note(f"提示：{worded(line)}")
    lines = [
        f"✓ {'可以续填' if dry_run else '续填'}{len(done.changed)}份，{len(done.unchanged)}份与登记的相同，没有改动"
    ]
    for number, told in done.changed:
        lines += [f"  {number}", *(f"    {worded(line)}" for line in told)]
    changed = [{"record_no": number, "told": told} for number, told in done.changed]
    session.answer({"changed": changed, "unchanged": done.unchanged, "notes": done.notes}, lines)


def _asked_update(session: Session, number: str) -> GivenFile:
    """Ask for the fields of a record that are still open; returns the file of the answers."""
    from qrecords.cli.asking import Questionnaire, require_terminal
    from qrecords.services.intake.asking import to_update
    from qrecords.services.intake.update import check_update

    require_terminal("输入文件")
    office = session.office
    record, form, fields = to_update(office, number)
    if not fields:
        raise WrongState(f"{record.record_no} 没有还空着的栏目", remedy="要改已填的栏目，请写输入文件")
    questions = Questionnaire(office, form, fields, lambda _: {})
    return _confirmed(questions.run(record.record_no, lambda file: check_update(office, record.record_no, file)))
