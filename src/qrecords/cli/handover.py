"""export: packages for the company archive."""

from __future__ import annotations

from pathlib import Path

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.arguments import ANY_NUMBERS
from qrecords.cli.output import note, progress
from qrecords.errors import UsageError


@click.command(cls=chinese.Command)
@ANY_NUMBERS
@click.option(
    "--bag", "target", metavar="文件夹", type=types.OUTPUT, required=True, help="写成这个新文件夹（BagIt 包）"
)
@click.option("--year", type=types.Year(), default=None, help="整年的归档件和册，不写编号")
@pass_session
def export(session: Session, numbers: tuple[str, ...], target: Path, year: int | None) -> None:
    """移交给公司档案室：归档对象连同元数据（DA/T 46）打成包，对方不用本软件也能核对、阅读。"""
    from qrecords.services.care.handover import export_bag

    if bool(numbers) == (year is not None):
        raise UsageError("没有说清导出什么", remedy="请写记录编号，或用 --year 写年度，二者选一")
    with progress("打包", "个") as at:
        made = export_bag(session.office, target, year=year, record_nos=numbers, progress=at)
    lines = [
        f"✓ 已打包 {len(made.items)}件、{len(made.volumes)}册：{target}",
        "  data/metadata.csv 是目录，data/objects 是归档对象（OCFL），manifest-sha512.txt 是校验值",
        f"→ 对方收下：qrecords import {target.name}（或用任何 BagIt 工具核对）",
    ]
    if not made.is_whole:
        note(f"提示：包里是您能查阅的归档件；移交{year}年的全部，请由能查阅全部的人办理")
    data = {"path": str(target.resolve()), "items": made.items, "volumes": made.volumes, "is_whole": made.is_whole}
    session.answer(data, lines)
