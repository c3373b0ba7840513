"""print."""

from __future__ import annotations

from pathlib import Path

import click

from qrecords.cli import chinese
from qrecords.cli.app import Session, pass_session
from qrecords.cli.arguments import MONTH, NUMBERS, OUT, month_form


@click.command("print", cls=chinese.Command)
@NUMBERS
@MONTH
@OUT
@pass_session
def print_(session: Session, numbers: tuple[str, ...], month: str | None, out: Path | None) -> None:
    """打印：生成 docx 和 pdf，每次打印有自己的编码。登记簿按月打印。"""
    from qrecords.services.print import print_month, print_records

    if month:
        prints = print_month(session.office, month_form(numbers), month, out=out)
    else:
        prints = print_records(session.office, numbers, out=out)
    session.answer({"prints": prints}, [f"✓ {p.print_id}  {p.pdf}" for p in prints])
