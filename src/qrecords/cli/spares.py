"""spares."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import table
from qrecords.intake.outfiles import require_free, write_new


@click.command(cls=chinese.Command)
@click.option("--until", type=types.Month(), help="消耗统计到哪个月（默认：上个月）")
@click.option("--stock", type=types.PATH, help="库存清单 .csv 或 .xlsx：备件名称、型号、库存、在途、待补")
@click.option("--deliveries", type=types.PATH, help="将交付的产品清单 .csv 或 .xlsx：型号、台数、交付日期")
@click.option("-o", "--output", type=types.OUTPUT, help="存成预投维修备件计划（KF758-BJ）的填写用工作簿 .xlsx")
@pass_session
def spares(
    session: Session, until: str | None, stock: Path | None, deliveries: Path | None, output: Path | None
) -> None:
    """按06A的更换件和备件清单（parts）算出下年度备件的建议量；计划量由人决定，与建议不同的写原因（QS/PA758A 5.9）。"""
    from qrecords.services.spares import plan_file, spare_plan
    from qrecords.stores.given import on_disk

    files = (on_disk(path) if path else None for path in (stock, deliveries))
    plan = spare_plan(session.office, until or "", *files)
    rows = [
        (p.name, p.model, p.product_model, str(p.last_year), p.yearly_mean, p.kind, p.method, p.demand, str(p.level),
         str(p.stock), str(p.on_order), str(p.proposal))
        for p in plan.parts
    ]  # fmt: skip
    headings = (
        "备件名称",
        "型号",
        "适用产品",
        "近12月",
        "年均",
        "类别",
        "方法",
        "预测",
        "应有",
        "库存",
        "在途",
        "建议量",
    )
    lines = table(headings, rows) if rows else []
    lines.append(
        f"{plan.year}年度：按 {plan.since} 至 {plan.until} 共{plan.months}个月的有效06A，{len(plan.parts)}种备件"
    )
    if plan.unlisted:
        told = "、".join(
            f"{u.name} {u.model}".strip() + (f"（是不是{u.near}？）" if u.near else "") for u in plan.unlisted
        )
        lines.append(f"→ 备件清单里没有的{len(plan.unlisted)}种：{told}")
    if grown := [f"{p.name} {p.model}".strip() + f" {p.grow}" for p in plan.parts if p.grow]:
        lines.append(f"→ 预测已按在用台数调整（计划年末÷统计期平均）：{'、'.join(grown)}")
    if plan.parts and stock is None:
        lines.append("→ 没有给库存清单，库存、在途都按0算：qrecords spares --stock 库存.csv")
    path = None
    if output is not None:
        require_free(output)
        path = str(write_new(output, plan_file(session.office, plan, output.name)))
        lines += [f"✓ {path}", f"→ 写明计划量、需要时间、拟制日期后：qrecords fill BJ {output.name}"]
    session.answer({"spares": asdict(plan) | {"path": path}}, lines)
