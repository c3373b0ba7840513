"""packs list, on, off."""

from __future__ import annotations

import click

from qrecords.cli import chinese
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import table


@click.group(cls=chinese.Group)
def packs() -> None:
    """可选部分：用户服务台账、答复时限、返厂维修、预备役。不开的，表式、期限、报表里都没有。"""


@packs.command("list", cls=chinese.Command)
@pass_session
def list_(session: Session) -> None:
    """列出可选部分，哪些开着。"""
    from qrecords.services.packs import packs as packs_of

    found = packs_of(session.office)
    rows = [(p.name, p.title, p.series, "开" if p.on else "关") for p in found]
    session.answer({"packs": found}, table(("名称", "内容", "系列", "状态"), rows))


@packs.command(cls=chinese.Command)
@click.argument("name", metavar="名称")
@pass_session
def on(session: Session, name: str) -> None:
    """开一个可选部分：它的表式、期限和报表随即可用。"""
    _switch(session, name, turn="on")


@packs.command(cls=chinese.Command)
@click.argument("name", metavar="名称")
@pass_session
def off(session: Session, name: str) -> None:
    """关一个可选部分：不再填写、提醒、统计；已归档的照样可查。"""
    _switch(session, name, turn="off")


def _switch(session: Session, name: str, *, turn: str) -> None:
    from qrecords.services.packs import switch

    done = switch(session.office, name, on=turn == "on")
    after = f"\n→ 表式：qrecords forms list（{done.series}-…）" if done.on else ""
    session.answer({"pack": done}, [f"✓ {done.title}：{'已开' if done.on else '已关'}{after}"])
