"""customers, products and parts: list, add, import; products: tracking."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import note, table
from qrecords.cli.wording import worded
from qrecords.intake.outfiles import require_free, write_new
from qrecords.stores.given import on_disk

if TYPE_CHECKING:
    from qrecords.services.intake.lists import Kept

SHOWN = 6  # columns a terminal has room for


def _group(name: str, summary: str, example: str) -> click.Group:
    @click.group(name, cls=chinese.Group, help=summary)
    def group() -> None:
        pass

    @group.command("list")
    @click.argument("words", metavar="[含有的字]", default="")
    @pass_session
    def list_(session: Session, words: str) -> None:
        """列出清单，或其中含有某些字的。"""
        from qrecords.model.lists import KINDS, PRODUCTS
        from qrecords.services.intake.lists import SERIES, list_entries, list_fields

        entries = list_entries(session.office, KINDS[name], words)
        shown = {f.key: f.label for f in list_fields(session.office, KINDS[name])[:SHOWN]}
        limits = [24] * len(shown)
        if KINDS[name] is PRODUCTS:
            shown, limits = shown | {SERIES: "是否批量"}, [*limits, 60]
        rows = [[entry.get(key, "") for key in shown] for entry in entries]
        lines = table([*shown.values()], rows, limits) if rows else ["还没有内容"]
        session.answer({name: entries}, lines)

    @group.command(help=f"加一条，已有的就改它写明的栏目。例如：{example}")
    @click.argument("values", metavar="栏目=内容...", nargs=-1, required=True, type=types.Pair())
    @pass_session
    def add(session: Session, values: tuple[tuple[str, str], ...]) -> None:
        from qrecords.model.lists import KINDS
        from qrecords.services.intake.lists import add_entry

        _tell(session, add_entry(session.office, KINDS[name], dict(values)))

    @group.command("import")
    @click.argument("source", metavar="文件", type=types.PATH)
    @pass_session
    def import_(session: Session, source: Path) -> None:
        """从 .csv 或 .xlsx 读入：新的加入，已有的更新；有一行不对就一行也不读。"""
        from qrecords.model.lists import KINDS
        from qrecords.services.intake.lists import import_entries

        _tell(session, import_entries(session.office, KINDS[name], on_disk(source)))

    return group


def _tell(session: Session, kept: Kept) -> None:
    for text in kept.notes:
        note(f"提示：{worded(text)}")
    data = {"added": kept.added, "changed": kept.changed, "total": kept.total}
    session.answer(data, [f"✓ 新增{kept.added}条，更新{kept.changed}条，共{kept.total}条"])


customers = _group(
    "customers",
    "用户清单：填表时写了用户代号或用户单位，其余空着的栏目自动带出。",
    "用户单位=示例单位一 用户代号=SL-001",
)
products = _group(
    "products",
    "产品清单：填表时写了出厂编号，其余空着的栏目自动带出；写了产品类型、已生产数量的，推算是否批量。",
    "型号=SL-120 出厂编号=S2203017",
)

parts = _group(
    "parts",
    "备件清单：名称相同写法不同的备件，每台数量、MTBF、供货月数、包装数量；算备件建议量用，不写单价。",
    "备件名称=电源模块 型号=DY-5 别名=电源板 包装数量=4",
)


@products.command()
@click.argument("words", metavar="[含有的字]", default="")
@click.option("-o", "--output", type=types.OUTPUT, help="存成 .xlsx、.csv 或 .json")
@pass_session
def tracking(session: Session, words: str, output: Path | None) -> None:
    """产品交付跟踪：写了交付日期的各台，培训、开通、回访、问题各在哪天；只供参考。"""
    from qrecords.services.tracking import COLUMNS, lines_of, tracking_file
    from qrecords.services.tracking import tracking as tracking_of

    found = tracking_of(session.office, words)
    rows = [[line[key] for key in COLUMNS] for line in lines_of(found)]
    lines = table([heading for heading, _ in COLUMNS.values()], rows) if rows else []
    lines.append(f"{found.on}：写了交付日期的{len(rows)}台" + (f"，没有写的{found.undated}条" if found.undated else ""))
    if not found.whole:
        lines.append("→ 只按您能查阅的记录")
    path = None
    if output is not None:
        require_free(output)
        path = str(write_new(output, tracking_file(found, output.name)))
        lines.append(f"✓ {path}")
    session.answer({"tracking": asdict(found) | {"path": path}}, lines)
