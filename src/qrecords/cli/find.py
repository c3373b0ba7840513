"""list, show, search."""

from __future__ import annotations

from typing import Any, Literal

import click

from qrecords.cli import chinese
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import table

STATES = ("draft", "issued", "submitted", "reviewed", "filed", "bound", "void")
FORM = click.option("--form", "form", metavar="表式", default="", help="只看这种表式，如 06A")


@click.command("list", cls=chinese.Command)
@FORM
@click.option("--state", "states", multiple=True, type=chinese.Word(STATES), help="只看这种状态，可重复")
@click.option("--year", type=chinese.Year(), help="只看编号里的这一年")
@click.option("--month", type=chinese.Month(), help="只看这个月")
@click.option("--all", "every", is_flag=True, help="连已归档、成册、作废的一起列出")
@pass_session
def list_(
    session: Session, form: str, states: tuple[str, ...], year: int | None, month: str | None, every: bool
) -> None:
    """列出记录：办到哪一步，该谁办，还缺什么。默认只列没有归档的。"""
    from qrecords.model.record import OPEN_STATES, State
    from qrecords.services.find import list_records

    wanted = [State(s) for s in states] or ([] if every else list(OPEN_STATES))
    records = list_records(session.office, form_code=form, states=wanted, year=year, month=month or "")
    rows = [(r["record_no"], r["state_label"], r["date"], r["customer_unit"], r["title"], r["turn"]) for r in records]
    lines = table(("编号", "状态", "日期", "用户单位", "题名", "该谁办"), rows, (24, 8, 10, 20, 36, 24))
    session.answer({"records": records}, [*lines, f"共{len(rows)}份"] if rows else ["没有符合的记录"])


@click.command(cls=chinese.Command)
@click.argument("number", metavar="编号")
@click.option("--history", is_flag=True, help="连同每一步何时由谁办理")
@pass_session
def show(session: Session, number: str, history: bool) -> None:
    """查看一份记录的全部内容。"""
    from qrecords.services.find import show as show_record

    record = show_record(session.office, number, history=history)
    session.answer({"record": record}, _record_lines(record))


@click.command(cls=chinese.Command)
@click.argument("query", metavar="检索词", nargs=-1, required=True)
@FORM
@click.option("--year", type=chinese.Year(), help="只查这一年")
@click.option("--from", "date_from", type=chinese.Day(), help="从这一天起")
@click.option("--to", "date_to", type=chinese.Day(), help="到这一天止")
@click.option("--unit", metavar="单位", default="", help="只查这个承办单位")
@click.option("--state", type=chinese.Word(STATES), default=None, help="只查这种状态")
@click.option("--limit", type=chinese.Number(1), default=20, show_default=True, help="最多列出几条")
@click.option("--sort", type=chinese.Word(("date", "relevance")), default="date", help="按日期（默认）或相关程度")
@pass_session
def search(
    session: Session,
    /,
    query: tuple[str, ...],
    limit: int,
    sort: Literal["date", "relevance"],
    **criteria: Any,
) -> None:
    """全文检索：几个词都要出现；支持 "短语"、OR、-排除、用户：… 型号：… 等。"""
    from qrecords.services.find import Criteria
    from qrecords.services.find import search as search_records

    wanted = Criteria(
        form_code=criteria["form"],
        year=criteria["year"],
        date_from=criteria["date_from"] or "",
        date_to=criteria["date_to"] or "",
        unit=criteria["unit"],
        state=criteria["state"] or "",
    )
    found = search_records(session.office, " ".join(query), wanted, limit=limit, sort=sort)
    session.answer(found, _hit_lines(found, " ".join(query)))


def _hit_lines(found: dict[str, Any], query: str) -> list[str]:
    if not found["hits"]:
        return [f"未找到「{query}」", "→ 可减少词数、缩短检索词，或去掉 --form、--year 等条件再试"]
    lines = []
    for hit in found["hits"]:
        lines.append(f"{hit['record_no']}  {hit['date']}  {hit['customer_unit']}  {hit['title']}")
        lines.append(f"    {hit['snippet']}")
    shown = len(found["hits"])
    return [*lines, f"共{found['total']}份" + (f"，列出前{shown}份" if shown < found["total"] else "")]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return "、".join(value) if isinstance(value, list) else str(value)


def _record_lines(record: dict[str, Any]) -> list[str]:
    from qrecords.cli.audit import label as event_label

    lines = [f"{record['record_no']}  {record['form_title']}  {record['state_label']}"]
    for key, value in record["values"].items():
        label = record["labels"].get(key, key)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(f"  {label}：")
            lines += [f"    {n}. " + " / ".join(_plain(v) for v in row.values()) for n, row in enumerate(value, 1)]
        else:
            lines.append(f"  {label}：" + _plain(value).replace("\n", "\n    "))
    if record["reason"]:
        lines.append(f"  原因：{record['reason']}")
    if record["opinion"]:
        lines.append(f"  主管审查意见：{record['opinion']}（{record['reviewed_on']}）")
    kinds = record["signature_labels"]
    for s in record["signatures"]:
        void = f"（{s['lapsed']} 改了已印出的内容，此签署失效）" if s["lapsed"] else ""
        lines.append(f"  {kinds.get(s['kind'], s['kind'])}：{s['by']} {s['on']} {s['evidence']}".rstrip() + void)
    if record["archive_no"]:
        lines.append(f"  归档编号：{record['archive_no']}")
    if record["volume_code"]:
        lines.append(f"  所在册：{record['volume_code']}")
    lines += [f"  还缺：{m}" for m in record["missing"]]
    lines += [f"  提醒：{m}" for m in record["reminders"]]
    if record["turn"]:
        lines.append(f"  该谁办：{record['turn']}")
    for event in record.get("history", []):
        lines.append(f"  {event['at']}  {event['account']}  {event_label(event)}")
    return lines
