"""The page of an input workbook that tells how to fill it, with one filled example beside the fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

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
from qrecords.render.workbook import BOXED, Cell, Column, Look, Page, Row, Sheet

GUIDE_SHEET = "填写说明"
_LINE_HEIGHT = 18  # points
_WIDTHS = (30, 14, 8, 58, 46)
_HEADINGS = ("栏目", "阶段", "必填", "怎样填", "示例（只供参考，不会被读入）")
_TITLE = Look(size=16, bold=True, wrap=False, down="bottom")
_BOLD = Look(bold=True, wrap=False, down="bottom")
_HEAD, _BOX = Look(bold=True, fill="D9E2F3", lines=BOXED), Look(lines=BOXED)
_EXAMPLE = Look(fill="FFF2CC", lines=BOXED)

Cells = Sequence[str]


def guide_sheet(
    form: Form,
    example: Mapping[str, Any],
    main_title: str,
    words: Callable[[Sentence], str],
    *,
    goes_on: bool = False,
) -> Sheet:
    """Return the page: steps, stages, what rules ask, then every field with how to write it and an example."""
    steps = _rows_to_go_on(form, main_title) if goes_on else _steps(form, main_title)
    rows = [Row([f"{form.code} {form.title}：填写说明"], _TITLE), Row([])]
    for title, lines in (
        ("怎样用这个工作簿", [f"{number}. {words(line)}" for number, line in enumerate(steps, start=1)]),
        ("分几步填", [*map(words, _stages(form))]),
        ("还要注意", _cautions(form)),
    ):
        if lines:
            rows += [Row([title], _BOLD), *(Row([line], height=_LINE_HEIGHT, joined=True) for line in lines), Row([])]
    rows += [
        _field_line(_HEADINGS, _HEAD, _HEAD),
        *(_field_line(c, _BOX, _EXAMPLE) for c in _field_rows(form, example)),
    ]
    page = Page(head_rows=0, fit_width=True)
    return Sheet(GUIDE_SHEET, [Column(width) for width in _WIDTHS], rows, page=page, grid=False)


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
        for column in (c for c in field.columns if c.compute is None):
            yield _cells(column, f"　{column.label}", "", "必填" if column.required else "", first)


def _cells(field: Field, name: str, stage: str, required: str, values: Mapping[str, Any]) -> Cells:
    return name, stage, required, how_to_write(field), shown(field, values.get(field.key))


def _field_line(cells: Cells, look: Look, last: Look) -> Row:
    height = _LINE_HEIGHT * max(map(_lines, cells, _WIDTHS))
    return Row([*cells[:-1], Cell(cells[-1], last)], look, height)


def _lines(text: str, width: int) -> int:
    """Return how many lines a text takes in a column; a Chinese character is two wide."""
    return sum(1 + sum(2 if ord(c) > 0xFF else 1 for c in line) // width for line in text.split("\n"))
