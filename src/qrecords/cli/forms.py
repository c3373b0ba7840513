"""forms list, show, schema, check, adopt, renew, template, sheet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qrecords.advice import Sentence
from qrecords.cli import chinese, types
from qrecords.cli.app import Session, pass_session
from qrecords.cli.completion import FORM
from qrecords.cli.output import problem_lines, table
from qrecords.cli.wording import error_json, worded
from qrecords.errors import InvalidInput, UsageError
from qrecords.intake.outfiles import require_free, write_new
from qrecords.services.filekinds import kind_of
from qrecords.stores.given import on_disk

if TYPE_CHECKING:
    from qrecords.model.renewal import Renewal
    from qrecords.services.intake.forms import FieldShown, FormLine

TYPES = {
    "text": "文字",
    "ltext": "多行文字",
    "date": "日期",
    "datetime": "日期时间",
    "int": "整数",
    "dec": "数值",
    "enum": "单选",
    "multi": "多选",
    "bool": "是否",
    "rows": "明细表",
    "signature": "签名处",
    "seal": "盖章处",
    "computed": "自动计算",
}
LAYOUTS = {"portrait": "竖版", "landscape": "横版", "register": "横版登记簿"}


@click.group(cls=chinese.Group)
def forms() -> None:
    """表式：目录、栏目、格式、检查、换模板。"""


@forms.command("list")
@pass_session
def list_(session: Session) -> None:
    """列出全部受控表式。"""
    from qrecords.services.intake.forms import list_forms

    found = list_forms(session.office)
    rows = [(f.code, f.title, LAYOUTS[f.layout], f"{f.retention_years}年", _period(f)) for f in found]
    session.answer({"forms": found}, table(("编号", "名称", "版式", "保存期限", "启用"), rows))


@forms.command()
@click.argument("form", metavar="表式", type=FORM)
@pass_session
def show(session: Session, form: str) -> None:
    """查看一种表式的栏目：名称、键名、类型、由谁在哪一步填写（* 为必填）。"""
    from qrecords.services.intake.forms import show_form

    shown = show_form(session.office, form)
    edition = f"版本{shown.edition}，" if shown.edition else ""
    lines = [f"{shown.code} {shown.title}（{edition}{LAYOUTS[shown.layout]}）"]
    for stage in shown.stages:
        lines.append(f"\n【{stage['label']}】{stage['by']}")
        rows = [_row(f) for f in shown.fields if f.stage == stage["key"]]
        lines += [f"  {line}" for line in table(("栏目", "键名", "类型", "说明"), rows, (30, 26, 10, 60))]
    session.answer({"form": shown}, lines)


@forms.command()
@click.argument("form", metavar="表式", type=FORM)
@pass_session
def schema(session: Session, form: str) -> None:
    """输出一种表式输入的 JSON Schema，供编程使用。"""
    from qrecords.services.intake.forms import schema as form_schema

    found = form_schema(session.office, form)
    session.answer({"schema": found}, [json.dumps(found, ensure_ascii=False, indent=2)])


@forms.command()
@click.argument("codes", metavar="[表式...]", nargs=-1, type=FORM)
@click.option("--template", type=types.PATH, help="检查这份 Word 模板，而不是现用的（这时只写一个表式）")
@click.option("--no-pages", is_flag=True, help="只看文件，不印出来核对")
@pass_session
def check(session: Session, codes: tuple[str, ...], template: Path | None, no_pages: bool) -> int:
    """检查定义、模板、示例是否一致（默认检查全部）。

    查标记是否认得、有没有写断、有没有结尾，栏目是否都有标记，字体、编码区；再把示例和一份写满的记录印出来，
    核对每个栏目在纸上都看得全，每一页（含续页）的编码都扫得出，示例印成几页。
    """
    from qrecords.services.intake.templatecheck import check_forms

    if template is not None and len(codes) != 1:
        raise UsageError("用 --template 时要写一个表式", remedy=f"例如 qrecords forms check 06A --template {template}")
    checkup = check_forms(
        session.office, list(codes), template=on_disk(template) if template else None, pages=not no_pages
    )
    lines = note_lines(checkup.notes)
    data: dict[str, Any] = {"notes": checkup.notes, "pages": checkup.pages}
    if not checkup.problems:
        session.answer({"problems": [], **data}, ["✓ 定义、模板、示例一致", *lines])
        return 0
    problems = checkup.problems
    error = InvalidInput(f"有{len(problems)}处不一致", remedy="请按提示修改 form.toml 或模板", problems=problems)
    data |= {"problems": error_json(error)["problems"], "error": error_json(error)}
    session.answer(data, [f"✗ {error.message}", *problem_lines(problems), *lines], ok=False)
    return error.exit_status


def note_lines(notes: Sequence[Sentence]) -> list[str]:
    """Return the notes of a check, those many forms share once."""
    owners: dict[str, list[str]] = {}
    for found in map(worded, notes):
        code, _, text = found.partition("：") if found.startswith("QR") else ("", "", found)
        owners.setdefault(text, []).append(code)
    return [
        f"提示：{text}" if not codes[0] else f"提示：{codes[0]}{f' 等{len(codes)}种' if codes[1:] else ''}：{text}"
        for text, codes in owners.items()
    ]


@forms.command()
@click.argument("form", metavar="表式", type=FORM)
@click.argument("source", metavar="模板文件", type=types.PATH)
@click.option("--no-pages", is_flag=True, help="只看文件，不印出来核对")
@pass_session
def adopt(session: Session, form: str, source: Path, no_pages: bool) -> None:
    """检查一份 Word 模板，合格就用作这一版表式的现用模板。

    用过的模板都存进档案库，每份打印件、归档件都写明是用哪个模板印的；以前的不受影响。
    """
    from qrecords.services.intake.templates import adopt as adopt_template

    done = adopt_template(session.office, form, on_disk(source), pages=not no_pages)
    lines = [f"✓ {done.form_code} 的模板已换成 {source.name}", f"  编号（sha256）{done.sha256}"]
    if done.sha256 == done.before:
        lines = [f"✓ {source.name} 就是 {done.form_code} 现用的模板，没有变动"]
    session.answer(
        {"form_code": done.form_code, "sha256": done.sha256, "before": done.before, "notes": list(done.notes)},
        [*lines, *note_lines(done.notes)],
    )


DOINGS = {"add": "缺", "replace": "旧版", "extend": "缺几节", "keep": "本单位改过"}
_SHOWN_LINES = 40


@forms.command()
@click.argument("paths", metavar="[路径...]", nargs=-1)
@click.option("--apply", "put", is_flag=True, help="补上缺的，换上旧版的；本单位改过的不动")
@click.option("--difference", is_flag=True, help="写出不同在哪几行")
@pass_session
def renew(session: Session, paths: tuple[str, ...], put: bool, difference: bool) -> None:
    """比较本单位的表式、系列、报表定义、期限、文件定义与随程序的，列出缺的和旧的；--apply 补上。

    没有改过的旧版换成新版；本单位改过的文件不动，只补整节缺的（如一条期限）和清单缺的栏目，其余列出来由人改。
    一次全部补上，或者一个也不动；记入日志。路径如 KF758/tables、QR758/blocks.toml，不写是全部。
    """
    from qrecords.services.renewing import apply, compare

    found = (apply if put else compare)(session.office, paths)
    lines = (
        list(table(("状态", "文件", "说明"), [(DOINGS[r.doing], r.path, _renewed(r)) for r in found])) if found else []
    )
    for one in found if difference else ():
        lines += ["", f"{one.path}：", *(f"  {line}" for line in one.difference[:_SHOWN_LINES])]
        if len(one.difference) > _SHOWN_LINES:
            lines.append(f"  另有{len(one.difference) - _SHOWN_LINES}行")
    able, left = [r for r in found if r.doing != "keep"], [r for r in found if r.doing == "keep"]
    if not found:
        lines = ["✓ 与随程序的一样，没有要更新的"]
    elif put:
        lines.append(f"✓ 已更新{len(able)}个文件" if able else "✓ 没有可以自动更新的，什么也没有改")
        lines += ["→ 核对表式和模板：qrecords forms check"] if able else []
    else:
        lines += [f"→ 更新其中的{len(able)}个（本单位改过的不动）：qrecords forms renew --apply"] if able else []
    if left:
        lines.append(f"→ {len(left)}个本单位改过，请对照 --difference 手工改；表式的模板用 qrecords forms adopt 换")
    data = [
        {"path": r.path, "doing": r.doing, "sections": list(r.sections), "difference": list(r.difference)}
        for r in found
    ]
    session.answer({"renewals": data, "applied": put}, lines)


def _renewed(one: Renewal) -> str:
    return "、".join(f"[{name}]" for name in one.sections) or one.why


@forms.command()
@click.argument("form", metavar="表式", type=FORM)
@click.option("-o", "--output", type=types.OUTPUT, help="写到哪个文件（默认：当前文件夹，以编号和名称为名）")
@click.option("--open", "open_rows", is_flag=True, help="登记簿：写上还没有提交的行，在表格里补完，用 update 交回")
@click.option("--month", type=types.Month(), help="与 --open 一起：只要这个月的行")
@pass_session
def sheet(session: Session, form: str, output: Path | None, open_rows: bool, month: str | None) -> None:
    """做一个填写用的 Excel 工作簿：表头有说明，选项能下拉，日期、数字填错当场提示。

    加 --open，登记簿（02A、03A、09A、10A）还没有提交的行都写在里面：补完后 qrecords update 表式 工作簿，凭编号认得。
    """
    from qrecords.services.intake.sheet import SUFFIX, sheet_file, sheet_name

    if open_rows or month:
        _give_out(session, form, output, open_rows=open_rows, month=month or "")
        return
    path = output or Path(sheet_name(session.office.forms.get(form).form))
    kind_of(path.name, (SUFFIX,))
    require_free(path)
    write_new(path, sheet_file(session.office, form))
    lines = [f"✓ {path}", f"→ 填好后保存，再运行：qrecords fill {form} {path.name}"]
    session.answer({"path": str(path)}, lines)


def _give_out(session: Session, form: str, output: Path | None, *, open_rows: bool, month: str) -> None:
    from qrecords.services.intake.givingout import SUFFIX, give_out

    if not open_rows:
        raise UsageError(
            "--month 只与 --open 一起用", remedy=f"请写成 qrecords forms sheet {form} --open --month {month}"
        )
    if output:
        kind_of(output.name, (SUFFIX,))
        require_free(output)
    made = give_out(session.office, form, month=month)
    path = write_new(output or Path(made.name), made.data)
    told = f"✓ {path}：{len(made.record_nos)}行还没有提交"
    session.answer(
        {"path": str(path), "record_nos": made.record_nos},
        [told, f"→ 补完后保存，再运行：qrecords update {form} {path.name}"],
    )


@forms.command("template")
@click.argument("form", metavar="表式", type=FORM)
@click.option("-o", "--output", type=types.OUTPUT, help="写到哪个文件（默认：当前文件夹，以编号和名称为名）")
@click.option("--original", is_flag=True, help="取随程序的原版模板，而不是现用的")
@pass_session
def template_(session: Session, form: str, output: Path | None, original: bool) -> None:
    """取出一种表式的 Word 模板，在它上面改；并列出模板里可用的标记。

    现用的模板在工作区的 forms/QR758/表式/template.docx，不要直接改它：改好的用 forms adopt 换上。
    """
    from qrecords.services.intake.templates import SUFFIX, tags_of, template_file, template_name

    path = output or Path(template_name(session.office.forms.get(form).form))
    kind_of(path.name, (SUFFIX,))
    require_free(path)
    write_new(path, template_file(session.office, form, original=original))
    tags = tags_of(session.office.forms.get(form).form)
    lines = [f"✓ {path}", "", "可用的标记：", *table(("标记", "印出"), [(t.written, t.prints) for t in tags], (60, 40))]
    lines += [
        "",
        f"→ 在 Word 里改好后检查：qrecords forms check {form} --template {path.name}",
        f"→ 合格后换上：qrecords forms adopt {form} {path.name}",
    ]
    session.answer({"path": str(path), "tags": [{"tag": t.written, "prints": t.prints} for t in tags]}, lines)


def _period(form: FormLine) -> str:
    return f"{form.valid_from} 起" + (f"，{form.valid_to} 止" if form.valid_to else "")


def _row(field: FieldShown) -> tuple[str, str, str, str]:
    star = "*" if field.required else ""
    about = "、".join(field.choices or ()) or "、".join(c.label for c in field.columns or ())
    return f"{field.label}{star}", field.key, TYPES[field.type], about or field.note or ""
