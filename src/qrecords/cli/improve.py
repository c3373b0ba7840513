"""improve."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import table
from qrecords.errors import NotFound, UsageError
from qrecords.intake.outfiles import require_free, write_new


@click.command(cls=chinese.Command)
@click.argument("key", metavar="[线索编号]", default="")
@click.option("-o", "--output", type=types.OUTPUT, help="用这条线索存成改进项（KF758-GJ）的填写用工作簿 .xlsx")
@pass_session
def improve(session: Session, key: str, output: Path | None) -> None:
    """改进线索：近12个月里用户不满意、意见建议、反复故障、低于目标的；立不立项由人决定（QS/PA758A 5.10.2）。"""
    from qrecords.services.improving import candidates, item_file

    found = candidates(session.office)
    if key and all(c.key != key for c in found.candidates):
        raise NotFound(f"没有线索「{key}」", remedy="请用 qrecords improve 列出各条；已经立了改进项的不列")
    shown = replace(found, candidates=[c for c in found.candidates if not key or c.key == key])
    rows = [(c.key, c.kind, c.problem, str(len(c.sources))) for c in shown.candidates]
    lines = table(("线索", "来源类别", "问题", "记录"), rows, (40, 10, 60, 4)) if rows else []
    lines.append(f"{found.since} 以来的改进线索{len(found.candidates)}条；已经立了改进项的不列")
    path = None
    if output is not None and not key:
        raise UsageError("没有说清用哪一条线索", remedy="请先列出，再写线索编号：qrecords improve 编号 -o 改进项.xlsx")
    if output is not None:
        require_free(output)
        path = str(write_new(output, item_file(session.office, key, output.name)))
        lines += [f"✓ {path}", f"→ 写明责任、要求完成后：qrecords fill GJ {output.name}"]
    session.answer({"improve": asdict(shown) | {"path": path}}, lines)
