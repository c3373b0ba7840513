"""serve."""

from __future__ import annotations

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.wording import worded
from qrecords.settings import find_root, load
from qrecords.strict import RUN


@click.command(cls=chinese.Command)
@click.option("--host", metavar="地址", default="127.0.0.1", show_default=True, help="在哪个地址上等待浏览器")
@click.option("--port", type=types.Number(0, 65535), default=7580, show_default=True, help="端口；0 表示自动选")
@click.option("--open/--no-open", "browser", default=True, help="打开浏览器（默认打开）")
@pass_session
def serve(session: Session, host: str, port: int, *, browser: bool) -> None:
    """启动工作台：在浏览器里填写、审查、检索。按 Ctrl-C 结束。"""
    from qrecords.desk.places import unfit_for_many
    from qrecords.web.serving import Wishes
    from qrecords.web.serving import serve as serve_desk

    root = find_root(session.root)
    unfit = unfit_for_many(load(root))

    def ready(entrance: str) -> None:
        lines = [f"工作台已启动：{entrance}", *(f"注意：{worded(told)}" for told in unfit), "按 Ctrl-C 结束"]
        session.answer({"address": entrance}, lines)

    serve_desk(root, Wishes(host, port, session.account, browser and RUN.strict is None), ready)
