"""scan, scan-assign, scan-drop, attach."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.completion import RECORD
from qrecords.cli.output import emit_error, note, progress, say
from qrecords.cli.wording import error_json, worded
from qrecords.errors import InvalidInput, Problem
from qrecords.intake.scanned import scans_of
from qrecords.stores.given import on_disk

if TYPE_CHECKING:
    from qrecords.model.form import Form
    from qrecords.services.scans.answers import PageWaiting, PrintKept
    from qrecords.services.scans.sheets import Known, Signing
    from qrecords.services.scans.signing import Ask

KIND = click.option(
    "--kind",
    "kinds",
    metavar="种类",
    multiple=True,
    help="纸面上的签署：用户签名、用户公章 等（表上的叫法），可写几次",
)
BY = click.option(
    "--by",
    "people",
    metavar="姓名",
    multiple=True,
    help="谁签的名，或哪个单位盖的章，次序同 --kind（默认：登记的）",
)
ON = click.option("--on", type=types.Day(), default=None, help="签署日期（默认：今天）")
FURTHER = click.option("--further", is_flag=True, help="与登记过的不是同一个签署：另一个人，或另一次签的")
NO_OCR = click.option("--no-ocr", is_flag=True, help="这次不识别文字，留到下次")


@click.command(cls=chinese.Command)
@click.argument("files", metavar="文件...", nargs=-1, required=True, type=types.PATH)
@KIND
@BY
@ON
@FURTHER
@click.option("--dry-run", is_flag=True, help="只看各页属于哪份记录，什么都不附")
@NO_OCR
@pass_session
def scan(
    session: Session,
    files: tuple[Path, ...],
    kinds: tuple[str, ...],
    people: tuple[str, ...],
    on: str | None,
    further: bool,
    dry_run: bool,
    no_ocr: bool,
) -> int:
    """签好的纸扫描回来：按页上的编码找到记录，附为签署的证据；已归档的存为归档件的新版，原版保留。

    文件是 PDF、JPEG、PNG、TIFF，或放着它们的文件夹；几份记录、次序颠倒、倒着放都可以。读不出编码的页留在
    archive/inbox/unmatched，看预览图后用 scan-assign 指给记录。报表、简报的纸面同样认得：用 --kind 审核、批准 和 --by
    写明纸上是谁的签署，就登记到那份文件上。
    """
    from qrecords.services.scans.scan import scan as scan_files
    from qrecords.services.scans.signing import paired

    wanted = paired(kinds, people, on or "", further=further)
    with progress("读扫描件", "页") as at:
        found = scan_files(
            session.office,
            scans_of(files),
            wanted,
            ask=_asker(session),
            dry_run=dry_run,
            recognise=not no_ocr,
            progress=at,
        )
    for line in found.notes:
        note(f"提示：{worded(line)}")
    answer: dict[str, Any] = {"attached": found.attached, "unmatched": found.unmatched, "notes": found.notes}
    lines = _lines(found.attached, found.unmatched, dry_run=dry_run)
    if not found.refused:
        session.answer(answer | {"refused": []}, lines)
        return 0
    problems: list[Problem] = [p for r in found.refused for p in r.problems]
    error = InvalidInput(
        f"有{len(found.refused)}份打印件没有附上", remedy="请按各条提示处理后再扫描", problems=problems
    )
    session.answer(answer | {"refused": found.refused, "error": error_json(error)}, lines, ok=False)
    if not session.as_json:
        emit_error(error, as_json=False)
    return error.exit_status


@click.command("scan-assign", cls=chinese.Command)
@click.argument("pages", metavar="页号...", nargs=-1, required=True)
@click.argument("number", metavar="记录编号")
@KIND
@BY
@ON
@FURTHER
@NO_OCR
@pass_session
def scan_assign(
    session: Session,
    pages: tuple[str, ...],
    number: str,
    kinds: tuple[str, ...],
    people: tuple[str, ...],
    on: str | None,
    further: bool,
    no_ocr: bool,
) -> None:
    """把读不出编码的页指给记录（登记簿写月份，如 QR758-02A-2026-03）；几页按写的次序补在缺的地方。

    没有写 --kind、--by、--on 的，按 scan 扫这些页时写的。
    """
    from qrecords.services.scans.assign import assign
    from qrecords.services.scans.signing import paired

    wanted = paired(kinds, people, on or "", further=further)
    found = assign(session.office, pages, number, wanted, ask=_asker(session), recognise=not no_ocr)
    for line in found.notes:
        note(f"提示：{worded(line)}")
    answer = {"attached": found.attached, "unmatched": found.unmatched, "notes": found.notes}
    session.answer(answer, _lines(found.attached, found.unmatched, dry_run=False))


@click.command("scan-drop", cls=chinese.Command)
@click.argument("pages", metavar="页号...", nargs=-1, required=True)
@click.option("--reason", metavar="原因", default="", help="扫重了、不属于任何记录，或 看不清，已重新扫描")
@pass_session
def scan_drop(session: Session, pages: tuple[str, ...], reason: str) -> None:
    """移去不属于任何记录的页，图像不再保留，日志里记下。先看 archive/inbox/unmatched 里的预览图。"""
    from qrecords.services.scans.waiting import WHY_LET_GO, let_go

    why = next((key for key, label in WHY_LET_GO.items() if reason.strip() in {key, label}), reason)
    count = let_go(session.office, pages, why)
    session.answer({"dropped": count, "reason": WHY_LET_GO[why]}, [f"✓ 移去了{count}页，记入日志"])


@click.command(cls=chinese.Command)
@click.argument("number", metavar="记录编号", type=RECORD)
@click.argument("files", metavar="文件...", nargs=-1, required=True, type=types.PATH)
@NO_OCR
@pass_session
def attach(session: Session, number: str, files: tuple[Path, ...], no_ocr: bool) -> None:
    """传真件、照片、专题总结等附到记录，原样保存，随记录归档；图像里的文字可以搜到。

    已归档的记录也可以附：存为归档件的新版，原版保留。
    """
    from qrecords.services.scans.attach import attach as attach_files

    record, version, notes = attach_files(session.office, number, [*map(on_disk, files)], recognise=not no_ocr)
    for line in notes:
        note(f"提示：{worded(line)}")
    kept = [a for a in record.attached if a.kind == "file"]
    into = f"，存为归档件 {record.archive_no} 的第{version}版" if version else ""
    lines = [f"✓ 附上{len(files)}个文件{into}；{record.record_no} 现有附件："] + [f"  {a.name}" for a in kept]
    told = {"record_no": record.record_no, "state": record.state.value, "attached": kept, "version": version}
    session.answer({"record": told, "notes": notes}, lines)


def _lines(attached: Sequence[PrintKept], unmatched: Sequence[PageWaiting], *, dry_run: bool) -> list[str]:
    done = "可以附上" if dry_run else "已附上"
    lines = [f"✓ {done}{len(attached)}份打印件"] if attached else ["没有附上任何一份"]
    for a in attached:
        made = "，".join(f"归档件 {v.archive_no} 第{v.version}版" for v in a.versions)
        lines.append("  " + "  ".join(word for word in (a.record_no, f"{a.pages}页", a.kind, made) if word))
    if unmatched:
        lines.append(f"{len(unmatched)}页留待处理（archive/inbox/unmatched）：")
        for u in unmatched:
            lines.append(f"  {u.page}  {u.file} 第{u.number}页：{worded(u.reason)}".replace("    ", "  "))
        if not dry_run:
            lines.append("→ 看同名的 PNG 预览，用 qrecords scan-assign 页号 记录编号 指给记录")
    return lines


def _asker(session: Session) -> Ask | None:
    """Return how to ask at a terminal; None where nobody sits."""
    if session.as_json or not sys.stdin.isatty():
        return None
    return _ask


def _ask(form: Form, known: Known, chosen: Signing) -> Signing:
    say(f"{known.print_id}  {known.records[0].title}", err=True)
    if not chosen.kind:
        kinds = [s.kind for s in form.own_signatures]
        for number, signature in enumerate(form.own_signatures, start=1):
            say(f"  {number}. {signature.label}", err=True)
        picked = click.prompt("纸面上是哪种签署（写序号）", type=types.Number(1, len(kinds)), err=True)
        chosen = replace(chosen, kind=kinds[picked - 1])
    same = [s.by for s in known.records[0].signatures if s.kind == chosen.kind]
    if not chosen.by and not same:
        chosen = replace(chosen, by=click.prompt("谁签的名，或哪个单位盖的章", err=True))
    return chosen
