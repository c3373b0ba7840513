"""due."""

from __future__ import annotations

import click

from qrecords.advice import joined
from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import note, table


@click.command(cls=chinese.Command)
@click.option("--on", type=types.Day(), help="看哪一天的（默认：今天）")
@pass_session
def due(session: Session, on: str | None) -> None:
    """列出到期和逾期的事项：什么、哪份、谁办、最迟哪天，各写明依据。"""
    from qrecords.services.due import due as due_on

    found = due_on(session.office, on=on or "")
    rows = [
        (
            d.limit_on,
            _state(d.days_left, late=d.late),
            d.about,
            d.who,
            d.label,
            joined("；", filter(None, (d.detail, d.next))),
        )
        for d in found.due
    ]
    folder = session.office.settings.forms.folder
    headings = ("最迟", "还有", "哪份", "谁办", "事项", "说明")
    lines = table(headings, rows, (10, 12, 24, 16, 46, 120)) if rows else [f"{found.on} 没有到期的事项"]
    if rows:
        lines.append(f"共{len(rows)}项，逾期{found.late}项；期限在 {folder}/deadlines.toml 里改")
    for year in found.unknown_years:
        note(f"→ {folder}/holidays.csv 没有{year}年的节假日，只按周六、周日算；请按国务院办公厅的通知补上")
    session.answer(found, lines)


def _state(days_left: int, *, late: bool) -> str:
    return f"逾期{-days_left}天" if late else f"{days_left}天"
