"""alike."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.completion import RECORD
from qrecords.cli.output import table
from qrecords.intake.outfiles import require_free, write_new


@click.command(cls=chinese.Command)
@click.argument("number", metavar="编号", type=RECORD)
@click.option("-o", "--output", type=types.OUTPUT, help="存成改进项（KF758-GJ）的填写用工作簿 .xlsx，各台都是未查")
@pass_session
def alike(session: Session, number: str, output: Path | None) -> None:
    """举一反三：列出与一份故障记录（06A、01A、11A）同型号同批次的各台，供逐台检查。"""
    from qrecords.services.alike import alike as units_alike
    from qrecords.services.alike import alike_file

    found = units_alike(session.office, number)
    rows = [(u.product_model, u.serial_no, u.batch, u.customer_unit, u.told_by) for u in found.units]
    lines = table(("型号", "出厂编号", "批次", "用户单位", "见于"), rows) if rows else []
    batches = f"，批次 {'、'.join(found.batches)}" if found.batches else ""
    lines.append(f"{found.record_no}：{'、'.join(found.models)}{batches}，同型号同批次的另有{len(found.units)}台")
    if found.unknown:
        lines.append(f"→ 其中{found.unknown}台没有写批次，不能排除，也列在里面")
    path = None
    if output is not None:
        require_free(output)
        path = str(write_new(output, alike_file(session.office, found, output.name)))
        lines += [f"✓ {path}", f"→ 写明责任、原因、措施和各台的结果后：qrecords fill GJ {output.name}"]
    session.answer({"alike": asdict(found) | {"path": path}}, lines)
