"""init, demo, verify, index, status."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import problem_lines, progress
from qrecords.cli.wording import error_json, worded
from qrecords.errors import IntegrityFailure, UsageError
from qrecords.intake.outfiles import require_free, write_new
from qrecords.model.answer import told
from qrecords.model.record import ACTION_LABELS, STATE_LABELS, Action, State
from qrecords.settings import FILE_NAME

if TYPE_CHECKING:
    from qrecords.model.four_properties import PropertyChecked
    from qrecords.services.demo import Demo

ENGINES = ("tantivy", "whoosh")
SEPARATIONS = {"single-desk": "单人桌面：一人办理全部事务，日志照记", "strict": "三员分立"}
INDEX_STATES = {"current": "最新", "behind": "落后，下次检索时自动跟上", "missing": "没有，下次检索时自动建立"}


@click.command(cls=chinese.Command)
@click.argument("folder", metavar="[文件夹]", type=types.OUTPUT, default=Path())
@click.option("--engine", type=types.Word(ENGINES), default=None, help="检索引擎（默认：有 tantivy 就用它）")
@click.option("--org", metavar="名称", default="", help="印在表上的单位名称")
@click.option("--name", "person", metavar="姓名", default="", help="您的姓名，印在归档人、立卷人处（不写则询问）")
@pass_session
def init(session: Session, folder: Path, engine: str | None, org: str, person: str) -> None:
    """建立工作区：设置、表式、登记库、档案库和第一个账号。已有的不动。"""
    from qrecords.desk.places import unfit_for_many
    from qrecords.services.administer import init as init_office

    folder = session.root or folder
    person = person or session.account or _asked_name(session, folder)
    with closing(init_office(folder, engine=engine or "", org_name=org, account_name=person)) as office:
        root, name, chosen = office.settings.root.resolve(), office.account.name, office.settings.index.engine
        person, unfit = office.account.person, unfit_for_many(office.settings)
    data = {"root": str(root), "account": name, "name": person, "engine": chosen}
    lines = [
        f"✓ 工作区已建立：{root}",
        f"  账号 {name}（当前系统用户），姓名 {person or '还没有写'}，检索引擎 {chosen}",
        "→ 下一步：在 qrecords.toml 里写上单位名称，再用 qrecords forms list 看有哪些表",
    ]
    if not person:
        lines.append(f"→ 写上姓名：qrecords accounts rename {name} 姓名；没有写以前，归档人、立卷人处留空，待手签")
    lines += [f"注意：{worded(told)}" for told in unfit]
    session.answer(data, lines)


def _asked_name(session: Session, folder: Path) -> str:
    """Ask who makes a new workspace, where someone can answer; scripts go on without a name."""
    from qrecords.cli.asking import on_terminal

    if session.as_json or not on_terminal() or (folder / FILE_NAME).exists():
        return ""
    asked: str = click.prompt(
        "您的姓名（印在归档人、立卷人处；可直接回车，以后再写）", default="", show_default=False, err=True
    )
    return asked


@click.command(cls=chinese.Command)
@click.argument("folder", metavar="[文件夹]", type=types.OUTPUT, default=Path("demo"))
@click.option("--years", is_flag=True, help="再加两年的服务记录：八个用户、各类故障和评价，供看报表和满意度")
@click.option("--packs", is_flag=True, help="开全部可选部分，各有几份示例记录：台账、答复时限、返厂维修、预备役")
@pass_session
def demo(session: Session, folder: Path, years: bool, packs: bool) -> None:
    """建立一个示例办公室：十一种表一年的记录，已归档、可检索、已成册。"""
    from qrecords.services.demo import make_demo

    with progress("示例", "步") as at:
        made = make_demo(session.root or folder, years=years, with_packs=packs, progress=at)
    data = {"root": str(made.root), "records": made.records, "volumes": made.volumes, "hits": made.hits}
    session.answer(data, tour(made))


def tour(made: Demo) -> Iterator[str]:
    """Give what was made, and what to try next."""
    program = f"  {'qrecords' if shutil.which('qrecords') else sys.argv[0]} --root {made.root}"
    yield f"✓ 示例办公室已建立：{made.root}"
    forms = "十一种表和可选部分的表" if made.packs else "十一种表"
    yield f"  {made.year}年的记录{made.records}份（{forms}），已归档并编成{len(made.volumes)}册；输入文件在 inputs/"
    if made.packs:
        yield f"  可选部分都已开：{'、'.join(made.packs)}"
    yield f"  检索「{made.searched}」：{made.hits}份"
    yield "打开看看："
    yield from (f"  {copy}" for copy in (*made.reports, *made.copies))
    yield "接着试试："
    yield f"{program} search 风扇不转"
    yield f"{program} list"
    yield f"{program} show {made.example} --history" + (f"   （还缺{made.missing}项）" if made.missing else "")
    yield f"{program} volume list"
    if made.reports:
        yield f"{program} report list"
    if made.packs:
        yield f"{program} due"
        yield f"{program} packs list"
    yield f"{program} verify"


@click.command(cls=chinese.Command)
@click.option("--deep", is_flag=True, help="重读每个字节，打开每个文件（慢；中断后再运行会接着做）")
@click.option("--afresh", is_flag=True, help="与 --deep 同用：以前查过、没有变的文件也重新打开，册的每一页重新比对")
@click.option("-o", "--report", type=types.OUTPUT, help="把检查结果写成报告：.docx 或 .json")
@pass_session
def verify(session: Session, deep: bool, afresh: bool, report: Path | None) -> int:
    """按真实性、完整性、可用性、安全性逐项检查档案库、登记库、编号、日志和册（四性检测）。"""
    from qrecords.services.care.report import report_file, report_kind
    from qrecords.services.care.verify import verify as verify_office

    if afresh and not deep:
        raise UsageError("--afresh 要与 --deep 同用", remedy="请运行 qrecords verify --deep --afresh")
    if report is not None:
        report_kind(report.name)
        require_free(report)

    with progress("检查", "个") as at:
        result = verify_office(session.office, deep=deep, afresh=afresh, progress=at)
    checked, problems = result.checked, result.problems
    summary = f"检查了{checked.objects}个对象，{checked.volumes}册，{checked.events}条日志"
    if report is not None:
        write_new(report, report_file(session.office, report.name, result))
    lines = list(_property_lines(result.properties, deep=deep))
    if checked.resumed:
        lines.append(f"  接着上次中断的检查做，其中{checked.resumed}个对象上次已查过")
    if report is not None:
        lines.append(f"  报告：{report}")
    if not problems:
        session.answer(result, [*lines, f"✓ {summary}，没有问题"])
        return 0
    error = IntegrityFailure(f"{summary}，有{len(problems)}处问题", remedy="请按各条提示处理", problems=problems)
    data = told(result) | {"problems": error_json(error)["problems"], "error": error_json(error)}
    session.answer(data, [*lines, f"✗ {error.message}", *problem_lines(problems)], ok=False)
    return error.exit_status


def _property_lines(properties: Iterable[PropertyChecked], *, deep: bool) -> Iterator[str]:
    for entry in properties:
        yield f"{'✓' if entry.ok else '✗'} {entry.label}"
        for check in entry.checks:
            if not check.checked and check.name in {"formats", "active"} and not deep:
                yield f"    {check.label}：加 --deep 才查"
                continue
            wrong = f"，{check.problems}处不对" if check.problems else ""
            yield f"  {'✗' if wrong else '·'} {check.label}：{check.checked}{check.unit}{wrong}"


@click.group(cls=chinese.Group)
def index() -> None:
    """检索库：可随时删除，随时重建。"""


@index.command()
@click.option("--engine", type=types.Word(ENGINES), default=None, help="改用这个引擎，建好后写进 qrecords.toml")
@pass_session
def rebuild(session: Session, engine: str | None) -> None:
    """重建检索库；重建时检索照常可用。"""
    from qrecords.services.administer import index_status
    from qrecords.services.finding.indexing import rebuild as rebuild_index

    with progress("重建", "份") as at:
        total = rebuild_index(session.office, at, engine=engine or "")
    found = index_status(session.office)
    session.answer({"records": total, "index": found}, [f"✓ 检索库已用 {found.engine} 重建，共{total}份记录"])


@index.command()
@click.argument("folder", type=types.FOLDER, metavar="工作区文件夹")
@pass_session
def copy(session: Session, folder: Path) -> None:
    """拷来另一台机器的检索库，代替重建。给出那台机器的工作区文件夹（从这里够得着）。"""
    from qrecords.services.administer import index_status
    from qrecords.services.finding.indexing import take_copy

    taken = take_copy(session.office, folder)
    found = index_status(session.office)
    session.answer(
        {"records": taken, "index": found}, [f"✓ 检索库已拷来，又跟上{taken}份记录；{INDEX_STATES[found.state]}"]
    )


@index.command("status")
@pass_session
def index_state(session: Session) -> None:
    """检索库是否跟上登记库。"""
    from qrecords.services.administer import index_status

    found = index_status(session.office)
    session.answer({"index": found}, [f"引擎 {found.engine}，{INDEX_STATES[found.state]}"])


@click.command(cls=chinese.Command)
@pass_session
def status(session: Session) -> None:
    """工作区概况。"""
    from qrecords.desk.places import unfit_for_many
    from qrecords.services.administer import status as office_status

    found = office_status(session.office)
    counts = "，".join(f"{STATE_LABELS[State(s)]}{n}" for s, n in found.records.items()) or "还没有记录"
    lines = [
        f"工作区  {found.root}",
        f"单位    {found.org_name}",
        f"账号    {found.account}（{SEPARATIONS[found.separation]}）",
        f"记录    {counts}",
        *([f"待办    {_to_do(found.next)}"] if found.next else []),
        f"归档    {found.items}件，成册{found.volumes}册",
        f"检索    {found.index.engine}，{INDEX_STATES[found.index.state]}",
        f"日志    {'照记' if found.events is None else str(found.events) + '条'}"
        + (f"，{found.under_way}项操作进行中" if found.under_way else ""),
        *(f"注意    {worded(told)}" for told in unfit_for_many(session.office.settings)),
    ]
    session.answer(found, lines)


def _to_do(counts: Mapping[str, int]) -> str:
    """Return how many records wait for each step; `list` names what the others lack."""
    told = [f"可以{ACTION_LABELS[Action(step)]}{n}" for step, n in counts.items() if step != "lacking"]
    return "，".join([*told, *([f"还缺内容或签署{counts['lacking']}（用 list 看）"] if "lacking" in counts else [])])
