"""What can be asked for as a job: what it is called, whose right it is, and which service does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qrecords.advice import Do, Input, Sentence, advise
from qrecords.errors import InvalidInput, Problem, QRecordsError, UsageError
from qrecords.model.job import Job, JobState
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services import paperjobs
from qrecords.services.jobtypes import Arguments, Kind, Outcome, Progress, Shared, problem_lines
from qrecords.stores.given import GivenFile

if TYPE_CHECKING:
    from qrecords.model.form import Form
    from qrecords.services.care.verify import Verified
    from qrecords.services.scans.scan import PageSeen
    from qrecords.services.scans.sheets import Known, Signing
    from qrecords.services.scans.signing import Ask
    from qrecords.services.volumes.compile import Compiled, CompiledVolume
    from qrecords.stores.register.rows import VolumeRow


def _year(arguments: Arguments) -> int:
    text = str(arguments.get("year", ""))
    if not (text.isascii() and text.isdecimal() and len(text) == 4):
        raise InvalidInput(f"年度「{text[:20]}」不是四位数字", remedy="请写成 2026 的样子")
    return int(text)


@dataclass(frozen=True, slots=True)
class VolumesBound:
    """What a part of a compilation came to: a line for each volume."""

    told: tuple[str, ...]


def _compile(office: Office, arguments: Arguments, _files: Sequence[GivenFile], at: Progress) -> Outcome:
    from qrecords.services.volumes.compile import compile_year
    from qrecords.services.volumes.sharing import compile_part

    year, gaps = _year(arguments), bool(arguments.get("with_gaps"))
    reason, form = str(arguments.get("reason", "")), str(arguments.get("form", ""))
    if only := arguments.get("groups"):
        volumes = compile_part(office, year, only, with_gaps=gaps, reason=reason, progress=at)
        part = [*_volumes_before(office, year, at.since, volumes, only), *map(_volume_line, volumes)]
        return Outcome(_bound(len(part)), found=VolumesBound(tuple(part)))
    made = compile_year(office, year, form_code=form, with_gaps=gaps, reason=reason, progress=at)
    told = [*_volumes_before(office, year, at.since, made.volumes), *map(_volume_line, made.volumes)]
    return Outcome(_bound(len(told)) if told else f"{year}年没有要成册的归档件", [*told, *_gap_lines(made)])


def _volumes_before(
    office: Office, year: int, since: str, made: Sequence[CompiledVolume], groups: Sequence[str] = ()
) -> list[str]:
    """Return the volumes this very job bound before whoever did it was gone: done again, it finds nothing to bind."""
    now = {volume.volume_code for volume in made}
    with office.register.read() as tx:
        found = [v for v in tx.items.volumes(year) if v.version > 0 and v.compiled_by == office.account.name]
    return [
        _volume_line(v)
        for v in found
        if v.compiled_at >= since and v.volume_code not in now and (not groups or v.form_code in groups)
    ]


def _volume_line(volume: CompiledVolume | VolumeRow) -> str:
    return f"{volume.volume_code}  {volume.title}  {volume.items}件 {volume.pages}页"


def _gap_lines(made: Compiled) -> list[str]:
    return [f"缺件 {line.record_no}：{line.why}" for line in (*made.left_out, *made.missing)]


def _bound(volumes: int) -> str:
    return f"编成{volumes}册"


def _cut_year(office: Office, arguments: Arguments) -> Sequence[Arguments]:
    """Cut a year's compilation by what is bound together; of one form it stays whole."""
    from qrecords.services.volumes.sharing import cut_year

    if arguments.get("form"):
        return []
    gaps, reason = bool(arguments.get("with_gaps")), str(arguments.get("reason", ""))
    parts = cut_year(office, _year(arguments), with_gaps=gaps, reason=reason)
    return [{**arguments, "groups": part} for part in parts]


def _join_year(office: Office, arguments: Arguments, parts: Sequence[Job], _at: Progress) -> Outcome:
    from qrecords.services.volumes.sharing import join_year

    made = join_year(office, _year(arguments))
    done = [part for part in parts if part.state is JobState.DONE]
    bound = [line for part in done if (found := part.found(VolumesBound)) for line in found.told]
    failed = [part for part in parts if part.state is not JobState.DONE]
    lines = [*sorted(bound), *(line for part in failed for line in (part.told, *part.lines)), *_gap_lines(made)]
    told = f"，有{len(failed)}部分没有办成，请按各条处理后再办一次" if failed else ""
    return Outcome(f"{_bound(len(bound))}{told}", lines, ok=not failed)


def _verify(office: Office, arguments: Arguments, _files: Sequence[GivenFile], at: Progress) -> Outcome:
    from qrecords.services.care.verify import verify

    if series := arguments.get("series"):
        from qrecords.services.care import shares

        return Outcome("查完这一部分", found=shares.checked(office, series, arguments.get("objects"), progress=at))
    return _verified(office, verify(office, deep=bool(arguments.get("deep")), progress=at), at)


def _verified(office: Office, found: Verified, at: Progress) -> Outcome:
    """Tell what a check found; its report (DA/T 70) is there to be taken."""
    checked = found.checked
    said = f"检查了{checked.objects}个对象，{checked.volumes}册，{checked.events}条日志"
    lines: list[Sentence] = [
        f"{'✗' if one.problems else '✓'} {prop.label}：{one.label} {one.checked}{one.unit}"
        for prop in found.properties
        for one in prop.checks
        if one.checked
    ]
    return _judged(said, found.problems, [*lines, *_reported(office, found, at)])


def _reported(office: Office, found: Verified, at: Progress) -> list[Sentence]:
    """Give who asked the report of a check; returns why there is none: the check stands all the same."""
    from qrecords.services.care.report import report_file
    from qrecords.services.jobfiles import drop_forgotten

    drop_forgotten(office)
    name = f"四性检测报告 {office.today()}.docx"
    try:
        at.give(name, report_file(office, name, found))
    except QRecordsError as error:
        return [advise("没有写成检查报告：{}", error.told)]
    return []


def _cut_check(office: Office, arguments: Arguments) -> Sequence[Arguments]:
    """Cut a deep check by fonds, year and form; any other is over before parts were written down."""
    from qrecords.services.care import shares

    if not arguments.get("deep"):
        return []
    return [{**arguments, "series": share.series, "objects": share.objects} for share in shares.cut(office)]


def _join_check(office: Office, arguments: Arguments, parts: Sequence[Job], at: Progress) -> Outcome:
    """Do what a part left undone, then what there is one of; returns what one check of the whole would tell."""
    from qrecords.services.care import shares

    found = [p.found(shares.Found) or _verify(office, p.arguments, (), at).found for p in parts]
    return _verified(office, shares.joined(office, found), at)


def _verify_volumes(office: Office, arguments: Arguments, _files: Sequence[GivenFile], at: Progress) -> Outcome:
    from qrecords.services.volumes.check import verify_volumes

    count, problems = verify_volumes(office, [str(c) for c in arguments.get("codes", ())], progress=at)
    return _judged(f"逐页核对了{count}册", problems)


def _print_sets(office: Office, arguments: Arguments, _files: Sequence[GivenFile], at: Progress) -> Outcome:
    from qrecords.services.volumes.printset import packed_sets
    from qrecords.services.volumes.shelf import list_volumes

    year = _year(arguments)
    if not (codes := [v.volume_code for v in list_volumes(office, year) if not v.destroyed]):
        raise UsageError(f"{year}年没有册", remedy=advise("用 {} 成册", Do.COMPILE(str(year))))
    at.give(f"{year}年 打印件.zip", packed_sets(office, codes, at))
    return Outcome(f"{len(codes)}册的封面、卷内目录、备考表、脊背打成了一个压缩文件")


def _judged(said: str, problems: Sequence[Problem], lines: Sequence[Sentence] = ()) -> Outcome:
    if not problems:
        return Outcome(f"{said}，没有问题", lines)
    return Outcome(f"{said}，有{len(problems)}处问题，请按各条处理", [*problem_lines(problems), *lines], ok=False)


def _backup(office: Office, _arguments: Arguments, _files: Sequence[GivenFile], at: Progress) -> Outcome:
    from qrecords.services.care.backup import backup

    if not (named := office.settings.desk.backup_folder):
        raise UsageError(
            "没有设定备份放在哪里",
            remedy=advise("请由管理员在 qrecords.toml 的 [desk] 里写上 backup_folder（{}）", Input.FOLDER),
        )
    made = backup(office, office.settings.root / Path(named), progress=at)
    manifest = made.manifest
    said = f"已备份{len(manifest.objects)}个对象（新复制{made.copied_objects}个），日志{manifest.audit_seq}条"
    lines: list[Sentence] = [f"放在 {named}", f"日志链头 {manifest.audit_head}"]
    return Outcome(said, [*lines, *problem_lines(made.problems)], ok=not made.problems)


def _check_backup(office: Office, arguments: Arguments, _files: Sequence[GivenFile], at: Progress) -> Outcome:
    from qrecords.services.care.restoring import check_backup

    name = str(arguments.get("name", ""))
    count, problems = check_backup(office, name, progress=at)
    return _judged(f"备份 {name} 逐字节检查了{count}个对象", problems)


def _restore(office: Office, arguments: Arguments, _files: Sequence[GivenFile], at: Progress) -> Outcome:
    from qrecords.services.care.restoring import restore_beside

    made = restore_beside(office, str(arguments.get("name", "")), progress=at)
    lines: list[Sentence] = ["备份之后办的事不在里面，请对照纸面补办；正在用的工作区没有动"]
    if made.owing:
        numbers = "、".join(one.list_no for one in made.owing)
        lines.append(f"备份之后执行过清册 {numbers}：先在「备份」页上重新执行，再让别人用它")
    lines.append("要改用它，由管服务器的人停掉现在的工作台，从新文件夹启动（见使用说明「备份与恢复」）")
    return _judged(f"已恢复到 {made.place}（{made.objects}个对象），逐字节检查", made.problems, lines)


def _replay(office: Office, arguments: Arguments, _files: Sequence[GivenFile], _at: Progress) -> Outcome:
    from qrecords.services.care.restoring import replay_beside

    done, problems = replay_beside(office, str(arguments.get("name", "")))
    said = f"已重新执行清册 {'、'.join(done)}" if done else "没有要重新执行的清册"
    return _judged(said, problems)


def _export(office: Office, arguments: Arguments, _files: Sequence[GivenFile], at: Progress) -> Outcome:
    from qrecords.services.care.handover import export_below

    numbers = [str(n) for n in arguments.get("numbers", ())]
    made = export_below(office, year=None if numbers else _year(arguments), record_nos=numbers, progress=at)
    lines: list[Sentence] = [
        f"放在 {made.path}",
        "data/metadata.csv 是目录，data/objects 是归档对象（OCFL），manifest-sha512.txt 是校验值",
    ]
    if not made.is_whole:
        lines.append("包里是您能查阅的归档件；移交这一年的全部，请由能查阅全部的人办理")
    return Outcome(f"已打包{len(made.items)}件、{len(made.volumes)}册", lines)


def _index(office: Office, _arguments: Arguments, _files: Sequence[GivenFile], at: Progress) -> Outcome:
    from qrecords.services.finding.indexing import rebuild

    return Outcome(f"检索库已重建，共{rebuild(office, at)}份记录")


def _scan(office: Office, arguments: Arguments, files: Sequence[GivenFile], at: Progress) -> Outcome:
    from qrecords.services.scans.scan import scan
    from qrecords.services.scans.signing import paired

    if not files:
        raise UsageError("没有要读的扫描件", remedy="请把文件拖到「扫描」页上，或从扫描仪的文件夹里取")
    kinds, people = (_several(arguments.get(key)) for key in ("kind", "by"))
    wanted = paired(kinds, people, str(arguments.get("on", "")), further=bool(arguments.get("further")))
    found = scan(
        office, files, wanted, ask=_untold(arguments), recognise=False, progress=at,
        seen=lambda page: at.tell(_page_line(page)),
    )  # fmt: skip
    lines: list[Sentence] = [f"附上 {a.record_no}　{a.pages}页　{a.kind}" for a in found.attached]
    for refused in found.refused:
        lines.append(f"没有附上 {refused.print_id}：")
        lines += problem_lines(refused.problems)
    lines += [advise("留待处理 {} 第{}页：{}", u.file, u.number, u.reason) for u in found.unmatched]
    told = f"附上{len(found.attached)}份，{len(found.unmatched)}页留待处理，{len(found.refused)}份没有附上"
    return Outcome(told, [*lines, *found.notes], ok=not found.refused)


def _several(said: object) -> list[str]:
    """Return what was said as a list: a desk of before wrote one word, or none."""
    return [*map(str, said)] if isinstance(said, list | tuple) else [str(said)] if said else []


def _untold(arguments: Arguments) -> Ask:
    """Return what refuses a print alone when neither its record nor who asked tells what stands on it."""
    from qrecords.services.scans.signing import without_paper

    again = "再读「已取」里的这个文件" if arguments.get("unattended") else "再读这一份"

    def refuse(form: Form, known: Known, asked: Signing) -> Signing:
        if asked.kind:
            what = f"没有登记「{form.signature_label(asked.kind)}」，不知道纸上是谁签的"
        elif without_paper(form, known.records[0]):
            what = "登记了几种签署，不知道纸上是哪一种"
        else:
            what = "没有登记签署，不知道纸上是谁签的"
        raise InvalidInput(f"{known.print_id} {what}", remedy=f"请在「扫描」页上写明，{again}")

    return refuse


def _page_line(page: PageSeen) -> Sentence:
    return advise("{} 第{}页：{}", page.file, page.number, page.subject or page.reason)


KINDS: Mapping[str, Kind] = {
    "compile": Kind("年度成册", _compile, Action.BIND, Shared(_cut_year, _join_year)),
    "verify": Kind("检查档案", _verify, Action.VERIFY, Shared(_cut_check, _join_check)),
    "verify-volume": Kind("逐页核对册", _verify_volumes, Action.READ),
    "print-set": Kind("取打印件", _print_sets, Action.BIND),
    "backup": Kind("备份", _backup, Action.ADMINISTER),
    "check-backup": Kind("检查备份", _check_backup, Action.ADMINISTER),
    "restore": Kind("从备份恢复", _restore, Action.ADMINISTER),
    "replay": Kind("重新执行销毁清册", _replay, Action.DESTROY),
    "export": Kind("移交打包", _export, Action.EXPORT),
    "index": Kind("重建检索库", _index, Action.ADMINISTER),
    "scan": Kind("读扫描件", _scan),
    "texts": Kind("识别扫描件的文字", paperjobs.read_texts, shared=Shared(paperjobs.cut_texts, paperjobs.join_texts)),
    "fill": Kind("填写", paperjobs.fill_records, check=paperjobs.may_fill),
    "report": Kind("拟制文件", paperjobs.draw_document, check=paperjobs.may_draw),
    "file": Kind(
        "归档",
        paperjobs.file_many,
        shared=Shared(paperjobs.cut_filing, paperjobs.join_filing),
        check=paperjobs.may_file,
    ),
}
