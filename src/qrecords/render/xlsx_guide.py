"""The page of an input workbook that tells how to fill it, with one filled example beside the fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from qrecords.advice import Do, Sentence, advise
from qrecords.model.field import Field
from qrecords.model.form import Form
from qrecords.model.worksheet import (
    NUMBER_COLUMN,
    RECORD_COLUMN,
    how_to_write,
    main_fields,
    must_be_filled,
    rows_fields,
    sheet_title,
    shown,
)

_LINE_HEIGHT = 18  # points
_WIDTHS = (30, 14, 8, 58, 46)
_HEADINGS = ("栏目", "阶段", "必填", "怎样填", "示例（只供参考，不会被读入）")
_FONT = Font(name="微软雅黑", size=11)
_BOLD = Font(name="微软雅黑", size=11, bold=True)
_EDGE = Side(style="thin", color="BFBFBF")
_BOX = Border(left=_EDGE, right=_EDGE, top=_EDGE, bottom=_EDGE)
_HEAD_FILL, _EXAMPLE_FILL = PatternFill("solid", fgColor="D9E2F3"), PatternFill("solid", fgColor="FFF2CC")
_WRAPPED = Alignment(vertical="top", wrap_text=True)

Cells = Sequence[str]


def write_guide(
    sheet: Worksheet,
    form: Form,
    example: Mapping[str, Any],
    main_title: str,
    words: Callable[[Sentence], str],
    *,
    goes_on: bool = False,
) -> None:
    """Write the page: steps, stages, what rules ask, then every field with how to write it and an example."""
    steps = _rows_to_go_on(form, main_title) if goes_on else _steps(form, main_title)
    for number, width in enumerate(_WIDTHS):
        sheet.column_dimensions["ABCDE"[number]].width = width
    sheet.cell(1, 1, f"{form.code} {form.title}：填写说明").font = Font(name="微软雅黑", size=16, bold=True)
    row = 3
    for title, lines in (
        ("怎样用这个工作簿", [f"{number}. {words(line)}" for number, line in enumerate(steps, start=1)]),
        ("分几步填", [*map(words, _stages(form))]),
        ("还要注意", _cautions(form)),
    ):
        row = _write_lines(sheet, row, title, lines) if lines else row
    _write_fields(sheet, row, [*_field_rows(form, example)])
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.sheet_view.showGridLines = False


def _steps(form: Form, main_title: str) -> list[Sentence]:
    lines: list[Sentence] = [
        f"在工作表「{main_title}」上填写，一行是一份记录；不要改表头，空着的列可以删去。",
        "表头带 * 的必填；深色的现在填，灰色的由后面的人填，现在可以空着。鼠标停在表头上有说明。",
        "有下拉箭头的从列表里选。编号、电话写几位就是几位，前面的 0 不会丢。",
        "签名、盖章处打印后在纸上签署；自动计算的栏目不用填，所以都不在这里。",
        advise("填好保存，再运行：{}", Do.FILL(f"{form.number}{form.edition}", "这个文件.xlsx")),
        "本页的「示例」不会被读入。",
    ]
    if details := rows_fields(form):
        names = "、".join(f"「{sheet_title(f.label)}」" for f in details)
        lines.insert(1, f"{names}各有一个工作表，一行是一条；「{RECORD_COLUMN}」写主表上的号，就归到那份记录。")
    return lines


def _rows_to_go_on(form: Form, main_title: str) -> list[Sentence]:
    short = f"{form.number}{form.edition}"
    return [
        f"工作表「{main_title}」上是还没有提交的记录，一行一份，凭「{NUMBER_COLUMN}」认得：编号不要改，行可以排序、删去。",
        "补上空着的格，写错的直接改；要清空的格就清空。没有动过的格不算改动，别人这期间登记的不会被盖掉。",
        "有下拉箭头的从列表里选。编号、电话写几位就是几位，前面的 0 不会丢。",
        advise("改好保存，再运行：{}；有一处不对就一份也不改，标红退回。", Do.UPDATE(short, "这个文件.xlsx")),
        advise("新的记录不写在这里：用 {}。", Do.FILL(short)),
        "本页的「示例」不会被读入。",
    ]


def _stages(form: Form) -> list[Sentence]:
    first = form.stages[0]
    now = f"{first.label}（{first.by}）：现在填" if first.by else f"{first.label}：现在填"
    later = [advise("{}（{}）：以后用 {} 续填", s.label, s.by, Do.UPDATE) for s in form.stages[1:]]
    return [now, *later]


def _cautions(form: Form) -> list[str]:
    found = dict.fromkeys(r.message + (f"（{r.clause}）" if r.clause else "") for r in form.rules if r.message)
    return [f"· {line}。" for line in found]


def _field_rows(form: Form, example: Mapping[str, Any]) -> Iterator[Cells]:
    stages = {s.key: s.label for s in form.stages}
    for field in main_fields(form):
        required = "必填" if must_be_filled(form, field) else ""
        yield _cells(field, field.label, stages[field.stage], required, example)
    for field in rows_fields(form):
        first = next(iter(example.get(field.key) or [{}]))
        required = "必填" if must_be_filled(form, field) else ""
        yield field.label, stages[field.stage], required, how_to_write(field), ""
        for column in field.columns:
            yield _cells(column, f"　{column.label}", "", "必填" if column.required else "", first)


def _cells(field: Field, name: str, stage: str, required: str, values: Mapping[str, Any]) -> Cells:
    return name, stage, required, how_to_write(field), shown(field, values.get(field.key))


def _write_lines(sheet: Worksheet, row: int, title: str, lines: Sequence[str]) -> int:
    sheet.cell(row, 1, title).font = _BOLD
    for number, line in enumerate(lines, start=row + 1):
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=len(_WIDTHS))
        cell = sheet.cell(number, 1, line)
        cell.font, cell.alignment = _FONT, _WRAPPED
        sheet.row_dimensions[number].height = _LINE_HEIGHT
    return row + len(lines) + 2


def _write_fields(sheet: Worksheet, row: int, rows: Sequence[Cells]) -> None:
    for number, cells in enumerate([_HEADINGS, *rows], start=row):
        for column, text in enumerate(cells, start=1):
            cell = sheet.cell(number, column, text)
            cell.data_type = "s"  # an example that begins with = is a text
            cell.font, cell.alignment, cell.border = _FONT, _WRAPPED, _BOX
            if number == row:
                cell.font, cell.fill = _BOLD, _HEAD_FILL
            elif column == len(_WIDTHS):
                cell.fill = _EXAMPLE_FILL
        sheet.row_dimensions[number].height = _LINE_HEIGHT * max(map(_lines, cells, _WIDTHS))


def _lines(text: str, width: int) -> int:
    """Return how many lines a text takes in a column; a Chinese character is two wide."""
    return sum(1 + sum(2 if ord(c) > 0xFF else 1 for c in line) // width for line in text.split("\n"))
