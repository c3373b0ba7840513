"""forms list, show, schema, check, sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qrecords.cli import chinese
from qrecords.cli.app import Session, pass_session
from qrecords.cli.output import problem_lines, table
from qrecords.errors import InvalidInput

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
    """表式：目录、栏目、格式、检查。"""


@forms.command("list")
@pass_session
def list_(session: Session) -> None:
    """列出全部受控表式。"""
    from qrecords.services.forms import list_forms

    found = list_forms(session.office)
    rows = [(f["code"], f["title"], LAYOUTS[f["layout"]], f"{f['retention_years']}年") for f in found]
    session.answer({"forms": found}, table(("编号", "名称", "版式", "保存期限"), rows))


@forms.command()
@click.argument("form", metavar="表式")
@pass_session
def show(session: Session, form: str) -> None:
    """查看一种表式的栏目：名称、键名、类型、由谁在哪一步填写（* 为必填）。"""
    from qrecords.services.forms import show_form

    shown = show_form(session.office, form)
    lines = [f"{shown['code']} {shown['title']}（版本{shown['edition']}，{LAYOUTS[shown['layout']]}）"]
    for stage in shown["stages"]:
        lines.append(f"\n【{stage['label']}】{stage['by']}")
        rows = [_row(f) for f in shown["fields"] if f["stage"] == stage["key"]]
        lines += [f"  {line}" for line in table(("栏目", "键名", "类型", "说明"), rows, (30, 26, 10, 60))]
    session.answer({"form": shown}, lines)


@forms.command()
@click.argument("form", metavar="表式")
@pass_session
def schema(session: Session, form: str) -> None:
    """输出一种表式输入的 JSON Schema，供编程使用。"""
    import json

    from qrecords.services.forms import schema as form_schema

    found = form_schema(session.office, form)
    session.answer({"schema": found}, [json.dumps(found, ensure_ascii=False, indent=2)])


@forms.command()
@click.argument("codes", metavar="[表式...]", nargs=-1)
@pass_session
def check(session: Session, codes: tuple[str, ...]) -> int:
    """检查定义、模板、示例是否一致（默认检查全部）。"""
    from qrecords.services.forms import check_forms

    problems = check_forms(session.office, list(codes))
    if not problems:
        session.answer({"problems": []}, ["✓ 定义、模板、示例一致"])
        return 0
    error = InvalidInput(f"有{len(problems)}处不一致", remedy="请按提示修改 form.toml 或模板", problems=problems)
    data: dict[str, Any] = {"problems": error.as_json()["problems"], "error": error.as_json()}
    session.answer(data, [f"✗ {error.message}", *problem_lines(problems)], ok=False)
    return error.exit_status


@forms.command()
@click.argument("form", metavar="表式")
@click.option("-o", "--output", type=chinese.PATH, help="写到哪个文件（默认：当前文件夹，以编号和名称为名）")
@pass_session
def sheet(session: Session, form: str, output: Path | None) -> None:
    """做一个填写用的 Excel 工作簿：表头有说明，选项能下拉，日期、数字填错当场提示。"""
    from qrecords.services.sheet import make_sheet

    path = make_sheet(session.office, form, output)
    lines = [f"✓ {path}", f"→ 填好后保存，再运行：qrecords fill {form} {path.name}"]
    session.answer({"path": str(path)}, lines)


def _row(field: dict[str, Any]) -> tuple[str, str, str, str]:
    star = "*" if field["required"] else ""
    about = "、".join(field.get("choices", [])) or "、".join(c["label"] for c in field.get("columns", []))
    return f"{field['label']}{star}", field["key"], TYPES[field["type"]], about or field.get("note", "")
