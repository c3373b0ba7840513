"""backup and restore."""

from __future__ import annotations

from pathlib import Path

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import problem_lines, progress
from qrecords.cli.wording import error_json, worded
from qrecords.errors import IntegrityFailure
from qrecords.model.answer import told
from qrecords.model.clock import shown
from qrecords.settings import find_root


@click.command(cls=chinese.Command)
@click.argument("folder", metavar="备份文件夹", type=types.FOLDER)
@pass_session
def backup(session: Session, folder: Path) -> int:
    """备份登记库、归档对象、设置和表式；别人照常工作，再次备份只复制新的。"""
    from qrecords.services.care.backup import backup as back_up

    with progress("备份", "个") as at:
        made = back_up(session.office, folder, progress=at)
    manifest = made.manifest
    data = {
        "backup": {
            "folder": str(folder.resolve()),
            "made_at": manifest.made_at,
            "objects": len(manifest.objects),
            "copied_objects": made.copied_objects,
            "copied_bytes": made.copied_bytes,
            "files": len(manifest.files),
            "audit_seq": manifest.audit_seq,
            "audit_head": manifest.audit_head,
        }
    }
    lines = [
        f"{'✗' if made.problems else '✓'} 已备份到 {folder}：{len(manifest.objects)}个对象"
        f"（新复制{made.copied_objects}个），{len(manifest.files)}个文件，日志{manifest.audit_seq}条",
        f"  日志链头 {manifest.audit_head}",
        "→ 请把备份放到别的磁盘或别的房间；恢复：qrecords restore 备份文件夹 新文件夹",
    ]
    if not made.problems:
        session.answer(data, lines)
        return 0
    error = IntegrityFailure(
        f"有{len(made.problems)}个对象已损坏，没有备份",
        remedy="请运行 qrecords verify --deep 查看",
        problems=made.problems,
    )
    session.answer({**data, "error": error_json(error)}, [*lines, *problem_lines(made.problems)], ok=False)
    return error.exit_status


@click.command(cls=chinese.Command)
@click.argument("source", metavar="备份文件夹", type=types.FOLDER)
@click.argument("target", metavar="新文件夹", type=types.FOLDER)
@pass_session
def restore(session: Session, source: Path, target: Path) -> int:
    """把备份恢复成一个新的工作区，接着处理完中断的操作，重建检索库，并逐字节检查。"""
    from qrecords.services.care.backup import open_restored
    from qrecords.services.care.backup import restore as restore_office

    with progress("恢复", "个") as at:
        manifest = restore_office(source, target, account_name=session.account, progress=at)
    with progress("检查", "个") as at:
        found = open_restored(target, manifest, account_name=session.account, progress=at)
    problems, made = found.problems, shown(manifest.made_at)
    data = {"root": str(target.resolve()), "backup_made_at": manifest.made_at, **told(found)}
    lines = [
        f"{'✗' if problems else '✓'} 已恢复到 {target}（{made} 的备份，{len(manifest.objects)}个对象）",
        "→ 备份之后办的事不在里面，请对照纸面补办；原来的工作区请留作核对",
        "→ 备份之后执行过销毁清册的，请再运行 qrecords retention replay 原工作区，恢复出来的已销毁记录随之删除",
    ]
    if not problems:
        session.answer(data, lines)
        return 0
    error = IntegrityFailure(f"恢复后检查有{len(problems)}处问题", remedy="请按各条提示处理", problems=problems)
    session.answer({**data, "error": error_json(error)}, [*lines, *problem_lines(problems)], ok=False)
    return error.exit_status


@click.command("move-register", cls=chinese.Command)
@click.option(
    "--to", metavar="地址", required=True, help="postgresql+psycopg://账号@服务器:5432/数据库（不写密码），或 sqlite"
)
@pass_session
def move_register(session: Session, to: str) -> None:
    """把登记库搬到 PostgreSQL 服务器，或搬回工作区的文件；逐行比对后才生效，中断了再运行一次。

    先关掉工作台。密码放在 PGPASSFILE 指的文件里（默认 ~/.pgpass）；服务器怎样准备，见 docs/many-machines.md。
    """
    from qrecords.services.care.moveregister import move_register as move

    made = move(find_root(session.root), to, account_name=session.account)
    data = {"register": told(made)}
    lines = [
        f"✓ 登记库已搬到 {made.called}" + (f"：{made.rows}行，逐行比对相同" if made.rows else "（接着上次的做完）"),
        f"  日志{made.audit_seq}条，链头 {made.audit_head}",
        "→ qrecords.toml 的 [register] 已改好；原来的登记库不再写得进，核对后请删去：以后销毁的内容，它里面还有",
    ]
    session.answer(data, lines)


@click.command("move-archive", cls=chinese.Command)
@click.option("--to", metavar="地址", required=True, help="s3://桶/前缀，或 folder")
@pass_session
def move_archive(session: Session, to: str) -> None:
    """把归档件和扫描件搬到对象存储（S3），或搬回工作区的文件夹；逐个比对后才生效，中断了再运行一次。

    先关掉工作台，在 qrecords.toml 的 [archive] 里写好 endpoint。账号放在环境变量或 ~/.aws/credentials 里；
    存储怎样准备，见 docs/many-machines.md。
    """
    from qrecords.services.care.movearchive import FOLDER
    from qrecords.services.care.movearchive import move_archive as move

    with progress("搬档案库", "个") as at:
        made = move(find_root(session.root), to, account_name=session.account, progress=at)
    counted = "（接着上次的做完）" if made.finished else f"：{made.objects}个对象、{made.papers}份扫描件，逐个比对相同"
    if to == FOLDER:
        left = "原来的存储里没有动，核对后请管理员删去：以后销毁的内容，它里面还有"
    else:
        left = "原来的文件夹改名为 archive/名称-时间.moved，留作核对；下一次销毁时随之删去"
    lines = [f"✓ 档案库已搬到 {made.called}{counted}", f"→ qrecords.toml 的 [archive] 已改好；{left}"]
    session.answer({"archive": told(made)}, lines)


@click.command(cls=chinese.Command)
@pass_session
def rebuild(session: Session) -> int:
    """登记库丢失或损坏、又没有备份时：从归档对象重建登记库，并说明哪些找不回来。"""
    from qrecords.services.care.rebuild import NOT_BACK, open_rebuilt
    from qrecords.services.care.rebuild import rebuild as rebuild_register

    root = find_root(session.root)
    with progress("重建", "个") as at:
        made = rebuild_register(root, account_name=session.account or "", progress=at)
    found = open_rebuilt(root)
    problems = [*made.problems, *found.problems]
    counts = made.counts
    data = {
        "root": str(root),
        "counts": dict(counts),
        "void": made.void,
        "not_back": list(NOT_BACK),
        "kept": str(made.kept or ""),
        "checked": found.checked,
        "problems": problems,
    }
    lines = [
        f"{'✗' if problems else '✓'} 登记库已从归档对象重建：{counts['records']}份记录（{counts['items']}件），"
        f"{counts['volumes']}册，{counts['lists']}份销毁清册，{counts['events']}条日志",
    ]
    if made.void:
        lines.append(f"  编号作废{len(made.void)}个：{'、'.join(made.void[:5])}{' 等' if len(made.void) > 5 else ''}")
    if made.kept:
        lines.append(f"  原来的登记库留作核对：{made.kept}")
    lines += ["  找不回来的：", *(f"  · {worded(line)}" for line in NOT_BACK)]
    if not problems:
        session.answer(data, lines)
        return 0
    error = IntegrityFailure(f"重建后有{len(problems)}处问题", remedy="请按各条提示处理", problems=problems)
    data |= {"problems": error_json(error)["problems"], "error": error_json(error)}
    session.answer(data, [*lines, *problem_lines(problems)], ok=False)
    return error.exit_status
