"""correct."""

from __future__ import annotations

from pathlib import Path

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.arguments import REASON
from qrecords.cli.completion import RECORD
from qrecords.stores.given import on_disk


@click.command(cls=chinese.Command)
@click.argument("number", metavar="编号", type=RECORD)
@click.argument("source", metavar="输入文件", type=types.PATH)
@REASON
@pass_session
def correct(session: Session, number: str, source: Path, reason: str) -> None:
    """更正已归档的记录：输入文件里只写要改的栏目；存为新版并印更改标记，原版保留。"""
    from qrecords.services.correct import correct as correct_record

    record = correct_record(session.office, number, on_disk(source), reason=reason)
    made = record.corrections[-1]
    lines = [
        f"✓ {record.record_no} 已更正，归档件为第{made.version}版，改了{len(made.changes)}项",
        f"  原来的内容仍在：qrecords show {record.record_no} --history",
    ]
    if record.volume_code:
        lines.append("  已成册的原件不动；新版随下一次成册编入补册：qrecords compile 年度")
    session.answer(
        {"record": {"record_no": record.record_no, "state": record.state.value, "version": made.version}}, lines
    )
