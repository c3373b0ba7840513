"""compile, volume list, show, find, print-set, verify."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.arguments import NUMBERS
from qrecords.cli.completion import FORM
from qrecords.cli.output import note, problem_lines, progress, table
from qrecords.cli.wording import error_json, worded
from qrecords.errors import IntegrityFailure

if TYPE_CHECKING:
    from qrecords.services.disposition.retention import VolumeKept
    from qrecords.services.volumes.compile import CompiledVolume

OTHERS = 5  # lines of what else stands against destroying a volume


@click.command("compile", cls=chinese.Command)
@click.argument("year", metavar="年度", type=types.Year())
@click.option("--form", "form", metavar="表式", type=FORM, default="", help="只编这种表式（默认：全部）")
@click.option("--dry-run", is_flag=True, help="只看会编成哪些册、缺哪些件")
@click.option("--with-gaps", is_flag=True, help="还有没归档的也照编，缺件印在备考表上")
@click.option("--reason", metavar="原因", default="", help="带缺件成册的原因")
@pass_session
def compile_(session: Session, year: int, form: str, dry_run: bool, with_gaps: bool, reason: str) -> None:
    """把一年的归档件汇编成册：封面、卷内目录、编页、备考表、书签。"""
    from qrecords.services.volumes.compile import compile_year

    with progress("成册", "册") as at:
        result = compile_year(
            session.office, year, form_code=form, dry_run=dry_run, with_gaps=with_gaps, reason=reason, progress=at
        )
    data = {
        "volumes": result.volumes,
        "gaps": result.gaps,
        "left_out": result.left_out,
        "missing": result.missing,
        "late": result.late,
        "elsewhere": result.elsewhere,
        "is_over": result.is_over,
    }
    if not result.is_over:
        note(f"提示：{year}年还没有过完；以后归档的会另编补充册，平时请等年度结束再编")
    lines = _volume_lines(result.volumes, dry_run=dry_run)
    lines += [f"  作废 {g.record_no}：{worded(g.reason)}" for g in result.gaps]
    lines += [f"  缺件 {o.record_no}：{worded(o.why)}" for o in result.left_out]
    lines += [f"  缺号 {o.record_no}：{worded(o.why)}" for o in result.missing]
    lines += [f"  补编 {o.record_no}：{worded(o.why)}" for o in result.late]
    lines += [f"  不在本年度册内 {o.record_no}：{worded(o.why)}" for o in result.elsewhere]
    session.answer(data, lines)


@click.group(cls=chinese.Group)
def volume() -> None:
    """已成的册：查看、查找、取打印件、核对。"""


@volume.command("list")
@click.option("--year", type=types.Year(), help="只看这一年")
@pass_session
def list_volumes(session: Session, year: int | None) -> None:
    """列出已成的册。"""
    from qrecords.services.volumes.shelf import list_volumes

    found = list_volumes(session.office, year)
    rows = [(v.volume_code, v.title, v.items, v.pages, v.pdf or f"已销毁（{v.destroyed}）") for v in found]
    lines = table(("档号", "题名", "件数", "页数", "文件"), rows, (32, 52, 6, 6, 120))
    session.answer({"volumes": found}, lines if rows else ["还没有成册；用 qrecords compile 年度 编制"])


@volume.command()
@click.argument("code", metavar="档号")
@pass_session
def show(session: Session, code: str) -> None:
    """查看一册：卷内目录，每件在第几页；保存到哪一天，什么妨碍销毁。"""
    from qrecords.services.volumes.shelf import show_volume

    found = show_volume(session.office, code)
    rows = [(i.position, i.document_no, i.page_from, i.page_to, i.title) for i in found.contents]
    lines = [f"{found.volume_code}  {found.title}", f"  {found.pdf}", *_kept_lines(session, found.retention)]
    lines += table(("序号", "文件编号", "起页", "止页", "题名"), rows, (5, 48, 5, 5, 60))
    session.answer({"volumes": [found]}, lines)


def _kept_lines(session: Session, kept: VolumeKept) -> list[str]:
    """Return how long a volume is kept, and what forbids destroying it."""
    if kept.fault:
        return [f"  保存到哪一天看不出：{worded(kept.fault)}"]
    lines = [f"  保存到 {kept.last_day}{'（已满）' if kept.over else ''}"]
    lines += [f"  在销毁清册 {kept.list_no} 上"] if kept.list_no else []
    for h in kept.holds:
        lines.append(
            f"  冻结 {h.kind_label} {h.subject}：{h.reason}（{h.placed_by}，{session.when(h.placed_at)[:10]}）"
        )
    lines += [f"  投诉 {number} 还没有了结" for number in kept.complaints]
    lines += [f"  {worded(other)}" for other in kept.others[:OTHERS]]
    return lines + ([f"  另有{len(kept.others) - OTHERS}项"] if len(kept.others) > OTHERS else [])


@volume.command()
@click.argument("year", metavar="年度", type=types.Year())
@pass_session
def catalogue(session: Session, year: int) -> None:
    """查看一年的案卷目录；docx、pdf、xlsx 都存着。"""
    from qrecords.services.volumes.catalogue import show_catalogue

    found = show_catalogue(session.office, year)
    rows = [(v.no, v.volume_code, v.title, v.items, v.pages, v.remark) for v in found.volumes]
    lines = table(("序号", "档号", "题名", "件数", "页数", "备注"), rows, (5, 32, 52, 6, 6, 8))
    lines += [f"  {path}" for path in (found.docx, found.pdf, found.xlsx) if path]
    session.answer({"catalogue": found}, lines if rows else [f"{year}年还没有成册；用 qrecords compile {year} 编制"])


@volume.command()
@NUMBERS
@pass_session
def find(session: Session, numbers: tuple[str, ...]) -> None:
    """记录在哪一册、第几页。"""
    from qrecords.services.volumes.shelf import find_records

    places = find_records(session.office, numbers)
    lines = []
    for place in places:
        lines += [f"{place.record_no}  {place.volume_code}  第{place.position}件  第{place.page}页"]
        lines += [f"  {place.title}", f"  {place.pdf}"]
    session.answer({"places": places}, lines)


@volume.command("print-set")
@click.argument("codes", metavar="档号...", nargs=-1, required=True)
@click.option("--out", type=types.OUTPUT, required=True, help="文件放到哪个文件夹")
@pass_session
def print_set(session: Session, codes: tuple[str, ...], out: Path) -> None:
    """单独取出封面、卷内目录、备考表、脊背（pdf 和 docx），供打印装订。"""
    from qrecords.services.volumes.printset import print_sets

    files = print_sets(session.office, codes, out)
    session.answer({"files": files}, [f"✓ {f.pdf}" for f in files])


@volume.command("verify")
@click.argument("codes", metavar="[档号...]", nargs=-1)
@pass_session
def verify_volume(session: Session, codes: tuple[str, ...]) -> int:
    """逐页核对已成的册：每页与归档原件一致，页码、卷内目录正确。"""
    from qrecords.services.volumes.check import verify_volumes

    with progress("核对", "册") as at:
        checked, problems = verify_volumes(session.office, codes, progress=at)
    if not problems:
        session.answer({"checked": checked, "problems": []}, [f"✓ 逐页核对了{checked}册，没有问题"])
        return 0
    error = IntegrityFailure(
        f"核对了{checked}册，有{len(problems)}处问题", remedy="请按各条提示处理", problems=problems
    )
    data = {"checked": checked, "problems": error_json(error)["problems"], "error": error_json(error)}
    session.answer(data, [f"✗ {error.message}", *problem_lines(problems)], ok=False)
    return error.exit_status


def _volume_lines(volumes: Sequence[CompiledVolume], *, dry_run: bool) -> list[str]:
    if not volumes:
        return ["没有可成册的归档件"]
    verb = "将编成" if dry_run else "✓ 编成"
    lines = [f"{verb}{len(volumes)}册"]
    for found in volumes:
        lines.append(f"  {found.volume_code or ''}  {found.title}  {found.items}件 {found.pages}页")
        if found.pdf:
            lines.append(f"    {found.pdf}")
    return lines
