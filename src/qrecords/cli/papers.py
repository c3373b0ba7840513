"""papers."""

from __future__ import annotations

from pathlib import Path

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.completion import RECORD
from qrecords.cli.output import table
from qrecords.intake.outfiles import require_free, write_new


@click.command(cls=chinese.Command)
@click.argument("number", metavar="编号", type=RECORD)
@click.argument("name", metavar="名称", required=False)
@click.option("-o", "--output", type=types.OUTPUT, help="存到哪里：.docx 或 .pdf（默认：当前文件夹，编号-名称.docx）")
@pass_session
def papers(session: Session, number: str, name: str | None, output: Path | None) -> None:
    """列出一份记录可出的随案文件（交接清单、拒收通知等），写名称的出这一份；签好的用 attach 附回。"""
    from qrecords.services.excerpts import paper_file, papers_of

    office = session.office
    if name is None:
        found = papers_of(office, number)
        rows = [(p.key, p.title, p.clause) for p in found]
        session.answer({"papers": found}, table(("名称", "文件", "依据"), rows) if rows else ["没有随案文件"])
        return
    path = output or Path(f"{number.strip().upper()}-{name}.docx")
    require_free(path)
    written = str(write_new(path, paper_file(office, number, name, path.name)))
    made = {"record_no": office.full_record_no(number), "name": name, "path": written}
    lines = [f"✓ {written}", f"→ 签好后附回：qrecords attach {made['record_no']} 扫描件"]
    session.answer({"paper": made}, lines)
