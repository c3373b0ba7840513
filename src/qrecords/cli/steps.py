"""issue, submit, sign, review, return, void."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qrecords.advice import Sentence
from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.arguments import MONTH, NUMBERS, REASON, month_form, moved
from qrecords.cli.output import note
from qrecords.cli.wording import worded
from qrecords.model.papers import AFTER_FILING
from qrecords.model.record import Action
from qrecords.stores.given import on_disk

if TYPE_CHECKING:
    from qrecords.model.record import Record


@click.command(cls=chinese.Command)
@NUMBERS
@pass_session
def issue(session: Session, numbers: tuple[str, ...]) -> None:
    """签发售后服务通知单：签发后指派即生效，签发的内容不能再改。"""
    from qrecords.services import steps

    moved(session, steps.issue(session.office, numbers), "签发")


@click.command(cls=chinese.Command)
@NUMBERS
@MONTH
@pass_session
def submit(session: Session, numbers: tuple[str, ...], month: str | None) -> None:
    """提交给管理信息部主管审查；该填的必须齐全。登记簿可按月提交，没有处理结果的行留待以后。"""
    from qrecords.services import steps

    notes: list[Sentence] = []
    submitted = steps.submit(session.office, _chosen(session, numbers, month, Action.SUBMIT), notes)
    for line in notes:
        note(f"提示：{worded(line)}")
    _say_later(session, submitted)
    moved(session, submitted, "提交")


@click.command(cls=chinese.Command)
@NUMBERS
@click.option(
    "--kind",
    metavar="种类",
    required=True,
    help="表上的叫法，如 用户签名、用户公章、服务人员签名、相关单位领导签名",
)
@click.option("--by", metavar="姓名", required=True, help="谁签的名，或哪个单位盖的章")
@click.option("--on", type=types.Day(), help="签署日期（默认：今天）")
@click.option("--evidence", type=types.PATH, help="签署页的扫描件，随记录一起归档")
@click.option("--further", is_flag=True, help="与登记过的不是同一个签署：另一个人，或另一次签的")
@pass_session
def sign(
    session: Session,
    numbers: tuple[str, ...],
    kind: str,
    by: str,
    on: str | None,
    evidence: Path | None,
    further: bool,
) -> None:
    """登记纸面上已有的签名或盖章（软件不代签）。

    先登记、后补扫描件的，是同一个签署，不再另登一个。已归档的也可以补登、补附扫描件：存为归档件的新版，原版保留。
    """
    from qrecords.services import steps

    scan = on_disk(evidence) if evidence else None
    signed = steps.sign(session.office, numbers, kind=kind, by=by, on=on or "", evidence=scan, further=further)
    if any(record.state in AFTER_FILING for record in signed):
        note("提示：已归档的存为归档件的新版；用 qrecords show 编号 --history 看各版")
    moved(session, signed, "登记签署")


@click.command(cls=chinese.Command)
@NUMBERS
@MONTH
@click.option("--opinion", metavar="意见", default="", help="主管审查意见，会印在表上")
@click.option("--on", type=types.Day(), help="主管在纸面上签名的日期（默认：今天）；它决定编入哪一年的册")
@pass_session
def review(session: Session, numbers: tuple[str, ...], month: str | None, opinion: str, on: str | None) -> None:
    """登记主管的审查签名。"""
    from qrecords.services import steps

    chosen = _chosen(session, numbers, month, Action.REVIEW)
    reviewed = steps.review(session.office, chosen, opinion=opinion, on=on or "")
    for number, year in steps.volume_years(session.office, reviewed).items():
        note(f"提示：{number} 编入{year}年度的册（按审查日期）；纸面上签的是别的日期，请退回后用 --on 写上那天")
    _say_later(session, reviewed)
    moved(session, reviewed, "审查")


def _say_later(session: Session, records: list[Record]) -> None:
    """Say what filing will ask of records, while there is time to see to it."""
    from qrecords.services.obstacles import obstacles_of

    for record in records:
        ahead = obstacles_of(session.office, record)
        wanted = [p.message for p in (*(ahead.now if ahead.action == "file" else ()), *ahead.later)]
        for message in wanted:
            note(f"归档前还要：{record.record_no}  {worded(message)}")


@click.command("return", cls=chinese.Command)
@NUMBERS
@REASON
@pass_session
def return_(session: Session, numbers: tuple[str, ...], reason: str) -> None:
    """退回改正：记录回到草稿。"""
    from qrecords.services import steps

    moved(session, steps.send_back(session.office, numbers, reason=reason), "退回")


@click.command(cls=chinese.Command)
@NUMBERS
@REASON
@pass_session
def void(session: Session, numbers: tuple[str, ...], reason: str) -> None:
    """作废还没有归档的记录：编号连同原因保留在册，不再使用。"""
    from qrecords.services import steps

    moved(session, steps.void(session.office, numbers, reason=reason), "作废")


def _chosen(session: Session, numbers: tuple[str, ...], month: str | None, action: Action) -> Sequence[str]:
    if not month:
        return numbers
    from qrecords.services import steps

    return steps.ready_in_month(session.office, month_form(numbers), month, action)
