"""compile, volume show."""

from __future__ import annotations

from typing import Any

import click

from qrecords.cli import chinese
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import progress, table


@click.command("compile", cls=chinese.Command)
@click.argument("year", metavar="年度", type=chinese.Year())
@click.option("--form", "form", metavar="表式", default="", help="只编这种表式（默认：全部）")
@click.option("--dry-run", is_flag=True, help="只看会编成哪些册、缺哪些件")
@click.option("--with-gaps", is_flag=True, help="还有没归档的也照编，缺件印在备考表上")
@click.option("--reason", metavar="原因", default="", help="带缺件成册的原因")
@pass_session
def compile_(session: Session, year: int, form: str, dry_run: bool, with_gaps: bool, reason: str) -> None:
    """把一年的归档件汇编成册：封面、卷内目录、编页、备考表、书签。"""
    from qrecords.services.compile import compile_year

    with progress("成册", "册") as at:
        result = compile_year(
            session.office, year, form_code=form, dry_run=dry_run, with_gaps=with_gaps, reason=reason, progress=at
        )
    data = {"volumes": result.volumes, "gaps": result.gaps, "left_out": result.left_out}
    lines = _volume_lines(result.volumes, dry_run=dry_run)
    lines += [f"  作废 {g['record_no']}：{g['reason']}" for g in result.gaps]
    lines += [f"  缺件 {o['record_no']}：{o['why']}" for o in result.left_out]
    session.answer(data, lines)


@click.group(cls=chinese.Group)
def volume() -> None:
    """查看已成的册。"""


@volume.command("list")
@click.option("--year", type=chinese.Year(), help="只看这一年")
@pass_session
def list_volumes(session: Session, year: int | None) -> None:
    """列出已成的册。"""
    from qrecords.services.volumes import list_volumes

    found = list_volumes(session.office, year)
    rows = [(v["volume_code"], v["title"], v["items"], v["pages"], v["pdf"]) for v in found]
    lines = table(("档号", "题名", "件数", "页数", "文件"), rows, (32, 52, 6, 6, 120))
    session.answer({"volumes": found}, lines if rows else ["还没有成册；用 qrecords compile 年度 编制"])


@volume.command()
@click.argument("code", metavar="档号")
@pass_session
def show(session: Session, code: str) -> None:
    """查看一册的卷内目录：每件在第几页。"""
    from qrecords.services.volumes import show_volume

    found = show_volume(session.office, code)
    rows = [(i["position"], i["document_no"], i["page_from"], i["page_to"], i["title"]) for i in found["contents"]]
    lines = [f"{found['volume_code']}  {found['title']}", f"  {found['pdf']}"]
    lines += table(("序号", "文件编号", "起页", "止页", "题名"), rows, (5, 48, 5, 5, 60))
    session.answer({"volumes": [found]}, lines)


def _volume_lines(volumes: list[dict[str, Any]], *, dry_run: bool) -> list[str]:
    if not volumes:
        return ["没有可成册的归档件"]
    verb = "将编成" if dry_run else "✓ 编成"
    lines = [f"{verb}{len(volumes)}册"]
    for found in volumes:
        lines.append(f"  {found['volume_code'] or ''}  {found['title']}  {found['items']}件 {found['pages']}页")
        if found["pdf"]:
            lines.append(f"    {found['pdf']}")
    return lines
