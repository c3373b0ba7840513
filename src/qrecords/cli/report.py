"""report: draw, show, figures, list, evaluation, review, approve, sign, return, void, issue, receipt, correct."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.jobs import AS_JOB, begin
from qrecords.cli.output import progress as how_far
from qrecords.cli.output import table
from qrecords.cli.wording import worded
from qrecords.errors import UsageError
from qrecords.intake.outfiles import require_free, write_new

if TYPE_CHECKING:
    from qrecords.services.reports.progress import Hand
    from qrecords.services.reports.shown import ShownDocument

NUMBER = click.argument("number", metavar="文件编号")
REASON = click.option("--reason", metavar="原因", required=True, help="写明原因，会永久留下")
ANSWER = click.option(
    "--answer", metavar="说明", default="", help="没有改进项、没有逐条写明的告警怎样处理，会印在文件上"
)
ANSWER_TO = click.option(
    "--answer-to", "answers", metavar="告警=说明", multiple=True, help="一条告警为什么不立改进项；可以写几条"
)
REMARKS = click.option("--remark", "remarks", metavar="文字", multiple=True, help="编者说明，只写文字；可以写几段")
PARTS = {"drafter": "拟制", "countersign": "会签"}


def _hand(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a signature on paper."""
    for option in (
        click.option("--evidence", type=types.PATH, metavar="扫描件", default=None, help="签署页的扫描件"),
        click.option("--on", "day", type=types.Day(), default=None, help="签署日期（默认：今天）"),
        click.option("--by", metavar="姓名", default="", help="谁在纸上签的（默认：账号本人）"),
    ):
        command = option(command)
    return command


def _said_to(answers: tuple[str, ...]) -> dict[str, str]:
    """Return what is said to each alarm, by its key."""
    pairs = [answer.partition("=") for answer in answers]
    if wrong := [key for key, sign, text in pairs if not (key.strip() and sign and text.strip())]:
        raise UsageError(
            f"「{wrong[0]}」没有写成 告警=说明", remedy="告警的编号见拟制时的提示，例如 A2.service=已列入计划"
        )
    found = {key.strip(): text for key, _, text in pairs}
    if twice := [key.strip() for key, _, text in pairs if found[key.strip()].strip() != text.strip()]:
        raise UsageError(f"告警 {twice[0]} 写了两条不同的说明", remedy="请只留一条")
    return found


def _hand_of(by: str, day: str | None, evidence: Path | None) -> Hand:
    from qrecords.services.reports.progress import Hand
    from qrecords.stores.given import on_disk

    return Hand(by, day or "", on_disk(evidence) if evidence else None)


@click.group(cls=chinese.Group)
def report() -> None:
    """报表和简报：由记录算出，审核批准后报送、签收。"""


@report.command()
@click.argument("kind", metavar="种类")
@click.option("--period", metavar="期间", required=True, help="2026-03（月）、2026-H1（半年）或 2026（年）")
@click.option("--branch", metavar="兵种", default="", help="分军兵种的文件：哪一个")
@click.option("--office", "milrep", metavar="代表室", default="", help="只分管部分单位或型号的军事代表室：给哪一个")
@ANSWER
@ANSWER_TO
@REMARKS
@AS_JOB
@pass_session
def draw(
    session: Session,
    kind: str,
    period: str,
    branch: str,
    milrep: str,
    answer: str,
    answers: tuple[str, ...],
    remarks: tuple[str, ...],
    as_job: bool,
) -> None:
    """拟制一期文件（BB 报表、JB 简报、BZ 兵种报表、MY 满意度）；批准前再拟制就替换原稿。"""
    from qrecords.services.reports.draw import draw as draw_document

    if as_job:
        asked = {"kind": kind, "period": period, "branch": branch, "milrep": milrep}
        said = {"answer": answer, "answers": _said_to(answers), "remarks": list(remarks)}
        begin(session, "report", asked | said)
        return
    with how_far("拟制", "步") as at:
        drawn = draw_document(
            session.office, kind, period, branch=branch, milrep=milrep, answer=answer, answers=_said_to(answers),
            remarks=remarks, progress=at,
        )  # fmt: skip
    _answer(session, drawn, f"✓ 已拟制 {drawn.document_no}　{drawn.title}")


@report.command()
@NUMBER
@REASON
@ANSWER
@ANSWER_TO
@REMARKS
@pass_session
def correct(
    session: Session, number: str, reason: str, answer: str, answers: tuple[str, ...], remarks: tuple[str, ...]
) -> None:
    """更正已批准的文件：按现在的记录另做一版，原版保留，重新审核批准。"""
    from qrecords.services.reports.draw import correct as correct_document

    with how_far("更正", "步") as at:
        drawn = correct_document(
            session.office, number, reason, answer=answer, answers=_said_to(answers), remarks=remarks, progress=at
        )
    lines = [f"  {c.label}：原为 {c.before}，现为 {c.now}" for c in drawn.changes or ()] or ["  数字没有变化"]
    if drawn.older_editions_with:
        lines.append(f"  原版在：{'、'.join(drawn.older_editions_with)}；批准后请换发")
    _answer(session, drawn, f"✓ 已做 {drawn.document_no} 的第{drawn.edition}版", lines)


@report.command()
@NUMBER
@pass_session
def show(session: Session, number: str) -> None:
    """查看一份文件：办到哪一步、各表、文件在哪里。"""
    from qrecords.services.reports.kept import show_document

    found = show_document(session.office, number)
    lines = []
    for one in found.tables or ():
        lines += [f"  {one.key} {one.title}（单位：{one.unit}）"]
        lines += [f"    {line}" for line in table(one.columns, one.rows)]
        lines += [f"    注：{note}" for note in one.notes]
    lines += [f"  {path}" for path in (found.files or {}).values()]
    if found.destroyed:
        lines.append(f"  已按清册 {found.destroyed} 销毁")
    _answer(session, found, f"{found.document_no}　{found.title}", [*_people(found), *lines])


@report.command()
@NUMBER
@click.option("--figure", metavar="数字", default="", help="只看这一个数字，如 T01.forms.f06.now")
@pass_session
def figures(session: Session, number: str, figure: str) -> None:
    """列出文件里的数字，各由哪些记录算出（只列您能查阅的记录）。"""
    from qrecords.services.reports.kept import figures_of

    found = figures_of(session.office, number, figure)
    lines = []
    for one in found:
        lines.append(f"{one.id}　{one.label}：{one.value} {one.unit}（精确值 {one.exact}）")
        if figure:
            lines += [f"  {r.record_no}　{r.date}　{r.title}" for r in one.records]
            lines += [f"  没有计入（{r.reason}）：{r.record_no}　{r.date}　{r.title}" for r in one.left_out]
            lines += [] if one.whole else ["  还有您不能查阅的记录"]
    session.answer({"figures": found}, lines)


@report.command(name="list")
@click.option("--kind", metavar="种类", default="", help="只列这一种，如 BB")
@click.option("--year", type=types.Year(), default=None, help="只列这一年度的")
@pass_session
def list_(session: Session, kind: str, year: int | None) -> None:
    """列出文件：编号、期间、办到哪一步、下一步。"""
    from qrecords.services.reports.kept import list_documents

    found = list_documents(session.office, kind=kind, year=year)
    rows = [(d.document_no, d.period, d.state_label, d.title, worded(d.next)) for d in found]
    headings = ("编号", "期间", "办到", "题名", "下一步")
    lines = table(headings, rows, (18, 8, 16, 40, 70)) if rows else ["还没有文件"]
    session.answer({"documents": found}, lines)


@report.command()
@NUMBER
@click.option("--unit", default="", help="只评一个承办单位（R02 里的名称）")
@click.option("-o", "--output", type=types.OUTPUT, help="存成售后服务工作评价（KF758-PJ）的填写用工作簿 .xlsx")
@pass_session
def evaluation(session: Session, number: str, unit: str, output: Path | None) -> None:
    """按报表里的评价（R01、R02）开始填售后服务工作评价；意见和批准由人写，不提奖惩，不写个人。"""
    from qrecords.services.reports.evaluated import evaluation as evaluation_of
    from qrecords.services.reports.evaluated import evaluation_file

    found = evaluation_of(session.office, number, unit)
    whose = f"{found.values['evaluated_unit']}　" if unit else ""
    lines = [f"{found.document_no}　{found.period}　{whose}评价得分 {found.score}　{found.level}".rstrip()]
    path = None
    if output is not None:
        require_free(output)
        path = str(write_new(output, evaluation_file(session.office, found, output.name)))
        lines += [f"✓ {path}", f"→ 核对后：qrecords fill PJ {output.name}"]
    session.answer({"evaluation": asdict(found) | {"path": path}}, lines)


@report.command()
@NUMBER
@_hand
@pass_session
def review(session: Session, number: str, by: str, day: str | None, evidence: Path | None) -> None:
    """登记审核签署；不用批准的文件审核后即批准归档。"""
    from qrecords.services.reports import progress

    done = progress.review(session.office, number, _hand_of(by, day, evidence))
    _answer(session, done, f"✓ 已审核 {done.document_no}：{done.state_label}")


@report.command()
@NUMBER
@_hand
@pass_session
def approve(session: Session, number: str, by: str, day: str | None, evidence: Path | None) -> None:
    """登记批准签署：内容从此不再改变，并编号归档。"""
    from qrecords.services.reports import progress

    done = progress.approve(session.office, number, _hand_of(by, day, evidence))
    _answer(session, done, f"✓ 已批准 {done.document_no}")


@report.command()
@NUMBER
@click.option("--kind", "part", type=types.Word(tuple(PARTS), PARTS), required=True, help="哪种签署")
@_hand
@pass_session
def sign(session: Session, number: str, part: Any, by: str, day: str | None, evidence: Path | None) -> None:
    """登记拟制或会签的签署。"""
    from qrecords.services.reports import progress

    done = progress.sign(session.office, number, part, _hand_of(by, day, evidence))
    _answer(session, done, f"✓ 已登记 {done.document_no} 的{PARTS[part]}签署")


@report.command(name="return")
@NUMBER
@REASON
@pass_session
def return_(session: Session, number: str, reason: str) -> None:
    """退回重新拟制；已有的签署作废。"""
    from qrecords.services.reports.progress import send_back

    done = send_back(session.office, number, reason)
    _answer(session, done, f"✓ 已退回 {done.document_no}")


@report.command()
@NUMBER
@REASON
@pass_session
def void(session: Session, number: str, reason: str) -> None:
    """作废没有批准过的文件；编号保留。"""
    from qrecords.services.reports.progress import make_void

    done = make_void(session.office, number, reason)
    _answer(session, done, f"✓ 已作废 {done.document_no}")


@report.command()
@NUMBER
@click.option("--to", metavar="对象", multiple=True, help="报送给谁（默认：这种文件的全部对象）；可以写几个")
@click.option("--on", "day", type=types.Day(), default=None, help="报送日期（默认：今天）")
@click.option("--mail", metavar="编号", default="", help="寄出时的发件记录编号")
@pass_session
def issue(session: Session, number: str, to: tuple[str, ...], day: str | None, mail: str) -> None:
    """登记已批准的文件报送给了谁。"""
    from qrecords.services.reports.progress import issue as issue_document

    done = issue_document(session.office, number, to=to, on=day or "", mail_no=mail)
    _answer(session, done, f"✓ 已报送 {done.document_no}：{'、'.join(done.sent[-1].recipients)}")


@report.command()
@NUMBER
@click.option("--for", "recipient", metavar="对象", required=True, help="哪个报送对象")
@click.option("--by", metavar="姓名", required=True, help="签收人")
@click.option("--on", "day", type=types.Day(), default=None, help="签收日期（默认：今天）")
@pass_session
def receipt(session: Session, number: str, recipient: str, by: str, day: str | None) -> None:
    """登记报送对象签收了。"""
    from qrecords.services.reports.progress import receive

    done = receive(session.office, number, recipient, by=by, on=day or "")
    _answer(session, done, f"✓ 已登记 {recipient} 签收 {done.document_no}")


def _answer(session: Session, document: ShownDocument, said: str, lines: list[str] | None = None) -> None:
    session.answer({"document": document}, [said, *(lines or ()), f"→ {worded(document.next)}"])


def _people(found: ShownDocument) -> list[str]:
    lines = [f"  {found.state_label}　第{found.edition}版　密级 {found.secrecy_level}"]
    if found.milrep:
        lines.append(f"  只给{found.milrep}")
    if found.archive_no:
        lines.append(f"  归档编号 {found.archive_no}")
    lines += [
        f"  {s.part_label} {s.by}  {s.on}{'（有扫描件）' if s.evidence else ''}"
        for s in found.signatures
        if s.edition == found.edition
    ]
    lines += [f"  报送 {'、'.join(s.recipients)}  {s.on}" for s in found.sent]
    lines += [f"  签收 {r.recipient} {r.by}  {r.on}" for r in found.receipts]
    lines += [f"  告警 {a.key}　{a.says}：{a.answer}" for a in found.alarm_states or ()]
    return lines + ([f"  原因：{found.reason}"] if found.reason else [])
