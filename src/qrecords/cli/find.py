"""list, show, search."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.audit import label as event_label
from qrecords.cli.completion import FORM, RECORD, SAVED
from qrecords.cli.output import cut, table
from qrecords.cli.wording import worded
from qrecords.errors import NotFound, UsageError
from qrecords.intake.outfiles import require_free, write_new
from qrecords.intake.viewer import open_with_viewer
from qrecords.model.queryways import WAYS
from qrecords.model.record import OPEN_STATES, STATE_LABELS, State
from qrecords.settings import find_root

if TYPE_CHECKING:
    from qrecords.services.finding.find import Shown
    from qrecords.services.finding.saved import SavedSearch
    from qrecords.services.finding.search import Criteria, Found, Nearby

# As in model/record.py, which takes time and a help page does without; tests hold the two side by side.
STATES = {
    "draft": "草稿", "issued": "已签发", "submitted": "已提交", "reviewed": "已审查",
    "filed": "已归档", "bound": "已成册", "void": "作废",
}  # fmt: skip
SORTS = {"date": "日期", "relevance": "相关程度"}
FACET_LABELS = {"form_code": "表式", "year": "年度", "customer_unit": "用户", "model": "型号", "state": "状态"}
SHOWN_FACETS = 5  # of each kind; --json has them all
TITLE_WIDTH = 48  # columns

When = Callable[[str], str]
OF_FORM = click.option("--form", "form", metavar="表式", type=FORM, default="", help="只看这种表式，如 06A")


@click.command("list", cls=chinese.Command)
@OF_FORM
@click.option("--state", "states", multiple=True, type=types.Word([*STATES], STATES), help="只看这种状态，可重复")
@click.option("--year", type=types.Year(), help="只看编号里的这一年")
@click.option("--month", type=types.Month(), help="只看这个月")
@click.option("--all", "every", is_flag=True, help="连已归档、成册、作废的一起列出")
@click.option("-o", "--output", type=types.OUTPUT, help="把列出的存成台账，如 台账.xlsx，也可用 .csv、.json")
@pass_session
def list_(
    session: Session,
    form: str,
    states: tuple[str, ...],
    year: int | None,
    month: str | None,
    every: bool,
    output: Path | None,
) -> None:
    """列出记录：办到哪一步，该谁办，还缺什么。默认只列没有归档的。"""
    from qrecords.services.finding.find import list_records

    wanted = [State(s) for s in states] or ([] if every else list(OPEN_STATES))
    records = list_records(session.office, form_code=form, states=wanted, year=year, month=month or "")
    if output:
        from qrecords.services.finding.ledger import ledger_file

        require_free(output)
        made = ledger_file(session.office, records, output.name)
        path = str(write_new(output, made.data))
        session.answer({"path": path, "total": made.total}, [f"✓ 列出的{made.total}份已存入 {path}"])
        return
    rows = [(r.record_no, r.state_label, r.date, r.customer_unit, r.title, r.turn) for r in records]
    lines = table(("编号", "状态", "日期", "用户单位", "题名", "该谁办"), rows, (24, 8, 10, 20, 36, 24))
    hidden = "" if every or states else "（只看了没有归档的；连已归档、成册、作废的一起列，请加 --all）"
    session.answer({"records": records}, [*lines, f"共{len(rows)}份"] if rows else [f"没有符合的记录{hidden}"])


@click.command(cls=chinese.Command)
@click.argument("number", metavar="编号", type=RECORD)
@click.option("--history", is_flag=True, help="连同每一步何时由谁办理")
@pass_session
def show(session: Session, number: str, history: bool) -> None:
    """查看一份记录的全部内容。"""
    from qrecords.services.finding.find import show as show_record

    record = show_record(session.office, number, history=history)
    session.answer({"record": record}, _record_lines(record, session.when))


class _Search(chinese.Command):
    """The command that searches; its help page ends with how a query is written."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the ways to write a query."""
        with formatter.section("检索词怎么写"):
            formatter.write_dl([*WAYS])


# Unknown options reach the query: -风扇 leaves out a word.
@click.command(cls=_Search, context_settings={"ignore_unknown_options": True})
@click.argument("query", metavar="[检索词]", nargs=-1)
@OF_FORM
@click.option("--year", type=types.Year(), help="只查这一年")
@click.option("--from", "date_from", type=types.Day(), help="从这一天起")
@click.option("--to", "date_to", type=types.Day(), help="到这一天止")
@click.option("--unit", metavar="单位", default="", help="只查这个承办单位")
@click.option("--customer", metavar="用户单位", default="", help="只查这个用户单位，写全称")
@click.option("--model", metavar="型号", default="", help="只查这个型号，写全")
@click.option("--state", type=types.Word([*STATES], STATES), default=None, help="只查这种状态")
@click.option("--limit", type=types.Number(1), default=20, show_default=True, help="每页列出几条")
@click.option("--after", metavar="位置", default="", help="接着上一页：照抄上一页末尾给出的位置")
@click.option("--sort", type=types.Word([*SORTS], SORTS), default=None, help="按日期（默认）或相关程度")
@click.option("-o", "--output", type=types.OUTPUT, help="把找到的全部存成文件，如 结果.xlsx，也可用 .csv、.json")
@click.option("--open", "open_number", metavar="第几条", type=types.Number(1), help="打开列出的第几条的 PDF")
@click.option("--save", metavar="名称", default="", help="查到后把这次检索按名称存下，只给自己用")
@click.option("--saved", metavar="名称", type=SAVED, default="", help="照存下的检索再查；还可另加词和条件")
@click.option("--forget", metavar="名称", type=SAVED, default="", help="删去存下的检索")
@click.option("--list-saved", is_flag=True, help="列出存下的检索")
@click.option("--office", "beside", multiple=True, type=types.FOLDER, help="连同这个办公室的工作区一起查，可写几次")
@pass_session
def search(
    session: Session,
    /,
    query: tuple[str, ...],
    limit: int,
    after: str,
    sort: Literal["date", "relevance"] | None,
    output: Path | None,
    open_number: int | None,
    save: str,
    saved: str,
    forget: str,
    list_saved: bool,
    beside: tuple[Path, ...],
    **criteria: Any,
) -> None:
    """全文检索：几个词都要出现；支持 "短语"、OR、-排除、用户：… 型号：… 等。"""
    from qrecords.services.finding.search import Criteria
    from qrecords.services.finding.search import search as search_records

    if wrong := next((word for word in query if word.startswith("--")), ""):
        raise UsageError(f"没有选项 {wrong}", remedy="用 qrecords search --help 查看用法")
    text = " ".join(query)
    wanted = Criteria(
        form_code=criteria["form"],
        year=criteria["year"],
        date_from=criteria["date_from"] or "",
        date_to=criteria["date_to"] or "",
        unit=criteria["unit"],
        state=criteria["state"] or "",
        customer=criteria["customer"],
        model=criteria["model"],
    )
    if beside and (forget or list_saved or save or saved or output or open_number or sort == "relevance"):
        raise UsageError("几个办公室一起查，只按日期列出", remedy="请去掉 -o、--open、--save、--saved、--sort 等选项")
    if forget or list_saved:
        _keep_house(session, forget)
        return
    if saved:
        from qrecords.services.finding.saved import saved_search

        known = saved_search(session.office, saved).narrowed(text, wanted)
        text, wanted, sort = known.text, known.criteria, sort or known.sort
    sort = sort or "date"
    if not text.strip() and wanted == Criteria():
        raise UsageError("没有写检索词，也没有条件", remedy="请写要找的字，或加 --form、--year、--state 等条件")
    if beside:
        _search_together(session, beside, text, wanted, limit, after)
        return
    if output:
        from qrecords.services.finding.hitlist import hits_file

        require_free(output)
        made = hits_file(session.office, text, wanted, output.name, sort=sort)
        path = str(write_new(output, made.data))
        session.answer({"path": path, "total": made.total}, [f"✓ 找到的{made.total}份已存入 {path}"])
        return
    found = search_records(session.office, text, wanted, limit=limit, after=after, sort=sort)
    lines = _hit_lines(found, text, wanted)
    if save:
        from qrecords.services.finding.saved import SavedSearch

        lines.append(_saved(session, SavedSearch(save, text, wanted, sort)))
        found = replace(found, saved=save)
    if open_number:
        found = replace(found, opened=_open(session, found, open_number))
        lines = [f"✓ 已打开 {found.opened}"]
    session.answer(found, lines)


def _search_together(
    session: Session, beside: Sequence[Path], text: str, wanted: Criteria, limit: int, after: str
) -> None:
    """Search this office and others, each opened as the account that searches."""
    from qrecords.services.administer import open_office
    from qrecords.services.finding.together import search_together
    from qrecords.strict import require_none

    require_none("几个办公室一起检索")
    with ExitStack() as opened:
        others = [opened.enter_context(closing(open_office(find_root(root), session.account))) for root in beside]
        found = search_together([session.office, *others], text, wanted, limit=limit, after=after)
    lines = [f"{where}：{BEHIND.format(count)}" for where, count in (found.behind or {}).items()]
    lines += [f"文件  {d.document_no}  {d.state_label}  {d.title}（{d.office}）" for d in found.documents]
    for number, hit in enumerate(found.hits, start=1):
        state = STATE_LABELS[State(hit.state)]
        head = f"{number:>2}  {hit.record_no}  {hit.date}  {state}  {hit.customer_unit}"
        lines += [f"{head}  {cut(hit.title, TITLE_WIDTH)}", f"    {hit.office}  {hit.snippet}"]
    lines += [f"{office}：{count}份" for office, count in found.offices.items()]
    if found.next:
        lines.append(f"→ 下一页：同一条命令加上 --after '{found.next}'")
    session.answer(found, lines)


def _keep_house(session: Session, forget: str) -> None:
    """Let go of a saved search, or list them."""
    from qrecords.services.finding.saved import forget_search, saved_searches

    if forget:
        forget_search(session.office, forget)
        session.answer({"forgotten": forget}, [f"✓ 已删去存下的检索「{forget}」"])
        return
    found = saved_searches(session.office)
    told = [{"name": one.name, "query": one.text, "sort": one.sort, **asdict(one.criteria)} for one in found]
    lines = [f"{one.name}：{'，'.join([one.text, *_narrowing(one.criteria)]).strip('，')}" for one in found]
    session.answer({"saved": told}, lines or ["还没有存下检索"])


def _saved(session: Session, search: SavedSearch) -> str:
    from qrecords.services.finding.saved import save_search

    before = save_search(session.office, search)
    return f"✓ 已存为「{search.name}」" + (f"，替换了原来的「{before.text}」" if before else "")


BEHIND = "⚠ 这台机器的检索库还差{}处变动，结果可能不全；过一会儿再检索一次"


def _open(session: Session, found: Found, number: int) -> str:
    from qrecords.services.finding.viewing import paper_to_open

    hits = found.hits
    if number > len(hits):
        listed = f"这一页只有{len(hits)}条" if hits else "没有找到记录"
        raise NotFound(f"没有第{number}条：{listed}", remedy="请先不加 --open 检索一次，看清第几条")
    path = paper_to_open(session.office, hits[number - 1].record_no)
    open_with_viewer(path)
    return str(path)


def _hit_lines(found: Found, text: str, criteria: Criteria) -> list[str]:
    lines = [BEHIND.format(found.behind)] if found.behind else []
    lines += [f"文件  {d.document_no}  {d.state_label}  {d.title}" for d in found.documents]
    if not found.total:
        return lines if found.documents else [*lines, *_nothing_lines(found.looser, text, criteria)]
    for number, hit in enumerate(found.hits, start=1):
        state = STATE_LABELS[State(hit.state)]
        head = f"{number:>2}  {hit.record_no}  {hit.date}  {state}  {hit.customer_unit}"
        lines += [f"{head}  {cut(hit.title, TITLE_WIDTH)}", f"    {hit.snippet}"]
    shown = len(found.hits)
    lines.append(f"共{found.total}份" + (f"，这一页{shown}份" if shown < found.total else ""))
    if found.total > 1:
        lines += _facet_lines(found.facets)
    if found.next:
        lines.append(f"→ 下一页：同一条命令加上 --after {found.next}")
    return lines


def _facet_lines(facets: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return what the hits are, where there is something to choose from."""
    lines = []
    for name, label in FACET_LABELS.items():
        counts = list(facets[name].items())
        if len(counts) < 2:
            continue
        if name == "state":
            counts = [(STATE_LABELS[State(key)], count) for key, count in counts]
        if name == "form_code":
            counts = [(key.rpartition("-")[2], count) for key, count in counts]
        rest = "，……" if len(counts) > SHOWN_FACETS else ""
        lines.append(f"  {label}：" + "，".join(f"{key}（{count}）" for key, count in counts[:SHOWN_FACETS]) + rest)
    return lines


def _narrowing(criteria: Criteria) -> list[str]:
    """Return the conditions of a search in words."""
    conditions = [
        f"表式 {criteria.form_code}" if criteria.form_code else "",
        f"{criteria.year}年" if criteria.year else "",
        f"{criteria.date_from or '……'} 至 {criteria.date_to or '……'}" if criteria.date_from or criteria.date_to else "",
        f"承办单位 {criteria.unit}" if criteria.unit else "",
        f"用户 {criteria.customer}" if criteria.customer else "",
        f"型号 {criteria.model}" if criteria.model else "",
        STATE_LABELS[State(criteria.state)] if criteria.state else "",
    ]
    return [c for c in conditions if c]


def _nothing_lines(looser: Nearby | None, text: str, criteria: Criteria) -> list[str]:
    narrowed = "，".join(_narrowing(criteria))
    lines = [f"未找到「{text}」" + (f"（{narrowed}）" if narrowed else "")]
    lines.append("  查了：您能看到的每份记录的各栏、明细行、编号、审查意见、签署人、附件、扫描件文字和所在册")
    if looser is None:
        return [*lines, "→ 这些字都没有出现过，请核对写法，或换一个说法"]
    how = looser.how + ("，不限条件" if narrowed and not looser.conditions and looser.query != text else "")
    return [*lines, f"→ 可改查「{looser.query}」（{how}），能找到{looser.total}份"]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return "、".join(value) if isinstance(value, list) else str(value)


def _brief(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"明细{len(value)}行"
    return "（空）" if value in (None, "", []) else _plain(value).replace("\n", " ")


def _correction_lines(record: Shown, when: When) -> Iterator[str]:
    for n, c in enumerate(record.corrections, start=1):
        yield f"  更{n}：{when(c.at)[:10]} {c.by or c.account} 更正（第{c.version}版），原因：{c.reason}"
        for key, (old, new) in c.changes.items():
            yield f"    {record.labels.get(key, key)}：{_brief(old)} → {_brief(new)}"


def _record_lines(record: Shown, when: When) -> list[str]:
    lines = [f"{record.record_no}  {record.form_title}  {record.state_label}"]
    for key, value in record.values.items():
        label = record.labels.get(key, key)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(f"  {label}：")
            lines += [f"    {n}. " + " / ".join(_plain(v) for v in row.values()) for n, row in enumerate(value, 1)]
        else:
            lines.append(f"  {label}：" + _plain(value).replace("\n", "\n    "))
    lines += [f"  {label}：（限阅，您看不到）" for label in (record.withheld or {}).values()]
    told = (("据纸质原件补录，原编号", record.paper_no), ("原因", record.reason))
    lines += [f"  {label}：{text}" for label, text in told if text]
    if record.opinion:
        lines.append(f"  主管审查意见：{record.opinion}（{record.reviewed_on}）")
    kinds = record.signature_labels
    for s in record.signatures:
        void = f"（{s.lapsed} 改了已印出的内容，此签署失效）" if s.lapsed else ""
        lines.append(f"  {kinds.get(s.kind, s.kind)}：{s.by} {s.on} {s.evidence}".rstrip() + void)
    lines += [f"  {'扫描件' if a.kind == 'sheet' else '附件'}：{a.name}" for a in record.attached]
    lines += _correction_lines(record, when)
    if record.archive_no:
        lines.append(f"  归档编号：{record.archive_no}")
    if record.volume_code:
        lines.append(f"  所在册：{record.volume_code}")
    if gone := record.destroyed:
        lines.append(f"  销毁：{when(gone.destroyed_at)[:10]}，清册 {gone.list_no}（证明见 qrecords retention lists）")
    if complaint := record.complaint:
        ended = f"{complaint.closed} 办结，历时" if complaint.closed else "未办结，已"
        lines.append(f"  投诉：{complaint.opened} 接收，{ended}{complaint.days}天")
    lines += [f"  还缺：{worded(m)}" for m in record.missing]
    lines += [f"  归档前还要：{worded(m)}" for m in record.later]
    lines += [f"  提醒：{worded(m)}" for m in record.reminders]
    if record.turn:
        lines.append(f"  该谁办：{record.turn}")
    for v in record.versions or ():
        lines.append(f"  第{v.number}版  {when(v.created)}  {v.user}  {v.message}  {v.pdf}")
    for event in record.history or ():
        lines.append(f"  {when(event.at)}  {event.account}  {event_label(event.action, event.outcome)}")
    return lines
