"""Arguments many commands share: record numbers, also from standard input; forms with a month."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from qrecords.cli import types
from qrecords.cli.app import Session
from qrecords.cli.completion import RECORD
from qrecords.errors import UsageError
from qrecords.model.record import STATE_LABELS


def all_numbers(ctx: click.Context, param: click.Parameter, numbers: Sequence[str]) -> tuple[str, ...]:
    """Return the numbers given; `-` reads them from standard input, one or many a line."""
    found: list[str] = []
    for number in numbers:
        read = number == "-" and not ctx.resilient_parsing  # a shell that completes has nothing to say there
        found += [param.type(word, param, ctx) for word in sys.stdin.read().split()] if read else [number]
    return tuple(found)


NUMBERS = click.argument("numbers", metavar="编号...", nargs=-1, required=True, type=RECORD, callback=all_numbers)
ANY_NUMBERS = click.argument("numbers", metavar="[编号...]", nargs=-1, type=RECORD, callback=all_numbers)
MONTH = click.option("--month", type=types.Month(), help="登记簿的整月，如 2026-03；这时“编号”处写表式编号")
REASON = click.option("--reason", metavar="原因", required=True, help="写明原因，会留在记录上")
OUT = click.option("--out", type=types.OUTPUT, help="文件放到哪个文件夹（默认：archive/drafts）")


def month_form(numbers: Sequence[str]) -> str:
    """Return the one form a month was asked of."""
    if len(numbers) != 1:
        raise UsageError("用 --month 时只写一个表式编号", remedy="例如 qrecords print QR758-02A --month 2026-03")
    return numbers[0]


def moved(session: Session, records: Sequence[Any], done: str) -> None:
    """Answer a step on records."""
    lines = [f"✓ {done}{len(records)}份"] if len(records) > 1 else []
    lines += [f"  {r.record_no}  {STATE_LABELS[r.state]}  {r.title}" for r in records]
    session.answer({"records": [{"record_no": r.record_no, "state": r.state.value} for r in records]}, lines)
